/** An office worker whose connection fails at a given statement, in one of the ways in which connections fail. */
import { openDatabase, type Database } from '../../adapters/postgres/database';
import type { TestDatabase } from './database';
import { DatabaseProxy, type Interference, type Statement } from './database-proxy';

export const faults = [
  'answer lost after its commit',
  'statement lost on the way',
  'backend killed before the statement',
  'backend killed during the statement',
] as const;
export type Fault = (typeof faults)[number];

export interface FaultyClient {
  readonly db: Database;
  /** The statement with this number from now on, counted from 1, meets the fault; null: none does. */
  failAt(plan: { readonly statement: number; readonly fault: Fault } | null): void;
  close(): Promise<void>;
}

export async function openFaultyClient(
  database: TestDatabase,
  superuser: Database,
  name: string,
): Promise<FaultyClient> {
  const proxy = await DatabaseProxy.before(database.urlOf('office'));
  const db = openDatabase(proxy.urlFor(database.urlOf('office')), {
    applicationName: name,
    maxConnections: 1,
  });
  const kill = () => killBackend(superuser, name);
  return {
    db,
    failAt(plan) {
      let left = plan?.statement ?? 0;
      proxy.interfere = (statement) => {
        if (!plan || isGreeting(statement)) return null;
        left -= 1;
        return left === 0 ? strike(plan.fault, kill) : null;
      };
    },
    close: async () => {
      await db.destroy();
      await proxy.close();
    },
  };
}

async function strike(fault: Fault, kill: () => Promise<void>): Promise<Interference | null> {
  if (fault === 'answer lost after its commit') return { when: 'after', then: 'cut' };
  if (fault === 'statement lost on the way') return { when: 'before', then: 'cut' };
  const killed = kill();
  if (fault === 'backend killed before the statement') await killed;
  return null;
}

async function killBackend(superuser: Database, name: string): Promise<void> {
  await superuser.raw(
    'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name = ?',
    [name],
  );
}

/** knex asks each new connection for its version: no work is lost with it. */
function isGreeting({ sql }: Statement): boolean {
  return /^select version\(\)/.test(sql);
}
