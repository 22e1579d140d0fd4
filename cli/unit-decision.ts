import {
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
  type Client,
} from '@temporalio/client';
import { findOneUnit, unitNameOf } from '../adapters/postgres/unit-queries';
import { decisionProblem, type Decision } from '../domain/decision';
import { isErrorCode, UnitrailError } from '../domain/errors';
import type { Standing } from '../domain/unit-lifecycle';
import type { UnitRow } from '../domain/unit-row';
import { unitWorkflowId } from '../domain/workflow-ids';
import { printJson, printLine } from './output';
import type { ServerContext } from './server-context';
import { ask } from './temporal-errors';

/** A worker answers within a second; none is there after this. */
const ANSWER_TIMEOUT_MS = 30_000;

const updates = { retry: 'retryStep', rework: 'rework', scrap: 'scrap' } as const;

/** Sends what the Temporal web UI sends, and prints where the unit stands then. */
export async function decide(context: ServerContext, id: string, decision: Decision): Promise<void> {
  const db = await context.desk();
  const unit = await findOneUnit(db, id);
  const workflowId = unitWorkflowId(await unitNameOf(db, unit.unitId));
  const standing = await send(await context.temporal(), { ...unit, workflowId }, decision);
  if (context.json) return printJson(context, standing);
  const { serial, state, step, attempt } = standing;
  await printLine(context, `Unit ${serial} is ${state} at ${step}, attempt ${attempt}.`);
}

async function send(
  client: Client,
  unit: UnitRow & { workflowId: string },
  { action, ...input }: Decision,
): Promise<Standing> {
  const handle = client.workflow.getHandle(unit.workflowId);
  try {
    return await ask(
      client,
      () => handle.executeUpdate<Standing, [typeof input]>(updates[action], { args: [input] }),
      ANSWER_TIMEOUT_MS,
    );
  } catch (error) {
    throw explained(error, unit, { action, ...input } as Decision);
  }
}

function explained(error: unknown, unit: UnitRow, decision: Decision): unknown {
  if (error instanceof WorkflowUpdateFailedError) return refused(error);
  if (error instanceof WorkflowNotFoundError) return withoutWorkflow(unit, decision);
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

/** The workflow's own sentence: its validator's, or that of the activity that records decisions. */
export function refused(error: WorkflowUpdateFailedError): UnitrailError {
  let cause: { cause?: unknown; type?: unknown; message?: string } | undefined = error.cause;
  while (cause?.cause instanceof Error) cause = cause.cause;
  const code = typeof cause?.type === 'string' && isErrorCode(cause.type) ? cause.type : 'NOT_ALLOWED';
  return new UnitrailError(code, cause?.message ?? error.message, {}, { cause: error });
}

/** Its life is over, or Temporal lost it. */
function withoutWorkflow(unit: UnitRow, decision: Decision): UnitrailError {
  const { unitId, serial, stateBeneath: state, step, attempt, batch } = unit;
  const problem = decisionProblem({ unitId, serial, state, step, attempt }, decision);
  if (problem) return new UnitrailError('NOT_ALLOWED', problem);
  return new UnitrailError(
    'TEMPORAL_UNAVAILABLE',
    `Unit ${serial} has no open workflow: Temporal lost it, or somebody ended it. \`unitrail resume --batch ${batch}\` starts it again; then decide once more.`,
  );
}
