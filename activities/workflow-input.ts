import type { Client } from '@temporalio/client';
import { decodeArrayFromPayloads } from '@temporalio/common/lib/internal-non-workflow';

export interface WorkflowRun {
  readonly workflowId: string;
  /** Absent: the newest run. */
  readonly runId?: string;
}

/** What a run was started with, also where somebody used the web UI's form. */
export async function workflowInput(client: Client, execution: WorkflowRun): Promise<unknown> {
  const { history } = await client.workflowService.getWorkflowExecutionHistory({
    namespace: client.options.namespace,
    execution,
    maximumPageSize: 1,
  });
  const payloads = history?.events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads;
  const [input] = await decodeArrayFromPayloads(client.options.loadedDataConverter, payloads);
  return input;
}
