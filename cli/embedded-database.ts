import { openDatabase, type Database } from '../adapters/postgres/database';
import { ensureLogins, fixedLogins, type Login } from '../adapters/postgres/logins';
import { migrate, pendingMigrations } from '../adapters/postgres/migrate';
import { stationLogin } from '../domain/plant';
import type { Servers } from '../workers/servers';

/**
 * Brings the embedded database up to date: schema, the fixed logins, and those of the stations named. The given
 * servers are their owner's (`unitrail migrate`); these belong to the checkout. A repeat is a no-op.
 */
export async function prepareEmbedded(servers: Servers, stations: readonly string[] = []): Promise<void> {
  const { ownerUrl, stack } = servers;
  if (ownerUrl === null || stack === null) return;
  const db = openDatabase(ownerUrl, { applicationName: 'unitrail-prepare', maxConnections: 1 });
  try {
    // Two commands that come first at the same moment: knex's own lock would refuse the second. Ends with the session.
    await db.raw(`select pg_advisory_lock(hashtext('unitrail.prepare'))`);
    const missing = await missingOf(db, [...Object.values(fixedLogins), ...stations.map(stationOf)]);
    if ((await pendingMigrations(db)).length > 0) await migrate(ownerUrl);
    await ensureLogins(ownerUrl, await Promise.all(missing.map((login) => withPassword(servers, login))));
  } finally {
    await db.destroy();
  }
}

type LoginName = Omit<Login, 'password'>;

function stationOf(id: string): LoginName {
  return { name: stationLogin(id), group: 'unitrail_station' };
}

async function missingOf(db: Database, logins: readonly LoginName[]): Promise<LoginName[]> {
  const names = logins.map(({ name }) => name);
  const known = await db('pg_roles').whereIn('rolname', names).pluck<string[]>('rolname');
  return logins.filter(({ name }) => !known.includes(name));
}

async function withPassword(servers: Servers, login: LoginName): Promise<Login> {
  const url = new URL(await servers.loginUrl(login.name));
  return { ...login, password: decodeURIComponent(url.password) };
}
