import {
  WithStartWorkflowOperation,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
  type Client,
} from '@temporalio/client';
import { WorkflowIdConflictPolicy } from '@temporalio/common';
import { requireBatch, type BatchRow } from '../adapters/postgres/batch-ledger';
import { changeProblem, type BatchChange, type BatchControls } from '../domain/batch-control';
import { UnitrailError } from '../domain/errors';
import type { Order } from '../domain/order';
import { batchWorkflowId } from '../domain/workflow-ids';
import { batchStartOptions } from './batch-workflow';
import { printJson, printLine } from './output';
import type { ServerContext } from './server-context';
import { ask } from './temporal-errors';
import { refused } from './unit-decision';

/** A worker answers within a second; none is there after this. */
const ANSWER_TIMEOUT_MS = 30_000;

/** Sends what the Temporal web UI sends, and prints what the batch's controls are then. */
export async function changeBatch(context: ServerContext, batch: string, change: BatchChange): Promise<void> {
  const problem = changeProblem(change);
  if (problem) throw new UnitrailError('INPUT_INVALID', problem);
  const row = await requireBatch(await context.desk(), batch);
  const controls = await send(await context.temporal(), row, change);
  if (context.json) return printJson(context, { batch, ...controls });
  await printLine(context, lineOf(batch, change, controls));
}

function lineOf(batch: string, { action }: BatchChange, controls: BatchControls): string {
  const { quantity, window, priority } = controls;
  const texts: Readonly<Record<BatchChange['action'], string>> = {
    pause: 'is paused: no further unit begins, those under way go on.',
    resume: 'goes on.',
    cancel:
      'is cancelled: no further unit begins, those under way go on, and numbers that no unit has go back.',
    topUp: `has ${quantity} units now.`,
    setWindow: `has up to ${window} units under way at once.`,
    setPriority: `has priority ${priority}.`,
  };
  return `Batch ${batch} ${texts[action]}`;
}

async function send(client: Client, row: BatchRow, change: BatchChange): Promise<BatchControls> {
  const { action, ...input } = change;
  try {
    return await ask(
      client,
      () => (action === 'topUp' ? topUp(client, row, input) : update(client, row, action, input)),
      ANSWER_TIMEOUT_MS,
    );
  } catch (error) {
    throw explained(error, row);
  }
}

function update(client: Client, { id }: BatchRow, name: string, input: object): Promise<BatchControls> {
  const handle = client.workflow.getHandle(batchWorkflowId(id));
  return handle.executeUpdate<BatchControls, [object]>(name, { args: [input] });
}

/** A batch that has ended begins again, at its first new unit. */
function topUp(client: Client, row: BatchRow, input: object): Promise<BatchControls> {
  const order = JSON.parse(row.document) as Order;
  const settings = row.completedAt === null ? {} : { from: row.quantity + 1 };
  const startWorkflowOperation = new WithStartWorkflowOperation('batch', {
    ...batchStartOptions(order),
    args: [order, settings],
    workflowIdConflictPolicy: WorkflowIdConflictPolicy.USE_EXISTING,
  });
  return client.workflow.executeUpdateWithStart<never, BatchControls, [object]>('topUp', {
    args: [input],
    startWorkflowOperation: startWorkflowOperation as never,
  });
}

function explained(error: unknown, { id, completedAt }: BatchRow): unknown {
  if (error instanceof WorkflowUpdateFailedError) return refused(error);
  if (error instanceof WorkflowNotFoundError) {
    return completedAt !== null
      ? new UnitrailError('NOT_ALLOWED', `Batch ${id} has ended.`)
      : new UnitrailError(
          'TEMPORAL_UNAVAILABLE',
          `Batch ${id} has no open workflow: Temporal lost it, or somebody ended it. \`unitrail resume --batch ${id}\` starts it again; then say it once more.`,
        );
  }
  if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError) {
    return new UnitrailError(
      'TEMPORAL_UNAVAILABLE',
      `No worker answered for batch ${id} within ${ANSWER_TIMEOUT_MS / 1_000} s. The change may still be made when one comes back: look at the batch before you repeat it.`,
      {},
      { cause: error },
    );
  }
  return error;
}
