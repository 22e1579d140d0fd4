export interface Timing {
  /** From the first packet until files can be asked for. */
  readonly connectMs: number;
  /** The longest silence while an answer is due. A slow server that answers at all is waited for. */
  readonly answerMs: number;
  /** Asked that often whether the server is still there; three times without an answer, and it is not. */
  readonly keepaliveMs: number;
}

export const usualTiming: Timing = { connectMs: 20_000, answerMs: 30_000, keepaliveMs: 10_000 };
