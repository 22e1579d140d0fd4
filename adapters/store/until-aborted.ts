import { UnitrailError } from '../../domain/errors';
import type { Place } from './port';

/**
 * Does the work, or gives it up as soon as the signal says so: then it may be done even so, in a moment or when the place comes
 * back, and its answer is nobody's.
 * @throws UnitrailError STORE_UNAVAILABLE where it was given up
 */
export async function untilAborted<Result>(
  signal: AbortSignal | undefined,
  { place }: Pick<Place, 'place'>,
  work: () => Promise<Result>,
): Promise<Result> {
  if (signal === undefined) return work();
  if (signal.aborted) throw tooSlow(place);
  let giveUp = (): void => {};
  const aborted = new Promise<never>((_resolve, reject) => {
    giveUp = () => reject(tooSlow(place));
    signal.addEventListener('abort', giveUp);
  });
  try {
    return await Promise.race([work(), aborted]);
  } finally {
    signal.removeEventListener('abort', giveUp);
  }
}

function tooSlow(place: string): UnitrailError {
  return new UnitrailError(
    'STORE_UNAVAILABLE',
    `The content store ${place} did not answer in the time that there was. Look at its disk, network or server; it is tried again.`,
    { place, reason: 'TimeoutError' },
  );
}
