import { UnitrailError } from '../../domain/errors';
import type { Database } from './database';
import { mapped } from './errors';

/**
 * Does work that only one process may do at a time, for as long as it takes: a lock of a session, not of a transaction,
 * so that nothing else in the database waits. A process that dies gives its turn back. Every login of the server sees the
 * number of a lock that is held, and can compute that of a name: a turn whose name is nobody's to know has a `key`.
 * @throws UnitrailError TURN_TAKEN where another one is at it
 */
export async function inTurn<T>(
  db: Database,
  turn: string | { readonly name: string; readonly key: string },
  work: () => Promise<T>,
): Promise<T> {
  const { name, key } = typeof turn === 'string' ? { name: turn, key: turn } : turn;
  const connection: unknown = await mapped(db.client.acquireConnection() as Promise<unknown>);
  const ask = (call: string) =>
    mapped(
      db
        .raw<{ rows: { answer: boolean }[] }>(`select ${call}(hashtext(?)) as answer`, [`unitrail.${key}`])
        .connection(connection as object),
    );
  try {
    const { rows } = await ask('pg_try_advisory_lock');
    if (!rows[0]!.answer) throw new UnitrailError('TURN_TAKEN', `${name} is under way elsewhere.`);
    try {
      return await work();
    } finally {
      // Where this fails the session has to go, and the lock with it: knex gives no connection that is marked so to anybody.
      await ask('pg_advisory_unlock').catch((error: unknown) => {
        Object.assign(connection as object, { __knex__disposed: error });
      });
    }
  } finally {
    await db.client.releaseConnection(connection);
  }
}
