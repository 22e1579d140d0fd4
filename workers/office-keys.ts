import { readExportKey, type ExportKey } from '../adapters/keys/export-keys';
import { readLogKey } from '../adapters/keys/log-key';
import { openLogFolder, type LogPlace } from '../adapters/log/log-folder';
import { logMarkBeside } from '../adapters/log/log-mark';
import type { Database } from '../adapters/postgres/database';
import { requirePlant } from '../adapters/postgres/plant-store';
import { logFolderOf, type Config } from './config';

/** The plant file's, or this house's own; an embedded one may make it. */
export async function exportKeyOf(db: Database, { servers, home }: Config): Promise<ExportKey> {
  const { manufacturer } = await requirePlant(db);
  const reference = manufacturer.exportKey ?? null;
  return readExportKey({ env: process.env, reference, home: servers === 'embedded' ? home : null });
}

/** The log's folder, and the key by which its checkpoints are signed. */
export async function logPlaceOf(db: Database, { servers, home, log, watermark }: Config): Promise<LogPlace> {
  const { manufacturer } = await requirePlant(db);
  const key = await readLogKey({
    env: process.env,
    manufacturer,
    home: servers === 'embedded' ? home : null,
  });
  return { key, folder: openLogFolder(logFolderOf({ log })), mark: logMarkBeside(watermark) };
}
