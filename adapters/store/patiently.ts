import { setTimeout as sleep } from 'node:timers/promises';

/** Before each further try. A hiccup of a disk or a server is over by then, or it is none. */
export const PAUSES_MS: readonly number[] = [1_000, 5_000];

/** Does the work, and once more after each pause where it fails by what may be a hiccup; the last try decides. */
export async function patiently<Result>(
  work: () => Promise<Result>,
  isHiccup: (error: unknown) => boolean,
  pausesMs: readonly number[] = PAUSES_MS,
): Promise<Result> {
  for (const pauseMs of pausesMs) {
    try {
      return await work();
    } catch (error) {
      if (!isHiccup(error)) throw error;
    }
    await sleep(pauseMs);
  }
  return work();
}
