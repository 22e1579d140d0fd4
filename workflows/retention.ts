import {
  ChildWorkflowCancellationType,
  ChildWorkflowFailure,
  CancellationScope,
  defineQuery,
  isCancellation,
  patched,
  ParentClosePolicy,
  proxyActivities,
  setHandler,
  startChild,
  workflowInfo,
} from '@temporalio/workflow';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { dueReport, type RetentionReport } from '../domain/retention';
import { exportScheduleId, taskQueues } from '../domain/workflow-ids';
import type { OfficeActivities } from './activity-types';
import { asOfThis } from './as-of';
import { each, show, troubleOf, type RetentionState as State } from './capsule-steps';
import { deliverCapsules } from './deliver-capsules';
import { bulk, capsuleDelivery, deliveryPatience, exportPatience, making, office as short } from './timeouts';

const desk = proxyActivities<OfficeActivities>({ ...bulk, taskQueue: taskQueues.office });
const writer = proxyActivities<OfficeActivities>({ ...making, taskQueue: taskQueues.office });
const courier = proxyActivities<OfficeActivities>({ ...capsuleDelivery, taskQueue: taskQueues.office });
const clerk = proxyActivities<OfficeActivities>({ ...short, taskQueue: taskQueues.office });

export interface RetentionInput {
  /** RFC 3339; absent: the time that the schedule names, or now. */
  readonly asOf?: string;
  /** Who says that the clock is right although it is in doubt. */
  readonly confirmedBy?: string;
  /** How long exports and deliveries may take before the run goes on without them. */
  readonly patience?: string;
}

export const retentionProgress = defineQuery<RetentionReport>('retentionProgress');

/**
 * Moves what the policy lets go into capsules, and erases what is due, in numbered steps. What stops one capsule or one
 * buyer stops no other; the next run goes on with what this one has left, and a repeat of a step does nothing again.
 */
export async function retention(input: RetentionInput = {}): Promise<RetentionReport> {
  const state = await setUp(input);
  // 1 Whoever lacks a record that is due gets it first: nothing moves that its buyer has not.
  await deliverExports(state, input.patience ?? exportPatience);
  show(state, 'planning capsules');
  state.capsules = await desk.planRetention({ run: state.run });
  const { run, asOf } = state;
  // 2 Files in the content store.
  await each(state, 'made', (capsule) => writer.writeCapsule({ run, capsule, asOf }));
  // 3 The buyer's copy in the buyer's folder, after the second reader has found it good.
  if (patched('absent-buyers-last'))
    await deliverCapsules(state, input.patience ?? deliveryPatience, () => readBackAndMove(state));
  else {
    await each(state, 'delivered', (capsule) => courier.deliverCapsule({ run, capsule }));
    await readBackAndMove(state);
  }
  // 6 What the archive has kept for long enough.
  if (state.clockTrusted) await erase(state);
  show(state, null);
  await clerk.endRetention({ report: state });
  return state;
}

async function readBackAndMove(state: State): Promise<void> {
  const { run } = state;
  // 4 Read back by another program, where that was not done before a delivery; recorded by another login.
  await each(state, 'verified', (capsule) => writer.readCapsuleBack({ run, capsule }));
  // 5 Removed here.
  if (state.clockTrusted) await each(state, 'moved', (capsule) => writer.moveCapsule({ run, capsule }));
}

async function setUp(input: RetentionInput): Promise<State> {
  const info = workflowInfo();
  const asOf = input.asOf ?? asOfThis(info);
  const { run, clockTrusted, clockDoubt } = await clerk.openRetention({
    request: `${info.workflowId}/${info.firstExecutionRunId}`,
    asOf,
    confirmedBy: input.confirmedBy ?? null,
  });
  const state: State = {
    ...{ run, asOf, clockTrusted, clockDoubt: clockDoubt ?? null, dryRun: false },
    ...{ due: [], blocked: [], capsules: [], erased: [], names: [] },
  };
  setHandler(retentionProgress, () => ({ ...state }), { description: 'How far the run is.' });
  return state;
}

async function deliverExports(state: State, patience: string): Promise<void> {
  show(state, 'looking for what is due');
  const buyers = (await lookForDue(state)).map(({ buyer }) => buyer);
  if (buyers.length === 0 || !state.clockTrusted) return;
  show(state, `exports to ${buyers.join(', ')}`);
  await Promise.all(buyers.map((buyer) => exportTo(state.run, buyer, patience)));
  state.blocked = await lookForDue(state);
}

/** Who is blocked, by all that is due; the report tells no more of it than it holds. */
async function lookForDue(state: State): Promise<RetentionReport['blocked']> {
  const found = await desk.lookForDue({ asOf: state.asOf, bounded: true });
  // A list: by an office of the version before, or in a history of it.
  const { due, dueLater, blocked } = Array.isArray(found) ? dueReport(found) : found;
  state.due = due;
  if (dueLater === undefined) delete state.dueLater;
  else state.dueLater = dueLater;
  return blocked;
}

/** One that runs already is awaited. One that waits for a server goes on by itself, and this buyer's units wait for the next run. */
async function exportTo(run: string, buyer: string, patience: string): Promise<void> {
  try {
    await CancellationScope.withTimeout(patience, async () => {
      await desk.awaitExport({ buyer });
      try {
        const child = await startChild('export', {
          workflowId: `${exportScheduleId(buyer)}-retention-${run}`,
          taskQueue: taskQueues.workflows,
          args: [{ buyer }],
          parentClosePolicy: ParentClosePolicy.ABANDON,
          cancellationType: ChildWorkflowCancellationType.ABANDON,
          staticSummary: `Exports to ${buyer}`,
        });
        await child.result();
      } catch (error) {
        if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
        await desk.awaitExport({ buyer });
      }
    });
  } catch (error) {
    const ours = isCancellation(error) && !CancellationScope.current().consideredCancelled;
    if (!ours && !(error instanceof ChildWorkflowFailure)) throw error;
  }
}

async function erase(state: State): Promise<void> {
  const { run, asOf } = state;
  const { capsules, later = 0, names } = await desk.lookForErasable({ asOf });
  state.erased = capsules;
  if (later > 0) state.erasedLater = later;
  for (const [at, one] of capsules.entries()) {
    if (one.problem !== null) continue;
    show(state, `erasing ${one.capsule}`);
    const problem = await troubleOf(() => desk.eraseArchive({ run, capsule: one.capsule }));
    state.erased = state.erased.with(at, { ...one, problem });
  }
  if (patched('remove-erased')) {
    show(state, 'removing what is erased from the content store');
    // What its place has locked keeps no name back, and the next run tries again.
    const problem = await troubleOf(() => desk.removeErased({ run }));
    if (problem !== null) state.leftInStore = problem;
  }
  if (names.length > 0 && (await desk.erasePersonalNames({ run })) > 0) state.names = names;
}
