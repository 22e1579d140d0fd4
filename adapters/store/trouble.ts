import { UnitrailError } from '../../domain/errors';
import { errorCodeOf } from './durable-file';

/** What a file system says where all of a place is away, has no room or is closed, or this process has no more files to open. */
const ofAll: ReadonlySet<string> = new Set([
  ...['ENOENT', 'ENOTDIR', 'ENODEV', 'ENXIO', 'ENOTCONN', 'ESTALE', 'ETIMEDOUT', 'EHOSTDOWN', 'EHOSTUNREACH'],
  ...['ENETDOWN', 'ENETUNREACH', 'ECONNREFUSED', 'ECONNRESET', 'ECONNABORTED'],
  ...['ENOSPC', 'EDQUOT', 'EROFS', 'EMFILE', 'ENFILE', 'ENOMEM'],
]);
const forRights: ReadonlySet<string> = new Set(['EACCES', 'EPERM', 'AccessDenied', 'Forbidden']);

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
      { folder, reason, isOfAll: ofAll.has(reason) },
      { cause: error },
    );
  }
}

/** The place does not answer, or not for this content; another one may. */
export function isUnavailable(error: unknown): boolean {
  return error instanceof UnitrailError && error.code === 'STORE_UNAVAILABLE';
}

/** No content of the place fares better: it is away, full or closed. What else it says may be about one content. */
export function isOfWholePlace(error: unknown): boolean {
  return error instanceof UnitrailError && error.detail.isOfAll === true;
}

/** Asked again in a moment, it says the same. */
export function isForRights(error: unknown): boolean {
  return error instanceof UnitrailError && forRights.has(String(error.detail.reason));
}
