import type { Outcome, SettledUnit } from '../../domain/resolution';
import type { Step, UnitState } from '../../domain/unit-lifecycle';
import type { Database } from './database';
import { mapped } from './errors';

/** A unit of a resolution that nothing has come of yet: as it was selected, and as it stands. */
export interface SelectedUnit {
  readonly position: number;
  readonly unitId: string;
  readonly serial: string;
  /** As its workflow's id has it. */
  readonly name: string;
  readonly selectedStep: Step;
  readonly selectedAttempt: number;
  readonly state: UnitState;
  readonly step: Step;
  readonly attempt: number;
  /** The decision under this resolution's id is in its history. */
  readonly decided: boolean;
}

export interface Settlement {
  readonly position: number;
  readonly outcome: Outcome;
  readonly why: string | null;
}

/** It was named and is not selected: refused from the start. */
export interface RefusedUnit {
  readonly unitId: string;
  readonly serial: string;
  readonly outcome: 'refused';
  readonly why: string;
}

/** Writes the selection down. A repeat finds the first one; returns how many units it holds. */
export async function openResolution(
  db: Database,
  r: {
    id: string;
    request: string;
    by: string;
    unitIds: readonly string[];
    inVain: readonly RefusedUnit[];
  },
): Promise<number> {
  const sql = 'select open_resolution(?, ?, ?, ?::uuid[], ?::uuid[], ?::text[]) as units';
  const inVain = [r.inVain.map(({ unitId }) => unitId), r.inVain.map(({ why }) => why)];
  const answer = await mapped(
    db.raw<{ rows: { units: number }[] }>(sql, [r.id, r.request, r.by, [...r.unitIds], ...inVain]),
  );
  return answer.rows[0]!.units;
}

/** The request of a resolution, as it was written down, and what it selected; null where there is none. */
export async function findResolution(
  db: Database,
  id: string,
): Promise<{ request: string; selected: number; settled: number } | null> {
  const answer = await mapped(
    db.raw<{ rows: { request: string; selected: number; settled: number }[] }>(
      `select r.request, count(u.position)::integer as selected, count(u.outcome)::integer as settled from resolutions r
       left join resolution_units u on u.resolution_id = r.id and u.position > 0 where r.id = ? group by r.id`,
      [id],
    ),
  );
  return answer.rows[0] ?? null;
}

/** The units of these positions that nothing has come of yet. */
export async function unsettledUnits(
  db: Database,
  resolution: string,
  { from, to, decisionId }: { from: number; to: number; decisionId: string },
): Promise<SelectedUnit[]> {
  const answer = await mapped(
    db.raw<{ rows: SelectedUnit[] }>(
      `select r.position, u.id as "unitId", u.serial, unit_name(u) as name, r.step as "selectedStep",
         r.attempt as "selectedAttempt", u.state, u.step,
         u.attempts[array_position(array['assign','flash','test','provision','label','qc','ship'], u.step)]::integer as attempt,
         exists (select from unit_events e where e.stream = 'unit:' || u.id and e.key = ?) as decided
       from resolution_units r join units u on u.id = r.unit_id
       where r.resolution_id = ? and r.position between ? and ? and r.outcome is null order by r.position`,
      [`decision/${decisionId}`, resolution, from, to],
    ),
  );
  return answer.rows;
}

export async function settleUnits(
  db: Database,
  resolution: string,
  settlements: readonly Settlement[],
): Promise<void> {
  if (settlements.length === 0) return;
  await mapped(
    db.raw('select settle_units(?, ?::integer[], ?::text[], ?::text[])', [
      resolution,
      settlements.map(({ position }) => position),
      settlements.map(({ outcome }) => outcome),
      settlements.map(({ why }) => why ?? ''),
    ]),
  );
}

/** A workflow that did not answer in time may have taken the decision since: its history tells. */
const cameOf = `case when r.outcome = 'unreached' and exists (select from unit_events e
  where e.stream = 'unit:' || r.unit_id and e.key = 'decision/resolve/' || r.resolution_id) then 'done' else r.outcome end`;

/** How many units each outcome has. */
export async function countOutcomes(db: Database, resolution: string): Promise<Record<Outcome, number>> {
  const answer = await mapped(
    db.raw<{ rows: { outcome: Outcome; units: number }[] }>(
      `select ${cameOf} as outcome, count(*)::integer as units from resolution_units r
       where r.resolution_id = ? and r.outcome is not null group by 1`,
      [resolution],
    ),
  );
  const counts = Object.fromEntries(answer.rows.map(({ outcome, units }) => [outcome, units]));
  return { done: 0, refused: 0, unreached: 0, ...counts };
}

/** What came of the units, by position, those that were refused from the start first; `done` narrows it. */
export async function settledUnits(
  db: Database,
  resolution: string,
  { done, after, limit }: { done?: boolean; after?: number | undefined; limit: number },
): Promise<(SettledUnit & { position: number })[]> {
  const query = db('resolution_units as r')
    .join('units as u', 'u.id', 'r.unit_id')
    .where('r.resolution_id', resolution)
    .whereNotNull('r.outcome')
    .orderBy('r.position')
    .limit(limit)
    .select('r.position', 'u.serial', db.raw(`${cameOf} as outcome`))
    .select(db.raw(`case when ${cameOf} = r.outcome then r.why end as why`));
  if (after !== undefined) void query.where('r.position', '>', after);
  if (done !== undefined) void query.whereRaw(`(${cameOf} = 'done') = ?`, [done]);
  return mapped(query);
}
