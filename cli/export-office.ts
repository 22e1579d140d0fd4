import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { deliverExport, type DeliverExportDeps } from '../activities/deliver-export';
import { handOutExport } from '../activities/hand-out-export';
import { makeExport, type MadeExport, type MakeExportDeps } from '../activities/make-export';
import { readExportKey } from '../adapters/keys/export-keys';
import { readLogKey } from '../adapters/keys/log-key';
import { openLogFolder } from '../adapters/log/log-folder';
import { logMarkBeside } from '../adapters/log/log-mark';
import { openDatabase } from '../adapters/postgres/database';
import { findExport, type ExportRequest, type ExportRow } from '../adapters/postgres/exports';
import { fixedLogins } from '../adapters/postgres/logins';
import { requirePlant } from '../adapters/postgres/plant-store';
import { openStore } from '../adapters/store/open-store';
import type { PinnedLook } from '../domain/export-manifest';
import { UnitrailError } from '../domain/errors';
import { logFolderOf } from '../workers/config';
import { say } from './output';
import type { ServerContext } from './server-context';

export type OfficeExportDeps = MakeExportDeps & DeliverExportDeps;

/** The login that may open exports and book what was made, for as long as the command takes. */
export async function asOffice<T>(
  context: ServerContext,
  work: (deps: OfficeExportDeps) => Promise<T>,
): Promise<T> {
  const plant = await requirePlant(await context.desk());
  const { store, log, home, watermark } = context.config();
  const servers = await context.servers();
  const place = { env: context.env, home: servers.stack === null ? null : home };
  const { manufacturer } = plant;
  const key = await readExportKey({ ...place, reference: manufacturer.exportKey ?? null });
  const logKey = await readLogKey({ ...place, manufacturer });
  const db = openDatabase(await servers.loginUrl(fixedLogins.office.name), {
    applicationName: 'unitrail-export',
    maxConnections: 4,
  });
  try {
    return await work({
      db,
      key,
      log: { folder: openLogFolder(logFolderOf({ log })), key: logKey, mark: logMarkBeside(watermark) },
      store: openStore(store),
      workFolder: join(home, 'exports'),
      secrets: context.env,
    });
  } catch (error) {
    throw explained(error);
  } finally {
    await db.destroy();
  }
}

/** On given servers the command knows one login only, unless UNITRAIL_LOGINS names the others. */
function explained(error: unknown): unknown {
  if (!(error instanceof UnitrailError) || error.detail.sqlState !== '42501') return error;
  return new UnitrailError(
    'NOT_ALLOWED',
    `Exports are the office's (${error.message}). Name the office's URL in the file of UNITRAIL_LOGINS, or run the command where the office works.`,
    error.detail,
    { cause: error },
  );
}

/** Each call of the command asks anew. */
export function newRequest(look: PinnedLook): ExportRequest {
  return { request: `command/${randomUUID()}`, asOf: new Date(), look };
}

/** The files, made where they are not yet, and in the folder where one is given. */
export async function makeAndHandOut(
  deps: MakeExportDeps,
  exportId: string,
  { to, as, tell }: { to: string | undefined; as: 'delivered' | 'copied'; tell: (line: string) => void },
): Promise<{ made: MadeExport; row: ExportRow }> {
  const made = await makeExport(deps, exportId, (rows) => {
    if (rows > 0 && rows % 10_000 === 0) tell(`${exportId}: ${rows} rows read`);
  });
  if (to !== undefined) await handOutExport(deps, exportId, to, as);
  return { made, row: await findExport(deps.db, exportId) };
}

/** By SFTP, with a line for each file. Ctrl-C stops it in order: the try is then on record with its end. */
export async function deliverNow(
  context: ServerContext,
  deps: OfficeExportDeps,
  exportId: string,
): Promise<ExportRow> {
  let last = '';
  await deliverExport(deps, exportId, {
    signal: context.takeOverSignals(() => {}),
    onProgress: ({ file }) => {
      if (file !== last) void say(context, `${exportId}: ${file}`);
      last = file;
    },
  });
  context.giveBackSignals();
  return findExport(deps.db, exportId);
}

/** As JSON has it. */
export function toldExport({ row, made }: { row: ExportRow; made: MadeExport }) {
  const { id, buyer, kind, number, predecessor, reissueOf, counts, state } = row;
  return { export: id, buyer, kind, number, predecessor, reissueOf, ...counts, state, files: made.files };
}

export function countsText({ units, amendments, numbers }: ExportRow['counts']): string {
  return `${units} units, ${amendments} amendments, ${numbers} numbers`;
}
