import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDatabase, type Database } from '../../adapters/postgres/database';
import { ensurePostgres, stopPostgres } from '../../adapters/stack/embedded-postgres';
import { prepareHome } from '../../adapters/stack/home';
import { databaseName, loginUrl, superuserLogin } from '../../adapters/stack/logins';
import { closeAll, type Closer } from '../../workers/close-all';
import { fillRecords } from './records';

/** Making and loading a million rows is one statement each. */
const LONG_MS = 3_600_000;

export interface Site {
  readonly db: Database;
  readonly url: string;
  readonly postgresVersion: string;
  /** For the files that are written. */
  readonly folder: string;
}

/** Starts a Postgres of its own with its default settings, fills it, works there, and leaves nothing behind. */
export async function atSite<T>(
  { units, say, signal }: { units: number; say: (line: string) => void; signal: AbortSignal },
  work: (site: Site) => Promise<T>,
): Promise<T> {
  const home = await prepareHome(await realpath(await mkdtemp(join(tmpdir(), 'unitrail-export-'))));
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'unitrail-export-files-')));
  const leaving: Closer[] = [
    () => rm(folder, { recursive: true, force: true }),
    () => rm(home.path, { recursive: true, force: true }),
    () => stopPostgres(home),
  ];
  try {
    const { port } = await ensurePostgres(home, { say, signal });
    const url = await loginUrl(home, port, superuserLogin, databaseName);
    const db = openDatabase(url, {
      applicationName: 'unitrail-bench',
      maxConnections: 2,
      statementTimeoutMs: LONG_MS,
    });
    leaving.push(() => db.destroy());
    say(`Filling a table with ${units} sealed records`);
    await fillRecords(db, units);
    const { rows } = await db.raw<{ rows: { server_version: string }[] }>('show server_version');
    return await work({ db, url, folder, postgresVersion: rows[0]!.server_version });
  } finally {
    await closeAll(leaving);
  }
}
