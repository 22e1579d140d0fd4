import { Context } from '@temporalio/activity';
import type { ExportKey } from '../adapters/keys/export-keys';
import type { Database } from '../adapters/postgres/database';
import { recordDelivery } from '../adapters/postgres/deliveries';
import { findExport, openExport, undeliveredExports } from '../adapters/postgres/exports';
import { requirePlant } from '../adapters/postgres/plant-store';
import { inTurn } from '../adapters/postgres/turn';
import { deliver } from '../adapters/sftp/deliver';
import type { Secrets } from '../adapters/sftp/credentials';
import type { ContentStore } from '../adapters/store/port';
import { parseSha256Hex } from '../domain/brands';
import { UnitrailError } from '../domain/errors';
import type { PinnedLook } from '../domain/export-manifest';
import type { ExportSettings, SftpTarget } from '../domain/export-settings';
import { alive } from './act';
import { madeExport, makeExport } from './make-export';

export interface ExportDeps {
  /** The office's. */
  readonly db: Database;
  readonly store: ContentStore;
  /** Read when the first export is made: an office without a key does all else. */
  readonly exportKey: () => Promise<ExportKey>;
  /** Where files are written before the store has them. */
  readonly workFolder: string;
  /** Where the references of the plant file are looked up. */
  readonly secrets: Secrets;
}

/** What reaches a buyer: opened, made and delivered. Each is safe to run twice. */
export function createExportActivities(deps: ExportDeps) {
  const { db, store, secrets } = deps;
  return {
    /** Takes what is in no export yet into a new one, and names all that are not delivered, in their order. */
    async openExport({ buyer, asOf }: { buyer: string; asOf: string }): Promise<OpenedExport> {
      const look = lookOf(await settingsOf(db, buyer));
      return alive(async () => {
        const opened = await openExport(db, buyer, { request: `run/${asOf}`, asOf: new Date(asOf), look });
        return { opened, due: await undeliveredExports(db, buyer) };
      });
    },

    /** Writes and signs the files, once: a repeat finds what was made. */
    async makeExport({ export: id }: { export: string }): Promise<void> {
      const key = await deps.exportKey();
      await alive(async () => {
        await makeExport({ db, store, key, workFolder: deps.workFolder }, id);
      });
    },

    /**
     * Brings the files into the buyer's folder, each try on record with its cause. Null where the plant file names no
     * server: the files are handed out by `unitrail export run --to`.
     */
    async deliverExport({ export: id }: { export: string }): Promise<{ to: string | null }> {
      const { buyer, state } = await findExport(db, id);
      const { sftp } = await settingsOf(db, buyer);
      if (!sftp) return { to: null };
      const to = targetText(sftp);
      if (state === 'delivered') return { to };
      await alive(() => inTurn(db, `delivery to ${buyer}`, () => bring(id, sftp)));
      return { to };
    },
  };

  async function bring(id: string, target: SftpTarget): Promise<void> {
    const { files } = await madeExport(db, id);
    const signal = Context.current().cancellationSignal;
    const all = files.map((file) => ({
      ...file,
      open: (from?: number) => store.open(parseSha256Hex(file.sha256), from),
    }));
    await recordDelivery(db, { exportId: id, target: targetText(target) }, () =>
      deliver(target, all, { secrets, signal }),
    );
  }
}

export interface OpenedExport {
  readonly opened: string | null;
  readonly due: string[];
}

/** @throws UnitrailError INPUT_INVALID for a buyer who has no exports */
export async function settingsOf(db: Database, buyer: string): Promise<ExportSettings> {
  const { buyers } = await requirePlant(db);
  const known = buyers.find(({ id }) => id === buyer);
  if (known?.export) return known.export;
  const having = buyers.filter((one) => one.export).map(({ id }) => id);
  throw new UnitrailError(
    'INPUT_INVALID',
    `buyer: ${JSON.stringify(buyer)} is not allowed; a buyer with "export" in the plant file: ${having.join(', ') || 'there is none'}`,
  );
}

function lookOf({ columns, formats, csv, testColumns, include, naming }: ExportSettings): PinnedLook {
  return { columns, formats, csv, testColumns, include, naming };
}

export function targetText({ user, host, port, folder }: SftpTarget): string {
  return `sftp://${user}@${host}:${port}/${folder.replace(/^\//, '')}`;
}
