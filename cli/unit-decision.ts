import {
  WithStartWorkflowOperation,
  WorkflowIdConflictPolicy,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
  type Client,
} from '@temporalio/client';
import { ActivityFailure, ApplicationFailure, type Workflow } from '@temporalio/common';
import { findOneUnit, unitNameOf } from '../adapters/postgres/unit-queries';
import { decisionProblem, type Decision } from '../domain/decision';
import { isErrorCode, UnitrailError } from '../domain/errors';
import type { Standing } from '../domain/unit-lifecycle';
import type { UnitRow } from '../domain/unit-row';
import { unitWorkflowId } from '../domain/workflow-ids';
import { unitWorkflowStart } from './batch-workflow';
import { printJson, printLine } from './output';
import type { ServerContext } from './server-context';
import { ask } from './temporal-errors';

/** A worker answers within a second; none is there after this. */
const ANSWER_TIMEOUT_MS = 30_000;

const updates = {
  retry: 'retryStep',
  rework: 'rework',
  scrap: 'scrap',
  missing: 'missing',
  found: 'found',
} as const;

type NamedUnit = UnitRow & { readonly name: string };

/** Sends what the Temporal web UI sends, and prints where the unit stands then. */
export async function decide(context: ServerContext, id: string, decision: Decision): Promise<void> {
  const db = await context.desk();
  const unit = await findOneUnit(db, id);
  const name = await unitNameOf(db, unit.unitId);
  const standing = await send(await context.temporal(), { ...unit, name }, decision);
  if (context.json) return printJson(context, standing);
  const { serial, state, step, attempt } = standing;
  await printLine(context, `Unit ${serial} is ${state} at ${step}, attempt ${attempt}.`);
}

async function send(client: Client, unit: NamedUnit, decision: Decision): Promise<Standing> {
  const { action, ...input } = decision;
  const handle = client.workflow.getHandle(unitWorkflowId(unit.name));
  const update = { args: [input] as [typeof input] };
  try {
    return await ask(
      client,
      () => handle.executeUpdate<Standing, [typeof input]>(updates[action], update),
      ANSWER_TIMEOUT_MS,
    ).catch((error: unknown) => {
      if (!(error instanceof WorkflowNotFoundError)) throw error;
      return sendToNewRun(client, unit, decision);
    });
  } catch (error) {
    throw explained(error, unit);
  }
}

/**
 * A unit whose workflow has ended (it is missing, or a trial unit that is ready) or was lost with Temporal's state: the
 * decision brings its workflow with it.
 */
async function sendToNewRun(client: Client, unit: NamedUnit, decision: Decision): Promise<Standing> {
  const { unitId, serial, stateBeneath: state, step, attempt } = unit;
  const problem = decisionProblem({ unitId, serial, state, step, attempt }, decision);
  if (problem) throw new UnitrailError('NOT_ALLOWED', problem);
  const { action, ...input } = decision;
  const startWorkflowOperation = new WithStartWorkflowOperation('unit', {
    ...unitWorkflowStart(unit),
    workflowIdConflictPolicy: WorkflowIdConflictPolicy.USE_EXISTING,
  });
  return ask(
    client,
    () =>
      client.workflow.executeUpdateWithStart<Workflow, Standing, [typeof input]>(updates[action], {
        args: [input],
        startWorkflowOperation,
      }),
    ANSWER_TIMEOUT_MS,
  );
}

function explained(error: unknown, unit: UnitRow): unknown {
  if (error instanceof WorkflowUpdateFailedError) return refused(error);
  if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError) {
    return new UnitrailError(
      'TEMPORAL_UNAVAILABLE',
      `No worker answered for unit ${unit.serial} within ${ANSWER_TIMEOUT_MS / 1_000} s. The decision may still be taken when one comes back: look at the unit before you repeat it.`,
      {},
      { cause: error },
    );
  }
  return error;
}

/** The workflow's own sentence: its validator's, or that of the activity that records the change. */
export function refused(error: WorkflowUpdateFailedError): UnitrailError {
  const cause = error.cause instanceof ActivityFailure ? error.cause.cause : error.cause;
  const type = cause instanceof ApplicationFailure ? cause.type : null;
  const code = type && isErrorCode(type) ? type : 'NOT_ALLOWED';
  return new UnitrailError(code, cause?.message ?? error.message, {}, { cause: error });
}
