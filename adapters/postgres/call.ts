import type { Database } from './database';
import { mapped } from './errors';

/** Retention looks for what is due among all units that ever shipped, in one statement. */
const LONG_MS = 1_800_000;

/** What a function of the database answers: `call(db, 'release_legal_hold(?, ?)', [id, by])`. */
export async function call<T>(db: Database, text: string, values: readonly unknown[]): Promise<T> {
  const answer = await mapped(
    db.raw<{ rows: { value: T }[] }>(`select ${text} as value`, values as string[]),
  );
  return answer.rows[0]!.value;
}

/** A statement that may take as long as a reading of everything. */
export async function long<Row>(
  db: Database,
  sql: string,
  values: readonly unknown[],
  mostMs = LONG_MS,
): Promise<Row[]> {
  return mapped(db.transaction((trx) => longIn<Row>(trx, sql, values, mostMs)));
}

/** The same in a transaction that goes on: whatever is asked in it may take as long. */
export async function longIn<Row>(
  trx: Database,
  sql: string,
  values: readonly unknown[],
  mostMs = LONG_MS,
): Promise<Row[]> {
  await trx.raw(`set local statement_timeout = ${mostMs}`);
  const answer = await trx.raw<{ rows: Row[] }>(sql, values as string[]).options({ query_timeout: mostMs });
  return answer.rows;
}
