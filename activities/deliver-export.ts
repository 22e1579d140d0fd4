import type { Database } from '../adapters/postgres/database';
import { deliveryTurn, recordDelivery } from '../adapters/postgres/deliveries';
import { findExport } from '../adapters/postgres/exports';
import { requirePlant } from '../adapters/postgres/plant-store';
import { inTurn } from '../adapters/postgres/turn';
import type { Secrets } from '../adapters/sftp/credentials';
import { deliver, type DeliveryProgress, type FileToDeliver } from '../adapters/sftp/deliver';
import type { ContentStore } from '../adapters/store/port';
import { parseSha256Hex } from '../domain/brands';
import type { SftpTarget } from '../domain/export-settings';
import { exportSettingsOf } from '../domain/plant-exports';
import { madeExport, type MadeFile } from './make-export';

export interface DeliverExportDeps {
  /** The office's. */
  readonly db: Database;
  readonly store: ContentStore;
  /** Where the references of the plant file are looked up. */
  readonly secrets: Secrets;
}

export interface DeliverExportOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: DeliveryProgress) => void;
}

/**
 * Brings the files that were made into the buyer's folder, each try on record with its cause; one delivery to a buyer at
 * a time. A repeat is a no-op. Null where the plant file names no server: the files are handed out to a folder.
 * @throws UnitrailError TURN_TAKEN, and those of a delivery
 */
export async function deliverExport(
  deps: DeliverExportDeps,
  exportId: string,
  options: DeliverExportOptions = {},
): Promise<{ to: string | null }> {
  const { buyer } = await findExport(deps.db, exportId);
  const { sftp } = exportSettingsOf(await requirePlant(deps.db), buyer);
  if (!sftp) return { to: null };
  await inTurn(deps.db, await deliveryTurn(deps.db, buyer), () => bring(deps, exportId, sftp, options));
  return { to: targetText(sftp) };
}

async function bring(
  { db, store, secrets }: DeliverExportDeps,
  exportId: string,
  target: SftpTarget,
  options: DeliverExportOptions,
): Promise<void> {
  // Whoever had the turn before may have brought it.
  if ((await findExport(db, exportId)).state === 'delivered') return;
  const { files } = await madeExport(db, exportId);
  await recordDelivery(db, { exportId, target: targetText(target) }, () =>
    deliver(target, filesToDeliver(store, files), { secrets, ...options }),
  );
}

/** The bytes are those of the store, read as they are sent. */
export function filesToDeliver(store: ContentStore, files: readonly MadeFile[]): FileToDeliver[] {
  return files.map(({ name, sizeBytes, sha256 }) => ({
    ...{ name, sizeBytes, sha256 },
    open: (from?: number) => store.open(parseSha256Hex(sha256), from),
  }));
}

/** As `export list` shows it: where, and never how one gets in. */
export function targetText({ user, host, port, folder }: SftpTarget): string {
  return `sftp://${user}@${host}:${port}/${folder.replace(/^\//, '')}`;
}
