/**
 * The content store in a folder: on a disk, or on a share that several machines see.
 *
 *   sha256/ab/abcdef…    one read-only file per content, named by its SHA-256
 *
 * Each read checks the digest, because disks and shares do change bits. What was checked is kept in memory,
 * within bounds, so that a batch of 500 units reads its firmware image once.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, rm, stat, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';

import { parseSha256Hex, type Sha256Hex } from '../../domain/brands';
import { UnitrailError } from '../../domain/errors';
import { createByteCache } from './byte-cache';
import { errorCodeOf, replaceByCopy, replaceFile } from './durable-file';
import { reportingTrouble } from './trouble';
import type { ContentStore } from './port';

const mebibyte = 1024 * 1024;
/** The largest content of `put` and `get`, held in memory as a whole. Far above any image of the devices in question. */
export const maxContentBytes = 256 * mebibyte;
const defaultCacheBytes = 64 * mebibyte;
const readOnly = 0o444;
const WHAT = 'The content store';

export interface ContentStoreOptions {
  readonly folder: string;
  /** 256 MiB where it is not given. */
  readonly maxContentBytes?: number;
  /** 64 MiB where it is not given; 0 reads the file each time. */
  readonly cacheBytes?: number;
}

export function createContentStore(options: ContentStoreOptions): ContentStore {
  const { folder } = options;
  const limitBytes = options.maxContentBytes ?? maxContentBytes;
  const cache = createByteCache(options.cacheBytes ?? defaultCacheBytes);

  async function readChecked(sha256: Sha256Hex): Promise<Uint8Array> {
    const path = pathOf(folder, sha256);
    const bytes = await reportingTrouble(WHAT, folder, () => readBounded(path, limitBytes));
    if (bytes === null) throw notFound(folder, sha256);
    const found = digestOf(bytes);
    if (found !== sha256) throw damaged(path, sha256, found);
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
    // A copy too (`slice` of a Buffer is none): the digest has to stay true while we wait for the disk.
    const content = new Uint8Array(bytes);
    const sha256 = digestOf(content);
    if (await isThereAndWhole(sha256)) return sha256;
    await reportingTrouble(WHAT, folder, () => replaceFile(pathOf(folder, sha256), content, readOnly));
    cache.set(sha256, content);
    return sha256;
  }

  async function putFile(source: string): Promise<Sha256Hex> {
    return reportingTrouble(WHAT, folder, async () => {
      const sha256 = await digestOfFile(source);
      const path = pathOf(folder, sha256);
      if ((await isFile(path)) && (await digestOfFile(path)) === sha256) return sha256;
      await replaceByCopy(path, source, readOnly);
      // The source may have changed while it was copied: what is kept has to be what its name says.
      const found = await digestOfFile(path);
      if (found !== sha256) throw damaged(path, sha256, found);
      return sha256;
    });
  }

  function openAt(sha256: Sha256Hex, from = 0): Readable {
    return Readable.from(piecesOf(parseSha256Hex(sha256), from), {
      objectMode: false,
      highWaterMark: mebibyte,
    });
  }

  /** A share that goes away in the middle is infrastructure, whoever reads. */
  async function* piecesOf(sha256: Sha256Hex, start: number): AsyncGenerator<Buffer> {
    const path = pathOf(folder, sha256);
    if (!(await reportingTrouble(WHAT, folder, () => isFile(path)))) throw notFound(folder, sha256);
    const pieces = createReadStream(path, { start, highWaterMark: mebibyte })[Symbol.asyncIterator]();
    for (;;) {
      const { value, done } = await reportingTrouble(WHAT, folder, () => pieces.next());
      if (done) return;
      yield value as Buffer;
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

  async function has(sha256: Sha256Hex): Promise<boolean> {
    const path = pathOf(folder, parseSha256Hex(sha256));
    return reportingTrouble(WHAT, folder, () => isFile(path));
  }

  async function remove(sha256: Sha256Hex): Promise<void> {
    const path = pathOf(folder, parseSha256Hex(sha256));
    await reportingTrouble(WHAT, folder, () => rm(path, { force: true }));
    cache.remove(sha256);
  }

  return { put, putFile, get, open: openAt, has, remove };
}

function digestOf(bytes: Uint8Array): Sha256Hex {
  return parseSha256Hex(createHash('sha256').update(bytes).digest('hex'));
}

async function digestOfFile(path: string): Promise<Sha256Hex> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: mebibyte })) hash.update(chunk as Buffer);
  return parseSha256Hex(hash.digest('hex'));
}

function pathOf(folder: string, sha256: Sha256Hex): string {
  return join(folder, 'sha256', sha256.slice(0, 2), sha256);
}

/** The file's bytes, or null where there is none. */
async function readBounded(path: string, limitBytes: number): Promise<Uint8Array | null> {
  const handle = await openUnlessMissing(path);
  if (handle === null) return null;
  try {
    refuseTooLarge(path, (await handle.stat()).size, limitBytes);
    return await handle.readFile();
  } finally {
    await handle.close();
  }
}

async function openUnlessMissing(path: string): Promise<FileHandle | null> {
  try {
    return await open(path, 'r');
  } catch (error) {
    if (errorCodeOf(error) === 'ENOENT') return null;
    throw error;
  }
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch (error) {
    if (errorCodeOf(error) === 'ENOENT') return false;
    throw error;
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

function notFound(folder: string, sha256: Sha256Hex): UnitrailError {
  return new UnitrailError(
    'NOT_FOUND',
    `The content store ${folder} has no content with the SHA-256 ${sha256}. Apply the plant file that names it again.`,
    { folder, sha256 },
  );
}

function damaged(path: string, expected: Sha256Hex, found: Sha256Hex): UnitrailError {
  return new UnitrailError(
    'IMAGE_DIGEST_MISMATCH',
    `The file ${path} is damaged: its SHA-256 is ${found}. Put the same content again; that replaces the file.`,
    { path, expected, found },
  );
}
