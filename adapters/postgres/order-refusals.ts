import { UnitrailError } from '../../domain/errors';
import type { Database } from './database';
import { mapped } from './errors';

/**
 * Overproduction that was refused is remembered: the refusal rolled its own event back, so the order gets one in a
 * second transaction. Where that fails for now, the work is tried again, and is refused again.
 */
export async function rememberingRefusal<T>(
  db: Database,
  unitId: string,
  type: string,
  work: PromiseLike<T>,
): Promise<T> {
  return remembering(db, work, () => db.raw('select remember_refusal(?, ?)', [unitId, type]));
}

/** The same of units that there are not yet. Without `order` it is the batch's, looked up where it is needed. */
export async function rememberingOrderRefusal<T>(
  db: Database,
  asked: { order?: string; batch: string; what: 'claim' | 'batch' | 'topUp'; units: number },
  work: PromiseLike<T>,
): Promise<T> {
  const { order = null, batch, what, units } = asked;
  const sql =
    'select remember_order_refusal(coalesce(?, (select order_id from batches where id = ?)), ?, ?, ?)';
  return remembering(db, work, () => db.raw(sql, [order, batch, batch, what, units] as string[]));
}

async function remembering<T>(
  db: Database,
  work: PromiseLike<T>,
  remember: () => PromiseLike<unknown>,
): Promise<T> {
  try {
    return await work;
  } catch (error) {
    // A transaction of the caller's can't go on after a refusal: it is the caller's to remember.
    if (error instanceof UnitrailError && error.code === 'ORDER_QUANTITY_EXCEEDED' && !db.isTransaction)
      await mapped(remember());
    throw error;
  }
}

/** Changes what the order is for. False where it is that already, or the change is on record. */
export async function setOrderQuantity(
  db: Database,
  change: { order: string; quantity: number; by: string; reason: string; id: string },
): Promise<boolean> {
  const { order, quantity, by, reason, id } = change;
  const answer = await mapped(
    db.raw<{ rows: { changed: boolean }[] }>('select set_order_quantity(?, ?, ?, ?, ?) as changed', [
      order,
      quantity,
      by,
      reason,
      id,
    ]),
  );
  return answer.rows[0]!.changed;
}
