import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { UnitrailError } from '../../domain/errors';
import {
  contentPath,
  placeText,
  readBucketPlace,
  isBucketText,
  type BucketPlace,
  type StorePlace,
} from '../../domain/store-place';

/** From that byte on, up to this one, which is not read. */
export interface ByteRange {
  readonly from: number;
  readonly to: number;
}

/** Reads what is kept under a digest, or a part of it; null where there is nothing. Written apart from what keeps it. */
export type ReadContent = (sha256: string, range?: ByteRange) => Promise<Readable | null>;

/** A folder, or a bucket as UNITRAIL_STORE says it. */
export function archivePlace(text: StorePlace | string | undefined): StorePlace | null {
  if (!text) return null;
  if (typeof text !== 'string') return text;
  if (!isBucketText(text)) return { kind: 'folder', folder: text };
  const place = readBucketPlace(text);
  if (typeof place !== 'string') return place;
  throw new UnitrailError('CONFIGURATION_INVALID', `UNITRAIL_STORE: ${place}`);
}

export function openArchive(place: StorePlace): ReadContent {
  return place.kind === 'folder' ? fromFolder(place.folder) : fromBucket(place);
}

function fromFolder(folder: string): ReadContent {
  return async (sha256, range) => {
    const path = join(folder, contentPath(sha256));
    const part = range && { start: range.from, end: range.to - 1 };
    return (await stat(path).catch(() => null)) ? createReadStream(path, part) : null;
  };
}

/** A bucket that can't be asked is no finding about what is in it: nothing is judged then. */
function fromBucket(place: BucketPlace): ReadContent {
  const { bucket, prefix, endpoint, region, profile } = place;
  const settings = {
    region,
    ...(endpoint !== null && { endpoint, forcePathStyle: true }),
    ...(profile !== null && { profile }),
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: { connectionTimeout: 5_000, socketTimeout: 60_000 },
  } as const;
  // Loaded where there is a bucket: the library is large.
  const library = import('@aws-sdk/client-s3');
  const opened = library.then(({ S3Client }) => new S3Client(settings));
  return async (sha256, range) => {
    const { GetObjectCommand } = await library;
    try {
      const ask = new GetObjectCommand({
        Bucket: bucket,
        Key: `${prefix}${contentPath(sha256)}`,
        ...(range && { Range: `bytes=${range.from}-${range.to - 1}` }),
      });
      return (await (await opened).send(ask)).Body as Readable;
    } catch (error) {
      const code = error instanceof Error ? error.name : 'unknown error';
      if (code === 'NoSuchKey') return null;
      // Not its message: that may show a key's id.
      throw new UnitrailError(
        'STORE_UNAVAILABLE',
        `The content store ${placeText(place)} can't be read (${code}): what has moved into capsules can't be judged.`,
      );
    }
  };
}
