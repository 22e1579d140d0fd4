import type { BatchReport } from '../../domain/batch-report';
import type { Database } from './database';
import { mapped } from './errors';
import { readControls } from './batch-controls';
import { firstPassOf } from './batch-queries';

/** The rate is that of the last minutes: a batch that stood still at night is as fast as it is now. */
const RATE_MINUTES = 15;

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
         count(u.id) filter (where u.state in ('ReadyToShip', 'Packed') and u.updated_at > now() - make_interval(mins => ${RATE_MINUTES}))::integer as late,
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

/** A unit whose row nothing has moved for long, and that is in no shipment: nobody may know where it is. */
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
  return mapped(
    db('units')
      .where({ batch_id: batch })
      .whereIn('state', ['InProgress', 'AwaitingEngineer', 'ReadyToShip'])
      .where('updated_at', '<', db.raw('now() - make_interval(hours => ?)', [hours]))
      .orderBy(['updated_at', 'serial'])
      .limit(limit)
      .select('serial', 'state', 'step', 'updated_at as lastSeen'),
  );
}
