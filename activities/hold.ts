import type { Database } from '../adapters/postgres/database';
import { mapped } from '../adapters/postgres/errors';
import { appendEvent, releaseSlot } from '../adapters/postgres/ledger';
import { loadUnitContext, type UnitContext } from '../adapters/postgres/unit-context';
import { decisionProblem, UNIDENTIFIED, type Decision } from '../domain/decision';
import { UnitrailError } from '../domain/errors';
import { standingOf } from '../domain/unit-lifecycle';
import type { FailureReport, Standing, UnitInput } from './types';

/** A unit that can't go on waits for a person; what the person decides is an event with who and why. */
export function createHoldActivities({ db }: { db: Database }) {
  return {
    /** Holds the unit and ends its lease, so that the next board gets the slot. */
    async holdUnit({ unitId, failure }: UnitInput & { failure: FailureReport }): Promise<Standing> {
      const unit = await loadUnitContext(db, unitId);
      await releaseSlot(db, unitId);
      if (unit.state !== 'InProgress') return standingOf(unit);
      const key = `${unitId}/held/${unit.step}/${unit.attempt}`;
      return appendEvent(db, unitId, 'held', key, { ...failure, step: unit.step, attempt: unit.attempt });
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
        (await labelAnswerProblem(db, unit, decision, key));
      if (problem) throw new UnitrailError('NOT_ALLOWED', problem);
      return take(db, unit, decision, key);
    },
  };
}

async function take(db: Database, unit: UnitContext, decision: Decision, key: string): Promise<Standing> {
  const { action, ...body } = decision;
  const facts = {
    ...body,
    step: decision.action === 'rework' ? decision.step : unit.step,
    attempt: unit.attempt,
  };
  if (decision.action === 'retry') {
    // The answer first: a crash in between leaves a unit that is still held, and takes the decision again.
    if (decision.label !== undefined) await answerLabel(db, unit, decision.label, decision.by, key);
    return appendEvent(db, unit.unitId, 'retried', key, facts);
  }
  const standing = await appendEvent(
    db,
    unit.unitId,
    action === 'scrap' ? 'scrapped' : 'reworked',
    key,
    facts,
  );
  await releaseSlot(db, unit.unitId);
  return standing;
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
  const print = unit.openPrint;
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
