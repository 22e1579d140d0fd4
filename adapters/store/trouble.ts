import { UnitrailError } from '../../domain/errors';
import { errorCodeOf } from './durable-file';

/** Does the work, and says of a disk or a share that fails: `what` can't be used, and why. */
export async function reportingTrouble<Result>(
  what: string,
  folder: string,
  work: () => Promise<Result>,
  mend = 'Check UNITRAIL_STORE: the folder, its rights and its free space.',
): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof UnitrailError) throw error;
    const reason = errorCodeOf(error) ?? 'unknown error';
    throw new UnitrailError(
      'STORE_UNAVAILABLE',
      `${what} ${folder} can't be used (${reason}). ${mend}`,
      { folder, reason },
      { cause: error },
    );
  }
}

/** The place does not answer, or not for this content; another one may. */
export function isUnavailable(error: unknown): boolean {
  return error instanceof UnitrailError && error.code === 'STORE_UNAVAILABLE';
}
