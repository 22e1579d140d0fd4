import type { Knex } from 'knex';
import {
  shiftTypes,
  ShiftSums,
  unitShift,
  type Place,
  type ShiftEvent,
  type ShiftReport,
  type Window,
} from '../../domain/shift-report';
import { endStates } from '../../domain/unit-lifecycle';
import type { Database } from './database';
import { mapped } from './errors';
import { openHold } from './unit-rows';

const PAGE_UNITS = 1_000;

/**
 * What became of units in the window, and what stood open at its end. Events have no index by time: those of the units
 * that anything happened to since the window's start are read, by unit; a row that nothing has moved since then says by
 * itself where its unit stood. So the report of the last hours costs what these hours made, whatever the history is.
 */
export function readShiftReport(db: Database, window: Window): Promise<ShiftReport> {
  const work = async (trx: Knex.Transaction): Promise<ShiftReport> => {
    const sums = new ShiftSums();
    for (const { batch, units, ...place } of await untouched(trx, window)) sums.addOpen(batch, place, units);
    let after: string | null = null;
    for (;;) {
      const touched = await touchedUnits(trx, window, after);
      const histories = await readHistories(trx, touched, window);
      for (const { id, batch } of touched) sums.add(batch, unitShift(histories.get(id) ?? [], window));
      if (touched.length < PAGE_UNITS) return sums.report(window);
      after = touched.at(-1)!.id;
    }
  };
  return mapped(db.transaction(work, { isolationLevel: 'repeatable read', readOnly: true }));
}

async function untouched(
  trx: Knex.Transaction,
  { from }: Window,
): Promise<({ batch: string; units: number } & Place)[]> {
  const shown = `case when ${openHold} and u.state <> all (?) then 'OnHold' else u.state end`;
  return trx('units as u')
    .where('u.updated_at', '<', from)
    .whereNotIn('u.state', endStates)
    .groupByRaw('1, 2, 3')
    .select(
      'u.batch_id as batch',
      trx.raw(`${shown} as state`, [[...endStates]]),
      'u.step',
      trx.raw('count(*)::integer as units'),
    );
}

interface TouchedUnit {
  readonly id: string;
  readonly batch: string;
}

async function touchedUnits(
  trx: Knex.Transaction,
  { from }: Window,
  after: string | null,
): Promise<TouchedUnit[]> {
  const query = trx('units')
    .where('updated_at', '>=', from)
    .orderBy('id')
    .limit(PAGE_UNITS)
    .select<TouchedUnit[]>('id', 'batch_id as batch');
  return after === null ? query : query.where('id', '>', after);
}

/** A body is opened only where the report needs something of it. */
const eventsQuery = `
  select substr(e.stream, 6) as id, e.type, e.at,
    case when e.type = 'reworked' then e.body::jsonb ->> 'step' end as step,
    case when e.type = 'held' then e.body::jsonb ->> 'code' end as code,
    case when e.type in ('holdOpened', 'holdReleased') then e.body::jsonb ->> 'hold' end as hold
  from unnest(?::text[]) as wanted(stream)
  join unit_events e on e.stream = wanted.stream
  where e.type = any (?::text[]) and e.at < ?
  order by e.stream, e.seq`;

async function readHistories(
  trx: Knex.Transaction,
  units: readonly TouchedUnit[],
  { to }: Window,
): Promise<Map<string, ShiftEvent[]>> {
  const answer = await trx.raw<{ rows: ({ id: string } & ShiftEvent)[] }>(eventsQuery, [
    units.map(({ id }) => `unit:${id}`),
    [...shiftTypes],
    to,
  ]);
  const histories = new Map<string, ShiftEvent[]>();
  for (const { id, ...event } of answer.rows) {
    const known = histories.get(id);
    if (known) known.push(event);
    else histories.set(id, [event]);
  }
  return histories;
}
