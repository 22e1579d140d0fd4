/**
 * Contents in a folder: on a disk, or on a share that several machines see.
 *
 *   sha256/ab/abcdef…    one read-only file per content, named by its SHA-256
 */
import { createReadStream } from 'node:fs';
import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { isSha256Hex, type Sha256Hex } from '../../domain/brands';
import { contentPath } from '../../domain/store-place';
import { errorCodeOf, replaceByCopy, replaceFile } from './durable-file';
import { reportingTrouble } from './trouble';
import type { Bytes, Place } from './port';

const mebibyte = 1024 * 1024;
const readOnly = 0o444;
const WHAT = 'The content store';

export function createFolderPlace(folder: string): Place {
  const pathOf = (sha256: Sha256Hex): string => join(folder, contentPath(sha256));
  const reporting = <T>(work: () => Promise<T>): Promise<T> => reportingTrouble(WHAT, folder, work);

  /** A share that goes away in the middle is infrastructure, whoever reads. */
  async function* piecesOf(path: string, start: number, to: number): AsyncGenerator<Buffer> {
    // A look-up reads some kilobytes here and there: a buffer for each of a mebibyte would cost more than the reading.
    const range = { start, end: to - 1, highWaterMark: Math.min(mebibyte, to - start) };
    const pieces = createReadStream(path, range)[Symbol.asyncIterator]();
    try {
      for (;;) {
        const { value, done } = await reporting(() => pieces.next());
        if (done) return;
        yield value as Buffer;
      }
    } finally {
      await pieces.return?.();
    }
  }

  async function* list(after: Sha256Hex | null): AsyncGenerator<Sha256Hex> {
    for (const shelf of await reporting(() => namesIn(join(folder, 'sha256')))) {
      if (!/^[0-9a-f]{2}$/.test(shelf) || (after !== null && shelf < after.slice(0, 2))) continue;
      for (const name of await reporting(() => namesIn(join(folder, 'sha256', shelf))))
        if (isSha256Hex(name) && name.startsWith(shelf) && (after === null || name > after)) yield name;
    }
  }

  return {
    place: folder,
    nameOf: (sha256) => `The file ${pathOf(sha256)}`,
    read: async (sha256, from, to = Infinity): Promise<Bytes | null> => {
      const sizeBytes = await reporting(() => sizeOf(pathOf(sha256)));
      if (sizeBytes === null) return null;
      // Nothing is open before the first piece is asked for.
      const pieces = piecesOf(pathOf(sha256), from, to);
      return { sizeBytes: Math.max(0, Math.min(sizeBytes, to) - from), pieces, close: () => {} };
    },
    has: async (sha256) => (await reporting(() => sizeOf(pathOf(sha256)))) !== null,
    write: (sha256, bytes) => reporting(() => replaceFile(pathOf(sha256), bytes, readOnly)),
    writeFile: (sha256, path) => reporting(() => replaceByCopy(pathOf(sha256), path, readOnly)),
    // One call, which no signal breaks off: on a share that hangs, it is done when the share comes back.
    remove: (sha256) => reporting(() => rm(pathOf(sha256), { force: true })),
    list,
    // A folder can't lock: whoever may write in it may remove.
    protect: async () => false,
    lockedUntil: async () => null,
  };
}

/** Null where it is no file. */
async function sizeOf(path: string): Promise<number | null> {
  try {
    const found = await stat(path);
    return found.isFile() ? found.size : null;
  } catch (error) {
    if (errorCodeOf(error) === 'ENOENT') return null;
    throw error;
  }
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).sort();
  } catch (error) {
    if (errorCodeOf(error) === 'ENOENT') return [];
    throw error;
  }
}
