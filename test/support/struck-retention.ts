/** A shop floor whose office and retention reach the database through a proxy that can cut them off. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDatabase, type Database } from '../../adapters/postgres/database';
import { capsuleDeps, type CapsuleDeps } from './capsule-run';
import { createTestDatabase, type TestDatabase } from './database';
import { DatabaseProxy } from './database-proxy';
import { openShopFloor, type ShopFloor } from './shop-floor';

export interface StruckRetention {
  readonly database: TestDatabase;
  readonly proxy: DatabaseProxy;
  /** Not through the proxy. */
  readonly floor: ShopFloor;
  readonly office: Database;
  readonly retention: Database;
  readonly home: string;
  readonly deps: CapsuleDeps;
  close(): Promise<void>;
}

export async function openStruckRetention(): Promise<StruckRetention> {
  const home = await mkdtemp(join(tmpdir(), 'unitrail-retention-'));
  const database = await createTestDatabase();
  const floor = openShopFloor(database);
  const proxy = await DatabaseProxy.before(database.ownerUrl);
  const [office, retention] = (['office', 'retention'] as const).map((login) =>
    openDatabase(proxy.urlFor(database.urlOf(login)), {
      applicationName: `test-${login}`,
      maxConnections: 4,
    }),
  ) as [Database, Database];
  const close = async (): Promise<void> => {
    await Promise.all([office.destroy(), retention.destroy(), floor.close()]);
    await proxy.close();
    await database.drop();
    await rm(home, { recursive: true, force: true });
  };
  const deps = await capsuleDeps(office, home);
  return { database, proxy, floor, office, retention, home, deps, close };
}

/** Tried as Temporal tries it: without end, but here not for ever. */
export async function tried<T>(act: () => Promise<T>): Promise<T> {
  for (let left = 10; ; left -= 1) {
    try {
      return await act();
    } catch (error) {
      if (left === 0) throw error;
    }
  }
}
