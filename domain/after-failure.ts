import { reactionTo } from './errors';

/** How often the workflow repeats a step by itself before a person is asked. */
export const REPEATS_BEFORE_HOLD = 2;

/**
 * What the workflow does with a failed step. `repeats` counts those it made in this attempt.
 * A device that missed a limit is not measured until it passes: that is a person's decision.
 */
export function afterFailure(code: string, repeats: number): 'repeat' | 'hold' {
  if (code === 'TEST_FAILED' || reactionTo(code) !== 'park') return 'hold';
  return repeats < REPEATS_BEFORE_HOLD ? 'repeat' : 'hold';
}
