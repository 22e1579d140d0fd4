/**
 * Contents in a bucket of a server that speaks S3, under the same names as in a folder, below the prefix.
 */
import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import {
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  paginateListObjectsV2,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';

import { isSha256Hex, type Sha256Hex } from '../../domain/brands';
import { contentPath, placeText, type BucketPlace } from '../../domain/store-place';
import { openBucketClient, type Bucket } from './bucket-client';
import { bucketLock } from './bucket-lock';
import { removeVersions, versionsLockedUntil } from './bucket-versions';
import { askingBucket, bucketErrorCode, httpStatusOf } from './bucket-trouble';
import type { Bytes, Place } from './port';

const mebibyte = 1024 * 1024;
/** A file goes in parts of this size, this many under way: a few buffers of memory. Ten thousand parts are 160 GB. */
const PART_BYTES = 16 * mebibyte;
const PARTS_AT_ONCE = 2;

export function createBucketPlace(setting: BucketPlace): Place {
  const bucket: Bucket = {
    client: openBucketClient(setting),
    bucket: setting.bucket,
    place: placeText(setting),
    keyOf: (sha256) => `${setting.prefix}${contentPath(sha256)}`,
  };
  const { client, place, keyOf } = bucket;
  const object = (sha256: Sha256Hex) => ({ Bucket: setting.bucket, Key: keyOf(sha256) });
  const asking = <T>(work: () => Promise<T>): Promise<T> => askingBucket(place, work);
  const lock = bucketLock(bucket, setting.lock, has);

  /** A question about one object is answered alike by a bucket that is not there. */
  async function has(sha256: Sha256Hex): Promise<boolean> {
    try {
      await client.send(new HeadObjectCommand(object(sha256)));
      return true;
    } catch (error) {
      if (httpStatusOf(error) !== 404) throw error;
      await requireBucket(bucket);
      return false;
    }
  }

  async function write(sha256: Sha256Hex, bytes: Uint8Array): Promise<void> {
    const digest = Buffer.from(sha256, 'hex').toString('base64');
    await client.send(new PutObjectCommand({ ...object(sha256), Body: bytes, ChecksumSHA256: digest }));
  }

  async function writeFile(sha256: Sha256Hex, path: string): Promise<void> {
    const source = createReadStream(path, { highWaterMark: mebibyte });
    try {
      const params = { ...object(sha256), Body: source };
      await new Upload({ client, params, partSize: PART_BYTES, queueSize: PARTS_AT_ONCE }).done();
    } finally {
      source.destroy();
    }
  }

  async function* list(after: Sha256Hex | null): AsyncGenerator<Sha256Hex> {
    const pages = paginateListObjectsV2(
      { client },
      {
        Bucket: setting.bucket,
        Prefix: `${setting.prefix}sha256/`,
        ...(after !== null && { StartAfter: keyOf(after) }),
      },
    );
    for (;;) {
      const { value, done } = await asking(() => pages.next());
      if (done) return;
      for (const { Key: key = '' } of value.Contents ?? []) {
        const name = key.slice(-64);
        if (isSha256Hex(name) && key === keyOf(name)) yield name;
      }
    }
  }

  return {
    place,
    nameOf: (sha256) => `The object ${keyOf(sha256)} of ${place}`,
    read: (sha256, from, to) => asking(() => readObject(bucket, sha256, from, to)),
    has: (sha256) => asking(() => has(sha256)),
    write: (sha256, bytes) => asking(() => write(sha256, bytes)),
    writeFile: (sha256, path) => asking(() => writeFile(sha256, path)),
    remove: (sha256, signal) => asking(() => removeVersions(bucket, lock, sha256, signal)),
    list,
    protect: (sha256, until) => asking(() => lock.protect(sha256, until)),
    lockedUntil: (sha256) => asking(() => versionsLockedUntil(bucket, lock, sha256)),
  };
}

/** @throws the library's error where it is not there, or not to be used */
async function requireBucket({ client, bucket, place }: Bucket): Promise<void> {
  try {
    await client.send(new HeadBucketCommand({ Bucket: bucket }));
  } catch (error) {
    if (httpStatusOf(error) !== 404) throw error;
    throw Object.assign(new Error(place), { name: 'NoSuchBucket' });
  }
}

async function readObject(
  { client, bucket, place, keyOf }: Bucket,
  sha256: Sha256Hex,
  from: number,
  to = Infinity,
): Promise<Bytes | null> {
  try {
    const last = Number.isFinite(to) ? to - 1 : '';
    const range = from > 0 || last !== '' ? { Range: `bytes=${from}-${last}` } : {};
    const answer = await client.send(new GetObjectCommand({ Bucket: bucket, Key: keyOf(sha256), ...range }));
    const body = answer.Body as Readable;
    return {
      sizeBytes: answer.ContentLength ?? 0,
      pieces: reported(place, body),
      close: () => body.destroy(),
    };
  } catch (error) {
    if (bucketErrorCode(error) === 'NoSuchKey') return null;
    if (httpStatusOf(error) === 416) return { sizeBytes: 0, pieces: Readable.from([]), close: () => {} };
    throw error;
  }
}

/** A connection that breaks in the middle is infrastructure, whoever reads. */
async function* reported(place: string, body: Readable): AsyncGenerator<Uint8Array> {
  const pieces = body[Symbol.asyncIterator]();
  try {
    for (;;) {
      const { value, done } = await askingBucket(place, () => pieces.next());
      if (done) return;
      yield value as Uint8Array;
    }
  } finally {
    body.destroy();
  }
}
