import { setTimeout as sleep } from 'node:timers/promises';
import type { Database } from '../../adapters/postgres/database';
import { steps, type Step, type UnitState } from '../../domain/unit-lifecycle';

const pollMs = 50;
/** Only a test that fails takes so long: a machine that is three times slower is no failure. */
export const patienceMs = 180_000;

/** A unit's row, as the tests look at it. */
export interface TestUnit {
  readonly unitId: string;
  readonly serial: string;
  readonly batch: string;
  readonly index: number;
  readonly state: UnitState;
  readonly step: Step;
  readonly attempt: number;
  readonly failureCode: string | null;
  readonly chipUid: string | null;
  readonly certificateSha256: string | null;
  readonly prints: number;
  readonly openPrint: number | null;
  readonly labelPrint: number | null;
}

export interface TestEvent {
  readonly seq: number;
  readonly type: string;
  readonly key: string;
  readonly body: Readonly<Record<string, unknown>>;
}

export async function readUnits(db: Database, batch?: string): Promise<TestUnit[]> {
  const query = db('units')
    .orderBy(['batch_id', 'batch_index'])
    .select(
      ...['id as unitId', 'serial', 'batch_id as batch', 'batch_index as index', 'state', 'step'],
      ...['failure_code as failureCode', 'chip_uid as chipUid', 'certificate_sha256 as certificateSha256'],
      ...['prints', 'open_print as openPrint', 'label_print as labelPrint'],
      // The function `step_number` is the owner's own.
      db.raw(`attempts[array_position(array['${steps.join("','")}'], step)]::integer as attempt`),
    );
  return batch === undefined ? query : query.where({ batch_id: batch });
}

export async function readEvents(db: Database, unitId: string): Promise<TestEvent[]> {
  const rows: { seq: string; type: string; key: string; body: string }[] = await db('unit_events')
    .where({ stream: `unit:${unitId}` })
    .orderBy('seq')
    .select('seq', 'type', 'key', 'body');
  return rows.map(({ seq, type, key, body }) => ({
    seq: Number(seq),
    type,
    key,
    body: JSON.parse(body) as TestEvent['body'],
  }));
}

export function isOver({ state }: TestUnit): boolean {
  return ['Shipped', 'Scrapped', 'Void'].includes(state);
}

export function isHeld(unit: TestUnit | undefined): boolean {
  return unit?.state === 'AwaitingEngineer';
}

/** False where it did not come so in time. */
export async function until(isSo: () => Promise<boolean>, timeoutMs = patienceMs): Promise<boolean> {
  const deadline = Date.now() + timeoutMs;
  while (!(await isSo())) {
    if (Date.now() > deadline) return false;
    await sleep(pollMs);
  }
  return true;
}

/** For the message of a wait that was in vain. */
export function unitsText(units: readonly TestUnit[]): string {
  return units
    .map((u) => `${u.serial} ${u.state}/${u.step}/${u.attempt} ${u.failureCode ?? ''}`.trim())
    .join('; ');
}
