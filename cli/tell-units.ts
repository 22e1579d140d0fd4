import { WorkflowNotFoundError } from '@temporalio/client';
import { UnitrailError } from '../domain/errors';
import { unitWorkflowId } from '../domain/workflow-ids';
import { say } from './output';
import type { ServerContext } from './server-context';
import { ask } from './temporal-errors';

const AT_ONCE = 16;

/**
 * Tells the units' workflows to read their rows again. What they are told is on record already: where Temporal is away
 * this says so, and the command has done its work all the same. One without a workflow needs no telling.
 */
export async function tellUnits(context: ServerContext, names: readonly string[]): Promise<void> {
  try {
    for (let from = 0; from < names.length; from += AT_ONCE)
      await Promise.all(names.slice(from, from + AT_ONCE).map((name) => tell(context, name)));
  } catch (error) {
    if (!(error instanceof UnitrailError && error.reaction === 'retry')) throw error;
    await say(
      context,
      `Temporal does not answer: what was decided is on record and in force, and the units' workflows find out at their next act: within six hours in the line, within 30 where they wait to be shipped, and where they wait for an engineer with the next decision.`,
    );
  }
}

async function tell(context: ServerContext, name: string): Promise<void> {
  const client = await context.temporal();
  try {
    await ask(client, () => client.workflow.getHandle(unitWorkflowId(name)).signal('rowChanged'));
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
  }
}
