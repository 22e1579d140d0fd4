import { ApplicationFailure } from '@temporalio/workflow';

/** What a person reads in the web UI: code and sentence. Where in our files it was thrown is nothing to them. */
export function refused(message: string, code: string): ApplicationFailure {
  const failure = ApplicationFailure.nonRetryable(message, code);
  failure.stack = '';
  return failure;
}
