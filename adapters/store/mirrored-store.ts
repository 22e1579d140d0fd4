import { Readable } from 'node:stream';
import type { Sha256Hex } from '../../domain/brands';
import { UnitrailError } from '../../domain/errors';
import { remedyOf } from '../../domain/store-check';
import { lockedUntil } from './locked';
import { mendBy, undoIfRemoved } from './mend';
import type { ContentStore, PlainStore } from './port';
import { isUnavailable } from './trouble';
import { untilAborted } from './until-aborted';

/**
 * Two places that hold the same. What is kept is kept in both, or it is not kept. Reads ask the first, and the copy where the
 * first is damaged, has it not or does not answer; `get` mends the first then.
 */
export function createMirroredStore(first: PlainStore, copy: PlainStore): ContentStore {
  async function get(sha256: Sha256Hex): Promise<Uint8Array> {
    try {
      return await first.get(sha256);
    } catch (error) {
      const bytes = await otherwise(error, () => copy.get(sha256));
      if (!isUnavailable(error)) await mendFirst(sha256, bytes);
      return bytes;
    }
  }

  /** Best effort: whoever reads has the bytes, and the search for bit rot comes by. */
  async function mendFirst(sha256: Sha256Hex, bytes: Uint8Array): Promise<void> {
    try {
      await first.put(bytes);
      await undoIfRemoved(sha256, copy, first);
    } catch (error) {
      if (!isUnavailable(error)) throw error;
    }
  }

  async function* piecesOf(sha256: Sha256Hex, from: number, to?: number): AsyncGenerator<Uint8Array> {
    let given = 0;
    try {
      for await (const piece of first.open(sha256, from, to)) {
        given += (piece as Uint8Array).length;
        yield piece as Uint8Array;
      }
      return;
    } catch (error) {
      if (!isOfThePlace(error)) throw error;
      const rest = copy.open(sha256, from + given, to)[Symbol.asyncIterator]();
      // Where the copy can't help, the first says why.
      const next = await otherwise(error, () => rest.next() as Promise<IteratorResult<Uint8Array>>);
      if (!next.done) yield next.value;
      yield* { [Symbol.asyncIterator]: () => rest } as AsyncIterable<Uint8Array>;
    }
  }

  /** The first goes first: whoever mends from the copy then looks whether the copy is still there. See `undoIfRemoved`. */
  async function remove(sha256: Sha256Hex, signal?: AbortSignal): Promise<void> {
    await untilAborted(signal, copy, () => refuseLocked(copy, sha256));
    for (const side of [first, copy, first]) await side.remove(sha256, signal);
  }

  async function makeWhole(sha256: Sha256Hex, workFolder: string): Promise<boolean> {
    const [inFirst, inCopy] = await Promise.all([first.check(sha256), copy.check(sha256)]);
    const remedy = remedyOf(inFirst, inCopy);
    if (remedy === 'none' || remedy === 'lost') return remedy === 'none';
    return mendBy(remedy, { first, copy }, sha256, workFolder);
  }

  return {
    get,
    remove,
    makeWhole,
    put: async (bytes) => {
      const content = new Uint8Array(bytes);
      await first.put(content);
      return copy.put(content);
    },
    putFile: async (path) => {
      const sha256 = await first.putFile(path);
      if ((await copy.putFile(path)) === sha256) return sha256;
      throw new UnitrailError(
        'STORE_UNAVAILABLE',
        `The file ${path} changed while it was kept. Look at the disk.`,
      );
    },
    open: (sha256, from = 0, to) =>
      Readable.from(piecesOf(sha256, from, to), { objectMode: false, highWaterMark: 1024 * 1024 }),
    has: async (sha256) => {
      try {
        return (await first.has(sha256)) || (await copy.has(sha256));
      } catch (error) {
        return otherwise(error, () => copy.has(sha256));
      }
    },
    protect: async (sha256, until) => {
      const sides = [first, copy].map((side) => side.protect(sha256, until));
      // What one place does not lock, the other does.
      await Promise.allSettled(sides);
      return (await Promise.all(sides)).includes(true);
    },
    lockedUntil: async (sha256) => {
      const ends = [await first.lockedUntil(sha256), await copy.lockedUntil(sha256)].filter(
        (end) => end !== null,
      );
      return ends.length === 0 ? null : new Date(Math.max(...ends.map(Number)));
    },
  };
}

/** Before anything goes: half of a removal would be mended. */
async function refuseLocked(store: PlainStore, sha256: Sha256Hex): Promise<void> {
  const until = await store.lockedUntil(sha256);
  if (until !== null) throw lockedUntil(store.place, sha256, until);
}

/** What another place may do better. */
function isOfThePlace(error: unknown): boolean {
  return (
    error instanceof UnitrailError &&
    ['NOT_FOUND', 'IMAGE_DIGEST_MISMATCH', 'STORE_UNAVAILABLE'].includes(error.code)
  );
}

/**
 * The copy's answer; where it has none either, what the first said. A copy that can't be asked may have the content as a whole:
 * nobody is told then that there is none.
 */
async function otherwise<Answer>(first: unknown, ask: () => Promise<Answer>): Promise<Answer> {
  if (!isOfThePlace(first)) throw first;
  try {
    return await ask();
  } catch (error) {
    throw isOfThePlace(error) && !isUnavailable(error) ? first : error;
  }
}
