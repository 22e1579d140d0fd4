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

const none: ReadonlySet<string> = new Set([
  'ObjectLockConfigurationNotFoundError',
  'NoSuchObjectLockConfiguration',
  'NotImplemented',
  'MethodNotAllowed',
  'InvalidRequest',
  'InvalidBucketObjectLockConfiguration',
  'NoSuchVersion',
  'NoSuchKey',
]);

/** Object lock, where the bucket has it. It is asked once a process: a bucket can't lose it. */
export function bucketLock({ client, bucket, keyOf }: Bucket, mode: BucketPlace['lock']): BucketLock {
  let known: Promise<boolean> | undefined;

  async function askWhetherItLocks(): Promise<boolean> {
    const answer = await orNull(() => client.send(new GetObjectLockConfigurationCommand({ Bucket: bucket })));
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
    return (await orNull(() => client.send(new GetObjectRetentionCommand(about))))?.Retention;
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
      return (await orNull(() => client.send(put))) !== null;
    },
    lockedUntil: async (sha256, version) => {
      if (!(await canLock())) return null;
      const until = (await retention(sha256, version))?.RetainUntilDate;
      return until && until.getTime() > Date.now() ? until : null;
    },
  };
}

async function orNull<Result>(ask: () => Promise<Result>): Promise<Result | null> {
  try {
    return await ask();
  } catch (error) {
    if (none.has(bucketErrorCode(error))) return null;
    throw error;
  }
}
