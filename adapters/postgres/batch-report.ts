import type { BatchReport } from '../../domain/batch-report';
import type { Database } from './database';
import { mapped } from './errors';
import { readControls } from './batch-controls';
import { firstPassOf } from './batch-queries';

/** The rate is that of the last minutes: a batch that stood still at night is as fast as it is now. */
const RATE_MINUTES = 15;

/**
 * By the time at which it passed QC: the row's own time moves with holds, packing and shipping as well. It is never before
 * that, so that only few units are looked up in their histories.
 */
const passedLately = `u.state in ('ReadyToShip', 'Packed', 'Shipped')
  and u.updated_at > now() - make_interval(mins => ${RATE_MINUTES})
  and exists (select from unit_events e where e.stream = 'unit:' || u.id and e.seq = u.qc_seq
    and e.at > now() - make_interval(mins => ${RATE_MINUTES}))`;

/** A hold is opened and released at a desk: nobody has the unit in hand for it. */
const lastSeen = `case when exists (select from holds h where h.unit_id = u.id) then (
  select e.at from unit_events e where e.stream = 'unit:' || u.id and e.type not in ('holdOpened', 'holdReleased')
  order by e.seq desc limit 1) else u.updated_at end`;

interface Counts {
  readonly claimed: number;
  readonly inProgress: number;
  readonly ready: number;
  readonly shipped: number;
  readonly scrapped: number;
  readonly missing: number;
  readonly void: number;
  readonly late: number;
  readonly minutes: number;
}

/** How far the batch is. One reading of its units: for a batch of a million that is a second. */
export async function readBatchReport(db: Database, batch: string): Promise<BatchReport> {
  const { quantity, paused, cancelled, window, priority, ended } = await readControls(db, batch);
  const [counts, held, firstPass] = await Promise.all([
    readCounts(db, batch),
    heldByCause(db, batch),
    firstPassOf(db, batch),
  ]);
  const { late, minutes, ...units } = counts;
  return {
    ...{ batch, quantity, ...units, held, ...firstPass },
    perHour: late === 0 ? null : (late * 60) / Math.max(1, minutes),
    ...{ paused, cancelled, ended, window, priority },
  };
}

async function readCounts(db: Database, batch: string): Promise<Counts> {
  const states: Readonly<Record<string, string>> = {
    inProgress: `'InProgress'`,
    ready: `'ReadyToShip', 'Packed'`,
    shipped: `'Shipped'`,
    scrapped: `'Scrapped'`,
    missing: `'Missing'`,
    void: `'Void'`,
  };
  const columns = Object.entries(states).map(
    ([name, list]) => `count(u.id) filter (where u.state in (${list}))::integer as "${name}"`,
  );
  const answer = await mapped(
    db.raw<{ rows: Counts[] }>(
      `select count(u.id)::integer as claimed, ${columns.join(', ')},
         count(u.id) filter (where ${passedLately})::integer as late,
         least(${RATE_MINUTES}, extract(epoch from now() - b.opened_at) / 60)::float8 as minutes
       from batches b left join units u on u.batch_id = b.id where b.id = ? group by b.id`,
      [batch],
    ),
  );
  return answer.rows[0]!;
}

async function heldByCause(db: Database, batch: string): Promise<BatchReport['held']> {
  const rows: { code: string; units: string }[] = await mapped(
    db('units')
      .where({ batch_id: batch, state: 'AwaitingEngineer' })
      .groupBy('failure_code')
      .orderByRaw('count(*) desc, failure_code')
      .limit(10)
      .select(db.raw(`coalesce(failure_code, 'UNKNOWN') as code`), db.raw('count(*) as units')),
  );
  return rows.map(({ code, units }) => ({ code, units: Number(units) }));
}

/** A unit to which nothing has happened for long, and that is in no shipment: nobody may know where it is. */
export interface UnseenUnit {
  readonly serial: string;
  readonly state: string;
  readonly step: string;
  readonly lastSeen: Date;
}

export async function unseenUnits(
  db: Database,
  batch: string,
  hours: number,
  limit: number,
): Promise<UnseenUnit[]> {
  const answer = await mapped(
    db.raw<{ rows: UnseenUnit[] }>(
      `select * from (select u.serial, u.state, u.step, ${lastSeen} as "lastSeen" from units u
         where u.batch_id = ? and u.state in ('InProgress', 'AwaitingEngineer', 'ReadyToShip')) as open
       where "lastSeen" < now() - make_interval(hours => ?) order by "lastSeen", serial limit ?`,
      [batch, hours, limit],
    ),
  );
  return answer.rows;
}
