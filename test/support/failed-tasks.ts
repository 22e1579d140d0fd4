import type { WorkflowHandle } from '@temporalio/client';

/** WORKFLOW_TASK_FAILED_CAUSE_UNHANDLED_COMMAND: a signal came while the run was ending. The server asks again, and nothing failed. */
const overtaken = 1;

/** Messages of the workflow tasks of these runs that failed. A replay that goes wrong fails its task and is tried again: its end does not tell. */
export async function failedTasks(runs: readonly WorkflowHandle[]): Promise<string[]> {
  const failures: string[] = [];
  for (const run of runs) {
    const { events } = await run.fetchHistory();
    for (const { workflowTaskFailedEventAttributes: failed } of events ?? [])
      if (failed && failed.cause !== overtaken)
        failures.push(`${run.workflowId}: ${failed.failure?.message}`);
  }
  return failures;
}
