import type { Sha256Hex } from '../../domain/brands';
import { UnitrailError } from '../../domain/errors';

/** What can't be removed yet: no try mends it, and whoever removes comes by again. */
export function lockedUntil(place: string, sha256: Sha256Hex, until: Date): UnitrailError {
  return new UnitrailError(
    'NOT_ALLOWED',
    `The content ${sha256} is locked in ${place} until ${until.toISOString()}: it can't be removed before then.`,
    { place, sha256, until: until.toISOString() },
  );
}

/** What its server does not let go, and does not say until when: a lock that only an administrator sees, or a right that is missing. */
export function heldByServer(place: string, sha256: Sha256Hex, reason: string): UnitrailError {
  return new UnitrailError(
    'NOT_ALLOWED',
    `The content ${sha256} is held in ${place}: its server refuses to remove it (${reason}), and says not until when. Look for a legal hold or a policy of the bucket, and at the rights in docs/store.md; the next run tries again.`,
    { place, sha256, reason },
  );
}

export function isLocked(error: unknown): error is UnitrailError {
  return error instanceof UnitrailError && error.code === 'NOT_ALLOWED';
}
