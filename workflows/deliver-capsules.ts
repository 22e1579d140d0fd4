import { patched, proxyActivities, sleep, type ActivityFailure } from '@temporalio/workflow';
import { msToNumber, type Duration } from '@temporalio/common/lib/time';
import type { CapsuleReport, Trouble } from '../domain/retention';
import { taskQueues } from '../domain/workflow-ids';
import type { OfficeActivities } from './activity-types';
import { doings, overdue, show, standsBefore, troubleIn, type RetentionState } from './capsule-steps';
import { capsuleTry, sharesOfPatience } from './timeouts';

const courier = proxyActivities<OfficeActivities>({ ...capsuleTry, taskQueue: taskQueues.office });

/** What a run waits for, by the capsule that was tried last. */
interface Waiting {
  /** Of each buyer of whom nothing more is tried in this round, why not. */
  readonly buyers: Map<string | null, Trouble>;
  /** Of each capsule that could not be brought by now, why not. */
  readonly capsules: Map<string, Trouble>;
}

/** It is the buyer's server that does not answer, or that somebody else delivers to: no other capsule would be taken either. */
const ofTheBuyer: ReadonlySet<string> = new Set(['SFTP_UNREACHABLE', 'TURN_TAKEN', 'OVERDUE']);
/** So many that fail by themselves, and the rest waits for the next round: it may be the content store that is away. */
const FAILING_AT_MOST = 3;

/**
 * Whose server does not answer keeps back its own capsules alone: those of all others go on before it is asked again. A capsule
 * that can't be brought by itself keeps back no other. All are tried for as long as the patience lasts; then they wait for the
 * next run.
 */
export async function deliverCapsules(
  state: RetentionState,
  patience: string,
  goOn: () => Promise<void>,
): Promise<void> {
  const patienceMs = msToNumber(patience as Duration);
  const until = Date.now() + patienceMs;
  // Histories from before it take any failure that may pass for the buyer's, and count the pauses alone.
  const apart = patched('capsules-fail-apart');
  const waiting: Waiting = { buyers: new Map(), capsules: new Map() };
  await bringAll(state, waiting, apart);
  await goOn();
  for (const share of sharesOfPatience) {
    if (!isAnyLeft(state, waiting)) return;
    // Tries take time as well: whose line breaks after two hours is not tried twelve times.
    if (apart && Date.now() > until) break;
    show(state, `waiting for ${reasonsText(state, waiting)}`);
    await sleep(share * patienceMs);
    await bringAll(state, waiting, apart);
    await goOn();
  }
  giveUpRest(state, waiting);
}

function isAnyLeft({ capsules }: RetentionState, waiting: Waiting): boolean {
  return capsules.some((one) => waiting.capsules.has(one.capsule) && standsBefore(one, 'delivered'));
}

function reasonsText({ capsules }: RetentionState, waiting: Waiting): string {
  const reasons = capsules.flatMap(({ capsule, buyer }) => {
    const trouble = waiting.capsules.get(capsule);
    return trouble ? [`${buyer ?? 'nobody'} (${trouble.code}: ${trouble.message})`] : [];
  });
  return [...new Set(reasons)].join('; ');
}

/** One try of each capsule, and of a buyer that does not answer of the first one only; what failed before comes last. */
async function bringAll(state: RetentionState, waiting: Waiting, apart: boolean): Promise<void> {
  const failedBefore = (at: number): number => Number(waiting.capsules.has(state.capsules[at]!.capsule));
  const order = [...state.capsules.keys()];
  // It may be that capsule all the same: its server breaks off at that file.
  if (apart) order.sort((one, other) => failedBefore(one) - failedBefore(other));
  waiting.buyers.clear();
  const failing = new Map<string | null, number>();
  for (const at of order) {
    // As it is by now: it may have been given up with another one of its buyer's.
    const { capsule, buyer } = state.capsules[at]!;
    if (!standsBefore(state.capsules[at]!, 'delivered') || waiting.buyers.has(buyer)) continue;
    const trouble = await bring(state, at);
    if (trouble === null) waiting.capsules.delete(capsule);
    else {
      waiting.capsules.set(capsule, trouble);
      failing.set(buyer, (failing.get(buyer) ?? 0) + 1);
      const isOfBuyer = !apart || ofTheBuyer.has(trouble.code) || failing.get(buyer) === FAILING_AT_MOST;
      if (isOfBuyer) waiting.buyers.set(buyer, trouble);
    }
  }
}

/** Null where it is decided, for good or ill; else what may pass. */
async function bring(state: RetentionState, at: number): Promise<Trouble | null> {
  const one = state.capsules[at]!;
  const { capsule, buyer } = one;
  show(state, `${capsule}: ${doings.delivered}`);
  const failure = await failureOf(() => courier.deliverCapsule({ run: state.run, capsule }));
  if (failure?.mayPass) return failure.trouble;
  if (failure === null) state.capsules = state.capsules.with(at, { ...one, step: 'delivered' });
  else if (failure.trouble.code === 'OVERDUE') giveUp(state, buyer, failure.trouble);
  else state.capsules = state.capsules.with(at, { ...one, problem: failure.trouble });
  return null;
}

/** What one of them has waited for in vain, the others need not wait for as well. */
function giveUp(state: RetentionState, buyer: string | null, problem: Trouble): void {
  const isLeft = (one: CapsuleReport): boolean => one.buyer === buyer && standsBefore(one, 'delivered');
  state.capsules = state.capsules.map((one) => (isLeft(one) ? { ...one, problem } : one));
}

/** Each by what it failed with itself, or by what kept it from being tried. */
function giveUpRest(state: RetentionState, { buyers, capsules }: Waiting): void {
  state.capsules = state.capsules.map((one) => {
    const trouble = capsules.get(one.capsule) ?? buyers.get(one.buyer);
    if (!trouble || !standsBefore(one, 'delivered')) return one;
    return { ...one, problem: trouble.code === 'OVERDUE' ? trouble : overdue(trouble.message) };
  });
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
