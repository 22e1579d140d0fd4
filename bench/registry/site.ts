import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readPlantFile } from '../../adapters/plant/plant-file';
import { openDatabase, type Database } from '../../adapters/postgres/database';
import { ensureLogins, fixedLogins } from '../../adapters/postgres/logins';
import { migrate } from '../../adapters/postgres/migrate';
import { applyPlant } from '../../adapters/postgres/plant-store';
import { ensurePostgres, stopPostgres } from '../../adapters/stack/embedded-postgres';
import { prepareHome, type StackHome } from '../../adapters/stack/home';
import { databaseName, loginUrl, ownerLogin, passwordOf, superuserLogin } from '../../adapters/stack/logins';
import { samplePlant } from '../../cli/house';
import { closeAll, type Closer } from '../../workers/close-all';

export const CLIENTS = 16;
/** The most that one claim takes. */
export const CLAIM_CHUNK = 100;
/** Loading and indexing millions of rows is one statement each. */
const LONG_MS = 3_600_000;

/** A migrated database under the sample plant, and a pool of connections for each login that works on it. */
export interface Site {
  readonly office: Database;
  /** Makes the floor's tables and loads the large registry: no rule holds it up. */
  readonly superuser: Database;
  readonly postgresVersion: string;
  readonly signal: AbortSignal;
}

/** Starts a Postgres of its own with its default settings, works there, and leaves nothing behind. */
export async function atSite<T>(
  { say, signal }: { say: (line: string) => void; signal: AbortSignal },
  work: (site: Site) => Promise<T>,
): Promise<T> {
  const home = await prepareHome(await realpath(await mkdtemp(join(tmpdir(), 'unitrail-registry-'))));
  const leaving: Closer[] = [() => rm(home.path, { recursive: true, force: true }), () => stopPostgres(home)];
  try {
    const { port } = await ensurePostgres(home, { say, signal });
    await prepareSchema(home, port);
    const open = (url: string, statementTimeoutMs: number) => {
      const db = openDatabase(url, {
        applicationName: 'unitrail-bench',
        maxConnections: CLIENTS,
        statementTimeoutMs,
      });
      leaving.push(() => db.destroy());
      return db;
    };
    const office = open(await loginUrl(home, port, fixedLogins.office.name), 30_000);
    const superuser = open(await loginUrl(home, port, superuserLogin, databaseName), LONG_MS);
    return await work({ office, superuser, postgresVersion: await versionOf(office), signal });
  } finally {
    await closeAll(leaving);
  }
}

async function prepareSchema(home: StackHome, port: number): Promise<void> {
  const ownerUrl = await loginUrl(home, port, ownerLogin);
  await migrate(ownerUrl);
  for (const login of [fixedLogins.office, fixedLogins.desk]) {
    await ensureLogins(ownerUrl, [{ ...login, password: await passwordOf(home, login.name) }]);
  }
  const desk = openDatabase(await loginUrl(home, port, fixedLogins.desk.name), {
    applicationName: 'unitrail-bench',
    maxConnections: 1,
  });
  try {
    await applyPlant(desk, (await readPlantFile(samplePlant)).document);
  } finally {
    await desk.destroy();
  }
}

async function versionOf(db: Database): Promise<string> {
  const { rows } = await db.raw<{ rows: { server_version: string }[] }>('show server_version');
  return rows[0]!.server_version;
}
