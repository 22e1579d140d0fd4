import { CompleteAsyncError, Context } from '@temporalio/activity';
import { ApplicationFailure, ApplicationFailureCategory, TemporalFailure } from '@temporalio/common';
import type { ActivityExecuteInput, ActivityInboundCallsInterceptor, Next } from '@temporalio/worker';
import { UnitrailError, type ErrorCode } from '../domain/errors';

/** Waiting in line is no failure: no error log, no alert, and asked again soon. */
const waits: Partial<Record<ErrorCode, string>> = {
  SLOT_BUSY: '1 second',
  UNITS_UNDER_WAY: '2 seconds',
  TURN_TAKEN: '10 seconds',
};

/**
 * The one place where our errors become Temporal's. The code is the failure's type; only infrastructure is retried
 * by Temporal, everything else goes back to the workflow, which repeats, holds or gives up.
 */
export class FailureInterceptor implements ActivityInboundCallsInterceptor {
  async execute(
    input: ActivityExecuteInput,
    next: Next<ActivityInboundCallsInterceptor, 'execute'>,
  ): Promise<unknown> {
    try {
      return await next(input);
    } catch (error) {
      if (isTemporals(error)) throw error;
      // Where a mistake of ours was made is told here alone: a failure that leaves carries no stack.
      if (!(error instanceof UnitrailError)) Context.current().log.error('A mistake of ours', { error });
      throw toFailure(asOurs(error));
    }
  }
}

/** Cancellation and completion are Temporal's own words. */
function isTemporals(error: unknown): boolean {
  return (
    error instanceof TemporalFailure ||
    error instanceof CompleteAsyncError ||
    (error as Error | null)?.name === 'AbortError'
  );
}

/** An error that nobody foresaw is a mistake of ours: retried for ever it would hold no unit and tell nobody. */
function asOurs(error: unknown): UnitrailError {
  if (error instanceof UnitrailError) return error;
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return new UnitrailError('INTERNAL', `A mistake of ours: ${text.slice(0, 300)}`, {}, { cause: error });
}

/** A quality hold may last for weeks: the workflow waits for its release, no activity asks again. */
const ON_HOLD: ErrorCode = 'ON_HOLD';

function toFailure(error: UnitrailError): ApplicationFailure {
  const wait = waits[error.code];
  const isBenign = wait !== undefined || error.code === ON_HOLD;
  const failure = ApplicationFailure.create({
    type: error.code,
    message: error.message,
    details: [error.detail],
    nonRetryable: error.reaction !== 'retry' || error.code === ON_HOLD,
    ...(wait && { nextRetryDelay: wait as '1 second' }),
    ...(isBenign && { category: ApplicationFailureCategory.BENIGN }),
  });
  // It would stand in every history, with the paths of this machine.
  failure.stack = '';
  return failure;
}
