import {
  CancellationScope,
  condition,
  currentUpdateInfo,
  proxyActivities,
  setHandler,
  uuid4,
} from '@temporalio/workflow';
import { decisionProblem, type Decision } from '../domain/decision';
import { departedStates, type Standing } from '../domain/unit-lifecycle';
import { taskQueues } from '../domain/workflow-ids';
import type { OfficeActivities } from './activity-types';
import { failureOf } from './failure';
import { refused } from './refused';
import { office as officeOptions } from './timeouts';
import { decisionOf, foundOf, missingOf, retryOf, reworkOf, scrapOf } from './unit-decisions';
import { moveTo, progressOf, type Desk } from './unit-desk';
import * as messages from './unit-messages';

const office = proxyActivities<OfficeActivities>({ ...officeOptions, taskQueue: taskQueues.office });

/** What may be asked of a unit's workflow, and by whom: people in the web UI, commands, and programs for many units at once. */
export function listen(desk: Desk): void {
  setHandler(messages.progress, () => progressOf(desk), { description: 'Where the unit stands.' });
  setHandler(messages.rowChanged, () => void (desk.unread = true), {
    description: 'Read the unit’s row again.',
  });
  setHandler(messages.retryStep, (input) => take(desk, retryOf(input), input?.expectedAttempt), {
    description:
      'Do the failed step again. JSON, optional: {"by": "17", "note": "cleaned the fixture"}. For a label in question: {"by": "17", "label": "none" or "found"}.',
    validator: (input) => validate(desk, retryOf(input), input?.expectedAttempt),
  });
  setHandler(messages.rework, (input) => take(desk, reworkOf(input), input?.expectedAttempt), {
    description:
      'Go back to a step; voids label, QC and place in a carton. JSON: {"by": "17", "reason": "…", "step": "flash"}; with another release: "firmware": "1.4.2".',
    validator: (input) => validate(desk, reworkOf(input), input?.expectedAttempt),
  });
  setHandler(messages.scrap, (input) => take(desk, scrapOf(input), input?.expectedAttempt), {
    description:
      'Retire the unit and its serial for ever. JSON: {"by": "17", "reason": "…", "code": "damaged"}; the code is optional.',
    validator: (input) => validate(desk, scrapOf(input), input?.expectedAttempt),
  });
  setHandler(messages.missing, (input) => take(desk, missingOf(input), input?.expectedAttempt), {
    description:
      'Nobody can find it: numbers blocked, certificate revoked. JSON: {"by": "17", "reason": "…", "lastSeen": "rack 4", "lastSeenAt": "2026-01-31T14:30:00Z"}.',
    validator: (input) => validate(desk, missingOf(input), input?.expectedAttempt),
  });
  setHandler(messages.found, (input) => take(desk, foundOf(input), input?.expectedAttempt), {
    description: 'A missing unit is there again: it is held. JSON: {"by": "17", "place": "rack 4"}.',
    validator: (input) => validate(desk, foundOf(input), input?.expectedAttempt),
  });
  setHandler(messages.decide, (input) => decideBySignal(desk, input), {
    description: 'The same decisions, for many units at once.',
  });
}

/** Validators only validate, and never wait. What comes while nothing is settled is judged by the database alone. */
function validate(desk: Desk, decision: Decision, expectedAttempt: number | undefined): void {
  if (!desk.settled) return;
  const problem = decisionProblem(desk.standing, decision, expectedAttempt);
  if (problem) throw refused(problem, 'NOT_ALLOWED');
}

/** A handler runs outside the unit's own scope: one that Cancel was pressed for still takes decisions. */
async function take(
  desk: Desk,
  decision: Decision,
  expectedAttempt: number | undefined,
  id?: string,
): Promise<Standing> {
  const decisionId = id ?? currentUpdateInfo()?.id ?? uuid4();
  const { unitId } = desk.input;
  return CancellationScope.nonCancellable(async () => {
    await condition(() => desk.settled);
    const expected = expectedAttempt !== undefined && { expectedAttempt };
    moveTo(desk, await office.decideUnit({ unitId, decision, decisionId, ...expected }).catch(refuse));
    // What is under way for a unit that has left has no use any more.
    if (departedStates.includes(desk.standing.state)) desk.act?.cancel();
    return desk.standing;
  });
}

/** In the refusal's own words: of a failed activity the web UI shows that it failed, and no more. */
function refuse(error: unknown): never {
  const { code, message } = failureOf(error);
  throw refused(message, code);
}

/** A signal has nobody to refuse to: one that does not fit is dropped, and the unit stays as it is. */
async function decideBySignal(desk: Desk, input: messages.DecideInput): Promise<void> {
  const decision = decisionOf(input);
  if (!decision) return;
  try {
    await CancellationScope.nonCancellable(() => condition(() => desk.settled));
    if (decisionProblem(desk.standing, decision, input.expectedAttempt)) return;
    await take(desk, decision, input.expectedAttempt, input.decisionId);
  } catch {
    // Refused.
  }
}
