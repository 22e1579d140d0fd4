import {
  allHandlersFinished,
  condition,
  ParentClosePolicy,
  proxyActivities,
  setCurrentDetails,
  setHandler,
  startChild,
  upsertSearchAttributes,
  workflowInfo,
  WorkflowIdReusePolicy,
} from '@temporalio/workflow';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import type { Order } from '../domain/order-document';
import { departedStates } from '../domain/unit-lifecycle';
import { shipmentWorkflowId, taskQueues, unitWorkflowId } from '../domain/workflow-ids';
import type { OfficeActivities } from './activity-types';
import { batchProgress, unitReported, type BatchProgress } from './batch-messages';
import { shipment } from './shipment';
import { office as officeOptions, reconcileEvery } from './timeouts';
import { unit } from './unit';

const office = proxyActivities<OfficeActivities>({ ...officeOptions, taskQueue: taskQueues.office });

/** Units under way at once: more than the slots of a line, so that no slot waits for the next unit. */
export const WINDOW = 40;
/** Claims are one transaction each. */
export const CLAIM_CHUNK = 40;

interface Floor {
  readonly batch: string;
  readonly quantity: number;
  started: number;
  readonly open: Set<string>;
}

/** A planner's batch: its numbers are claimed, its units are started in a window, and it ends when none is under way. */
export async function batch(order: Order): Promise<Record<string, number>> {
  const floor: Floor = { batch: order?.batch, quantity: 0, started: 0, open: new Set() };
  setHandler(unitReported, (unitId) => void floor.open.delete(unitId), {
    description: 'A unit is ready, held or ended.',
  });
  setHandler(batchProgress, () => progressOf(floor), { description: 'How far the batch is.' });
  const opened = await office.openBatch({ order, workflowId: workflowInfo().workflowId });
  upsertSearchAttributes({ BatchId: [opened.batch], Product: [opened.product] });
  await startUnits({
    floor: Object.assign(floor, { batch: opened.batch, quantity: opened.quantity }),
    product: opened.product,
  });
  await untilNoneIsOpen(floor);
  const units = await office.completeBatch({ batch: opened.batch });
  if (opened.shipsItself) await startShipment(opened.batch, opened.product);
  await condition(allHandlersFinished);
  setCurrentDetails(
    `### Batch ${opened.batch}\n\nEnded: ${Object.entries(units)
      .map(([state, count]) => `${count} ${state}`)
      .join(', ')}`,
  );
  return units;
}

async function startUnits({ floor, product }: { floor: Floor; product: string }): Promise<void> {
  for (let from = 1; from <= floor.quantity; from += CLAIM_CHUNK) {
    const to = Math.min(from + CLAIM_CHUNK - 1, floor.quantity);
    const claimed = await office.claimUnits({ batch: floor.batch, from, to });
    for (const { unitId, serial, name, state } of claimed) {
      floor.started += 1;
      if (departedStates.includes(state)) continue;
      // One that is ready or held has reported already, to an earlier run: it takes no place in the window.
      if (state === 'InProgress') await takePlace(floor, unitId);
      await startUnit({ unitId, serial, batch: floor.batch }, name, product);
    }
    setCurrentDetails(
      `### Batch ${floor.batch}\n\n${floor.started} of ${floor.quantity} started, ${floor.open.size} under way`,
    );
  }
}

/** A unit that already runs is success: the batch was resumed, the unit was not lost. */
async function startUnit(
  input: { unitId: string; serial: string; batch: string },
  name: string,
  product: string,
): Promise<void> {
  try {
    await startChild(unit, {
      workflowId: unitWorkflowId(name),
      args: [input],
      taskQueue: taskQueues.workflows,
      parentClosePolicy: ParentClosePolicy.ABANDON,
      workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
      searchAttributes: { BatchId: [input.batch], Product: [product] },
      staticSummary: `Unit ${name}`,
    });
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
  }
}

async function takePlace(floor: Floor, unitId: string): Promise<void> {
  while (floor.open.size >= WINDOW) {
    if (!(await condition(() => floor.open.size < WINDOW, reconcileEvery))) await reconcile(floor);
  }
  floor.open.add(unitId);
}

async function untilNoneIsOpen(floor: Floor): Promise<void> {
  while (floor.open.size > 0) {
    if (!(await condition(() => floor.open.size === 0, reconcileEvery))) await reconcile(floor);
  }
}

/** Reports can be lost; the database is not. */
async function reconcile(floor: Floor): Promise<void> {
  const underWay = await office.unitsUnderWay({ unitIds: [...floor.open] });
  const stillOpen = new Set(underWay.map(({ unitId }) => unitId));
  for (const unitId of floor.open) if (!stillOpen.has(unitId)) floor.open.delete(unitId);
}

async function startShipment(batchId: string, product: string): Promise<void> {
  try {
    await startChild(shipment, {
      workflowId: shipmentWorkflowId(batchId),
      args: [{ batch: batchId }],
      taskQueue: taskQueues.workflows,
      parentClosePolicy: ParentClosePolicy.ABANDON,
      workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
      searchAttributes: { BatchId: [batchId], Product: [product] },
      staticSummary: `Shipment of batch ${batchId}`,
    });
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
  }
}

function progressOf({ batch: id, quantity, started, open }: Floor): BatchProgress {
  return { batch: id, quantity, started, open: open.size };
}
