import { WorkflowExecutionAlreadyStartedError, WorkflowNotFoundError, type Client } from '@temporalio/client';
import { defineSearchAttributeKey, SearchAttributeType, WorkflowIdReusePolicy } from '@temporalio/common';
import { workflowInput } from '../activities/workflow-input';
import type { Order } from '../domain/order';
import { unitStaticDetails } from '../domain/static-details';
import { batchWorkflowId, taskQueues, unitWorkflowId } from '../domain/workflow-ids';
import { ask } from './temporal-errors';

const batchIdKey = defineSearchAttributeKey('BatchId', SearchAttributeType.KEYWORD);
const productKey = defineSearchAttributeKey('Product', SearchAttributeType.KEYWORD);

/** Starts the workflow of a batch; false where it runs already. */
export async function startBatchWorkflow(client: Client, order: Order): Promise<boolean> {
  return startOnce(client, 'batch', { ...batchStartOptions(order), args: [order] });
}

/** As a batch is started, for a call that starts it only where it does not run. */
export function batchStartOptions({ batch, product, quantity, trial }: Order) {
  return startOptions({
    workflowId: batchWorkflowId(batch),
    attributes: { batch, product },
    summary: `Batch ${batch}: ${quantity} × ${product}${trial ? ', trial' : ''}`,
  });
}

/** Starts the workflow of a unit, as its batch does; false where it runs already. */
export async function startUnitWorkflow(client: Client, unit: UnitStart): Promise<boolean> {
  return startOnce(client, 'unit', unitWorkflowStart(unit));
}

interface UnitStart {
  readonly unitId: string;
  readonly serial: string;
  readonly name: string;
  readonly batch: string;
  readonly product: string;
}

/** How a unit's workflow is started, wherever it is. */
export function unitWorkflowStart({ unitId, serial, name, batch, product }: UnitStart) {
  const start = startOptions({
    workflowId: unitWorkflowId(name),
    attributes: { batch, product },
    summary: `Unit ${name}`,
  });
  const staticDetails = unitStaticDetails({ serial, batch, product });
  return { ...start, staticDetails, args: [{ unitId, serial, batch }] as [unknown] };
}

interface Start {
  readonly workflowId: string;
  readonly attributes: { readonly batch: string; readonly product: string };
  readonly summary: string;
}

type Started = ReturnType<typeof startOptions> & { args: [unknown] };

/** A closed run of the same id is no obstacle: the database refuses a second life, not Temporal. */
async function startOnce(client: Client, type: string, options: Started): Promise<boolean> {
  try {
    await ask(client, () => client.workflow.start(type, options));
    return true;
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return false;
    throw error;
  }
}

function startOptions({ workflowId, attributes, summary }: Start) {
  return {
    workflowId,
    taskQueue: taskQueues.workflows,
    workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
    typedSearchAttributes: [
      { key: batchIdKey, value: attributes.batch },
      { key: productKey, value: attributes.product },
    ],
    staticSummary: summary,
  };
}

/** How the newest run of the batch's workflow stands; null where Temporal knows none. */
export async function describeBatchWorkflow(
  client: Client,
  batch: string,
): Promise<{ status: string; runId: string } | null> {
  try {
    const handle = client.workflow.getHandle(batchWorkflowId(batch));
    const { status, runId } = await ask(client, () => handle.describe());
    return { status: status.name, runId };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return null;
    throw error;
  }
}

/** What the newest run of the batch's workflow was started with: a planner may have used the web UI's form. */
export async function inputOfBatchWorkflow(client: Client, batch: string): Promise<unknown> {
  return ask(client, () => workflowInput(client, { workflowId: batchWorkflowId(batch) }));
}

/** Names of the batch's units whose workflows are open, as the list of workflows shows them: a few seconds behind. */
export async function openUnitWorkflows(client: Client, batch: string): Promise<Set<string>> {
  const query = `WorkflowType = "unit" AND ExecutionStatus = "Running" AND BatchId = "${batch}"`;
  return ask(
    client,
    async () => {
      const names = new Set<string>();
      for await (const { workflowId } of client.workflow.list({ query, pageSize: 1_000 })) {
        names.add(workflowId.slice(unitWorkflowId('').length));
      }
      return names;
    },
    120_000,
  );
}
