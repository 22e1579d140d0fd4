import { isGrpcServiceError, ServiceError } from '@temporalio/client';

/** What Temporal's server answered, also where the library has wrapped it; undefined of any other error. */
export function grpcErrorIn(error: unknown) {
  const grpc = error instanceof ServiceError ? error.cause : error;
  return isGrpcServiceError(grpc) ? grpc : undefined;
}
