import { departedStates, type Step, type UnitState } from '../../domain/unit-lifecycle';
import type { Database } from './database';
import { mapped } from './errors';

export interface DemoUnit {
  readonly unitId: string;
  readonly serial: string;
  readonly index: number;
  readonly state: UnitState;
  readonly step: Step;
  readonly failureCode: string | null;
  /** The print whose fate is not known, or the one that should be on the unit. */
  readonly printInQuestion: number | null;
}

/** Demo batches with units that have not ended, oldest first, and the name of the next one. */
export async function demoBatches(
  db: Database,
): Promise<{ open: { id: string; quantity: number }[]; next: string }> {
  const { rows } = await mapped(
    db.raw<{ rows: { id: string; quantity: number; open: boolean }[] }>(
      `select b.id, b.quantity, b.quantity > (select count(*) from units u where u.batch_id = b.id and u.state = any (?)) as open
       from batches b where b.id like 'DEMO-%' order by b.opened_at`,
      [[...departedStates]],
    ),
  );
  const next = `DEMO-${String(rows.length + 1).padStart(3, '0')}`;
  return { open: rows.filter(({ open }) => open), next };
}

/** How many units the batch was opened for; undefined before it is. */
export async function demoQuantity(db: Database, batch: string): Promise<number | undefined> {
  return (await mapped(db('batches').where({ id: batch }).first('quantity')))?.quantity;
}

export async function demoUnits(db: Database, batch: string): Promise<DemoUnit[]> {
  return mapped(
    db('units')
      .where({ batch_id: batch })
      .orderBy('batch_index')
      .select(
        'id as unitId',
        'serial',
        'batch_index as index',
        'state',
        'step',
        'failure_code as failureCode',
        db.raw('coalesce(open_print, label_print) as "printInQuestion"'),
      ),
  );
}

/** What went wrong in the batch, in the order in which it happened. */
export async function demoFailures(
  db: Database,
  batch: string,
): Promise<{ serial: string; step: string; code: string; state: UnitState }[]> {
  const answer = await mapped(
    db.raw<{ rows: { serial: string; step: string; code: string; state: UnitState }[] }>(
      `select u.serial, split_part(e.body::jsonb ->> 'part', '.', 1) as step, e.body::jsonb ->> 'code' as code,
         case when exists (select from unit_events h where h.stream = e.stream and h.type = 'held') then 'AwaitingEngineer' else u.state end as state
       from units u join unit_events e on e.stream = 'unit:' || u.id and e.type = 'stepFailed'
       where u.batch_id = ? order by e.at, u.serial limit 100`,
      [batch],
    ),
  );
  return answer.rows;
}
