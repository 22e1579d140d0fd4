/** What the office and the stations do to one unit, a call each: for tests that make a history step by step. */
import { createHash } from 'node:crypto';
import { canonicalJson } from '../../domain/canonical';
import type { UnitState } from '../../domain/unit-lifecycle';
import type { TestLogin } from './database';
import type { ShopFloor } from './shop-floor';

/** Whom an act is done to. */
export interface UnitName {
  readonly unitId: string;
  readonly serial: string;
}

/** A try that is open, and what it may still record. */
export interface OpenAct {
  note(type: string, what: string, body: object): Promise<void>;
  result(type: string, body: object): Promise<void>;
}

const officeParts = new Set(['provision.certificate']);
let callers = 0;

/** Takes the unit's slot where the part needs one, and opens a try there. */
export async function beginAct(
  floor: ShopFloor,
  unit: UnitName,
  part: string,
  intent: string,
  facts: object = {},
): Promise<OpenAct> {
  const { unitId } = unit;
  const lease = officeParts.has(part) ? null : await acquireSlot(floor, unitId);
  const login: TestLogin = lease ? (lease.station as TestLogin) : 'office';
  const caller = `run-${(callers += 1)}/1/1`;
  const body = canonicalJson({ ...facts, caller, ...(lease && { place: lease }) });
  const answer = await floor
    .as(login)
    .raw<{ rows: { done: boolean; attempt: number; try: number; fence: string | null }[] }>(
      'select done, attempt, try, fence from begin_act(?, ?, ?, ?, ?, ?)',
      [unitId, intent, caller, lease?.station ?? null, lease?.slot ?? null, body],
    );
  const { done, attempt, try: number, fence } = answer.rows[0]!;
  if (done) throw new Error(`${part} of ${unit.serial} is done, or the unit is elsewhere`);
  const ofTry = { attempt, try: number, ...(lease && { place: { ...lease, fence: Number(fence) } }) };
  const key = `${unitId}/${part}/${attempt}`;
  return {
    note: (type, what, more) =>
      append(floor, login, unitId, type, `${key}/${number}/${what}`, { ...more, ...ofTry }),
    result: (type, more) =>
      append(floor, login, unitId, type, key, { ...more, ...ofTry, request: digest(`${type} ${unitId}`) }),
  };
}

/** Appends one event to the unit's history. */
export async function append(
  floor: ShopFloor,
  login: TestLogin,
  unitId: string,
  type: string,
  key: string,
  body: object,
): Promise<void> {
  await floor
    .as(login)
    .raw('select append_event(?, ?, ?, ?)', [`unit:${unitId}`, type, key, canonicalJson(body)]);
}

/** Holds the unit, as the workflow does when a step can't go on. */
export async function holdUnit(floor: ShopFloor, unit: UnitName, code: string): Promise<void> {
  const { step, attempt } = await standing(floor, unit);
  const body = { code, message: `${code} of ${unit.serial}`, step, attempt };
  await append(floor, 'office', unit.unitId, 'held', `${unit.unitId}/held/${step}/${attempt}`, body);
  await floor.as('office').raw('select release_slot(?)', [unit.unitId]);
  for (const station of ['line-1', 'label-1'] as const) await clearSlots(floor, station);
}

let decisions = 0;

/** What an engineer decides: `retried`, `reworked` with a step, `scrapped`, `missing`, `found`, `holdOpened` … */
export async function decide(
  floor: ShopFloor,
  unit: UnitName,
  type: string,
  facts: object = {},
): Promise<void> {
  await append(floor, 'office', unit.unitId, type, `decision/${(decisions += 1)}`, { by: '17', ...facts });
}

export async function standing(
  floor: ShopFloor,
  { unitId }: UnitName,
): Promise<{ state: UnitState; step: string; attempt: number }> {
  const answer = await floor.as('office').raw(
    `select state, step, attempts[array_position(array['assign','flash','test','provision','label','qc','ship'], step)]::integer as attempt
     from units where id = ?`,
    [unitId],
  );
  return answer.rows[0];
}

interface Lease {
  readonly station: string;
  readonly slot: number;
  readonly virtual: boolean;
}

async function acquireSlot(floor: ShopFloor, unitId: string): Promise<Lease> {
  const answer = await floor
    .as('office')
    .raw<{ rows: (Lease | { station: null })[] }>('select station, slot, virtual from acquire_slot(?)', [
      unitId,
    ]);
  const lease = answer.rows[0]!;
  if (lease.station === null)
    throw new Error(`no slot is free for unit ${unitId}: give the test plant more slots`);
  return lease;
}

/** The boards are taken out of every slot of the station whose lease is over. */
export async function clearSlots(floor: ShopFloor, station: 'line-1' | 'label-1'): Promise<void> {
  const answer = await floor.as(station).raw<{ rows: Lease[] }>('select * from slots_to_clear()');
  for (const { slot, fence } of answer.rows as unknown as { slot: number; fence: string }[]) {
    await floor.as(station).raw('select slot_cleared(?, ?, ?)', [station, slot, fence]);
  }
}

export function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
