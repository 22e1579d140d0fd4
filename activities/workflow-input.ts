import type { Client } from '@temporalio/client';
import { ValueError } from '@temporalio/common';
import { decodeArrayFromPayloads } from '@temporalio/common/lib/internal-non-workflow';

export interface WorkflowRun {
  readonly workflowId: string;
  /** Absent: the newest run. */
  readonly runId?: string;
}

/**
 * What a run was started with, also where somebody used the web UI's form; undefined where it is written in a way that no worker
 * of ours can read: such a run does nothing.
 */
export async function workflowInput(client: Client, execution: WorkflowRun): Promise<unknown> {
  const { history } = await client.workflowService.getWorkflowExecutionHistory({
    namespace: client.options.namespace,
    execution,
    maximumPageSize: 1,
  });
  const payloads = history?.events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads;
  const decoded = decodeArrayFromPayloads(client.options.loadedDataConverter, payloads);
  const [input] = await decoded.catch((error: unknown): unknown[] => {
    if (error instanceof ValueError || error instanceof SyntaxError) return [];
    throw error;
  });
  return input;
}
