import type { BatchChange, BatchControls } from '../../domain/batch-control';
import { canonicalJson } from '../../domain/canonical';
import { UnitrailError } from '../../domain/errors';
import type { Database } from './database';
import { mapped } from './errors';

const eventOf = {
  pause: 'batchPaused',
  resume: 'batchResumed',
  cancel: 'batchCancelled',
  setWindow: 'windowSet',
  setPriority: 'prioritySet',
} as const;

/** Records the change as an event of the batch, and makes it. A repeat under the same id changes nothing. */
export async function changeBatch(
  db: Database,
  batch: string,
  { action, ...body }: BatchChange,
  id: string,
): Promise<void> {
  const text = canonicalJson(body);
  await mapped(
    action === 'topUp'
      ? db.raw('select top_up_batch(?, ?, ?)', [batch, id, text])
      : db.raw('select control_batch(?, ?, ?, ?)', [batch, eventOf[action], id, text]),
  );
}

export async function readControls(db: Database, batch: string): Promise<BatchControls> {
  const answer = await mapped(
    db.raw<{ rows: BatchControls[] }>(
      `select b.quantity, coalesce(c.paused, false) as paused, coalesce(c.cancelled, false) as cancelled,
         c.window_size as "window", coalesce(c.priority, 0) as priority, b.completed_at is not null as ended
       from batches b left join batch_controls c on c.batch_id = b.id where b.id = ?`,
      [batch],
    ),
  );
  const row = answer.rows[0];
  if (!row) throw new UnitrailError('NOT_FOUND', `There is no batch ${batch}.`);
  return row;
}

/** Numbers that no unit of the cancelled batch has claimed go back. Answers how many; a repeat answers the same. */
export async function returnNumbers(db: Database, batch: string): Promise<number> {
  const answer = await mapped(
    db.raw<{ rows: { numbers: string }[] }>('select return_numbers(?) as numbers', [batch]),
  );
  return Number(answer.rows[0]!.numbers);
}

/** Units that were claimed and have no identity yet; a page of them. */
export async function unassignedUnits(
  db: Database,
  batch: string,
  limit: number,
): Promise<{ unitId: string; name: string; held: boolean }[]> {
  return mapped(
    db('units')
      .where({ batch_id: batch, step: 'assign' })
      .whereIn('state', ['InProgress', 'AwaitingEngineer'])
      .orderBy('batch_index')
      .limit(limit)
      .select(
        'id as unitId',
        db.raw('unit_name(units) as name'),
        db.raw(`state = 'AwaitingEngineer' as held`),
      ),
  );
}

/** Units of these indexes that are in progress. One on quality hold rests. */
export async function unitsInProgress(
  db: Database,
  batch: string,
  { from, to }: { from: number; to: number },
  limit: number,
): Promise<string[]> {
  return mapped(
    db('units')
      .where({ batch_id: batch, state: 'InProgress' })
      .whereBetween('batch_index', [from, to])
      .whereRaw('not exists (select from holds h where h.unit_id = units.id and h.released_seq is null)')
      .orderBy('batch_index')
      .limit(limit)
      .pluck<string[]>('id'),
  );
}
