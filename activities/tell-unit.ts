import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import { UnitrailError } from '../domain/errors';
import { unitWorkflowId } from '../domain/workflow-ids';

/** Tells the unit's workflow to read its row again. One that is gone has nothing left to do. */
export async function tellUnit(client: Client, name: string): Promise<void> {
  try {
    await client.workflow.getHandle(unitWorkflowId(name)).signal('rowChanged');
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return;
    throw new UnitrailError(
      'TEMPORAL_UNAVAILABLE',
      `Unit ${name} could not be told to read its row again; it is tried again.`,
      {},
      { cause: error },
    );
  }
}
