import {
  GetObjectLockConfigurationCommand,
  GetObjectRetentionCommand,
  PutObjectRetentionCommand,
} from '@aws-sdk/client-s3';
import type { Sha256Hex } from '../../domain/brands';
import type { BucketPlace } from '../../domain/store-place';
import type { Bucket } from './bucket-client';
import { bucketErrorCode } from './bucket-trouble';

export interface BucketLock {
  canLock(): Promise<boolean>;
  /** False where the bucket can't lock, or there is no such content. A date that lies behind the present one changes nothing. */
  protect(sha256: Sha256Hex, until: Date): Promise<boolean>;
  /** The end of the lock of the content, or of one version of it; null where nothing holds it. */
  lockedUntil(sha256: Sha256Hex, version?: string): Promise<Date | null>;
}

/** Asked whether it locks: the bucket does not, or its server knows of no locks. */
const noLocks: ReadonlySet<string> = new Set([
  'ObjectLockConfigurationNotFoundError',
  'NoSuchObjectLockConfiguration',
  'NotImplemented',
  'MethodNotAllowed',
  'InvalidRequest',
  'InvalidBucketObjectLockConfiguration',
]);

/** Asked about one object: there is none, or only the mark of one that was hidden (a method that such a mark does not have). */
const noObject: readonly string[] = ['NoSuchVersion', 'NoSuchKey', 'MethodNotAllowed'];

/** And nothing holds it, where a bucket can lock. */
const noRetention: ReadonlySet<string> = new Set([
  ...noObject,
  ...['NoSuchObjectLockConfiguration', 'ObjectLockConfigurationNotFoundError'],
]);

/** A lock that is refused in any other way is not set: whoever asked for it has to know. */
const nothingToLock: ReadonlySet<string> = new Set(noObject);

/** Object lock, where the bucket has it. It is asked once a process: a bucket can't lose it. */
export function bucketLock(
  { client, bucket, keyOf }: Bucket,
  mode: BucketPlace['lock'],
  has: (sha256: Sha256Hex) => Promise<boolean>,
): BucketLock {
  let known: Promise<boolean> | undefined;

  async function askWhetherItLocks(): Promise<boolean> {
    const question = new GetObjectLockConfigurationCommand({ Bucket: bucket });
    const answer = await orNull(noLocks, () => client.send(question));
    return answer?.ObjectLockConfiguration?.ObjectLockEnabled === 'Enabled';
  }

  async function canLock(): Promise<boolean> {
    known ??= askWhetherItLocks();
    try {
      return await known;
    } catch (error) {
      known = undefined;
      throw error;
    }
  }

  async function retention(sha256: Sha256Hex, version?: string) {
    const about = {
      Bucket: bucket,
      Key: keyOf(sha256),
      ...(version !== undefined && { VersionId: version }),
    };
    return (await orNull(noRetention, () => client.send(new GetObjectRetentionCommand(about))))?.Retention;
  }

  return {
    canLock,
    protect: async (sha256, until) => {
      if (!(await canLock()) || until.getTime() <= Date.now()) return false;
      const found = await retention(sha256);
      if (found?.RetainUntilDate && found.RetainUntilDate >= until) return true;
      // What is locked for good stays so.
      const Mode = mode === 'compliance' || found?.Mode === 'COMPLIANCE' ? 'COMPLIANCE' : 'GOVERNANCE';
      const Retention = { Mode, RetainUntilDate: until } as const;
      const put = new PutObjectRetentionCommand({ Bucket: bucket, Key: keyOf(sha256), Retention });
      try {
        await client.send(put);
        return true;
      } catch (error) {
        // A server that has no such method says the same of what is there as others of a mark.
        if (!nothingToLock.has(bucketErrorCode(error)) || (await has(sha256))) throw error;
        return false;
      }
    },
    lockedUntil: async (sha256, version) => {
      if (!(await canLock())) return null;
      const until = (await retention(sha256, version))?.RetainUntilDate;
      return until && until.getTime() > Date.now() ? until : null;
    },
  };
}

async function orNull<Result>(none: ReadonlySet<string>, ask: () => Promise<Result>): Promise<Result | null> {
  try {
    return await ask();
  } catch (error) {
    if (none.has(bucketErrorCode(error))) return null;
    throw error;
  }
}
