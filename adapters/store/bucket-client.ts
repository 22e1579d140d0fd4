import { S3Client } from '@aws-sdk/client-s3';
import type { Sha256Hex } from '../../domain/brands';
import type { BucketPlace } from '../../domain/store-place';

/** What each request is about. */
export interface Bucket {
  readonly client: S3Client;
  readonly bucket: string;
  readonly place: string;
  keyOf(sha256: Sha256Hex): string;
}

// The version is pinned, and runs on the Node that package.json asks for: a word about later versions is no operator's business.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';

/** Longer, and the network is away. */
const CONNECT_TIMEOUT_MS = 5_000;
/** Without a byte in either direction. A server that assembles a file of gigabytes may think for a while. */
const IDLE_TIMEOUT_MS = 60_000;
/** A hiccup is not worth an activity's next try; what lasts is, with its longer pauses. */
const TRIES = 3;

/** Nothing is asked before the first request. Credentials are looked for by the library: environment, profile, machine. */
export function openBucketClient({ endpoint, region, profile }: BucketPlace): S3Client {
  return new S3Client({
    region,
    // Not by the bucket's name as a host: only Amazon can be relied on to have one for each.
    ...(endpoint !== null && { endpoint, forcePathStyle: true }),
    ...(profile !== null && { profile }),
    maxAttempts: TRIES,
    // Digests are ours to check: the library's own check would call damage a broken connection.
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: { connectionTimeout: CONNECT_TIMEOUT_MS, socketTimeout: IDLE_TIMEOUT_MS },
  });
}
