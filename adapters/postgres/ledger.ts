import { createHash } from 'node:crypto';
import { canonicalJson } from '../../domain/canonical';
import type { Recipe } from '../../domain/recipe';
import type { Standing } from '../../domain/unit-lifecycle';
import { prepared, type Database } from './database';
import { mapped } from './errors';
import { rememberingRefusal } from './order-refusals';

/** Where an act happens: a slot of a station, under a lease. */
export interface Lease {
  readonly station: string;
  readonly slot: number;
  readonly virtual: boolean;
}

/** A try of an act: counted by the database, fenced against older ones. */
export interface Opening {
  readonly done: boolean;
  readonly standing: Standing;
  readonly attempt: number;
  readonly try: number;
  /** The slot's fence, raised for this try. Null for acts without a slot. */
  readonly fence: number | null;
}

export type EventBody = Readonly<Record<string, unknown>>;

interface StandingRow {
  unit_id: string;
  serial: string;
  state: Standing['state'];
  step: Standing['step'];
  attempt: number;
  seq: string;
}

const standingColumns =
  '(s.unit).unit_id, (s.unit).serial, (s.unit).state, (s.unit).step, (s.unit).attempt, (s.unit).seq';

/** SHA-256 of the RFC 8785 text of what was asked for: repeats are compared by it, not by their outcome. */
export function requestDigest(request: EventBody): string {
  return createHash('sha256').update(canonicalJson(request)).digest('hex');
}

/** Appends one event to a unit's history. A repeat under the same key returns where the unit stands now. */
export async function appendEvent(
  db: Database,
  unitId: string,
  type: string,
  key: string,
  body: EventBody,
): Promise<Standing> {
  const appending = mapped(
    prepared<StandingRow>(
      db,
      'append_event',
      'select unit_id, serial, state, step, attempt, seq from append_event(?, ?, ?, ?)',
      [`unit:${unitId}`, type, key, canonicalJson(body)],
    ),
  );
  const answer = await rememberingRefusal(db, unitId, type, appending);
  return toStanding(answer.rows[0]!);
}

/**
 * Opens a try of a device act and records its intent; `done` where the act has its result or the unit has moved on.
 * `caller` names the run, the activity and Temporal's attempt: the same caller gets the same try.
 */
export async function beginAct(
  db: Database,
  act: { unitId: string; intent: string; caller: string; lease: Lease | null; body: EventBody },
): Promise<Opening> {
  const opening = mapped(
    prepared<StandingRow & { done: boolean; act_attempt: number; try: number; fence: string | null }>(
      db,
      'begin_act',
      `select s.done, s.attempt as act_attempt, s.try, s.fence, ${standingColumns} from begin_act(?, ?, ?, ?, ?, ?) s`,
      [
        act.unitId,
        act.intent,
        act.caller,
        act.lease?.station ?? null,
        act.lease?.slot ?? null,
        canonicalJson(act.body),
      ],
    ),
  );
  const row = (await rememberingRefusal(db, act.unitId, act.intent, opening)).rows[0]!;
  return {
    done: row.done,
    standing: toStanding(row),
    attempt: row.act_attempt,
    try: row.try,
    fence: row.fence === null ? null : Number(row.fence),
  };
}

export interface AcquiredSlot {
  readonly standing: Standing;
  readonly lease: Lease | null;
  /** What the slot's station does: the lease serves them all. */
  readonly steps: readonly string[];
}

/** The unit's slot for its present step; null while it waits in line. */
export async function acquireSlot(db: Database, unitId: string): Promise<AcquiredSlot> {
  const answer = await mapped(
    prepared<
      StandingRow & { station: string | null; slot: number; virtual: boolean; steps: string[] | null }
    >(
      db,
      'acquire_slot',
      `select s.station, s.slot, s.virtual, st.steps, ${standingColumns}
       from acquire_slot(?) s left join stations st on st.id = s.station`,
      [unitId],
    ),
  );
  const row = answer.rows[0]!;
  const lease = row.station === null ? null : { station: row.station, slot: row.slot, virtual: row.virtual };
  return { standing: toStanding(row), lease, steps: row.steps ?? [] };
}

export async function releaseSlot(db: Database, unitId: string): Promise<void> {
  await mapped(db.raw('select release_slot(?)', [unitId]));
}

/** The hash of a recipe that a rework will name: the unit's own with another firmware. A repeat finds it. */
export async function addRelease(db: Database, unitId: string, recipe: Recipe): Promise<string> {
  const answer = await mapped(
    db.raw<{ rows: { sha256: string }[] }>('select add_release(?, ?) as sha256', [
      unitId,
      canonicalJson(recipe),
    ]),
  );
  return answer.rows[0]!.sha256;
}

/** Slots of the caller's station from which the board has to leave, with the fence to do it under. */
export async function slotsToClear(
  db: Database,
): Promise<{ station: string; slot: number; fence: number }[]> {
  const answer = await mapped(
    prepared<{ station: string; slot: number; fence: string }>(
      db,
      'slots_to_clear',
      'select station, slot, fence from slots_to_clear()',
      [],
    ),
  );
  return answer.rows.map((row) => ({ ...row, fence: Number(row.fence) }));
}

export async function reportCleared(
  db: Database,
  slot: { station: string; slot: number; fence: number },
): Promise<void> {
  await mapped(
    prepared(db, 'slot_cleared', 'select slot_cleared(?, ?, ?)', [slot.station, slot.slot, slot.fence]),
  );
}

export function toStanding(row: StandingRow): Standing {
  const { unit_id: unitId, serial, state, step, attempt, seq } = row;
  return { unitId, serial, state, step, attempt, seq: Number(seq) };
}
