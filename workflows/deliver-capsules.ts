import { proxyActivities, sleep, type ActivityFailure } from '@temporalio/workflow';
import { msToNumber, type Duration } from '@temporalio/common/lib/time';
import type { CapsuleReport, Trouble } from '../domain/retention';
import { taskQueues } from '../domain/workflow-ids';
import type { OfficeActivities } from './activity-types';
import { doings, overdue, show, standsBefore, troubleIn, type RetentionState } from './capsule-steps';
import { capsuleTry, sharesOfPatience } from './timeouts';

const courier = proxyActivities<OfficeActivities>({ ...capsuleTry, taskQueue: taskQueues.office });

/** Of each buyer whose capsules could not be brought by now, why not. */
type Absent = ReadonlyMap<string | null, Trouble>;

/**
 * Whose server does not answer keeps back its own capsules alone: those of all others go on before it is asked again. It is
 * asked for as long as the patience lasts; then its capsules wait for the next run.
 */
export async function deliverCapsules(
  state: RetentionState,
  patience: string,
  goOn: () => Promise<void>,
): Promise<void> {
  let absent = await bringAll(state);
  await goOn();
  for (const share of sharesOfPatience) {
    if (absent.size === 0) return;
    show(state, `waiting for ${[...absent].map(reasonText).join('; ')}`);
    await sleep(share * msToNumber(patience as Duration));
    absent = await bringAll(state);
    await goOn();
  }
  for (const [buyer, { message }] of absent) giveUp(state, buyer, overdue(message));
}

function reasonText([buyer, { code, message }]: [string | null, Trouble]): string {
  return `${buyer ?? 'nobody'} (${code}: ${message})`;
}

/** One try of each capsule, and of a buyer that does not answer of the first one only. */
async function bringAll(state: RetentionState): Promise<Absent> {
  const absent = new Map<string | null, Trouble>();
  for (const [at, { capsule, buyer }] of state.capsules.entries()) {
    // As it is by now: it may have been given up with another one of its buyer's.
    const one = state.capsules[at]!;
    if (!standsBefore(one, 'delivered') || absent.has(buyer)) continue;
    show(state, `${capsule}: ${doings.delivered}`);
    const failure = await failureOf(() => courier.deliverCapsule({ run: state.run, capsule }));
    if (failure === null) state.capsules = state.capsules.with(at, { ...one, step: 'delivered' });
    else if (failure.mayPass) absent.set(buyer, failure.trouble);
    else if (failure.trouble.code === 'OVERDUE') giveUp(state, buyer, failure.trouble);
    else state.capsules = state.capsules.with(at, { ...one, problem: failure.trouble });
  }
  return absent;
}

/** What one of them has waited for in vain, the others need not wait for as well. */
function giveUp(state: RetentionState, buyer: string | null, problem: Trouble): void {
  const isLeft = (one: CapsuleReport): boolean => one.buyer === buyer && standsBefore(one, 'delivered');
  state.capsules = state.capsules.map((one) => (isLeft(one) ? { ...one, problem } : one));
}

/** `mayPass`: Temporal would try again, were it let. */
async function failureOf(
  act: () => Promise<unknown>,
): Promise<{ trouble: Trouble; mayPass: boolean } | null> {
  try {
    await act();
    return null;
  } catch (error) {
    const trouble = troubleIn(error);
    const { retryState } = error as ActivityFailure;
    return { trouble, mayPass: retryState === 'MAXIMUM_ATTEMPTS_REACHED' };
  }
}
