import type { UnitState } from '../../domain/unit-lifecycle';
import { prepared, type Database } from './database';
import { mapped } from './errors';

/** `open`: it was open before. `none`: the unit has no such hold. A state: the unit has ended. */
export type HoldOutcome = 'opened' | 'open' | 'released' | 'none' | UnitState;

export interface HeldUnit {
  readonly unitId: string;
  readonly serial: string;
  /** As its workflow's id has it. */
  readonly name: string;
  readonly outcome: HoldOutcome;
}

export interface HoldOrder {
  readonly hold: string;
  readonly by: string;
  readonly note: string;
}

/** Opens one quality hold on these units in one transaction. What has ended by then is told, and left alone. */
export function openHolds(db: Database, order: HoldOrder, unitIds: readonly string[]): Promise<HeldUnit[]> {
  return call(db, 'open_holds', order, unitIds);
}

/** Releases this hold of these units, and no other. */
export function releaseHolds(
  db: Database,
  order: HoldOrder,
  unitIds: readonly string[],
): Promise<HeldUnit[]> {
  return call(db, 'release_holds', order, unitIds);
}

async function call(
  db: Database,
  name: 'open_holds' | 'release_holds',
  { hold, note, by }: HoldOrder,
  unitIds: readonly string[],
): Promise<HeldUnit[]> {
  const answer = await mapped(
    db.raw<{ rows: HeldUnit[] }>(
      `select unit_id as "unitId", serial, name, outcome from ${name}(?, ?, ?, ?::uuid[])`,
      [hold, note, by, [...unitIds]],
    ),
  );
  return answer.rows;
}

const openHoldQuery =
  'select hold_id as id, reason from holds where unit_id = ? and released_seq is null order by opened_seq limit 1';

/** The oldest open hold of the unit as `id: reason`, or null. */
export async function openHoldOf(db: Database, unitId: string): Promise<string | null> {
  const answer = await mapped(
    prepared<{ id: string; reason: string }>(db, 'open_hold', openHoldQuery, [unitId]),
  );
  const hold = answer.rows[0];
  return hold ? `${hold.id}: ${hold.reason}` : null;
}

/** The open holds of the unit, the oldest first. */
export function openHoldIds(db: Database, unitId: string): Promise<string[]> {
  return mapped(
    db('holds')
      .where({ unit_id: unitId, released_seq: null })
      .orderBy('opened_seq')
      .pluck<string[]>('hold_id'),
  );
}
