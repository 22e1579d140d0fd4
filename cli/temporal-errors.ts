import type { Client } from '@temporalio/client';
import { NamespaceNotFoundError } from '@temporalio/common';
import { grpcErrorIn } from '../activities/grpc-error';
import { UnitrailError } from '../domain/errors';

/** One call that Temporal answers at once, unless it is in trouble. */
const CALL_TIMEOUT_MS = 15_000;

/** gRPC status codes. */
const INVALID_ARGUMENT = 3;
const PERMISSION_DENIED = 7;
const UNAUTHENTICATED = 16;

/** Makes one call with a time limit, and tells its failure as one of our errors. What the SDK names itself passes. */
export async function ask<T>(
  client: Client,
  call: () => Promise<T>,
  timeoutMs = CALL_TIMEOUT_MS,
): Promise<T> {
  try {
    return await client.withDeadline(Date.now() + timeoutMs, call);
  } catch (error) {
    throw explained(error);
  }
}

function explained(error: unknown): unknown {
  if (error instanceof NamespaceNotFoundError)
    return wrongSetting(`has no namespace ${error.namespace}`, error);
  const grpc = grpcErrorIn(error);
  if (!grpc) return error;
  if (grpc.code === INVALID_ARGUMENT) return wrongSetting(`refuses the call: ${grpc.details}`, error);
  if (grpc.code === PERMISSION_DENIED || grpc.code === UNAUTHENTICATED)
    return wrongSetting(`lets nobody in: ${grpc.details}`, error);
  return new UnitrailError(
    'TEMPORAL_UNAVAILABLE',
    `Temporal does not answer (${grpc.details || `gRPC status ${grpc.code}`}).`,
    {},
    { cause: error },
  );
}

/** Often a search attribute that nobody registered: `doctor` names it. */
function wrongSetting(what: string, cause: unknown): UnitrailError {
  return new UnitrailError(
    'CONFIGURATION_INVALID',
    `Temporal ${what}. \`unitrail doctor\` says what is missing.`,
    {},
    { cause },
  );
}
