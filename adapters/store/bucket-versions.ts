import { DeleteObjectCommand, ListObjectVersionsCommand } from '@aws-sdk/client-s3';
import type { Sha256Hex } from '../../domain/brands';
import { UnitrailError } from '../../domain/errors';
import type { BucketLock } from './bucket-lock';
import type { Bucket } from './bucket-client';
import { bucketErrorCode } from './bucket-trouble';

/**
 * Removes every version: in a bucket that keeps versions a plain removal only hides the bytes.
 * @throws UnitrailError NOT_ALLOWED where one of them is locked; then none is removed
 */
export async function removeVersions(bucket: Bucket, lock: BucketLock, sha256: Sha256Hex): Promise<void> {
  const versions = await versionsOf(bucket, sha256);
  for (const version of versions) {
    const until = await lock.lockedUntil(sha256, version);
    if (until !== null) throw locked(bucket, sha256, until);
  }
  const { client, keyOf } = bucket;
  const object = { Bucket: bucket.bucket, Key: keyOf(sha256) };
  if (versions.length === 0) await client.send(new DeleteObjectCommand(object));
  for (const version of versions)
    await client.send(new DeleteObjectCommand({ ...object, VersionId: version }));
}

/** Also the marks of those that were hidden. None where the server keeps no versions. */
async function versionsOf({ client, bucket, keyOf }: Bucket, sha256: Sha256Hex): Promise<string[]> {
  const key = keyOf(sha256);
  try {
    // No other key begins with it, and one content has a handful of versions: the first page has all of them.
    const page = await client.send(new ListObjectVersionsCommand({ Bucket: bucket, Prefix: key }));
    return [...(page.Versions ?? []), ...(page.DeleteMarkers ?? [])].flatMap(({ Key, VersionId }) =>
      Key === key && VersionId ? [VersionId] : [],
    );
  } catch (error) {
    if (['NotImplemented', 'MethodNotAllowed'].includes(bucketErrorCode(error))) return [];
    throw error;
  }
}

export function locked({ place }: Pick<Bucket, 'place'>, sha256: Sha256Hex, until: Date): UnitrailError {
  return new UnitrailError(
    'NOT_ALLOWED',
    `The content ${sha256} is locked in ${place} until ${until.toISOString()}: it can't be removed before then.`,
    { place, sha256, until: until.toISOString() },
  );
}
