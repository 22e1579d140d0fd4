import {
  allHandlersFinished,
  CancellationScope,
  condition,
  continueAsNew,
  currentUpdateInfo,
  getExternalWorkflowHandle,
  ParentClosePolicy,
  proxyActivities,
  setCurrentDetails,
  setHandler,
  sleep,
  startChild,
  upsertSearchAttributes,
  uuid4,
  workflowInfo,
  WorkflowIdReusePolicy,
} from '@temporalio/workflow';
import { ActivityFailure, WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { cancelledInUi, type BatchChange, type BatchControls } from '../domain/batch-control';
import { batchDetails, refusedDetails } from '../domain/batch-report';
import type { Order } from '../domain/order-document';
import { usualPace } from '../domain/pace';
import { partitionWorkflowId, shipmentWorkflowId, taskQueues } from '../domain/workflow-ids';
import type { OfficeActivities } from './activity-types';
import {
  controlsOf,
  isBuilt,
  mayBegin,
  steeringOf,
  take,
  type Floor,
  type Opened,
  type Range,
  type BatchSettings,
} from './batch-floor';
import { listen } from './batch-handlers';
import * as messages from './batch-messages';
import { failureOf } from './failure';
import { partition } from './partition';
import { refused } from './refused';
import { shipment } from './shipment';
import { office as officeOptions } from './timeouts';

const office = proxyActivities<OfficeActivities>({ ...officeOptions, taskQueue: taskQueues.office });

/**
 * A planner's batch: it is cut into partitions, which claim and start its units, and ends when none of them is under way.
 * What people change about it meanwhile is an event first, and then obeyed.
 */
export async function batch(order: Order, settings: BatchSettings = {}): Promise<Record<string, number>> {
  const floor = setUp(order, settings);
  return CancellationScope.nonCancellable(() => run(floor));
}

function setUp(order: Order, { pace, from = 1, carried }: BatchSettings): Floor {
  const floor: Floor = {
    order,
    pace: { ...usualPace, ...pace },
    opened: null,
    next: from,
    number: carried?.number ?? 0,
    partitions: new Map(carried?.partitions),
    failure: null,
    isDue: false,
    changing: 0,
  };
  listen(floor, change);
  setHandler(messages.partitionEnded, (report) => void endPartition(floor, report), {
    description: 'A part has ended: none of its units is under way.',
  });
  const cancelIt = (): Promise<unknown> =>
    CancellationScope.nonCancellable(() => change(floor, cancelledInUi)).catch(() => {});
  // Cancel in the web UI is the update `cancel`, by somebody whose name we are not told.
  CancellationScope.current().cancelRequested.catch(cancelIt);
  setHandler(messages.partitionCancelled, async () => void (await cancelIt()), {
    description: 'Somebody cancelled a part of it: a part can not end alone.',
  });
  return floor;
}

async function run(floor: Floor): Promise<Record<string, number>> {
  const opened = await open(floor);
  remind(floor);
  for (;;) {
    await build(floor);
    const { cancelled } = controlsOf(floor);
    if (cancelled) await office.returnNumbers({ batch: opened.batch });
    const { completed, quantity, units } = await office.completeBatch({ batch: opened.batch });
    await settle(floor);
    if (completed && isBuilt(floor)) await end(floor);
    // It may have been topped up in the last moment, or cancelled, and then its numbers have to go back.
    if (completed && isBuilt(floor) && controlsOf(floor).cancelled === cancelled) return { ...units };
    take(floor, { ...controlsOf(floor), quantity: Math.max(quantity, controlsOf(floor).quantity) });
    // A part was lost: its units are looked for from the first one on.
    if (!completed && isBuilt(floor)) floor.next = 1;
  }
}

/** Cancel in the web UI is no handler: changes are counted as well. */
async function settle(floor: Floor): Promise<void> {
  await condition(() => allHandlersFinished() && floor.changing === 0);
}

async function open(floor: Floor): Promise<Opened> {
  const opened = await openBatch(floor);
  upsertSearchAttributes({ BatchId: [opened.batch], Product: [opened.product] });
  floor.opened = opened;
  return opened;
}

/** A run that fails shows its result as JSON: what is wrong stands in the details as well, as a sentence. */
async function openBatch({ order }: Floor): Promise<Opened> {
  try {
    return await office.openBatch({ order, workflowId: workflowInfo().workflowId });
  } catch (error) {
    const { code, message } = failureOf(error);
    setCurrentDetails(refusedDetails(code, message));
    throw error;
  }
}

async function build(floor: Floor): Promise<void> {
  while (!isBuilt(floor)) {
    if (floor.failure) throw refused(floor.failure.message, floor.failure.code);
    if (workflowInfo().continueAsNewSuggested) return goOn(floor);
    if (mayBegin(floor)) await beginPartition(floor);
    else if (floor.isDue) await lookAfterPartitions(floor);
    else await condition(() => isBuilt(floor) || mayBegin(floor) || floor.isDue || floor.failure !== null);
  }
}

async function goOn(floor: Floor): Promise<void> {
  await settle(floor);
  const { order, pace, next, number, partitions } = floor;
  return continueAsNew<typeof batch>(order, {
    pace,
    from: next,
    carried: { number, partitions: [...partitions] },
  });
}

async function beginPartition(floor: Floor): Promise<void> {
  const { pace, opened } = floor;
  const range = { from: floor.next, to: Math.min(floor.next + pace.partitionSize - 1, opened!.quantity) };
  floor.next = range.to + 1;
  floor.number += 1;
  floor.partitions.set(floor.number, range);
  await startPartition(floor, floor.number, range);
  await steerAll(floor);
  if (floor.number === 1) await show(floor);
}

/** One that already runs is success. */
async function startPartition(floor: Floor, number: number, range: Range): Promise<void> {
  const { batch: id, product } = floor.opened!;
  const input = { batch: id, product, number, ...range, steering: steeringOf(floor), pace: floor.pace };
  await startOnce(() =>
    startChild(partition, {
      workflowId: partitionWorkflowId(id, number),
      args: [input],
      ...childOptions(floor, `Batch ${id}, part ${number}: units ${range.from} to ${range.to}`),
    }),
  );
}

async function startOnce(start: () => Promise<unknown>): Promise<void> {
  try {
    await start();
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
  }
}

function childOptions({ opened }: Floor, staticSummary: string) {
  return {
    taskQueue: taskQueues.workflows,
    parentClosePolicy: ParentClosePolicy.ABANDON,
    workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
    searchAttributes: { BatchId: [opened!.batch], Product: [opened!.product] },
    staticSummary,
  };
}

async function steerAll(floor: Floor): Promise<void> {
  const steering = steeringOf(floor);
  await Promise.all(
    [...floor.partitions.keys()].map(async (number) => {
      const { batch: id } = floor.opened!;
      try {
        await getExternalWorkflowHandle(partitionWorkflowId(id, number)).signal(messages.steer, steering);
      } catch {
        // It has ended, and its report is on the way.
      }
    }),
  );
}

/** A part whose workflow was terminated, or whose report was lost, begins again, and finds what is done already. */
async function lookAfterPartitions(floor: Floor): Promise<void> {
  for (const [number, range] of [...floor.partitions]) {
    if (floor.partitions.has(number)) await startPartition(floor, number, range);
  }
  await show(floor);
  remind(floor);
}

/** What the batch's page shows is read from the database. */
async function show({ opened }: Floor): Promise<void> {
  setCurrentDetails(batchDetails(await office.reportBatch({ batch: opened!.batch })));
}

function remind(floor: Floor): void {
  floor.isDue = false;
  void sleep(floor.pace.reconcileMs).then(() => void (floor.isDue = true));
}

async function end(floor: Floor): Promise<void> {
  const { batch: id, shipsItself } = floor.opened!;
  if (shipsItself) {
    await startOnce(() =>
      startChild(shipment, {
        workflowId: shipmentWorkflowId(id),
        args: [{ batch: id }],
        ...childOptions(floor, `Shipment of batch ${id}`),
      }),
    );
  }
  await show(floor);
  await settle(floor);
}

/** On record first. A change that comes while the order is looked at waits until the batch is open. */
async function change(floor: Floor, asked: BatchChange): Promise<BatchControls> {
  const changeId = currentUpdateInfo()?.id ?? uuid4();
  floor.changing += 1;
  try {
    await condition(() => floor.opened !== null);
    const controls = await office.controlBatch({ batch: floor.opened!.batch, change: asked, changeId });
    take(floor, controls);
    await steerAll(floor);
    await show(floor);
    return controls;
  } catch (error) {
    // In our words, not in those of the server about an activity.
    if (!(error instanceof ActivityFailure)) throw error;
    const { code, message } = failureOf(error);
    throw refused(message, code);
  } finally {
    floor.changing -= 1;
  }
}

function endPartition(floor: Floor, { number, to, failure }: messages.PartitionEnd): void {
  const range = floor.partitions.get(number);
  if (failure) floor.failure = failure;
  if (!range || failure) return;
  floor.partitions.delete(number);
  // It was begun when the batch was smaller, or for another range: what it left out is begun once more from there.
  if (to < range.to && !floor.opened?.cancelled) floor.next = Math.min(floor.next, to + 1);
  else if (floor.opened && floor.partitions.size > 0) void steerAll(floor).catch(() => {});
}
