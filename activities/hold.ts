import type { Database } from '../adapters/postgres/database';
import { mapped } from '../adapters/postgres/errors';
import { appendEvent, releaseSlot } from '../adapters/postgres/ledger';
import { loadUnitContext, type UnitContext } from '../adapters/postgres/unit-context';
import { loadUnitFacts } from '../adapters/postgres/unit-facts';
import type { ContentStore } from '../adapters/store/port';
import { decisionProblem, UNIDENTIFIED, type Decision } from '../domain/decision';
import { UnitrailError } from '../domain/errors';
import { standingOf } from '../domain/unit-lifecycle';
import { pinRelease } from './pin-release';
import type { FailureReport, HeldUnit, Standing, UnitInput } from './types';

/** A unit that can't go on waits for a person; what the person decides is an event with who and why. */
export function createHoldActivities({ db, store }: { db: Database; store: ContentStore }) {
  return {
    /** Holds the unit and ends its lease, so that the next board gets the slot. */
    async holdUnit({ unitId, failure }: UnitInput & { failure: FailureReport }): Promise<HeldUnit> {
      const unit = await loadUnitContext(db, unitId);
      await releaseSlot(db, unitId);
      if (canBeHeld(unit)) await holdOnce(db, unit, failure);
      const held = await loadUnitContext(db, unitId);
      return { ...standingOf(held), facts: await loadUnitFacts(db, held) };
    },

    /** Takes a decision once: a repeat under the same id returns where the unit stands. */
    async decideUnit(
      input: UnitInput & { decision: Decision; decisionId: string; expectedAttempt?: number },
    ): Promise<Standing> {
      const { unitId, decision, decisionId } = input;
      const unit = await loadUnitContext(db, unitId);
      const key = `decision/${decisionId}`;
      if (await isRecorded(db, unitId, key)) return standingOf(unit);
      const problem =
        decisionProblem(unit, decision, input.expectedAttempt) ??
        futureProblem(decision) ??
        (await labelAnswerProblem(db, unit, decision, key));
      if (problem) throw new UnitrailError('NOT_ALLOWED', problem);
      return take({ db, store }, unit, decision, key);
    },
  };
}

/** One that is ready is held as well, where somebody stops it: it leaves its carton and does not ship. */
function canBeHeld({ state }: UnitContext): boolean {
  return state === 'InProgress' || state === 'ReadyToShip' || state === 'Packed';
}

/** One hold an attempt; a ready unit may be held and sent on more than once in its one attempt to ship. */
export async function holdOnce(db: Database, unit: UnitContext, failure: FailureReport): Promise<Standing> {
  const { unitId, step, attempt, seq } = unit;
  const key = `${unitId}/held/${step}/${attempt}${step === 'ship' ? `/${seq}` : ''}`;
  return appendEvent(db, unitId, 'held', key, { ...failure, step, attempt });
}

/** A small difference between two clocks is no lie. */
function futureProblem(decision: Decision): string | null {
  if (decision.action !== 'missing' || Date.parse(decision.lastSeenAt) < Date.now() + 60_000) return null;
  return `lastSeenAt: ${JSON.stringify(decision.lastSeenAt)} is not allowed; a time that is not in the future`;
}

const eventOf = {
  retry: 'retried',
  rework: 'reworked',
  scrap: 'scrapped',
  missing: 'missing',
  found: 'found',
} as const;

async function take(
  deps: { db: Database; store: ContentStore },
  unit: UnitContext,
  decision: Decision,
  key: string,
): Promise<Standing> {
  const { db } = deps;
  const facts = { ...(await bodyOf(deps, unit, decision)), attempt: unit.attempt };
  // The answer first: a crash in between leaves a unit that is still held, and takes the decision again.
  if (decision.action === 'retry' && decision.label !== undefined)
    await answerLabel(db, unit, decision.label, decision.by, key);
  const standing = await appendEvent(db, unit.unitId, eventOf[decision.action], key, facts);
  if (decision.action !== 'retry') await releaseSlot(db, unit.unitId);
  return standing;
}

async function bodyOf(
  deps: { db: Database; store: ContentStore },
  unit: UnitContext,
  decision: Decision,
): Promise<Record<string, unknown>> {
  const { action, ...body } = decision;
  if (action !== 'rework') return { ...body, step: unit.step };
  const { firmware, ...rework } = body as { readonly firmware?: string };
  return firmware === undefined ? rework : { ...rework, ...(await pinRelease(deps, unit, firmware)) };
}

/** The engineer's word about a print whose fate nobody knew. "Found" is the result of the attempt that the retry opens. */
async function answerLabel(
  db: Database,
  unit: UnitContext,
  label: 'none' | 'found',
  by: string,
  key: string,
): Promise<void> {
  if (await isAnswered(db, unit, key)) return;
  const print = unit.openPrint ?? unit.labelPrint;
  // A label that is known to be made and is on the unit again: the scan of the attempt that begins now is the proof.
  if (label === 'found' && unit.openPrint === null) return;
  await (label === 'found'
    ? appendEvent(db, unit.unitId, 'printFound', foundKey(unit), { print, by })
    : appendEvent(db, unit.unitId, 'printAbsent', `${key}/label`, {
        print,
        by,
        why: 'a person looked: no such label exists',
      }));
}

async function labelAnswerProblem(
  db: Database,
  unit: UnitContext,
  decision: Decision,
  key: string,
): Promise<string | null> {
  if (decision.action !== 'retry' || decision.label === undefined) return null;
  if (decision.by === UNIDENTIFIED) return 'label needs {"by": operator number}';
  if (unit.openPrint !== null || (await isAnswered(db, unit, key))) return null;
  if (unit.step === 'label' && unit.labelPrint !== null) return null;
  return `label: no print of unit ${unit.serial} is in question`;
}

async function isAnswered(db: Database, unit: UnitContext, key: string): Promise<boolean> {
  return (
    (await isRecorded(db, unit.unitId, `${key}/label`)) || (await isRecorded(db, unit.unitId, foundKey(unit)))
  );
}

function foundKey(unit: UnitContext): string {
  return `${unit.unitId}/label.print/${unit.attempt + 1}`;
}

async function isRecorded(db: Database, unitId: string, key: string): Promise<boolean> {
  return (
    (await mapped(
      db('unit_events')
        .where({ stream: `unit:${unitId}`, key })
        .first('seq'),
    )) !== undefined
  );
}
