import { UnitrailError } from '../../domain/errors';
import type { Database } from './database';
import { mapped } from './errors';

export interface DeliveryRow {
  readonly exportId: string;
  /** `sftp://user@host:port/folder`, or `folder` for files that were handed out. */
  readonly target: string;
  readonly startedAt: Date;
  /** Null while it is under way, and where it was cut off. */
  readonly endedAt: Date | null;
  readonly outcome: 'delivered' | 'copied' | 'failed' | null;
  readonly code: string | null;
  readonly message: string | null;
}

/** All tries of these exports, the oldest first. */
export async function listDeliveries(db: Database, exportIds: readonly string[]): Promise<DeliveryRow[]> {
  const answer = await mapped(
    db.raw<{ rows: DeliveryRow[] }>(
      `select export_id as "exportId", target, started_at as "startedAt", ended_at as "endedAt", outcome, code, message
       from deliveries where export_id = any (?) order by id`,
      [exportIds as string[]],
    ),
  );
  return answer.rows;
}

/**
 * One try to deliver: on record before anything is sent, and with its end, also where it fails. What it says of a failure
 * is what stands in `export list`. `copied`: handed out, while the buyer's own way is still to be gone.
 */
export async function recordDelivery<T>(
  db: Database,
  { exportId, target, as = 'delivered' }: { exportId: string; target: string; as?: 'delivered' | 'copied' },
  deliver: () => Promise<T>,
): Promise<T> {
  const opened = await mapped(
    db.raw<{ rows: { id: string }[] }>('select begin_delivery(?, ?) as id', [exportId, target]),
  );
  const { id } = opened.rows[0]!;
  try {
    const result = await deliver();
    await endDelivery(db, id, as, null, null);
    return result;
  } catch (error) {
    const { code, message } = causeOf(error);
    // The failure itself is what the caller has to hear of.
    await endDelivery(db, id, 'failed', code, message).catch(() => undefined);
    throw error;
  }
}

async function endDelivery(
  db: Database,
  id: string,
  outcome: 'delivered' | 'copied' | 'failed',
  code: string | null,
  message: string | null,
): Promise<void> {
  await mapped(db.raw('select end_delivery(?, ?, ?, ?)', [id, outcome, code, message] as string[]));
}

/** What stands on record of a try that failed. */
export function causeOf(error: unknown): { code: string; message: string } {
  // Somebody stopped it, or the worker: it is tried again, and says nothing of the buyer's server.
  if (error instanceof Error && ['AbortError', 'CancelledFailure'].includes(error.name))
    return { code: 'STOPPED', message: 'It was stopped before its end.' };
  if (error instanceof UnitrailError) return { code: error.code, message: error.message };
  return { code: 'INTERNAL', message: error instanceof Error ? error.message : String(error) };
}

/** One delivery to a buyer at a time, under a key that tells nobody which buyer it is. */
export async function deliveryTurn(db: Database, buyer: string): Promise<{ name: string; key: string }> {
  const row = await mapped(db('buyers').where({ id: buyer }).first<{ turn: string }>('turn'));
  return { name: `delivery to ${buyer}`, key: row.turn };
}
