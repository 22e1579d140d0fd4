import { randomUUID } from 'node:crypto';
import { ActivityFailure, ApplicationFailure } from '@temporalio/common';
import { WorkflowFailedError, type Client, type WorkflowHandle } from '@temporalio/client';
import { taskQueues } from '../../domain/workflow-ids';

/** What the Start Workflow form of Temporal's web UI sends: a type, an id, a queue, and one box of JSON text. */
export async function startFromForm(
  client: Client,
  form: { readonly type: string; readonly id: string; readonly json: string },
): Promise<WorkflowHandle> {
  const payload = { metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from(form.json) };
  await client.workflowService.startWorkflowExecution({
    namespace: client.options.namespace,
    requestId: randomUUID(),
    workflowId: form.id,
    workflowType: { name: form.type },
    taskQueue: { name: taskQueues.workflows },
    input: { payloads: [payload] },
  });
  return client.workflow.getHandle(form.id);
}

/** Why the run failed, as the web UI shows it. Fails where the run did not. */
export async function failureOfRun(run: WorkflowHandle): Promise<ApplicationFailure> {
  const error: unknown = await run.result().then(
    (result) => new Error(`the run ended well: ${JSON.stringify(result)}`),
    (reason: unknown) => reason,
  );
  if (!(error instanceof WorkflowFailedError)) throw error;
  const cause = error.cause instanceof ActivityFailure ? error.cause.cause : error.cause;
  if (!(cause instanceof ApplicationFailure)) throw error;
  return cause;
}
