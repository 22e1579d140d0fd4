import type { BenchErrorCode } from '../../domain/bench-protocol';

/** An answer that says no. The message is for people: what happened, to which slot, what to do. */
export class BenchError extends Error {
  override readonly name = 'BenchError';

  constructor(
    readonly code: BenchErrorCode,
    message: string,
  ) {
    super(message);
  }
}
