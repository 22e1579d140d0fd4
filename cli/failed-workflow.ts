import { WorkflowFailedError } from '@temporalio/client';
import { isErrorCode, UnitrailError } from '../domain/errors';

/** Why a workflow that a command waited for has failed, as one of our errors: that of the activity that ended it. */
export function failedWorkflow(error: unknown): unknown {
  if (!(error instanceof WorkflowFailedError)) return error;
  let cause: { cause?: unknown; type?: unknown; message?: string } | undefined = error.cause;
  while (cause?.cause instanceof Error) cause = cause.cause;
  const code = typeof cause?.type === 'string' && isErrorCode(cause.type) ? cause.type : 'INTERNAL';
  return new UnitrailError(code, cause?.message ?? error.message, {}, { cause: error });
}
