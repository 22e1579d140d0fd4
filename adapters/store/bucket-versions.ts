import { DeleteObjectCommand, ListObjectVersionsCommand } from '@aws-sdk/client-s3';
import type { Sha256Hex } from '../../domain/brands';
import type { BucketLock } from './bucket-lock';
import type { Bucket } from './bucket-client';
import { bucketErrorCode, httpStatusOf, isRefusal } from './bucket-trouble';
import { heldByServer, lockedUntil } from './locked';

/**
 * Removes every version: in a bucket that keeps versions a plain removal only hides the bytes.
 * @throws UnitrailError NOT_ALLOWED where one of them is locked, and then none is removed; or where the server refuses it
 * although no lock can be seen
 */
export async function removeVersions(
  bucket: Bucket,
  lock: BucketLock,
  sha256: Sha256Hex,
  signal?: AbortSignal,
): Promise<void> {
  const versions = await versionsOf(bucket, sha256);
  const until = await lastEnd(lock, sha256, versions);
  if (until !== null) throw lockedUntil(bucket.place, sha256, until);
  for (const version of versions) await removeVersion(bucket, lock, { sha256, version }, signal);
}

/** Until when one version or another is locked: all of them would have to go. */
export async function versionsLockedUntil(
  bucket: Bucket,
  lock: BucketLock,
  sha256: Sha256Hex,
): Promise<Date | null> {
  return (await lock.canLock()) ? lastEnd(lock, sha256, await versionsOf(bucket, sha256)) : null;
}

/** The latest end of their locks. */
async function lastEnd(
  lock: BucketLock,
  sha256: Sha256Hex,
  versions: readonly Version[],
): Promise<Date | null> {
  let last: Date | null = null;
  for (const version of versions) {
    const until = await lock.lockedUntil(sha256, version);
    if (until !== null && (last === null || until > last)) last = until;
  }
  return last;
}

/** A lock may be one that nobody is shown, or that somebody has set since it was looked for. */
async function removeVersion(
  { client, bucket, place, keyOf }: Bucket,
  lock: BucketLock,
  { sha256, version }: { readonly sha256: Sha256Hex; readonly version: Version },
  signal?: AbortSignal,
): Promise<void> {
  const object = { Bucket: bucket, Key: keyOf(sha256), ...(version !== undefined && { VersionId: version }) };
  try {
    // Breaks off the request, and the library's next tries with it: none is sent once the signal says so.
    await client.send(new DeleteObjectCommand(object), signal && { abortSignal: signal });
  } catch (error) {
    if (!isRefusal(error, await lock.canLock())) throw error;
    const until = await lock.lockedUntil(sha256, version);
    if (until !== null) throw lockedUntil(place, sha256, until);
    throw heldByServer(place, sha256, `${bucketErrorCode(error)}, ${httpStatusOf(error)}`);
  }
}

/** Undefined: the content itself, where nothing is known of versions. */
type Version = string | undefined;

/** The oldest first, so that what breaks off leaves the newest one, and then the marks of those that were hidden. */
async function versionsOf(bucket: Bucket, sha256: Sha256Hex): Promise<readonly Version[]> {
  const listed = await listVersions(bucket, sha256);
  return listed.length === 0 ? [undefined] : listed;
}

/** None where the server keeps none. */
async function listVersions({ client, bucket, keyOf }: Bucket, sha256: Sha256Hex): Promise<string[]> {
  const key = keyOf(sha256);
  try {
    // No other key begins with it, and one content has a handful of versions: the first page has all of them.
    const page = await client.send(new ListObjectVersionsCommand({ Bucket: bucket, Prefix: key }));
    return [...(page.Versions ?? []).toReversed(), ...(page.DeleteMarkers ?? [])].flatMap(
      ({ Key, VersionId }) => (Key === key && VersionId ? [VersionId] : []),
    );
  } catch (error) {
    if (['NotImplemented', 'MethodNotAllowed'].includes(bucketErrorCode(error))) return [];
    throw error;
  }
}
