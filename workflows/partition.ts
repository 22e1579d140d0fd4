import {
  CancellationScope,
  condition,
  ContinueAsNew,
  continueAsNew,
  getExternalWorkflowHandle,
  ParentClosePolicy,
  patched,
  proxyActivities,
  setCurrentDetails,
  setHandler,
  sleep,
  startChild,
  workflowInfo,
  WorkflowIdReusePolicy,
} from '@temporalio/workflow';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import type { Pace } from '../domain/pace';
import { unitStaticDetails } from '../domain/static-details';
import { departedStates } from '../domain/unit-lifecycle';
import { batchWorkflowId, taskQueues, unitWorkflowId } from '../domain/workflow-ids';
import type { OfficeActivities } from './activity-types';
import * as messages from './batch-messages';
import { failureOf } from './failure';
import { office as officeOptions } from './timeouts';
import { unit } from './unit';

const office = proxyActivities<OfficeActivities>({ ...officeOptions, taskQueue: taskQueues.office });

/** Indexes, never lists of units: those stand in the database. */
export interface PartitionInput {
  readonly batch: string;
  readonly product: string;
  readonly number: number;
  readonly from: number;
  readonly to: number;
  readonly steering: messages.Steering;
  readonly pace: Pace;
  /** Of a run that goes on for another: where it is, and its units that are under way. */
  readonly carried?: { readonly next: number; readonly open: readonly string[] };
}

type Claimed = Awaited<ReturnType<OfficeActivities['claimUnits']>>[number];

interface Floor {
  readonly input: PartitionInput;
  steering: messages.Steering;
  /** The index of the next unit to start. */
  next: number;
  /** Claimed ahead, not started. */
  claimed: Claimed[];
  /** Units that take a place in the window. */
  readonly open: Set<string>;
  /** Units that gave their places back since the database was asked. */
  readonly left: Set<string>;
  /** Units that this run has started. */
  starts: number;
  /** It is time to ask the database. */
  isDue: boolean;
}

/**
 * A part of a batch: it starts its units in a window that slides as they are parked or finished, and ends when none is under
 * way. Its history is bounded: it goes on as a new run, which knows its open units and nothing else.
 */
export async function partition(input: PartitionInput): Promise<void> {
  const floor = setUp(input);
  return CancellationScope.nonCancellable(() => run(floor));
}

function setUp(input: PartitionInput): Floor {
  const { next, open } = input.carried ?? { next: input.from, open: [] };
  const floor: Floor = {
    input,
    steering: input.steering,
    next,
    claimed: [],
    open: new Set(open),
    left: new Set(),
    starts: 0,
    isDue: false,
  };
  const batch = getExternalWorkflowHandle(batchWorkflowId(input.batch));
  const leave = (unitId: string): void => {
    floor.open.delete(unitId);
    floor.left.add(unitId);
  };
  setHandler(messages.unitParked, leave, { description: 'A unit waits for an engineer: its place is free.' });
  setHandler(messages.unitFinished, leave, {
    description: 'A unit is ready or has ended: its place is free.',
  });
  setHandler(messages.unitResumed, (unitId) => void floor.open.add(unitId), {
    description: 'An engineer sent a unit on: it takes a place again.',
  });
  setHandler(messages.steer, (steering) => void (floor.steering = steering), {
    description: 'What the batch says: the share of its window, and whether further units begin.',
  });
  setHandler(messages.partitionProgress, () => progressOf(floor), { description: 'How far it is.' });
  // Cancelled in the web UI: a part can't end alone, so it is the batch that is cancelled.
  CancellationScope.current().cancelRequested.catch(() =>
    CancellationScope.nonCancellable(() => batch.signal(messages.partitionCancelled)).catch(() => {}),
  );
  return floor;
}

async function run(floor: Floor): Promise<void> {
  remind(floor);
  try {
    while (!isOver(floor)) {
      if (isLong(floor)) return await goOn(floor);
      if (floor.isDue) await reconcile(floor);
      else if (mayStart(floor)) await startSome(floor);
      else await condition(() => isOver(floor) || mayStart(floor) || isLong(floor) || floor.isDue);
    }
  } catch (error) {
    if (error instanceof ContinueAsNew) throw error;
    // Nothing that a repeat would mend: the batch fails with the same words.
    await reportEnd(floor, failureOf(error));
    throw error;
  }
  await reportEnd(floor);
}

/** One timer a minute, not one a wait: each would be two events. */
function remind(floor: Floor): void {
  floor.isDue = false;
  void sleep(floor.input.pace.reconcileMs).then(() => void (floor.isDue = true));
}

function isOver({ next, input, steering, open }: Floor): boolean {
  return (next > input.to || steering.cancelled) && open.size === 0;
}

function mayStart({ next, input, steering, open }: Floor): boolean {
  return next <= input.to && !steering.paused && !steering.cancelled && open.size < steering.window;
}

function isLong({ starts, next, input }: Floor): boolean {
  const isFull = starts >= input.pace.startsOfRun && next <= input.to;
  return isFull || workflowInfo().continueAsNewSuggested;
}

/** Every start was awaited: what the next run has to know is what is open. Units that were claimed ahead are claimed again. */
function goOn({ input, steering, next, open }: Floor): Promise<void> {
  return continueAsNew<typeof partition>({ ...input, steering, carried: { next, open: [...open] } });
}

/** Reports can be lost, those of the batch as well; the database is not. */
async function reconcile(floor: Floor): Promise<void> {
  const { batch, from } = floor.input;
  floor.left.clear();
  const asked = floor.next - 1;
  const { steering } = floor;
  const { underWay, paused, cancelled } = await office.reconcilePartition({ batch, from, to: asked });
  // What the batch said meanwhile is newer than the answer.
  if (floor.steering === steering) floor.steering = { ...steering, paused, cancelled };
  const real = new Set(underWay);
  for (const unitId of floor.open) if (!real.has(unitId)) floor.open.delete(unitId);
  // One that gave its place back while the question was on its way is not taken in again.
  for (const unitId of real) if (!floor.left.has(unitId)) floor.open.add(unitId);
  remind(floor);
}

/** As many at once as there are places, from those that were claimed ahead. */
async function startSome(floor: Floor): Promise<void> {
  if (floor.claimed.length === 0 && !(await claimSome(floor))) return;
  // Paused, cancelled or made narrower meanwhile: what was claimed is kept, and begins when it may.
  if (!mayStart(floor) && patched('claimed-units-wait')) return;
  const starting: Claimed[] = [];
  for (let [first] = floor.claimed; first && hasPlace(floor, first); [first] = floor.claimed) {
    floor.claimed.shift();
    floor.next = first.index + 1;
    if (departedStates.includes(first.state)) continue;
    if (first.state === 'InProgress') floor.open.add(first.unitId);
    starting.push(first);
  }
  floor.starts += starting.length;
  await Promise.all(starting.map((claimed) => startUnit(floor.input, claimed)));
  show(floor);
}

/** One that is ready or held has reported already, to an earlier run: it takes no place in the window. */
function hasPlace({ open, steering }: Floor, { state }: Claimed): boolean {
  return state !== 'InProgress' || open.size < steering.window;
}

/** False where the batch was cancelled meanwhile. */
async function claimSome(floor: Floor): Promise<boolean> {
  const { batch, to, pace } = floor.input;
  const last = Math.min(floor.next + pace.claimChunk - 1, to);
  try {
    floor.claimed = await office.claimUnits({ batch, from: floor.next, to: last });
    return true;
  } catch (error) {
    if (failureOf(error).code !== 'BATCH_CANCELLED') throw error;
    floor.steering = { ...floor.steering, cancelled: true };
    return false;
  }
}

/** A unit that already runs is success: the batch was resumed, the unit was not lost. */
async function startUnit(
  { batch, product }: PartitionInput,
  { unitId, serial, name }: Claimed,
): Promise<void> {
  try {
    await startChild(unit, {
      workflowId: unitWorkflowId(name),
      args: [{ unitId, serial, batch }],
      taskQueue: taskQueues.workflows,
      parentClosePolicy: ParentClosePolicy.ABANDON,
      workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
      searchAttributes: { BatchId: [batch], Product: [product] },
      staticSummary: `Unit ${name}`,
      staticDetails: unitStaticDetails({ serial, batch, product }),
    });
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
  }
}

/** A batch that is gone is resumed some day, and asks the database. */
async function reportEnd({ input, next }: Floor, failure?: { code: string; message: string }): Promise<void> {
  const { batch, number } = input;
  try {
    await getExternalWorkflowHandle(batchWorkflowId(batch)).signal(messages.partitionEnded, {
      number,
      to: next - 1,
      ...(failure && { failure }),
    });
  } catch {
    // Nobody to tell.
  }
}

function show(floor: Floor): void {
  const { batch, number } = floor.input;
  const { from, to, next, open, window } = progressOf(floor);
  setCurrentDetails(
    `### Batch ${batch}, part ${number}\n\nUnits ${from} to ${to}: ${next - from} started, ${open} under way in a window of ${window}`,
  );
}

function progressOf({ input, next, steering, open }: Floor): messages.PartitionProgress {
  return { from: input.from, to: input.to, next, window: steering.window, open: open.size };
}
