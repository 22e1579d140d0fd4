import type { Client } from '@temporalio/client';
import { taskQueues } from '../domain/workflow-ids';
import { ask } from './temporal-errors';

const WORKFLOW = 1; // temporal.api.enums.v1.TaskQueueType
const ACTIVITY = 2;
/** A worker asks for work at least once a minute; the server remembers one for five. */
const FRESH_MS = 90_000;

/** How many workers asked for work of this queue within the last minute and a half. */
export async function countPollers(client: Client, queue: string): Promise<number> {
  const taskQueueType = queue === taskQueues.workflows ? WORKFLOW : ACTIVITY;
  const { pollers } = await ask(client, () =>
    client.workflowService.describeTaskQueue({
      namespace: client.options.namespace,
      taskQueue: { name: queue },
      taskQueueType,
    }),
  );
  const fresh = (pollers ?? []).filter(
    ({ lastAccessTime }) => Number(lastAccessTime?.seconds ?? 0) * 1_000 > Date.now() - FRESH_MS,
  );
  return new Set(fresh.map(({ identity }) => identity)).size;
}

/** The queues of this list that no worker asks. */
export async function unpolledQueues(client: Client, queues: readonly string[]): Promise<string[]> {
  const counts = await Promise.all(queues.map((queue) => countPollers(client, queue)));
  return queues.filter((_, at) => counts[at] === 0);
}
