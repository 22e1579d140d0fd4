import type { Client, WorkflowHandle } from '@temporalio/client';
import { taskQueues } from '../domain/workflow-ids';
import { failedWorkflow } from './failed-workflow';
import { unpolledQueues } from './task-queues';

/** After this long it is worth a word that nobody does the work. */
const PATIENCE_MS = 3_000;

/** What the workflow ends with. `tellIdle` is called with the queues that no worker asks, where there are any. */
export async function workflowResult<Result>(
  client: Client,
  handle: Pick<WorkflowHandle, 'result'>,
  tellIdle: (queues: readonly string[]) => Promise<void>,
): Promise<Result> {
  const look = async (): Promise<void> => {
    const idle = await unpolledQueues(client, [taskQueues.workflows, taskQueues.office]);
    if (idle.length > 0) await tellIdle(idle);
  };
  const impatience = setTimeout(() => void look().catch(() => {}), PATIENCE_MS);
  try {
    return (await handle.result()) as Result;
  } catch (error) {
    throw failedWorkflow(error);
  } finally {
    clearTimeout(impatience);
  }
}
