import type { Client } from '@temporalio/client';
import { batchWorkflowId, partitionWorkflowId } from '../../domain/workflow-ids';

/** One run of a parent: how long its history became, and how many children it started. */
export interface ParentRun {
  readonly workflowId: string;
  readonly events: number;
  readonly starts: number;
}

/** Every run of the batch and of its partitions, the newest of each first. */
export async function parentRuns(client: Client, batch: string, partitions: number): Promise<ParentRun[]> {
  const ids = Array.from({ length: partitions }, (_, at) => partitionWorkflowId(batch, at + 1));
  const runs: ParentRun[] = [];
  for (const id of [batchWorkflowId(batch), ...ids]) runs.push(...(await runsOf(client, id)));
  return runs;
}

async function runsOf(client: Client, workflowId: string): Promise<ParentRun[]> {
  const runs: ParentRun[] = [];
  let runId: string | undefined;
  do {
    const { events } = await client.workflow.getHandle(workflowId, runId).fetchHistory();
    const all = events ?? [];
    const starts = all.filter((event) => event.childWorkflowExecutionStartedEventAttributes).length;
    runs.push({ workflowId, events: all.length, starts });
    runId = all[0]?.workflowExecutionStartedEventAttributes?.continuedExecutionRunId ?? undefined;
  } while (runId);
  return runs;
}
