import type { BenchErrorCode } from '../../domain/bench-protocol';

/** An answer that says no. The message is for people: what happened, to which slot, what to do. */
export class BenchError extends Error {
  override readonly name = 'BenchError';

  constructor(
    readonly code: BenchErrorCode,
    message: string,
    /** The last lines of the slot's equipment. */
    readonly output: readonly string[] = [],
  ) {
    super(message);
  }
}
