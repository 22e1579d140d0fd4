import { WorkflowExecutionAlreadyStartedError, WorkflowNotFoundError, type Client } from '@temporalio/client';
import { defineSearchAttributeKey, SearchAttributeType, WorkflowIdReusePolicy } from '@temporalio/common';
import { decodeArrayFromPayloads } from '@temporalio/common/lib/internal-non-workflow';
import type { Order } from '../domain/order';
import { batchWorkflowId, taskQueues, unitWorkflowId } from '../domain/workflow-ids';
import { ask } from './temporal-errors';

const batchIdKey = defineSearchAttributeKey('BatchId', SearchAttributeType.KEYWORD);
const productKey = defineSearchAttributeKey('Product', SearchAttributeType.KEYWORD);

/** Starts the workflow of a batch; false where it runs already. */
export async function startBatchWorkflow(client: Client, order: Order): Promise<boolean> {
  return startOnce(client, 'batch', { ...batchStart(order), input: order });
}

/** As a batch is started, for a call that starts it only where it does not run. */
export function batchStartOptions(order: Order) {
  return optionsOf(batchStart(order));
}

function batchStart({ batch, product, quantity, trial }: Order): Omit<Start, 'input'> {
  return {
    workflowId: batchWorkflowId(batch),
    attributes: { batch, product },
    summary: `Batch ${batch}: ${quantity} × ${product}${trial ? ', trial' : ''}`,
  };
}

/** Starts the workflow of a unit, as its batch does; false where it runs already. */
export async function startUnitWorkflow(
  client: Client,
  unit: { unitId: string; serial: string; name: string; batch: string; product: string },
): Promise<boolean> {
  const { unitId, serial, name, batch, product } = unit;
  return startOnce(client, 'unit', {
    workflowId: unitWorkflowId(name),
    input: { unitId, serial, batch },
    attributes: { batch, product },
    summary: `Unit ${name}`,
  });
}

interface Start {
  readonly workflowId: string;
  readonly input: unknown;
  readonly attributes: { readonly batch: string; readonly product: string };
  readonly summary: string;
}

/** A closed run of the same id is no obstacle: the database refuses a second life, not Temporal. */
async function startOnce(client: Client, type: string, { input, ...start }: Start): Promise<boolean> {
  try {
    await ask(client, () => client.workflow.start(type, { ...optionsOf(start), args: [input] }));
    return true;
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return false;
    throw error;
  }
}

function optionsOf({ workflowId, attributes, summary }: Omit<Start, 'input'>) {
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
  const { history } = await ask(client, () =>
    client.workflowService.getWorkflowExecutionHistory({
      namespace: client.options.namespace,
      execution: { workflowId: batchWorkflowId(batch) },
      maximumPageSize: 1,
    }),
  );
  const payloads = history?.events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads;
  const [input] = await decodeArrayFromPayloads(client.options.loadedDataConverter, payloads);
  return input;
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
