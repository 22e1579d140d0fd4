import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';

import { parseSha256Hex, type Sha256Hex } from '../../domain/brands';
import { UnitrailError } from '../../domain/errors';
import { createByteCache } from './byte-cache';
import { errorCodeOf } from './durable-file';
import type { Bytes, ContentState, Place, PlainStore } from './port';
import { untilAborted } from './until-aborted';

const mebibyte = 1024 * 1024;
/** The largest content of `put` and `get`, held in memory as a whole. Far above any image of the devices in question. */
export const maxContentBytes = 256 * mebibyte;
const defaultCacheBytes = 64 * mebibyte;

export interface StoreLimits {
  /** 256 MiB where it is not given. */
  readonly maxContentBytes?: number;
  /** 64 MiB where it is not given; 0 reads the place each time. */
  readonly cacheBytes?: number;
}

/**
 * The promises of a content store, over whatever place holds the bytes. Each read of `get` checks the digest, because disks,
 * shares and servers do change bits. What was checked is kept in memory, within bounds, so that a batch of 500 units reads
 * its firmware image once.
 */
export function createStoreOver(place: Place, limits: StoreLimits): PlainStore {
  const limitBytes = limits.maxContentBytes ?? maxContentBytes;
  const cache = createByteCache(limits.cacheBytes ?? defaultCacheBytes);

  async function readChecked(sha256: Sha256Hex): Promise<Uint8Array> {
    const found = await place.read(sha256, 0);
    if (found === null) throw notFound(place, sha256);
    const bytes = await readBounded(place.nameOf(sha256), found, limitBytes);
    const digest = digestOf(bytes);
    if (digest !== sha256) throw damaged(place, sha256, digest);
    cache.set(sha256, bytes);
    return bytes;
  }

  async function get(sha256: Sha256Hex): Promise<Uint8Array> {
    const bytes = cache.get(sha256) ?? (await readChecked(parseSha256Hex(sha256)));
    // A copy: a caller that writes into its array must not change what the next one gets.
    return new Uint8Array(bytes);
  }

  async function put(bytes: Uint8Array): Promise<Sha256Hex> {
    refuseTooLarge('content', bytes.byteLength, limitBytes);
    // A copy too (`slice` of a Buffer is none): the digest has to stay true while we wait for the place.
    const content = new Uint8Array(bytes);
    const sha256 = digestOf(content);
    if (await isThereAndWhole(sha256)) return sha256;
    await place.write(sha256, content);
    cache.set(sha256, content);
    return sha256;
  }

  async function putFile(source: string): Promise<Sha256Hex> {
    const sha256 = await digestOfSource(source);
    return (await check(sha256)) === 'whole' ? sha256 : writeSource(sha256, source);
  }

  async function replaceFile(source: string, meant: Sha256Hex): Promise<void> {
    const found = await digestOfSource(source);
    if (found !== meant) throw changedOnItsWay(source, meant, found);
    await writeSource(meant, source);
  }

  async function writeSource(sha256: Sha256Hex, source: string): Promise<Sha256Hex> {
    await place.writeFile(sha256, source);
    // The source may have changed while it was copied: what is kept has to be what its name says.
    const kept = await place.read(sha256, 0);
    const found = kept && (await digestOfPieces(kept.pieces));
    if (found !== sha256) throw found === null ? notFound(place, sha256) : damaged(place, sha256, found);
    return sha256;
  }

  async function check(sha256: Sha256Hex): Promise<ContentState> {
    const found = await place.read(parseSha256Hex(sha256), 0);
    if (found === null) return 'missing';
    return (await digestOfPieces(found.pieces)) === sha256 ? 'whole' : 'damaged';
  }

  function openAt(sha256: Sha256Hex, from = 0, to = Infinity): Readable {
    const pieces = piecesOf(parseSha256Hex(sha256), from, to);
    return Readable.from(pieces, { objectMode: false, highWaterMark: mebibyte });
  }

  async function* piecesOf(sha256: Sha256Hex, from: number, to: number): AsyncGenerator<Uint8Array> {
    const found = await place.read(sha256, from, to);
    if (found === null) throw notFound(place, sha256);
    try {
      yield* found.pieces;
    } finally {
      found.close();
    }
  }

  async function isThereAndWhole(sha256: Sha256Hex): Promise<boolean> {
    try {
      await readChecked(sha256);
      return true;
    } catch (error) {
      if (error instanceof UnitrailError && error.reaction === 'reject') return false;
      throw error;
    }
  }

  async function remove(sha256: Sha256Hex, signal?: AbortSignal): Promise<void> {
    const name = parseSha256Hex(sha256);
    await untilAborted(signal, place, () => place.remove(name, signal).finally(() => cache.remove(name)));
  }

  return {
    ...{ place: place.place, put, putFile, replaceFile, get, open: openAt, check, remove },
    has: async (sha256) => place.has(parseSha256Hex(sha256)),
    // There is no other place to mend it from.
    makeWhole: async (sha256) => (await check(sha256)) === 'whole',
    list: (after) => place.list(after),
    protect: async (sha256, until) => place.protect(parseSha256Hex(sha256), until),
    lockedUntil: async (sha256) => place.lockedUntil(parseSha256Hex(sha256)),
  };
}

function digestOf(bytes: Uint8Array): Sha256Hex {
  return parseSha256Hex(createHash('sha256').update(bytes).digest('hex'));
}

async function digestOfPieces(pieces: AsyncIterable<unknown>): Promise<Sha256Hex> {
  const hash = createHash('sha256');
  for await (const piece of pieces) hash.update(piece as Uint8Array);
  return parseSha256Hex(hash.digest('hex'));
}

/** Of the file that is to be kept, on a disk of ours. */
async function digestOfSource(path: string): Promise<Sha256Hex> {
  try {
    return await digestOfPieces(createReadStream(path));
  } catch (error) {
    const reason = errorCodeOf(error) ?? 'unknown error';
    const message = `The file ${path} can't be read (${reason}), and so not be kept. Look at its folder and its disk.`;
    // Of the folder that it lies in: no other place would take it either.
    throw new UnitrailError('STORE_UNAVAILABLE', message, { path, reason, isOfAll: true }, { cause: error });
  }
}

/** By the disk of the work folder: no place is to be blamed, and none gets it. */
function changedOnItsWay(path: string, meant: Sha256Hex, found: Sha256Hex): UnitrailError {
  return new UnitrailError(
    'STORE_UNAVAILABLE',
    `The file ${path} changed before it was kept: its SHA-256 is ${found}, not ${meant}. Look at the disk of its folder.`,
    { path, meant, found, isOfAll: true },
  );
}

async function readBounded(
  name: string,
  { sizeBytes, pieces, close }: Bytes,
  limitBytes: number,
): Promise<Uint8Array> {
  try {
    refuseTooLarge(name, sizeBytes, limitBytes);
    const bytes = new Uint8Array(sizeBytes);
    let done = 0;
    for await (const piece of pieces) {
      // One that is longer than it said is another content.
      if (done + piece.length > sizeBytes) return Buffer.concat([bytes.subarray(0, done), piece]);
      bytes.set(piece, done);
      done += piece.length;
    }
    return bytes.subarray(0, done);
  } finally {
    close();
  }
}

function refuseTooLarge(field: string, sizeBytes: number, limitBytes: number): void {
  if (sizeBytes <= limitBytes) return;
  throw new UnitrailError(
    'INPUT_INVALID',
    `${field}: ${sizeBytes} bytes is not allowed; the content store keeps up to ${limitBytes} bytes each`,
    { sizeBytes, limitBytes },
  );
}

function notFound({ place }: Place, sha256: Sha256Hex): UnitrailError {
  return new UnitrailError(
    'NOT_FOUND',
    `The content store ${place} has no content with the SHA-256 ${sha256}. Apply the plant file that names it again.`,
    { place, sha256 },
  );
}

function damaged(place: Place, expected: Sha256Hex, found: Sha256Hex): UnitrailError {
  const name = place.nameOf(expected);
  return new UnitrailError(
    'IMAGE_DIGEST_MISMATCH',
    `${name} is damaged: its SHA-256 is ${found}. Put the same content again; that replaces it. \`unitrail store check\` mends it from a second copy.`,
    { path: name, expected, found },
  );
}
