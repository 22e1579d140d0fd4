import type { Database } from './database';
import { mapped } from './errors';

/** Retention looks for what is due among all units that ever shipped, in one statement. */
const LONG_MS = 1_800_000;

/** A statement that may take as long as a reading of everything. */
export async function long<Row>(db: Database, sql: string, values: readonly unknown[]): Promise<Row[]> {
  return mapped(
    db.transaction(async (trx) => {
      await trx.raw(`set local statement_timeout = ${LONG_MS}`);
      const answer = await trx
        .raw<{ rows: Row[] }>(sql, values as string[])
        .options({ query_timeout: LONG_MS });
      return answer.rows;
    }),
  );
}
