import type { Knex } from 'knex';
import type { Database } from './database';
import { mapped } from './errors';

export interface RowStreamOptions {
  /** Rows that one question brings; twice as many are held at once. */
  readonly rowsAtOnce?: number;
}

/**
 * The rows of a query of any length, one after another, in one snapshot: memory is flat, and the next rows come while
 * the present ones are worked on. A cursor of SQL, not one of the driver: every FETCH is a statement of its own, so
 * that the time limits of a statement bound the wait for rows and not the whole reading. Whoever leaves the loop early
 * closes it. The transaction is open while rows are read: more than a minute between two of them ends it.
 */
export async function* streamRows<Row>(
  db: Database,
  sql: string,
  values: readonly unknown[] = [],
  options: RowStreamOptions = {},
): AsyncGenerator<Row, void, undefined> {
  const trx = await mapped(db.transaction({ isolationLevel: 'repeatable read', readOnly: true }));
  try {
    yield* fetchRows<Row>(trx, sql, values, options.rowsAtOnce ?? 1_000);
  } finally {
    // Nothing was written: whatever was wrong has been told already.
    await trx.rollback().catch(() => {});
  }
}

/** The same in a transaction of the caller: several readings then see one snapshot, one after another. */
export async function* fetchRows<Row>(
  trx: Knex.Transaction,
  sql: string,
  values: readonly unknown[],
  rowsAtOnce: number,
): AsyncGenerator<Row, void, undefined> {
  // All rows will be read: a plan that is quick with the first tenth of them is not wanted.
  await mapped(trx.raw('set local cursor_tuple_fraction = 1'));
  await mapped(trx.raw(`declare streamed_rows no scroll cursor for ${sql}`, values as Knex.RawBinding[]));
  try {
    let next = fetchNext<Row>(trx, rowsAtOnce);
    for (let rows = await next; rows.length > 0; rows = await next) {
      next = fetchNext<Row>(trx, rowsAtOnce);
      // Its failure is told when its turn comes, or not at all where the reader has left.
      next.catch(() => {});
      yield* rows;
    }
  } finally {
    // In a transaction that has failed nothing can be closed, nor has to be.
    await trx.raw('close streamed_rows').catch(() => {});
  }
}

async function fetchNext<Row>(trx: Knex.Transaction, rowsAtOnce: number): Promise<Row[]> {
  const { rows } = await mapped(trx.raw<{ rows: Row[] }>(`fetch ${rowsAtOnce} from streamed_rows`));
  return rows;
}
