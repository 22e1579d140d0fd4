import { createHash, randomBytes } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Sha256Hex } from '../../domain/brands';
import { UnitrailError } from '../../domain/errors';
import { hashedPieces } from './hashed-pieces';
import type { PlainStore } from './port';
import { reportingTrouble } from './trouble';

/** The place that is to be mended does not take the content; the rest as it says. */
export class NotTaken extends UnitrailError {
  constructor(why: UnitrailError) {
    super(why.code, why.message, why.detail, { cause: why });
  }
}

/**
 * From the place that has it whole to the other one.
 * @throws NotTaken
 */
export function mendBy(
  remedy: 'fromFirst' | 'fromCopy',
  { first, copy }: { readonly first: PlainStore; readonly copy: PlainStore },
  sha256: Sha256Hex,
  workFolder: string,
): Promise<boolean> {
  return remedy === 'fromCopy'
    ? mend(copy, first, sha256, workFolder)
    : mend(first, copy, sha256, workFolder);
}

/**
 * Copies a content of any size from the place where it is whole to the other, through a file in the work folder; what arrives
 * is what the name says, or nothing is kept. False where it was removed in the meantime: then it is in neither.
 */
async function mend(
  from: PlainStore,
  to: PlainStore,
  sha256: Sha256Hex,
  workFolder: string,
): Promise<boolean> {
  await transfer(from, to, sha256, workFolder);
  return !(await undoIfRemoved(sha256, from, to));
}

/**
 * After content was copied from one place to the other: where it was removed in the meantime, it is removed again. Whoever
 * removes takes it from the first, the copy and the first again, so that either of the two notices the other.
 */
export async function undoIfRemoved(sha256: Sha256Hex, from: PlainStore, to: PlainStore): Promise<boolean> {
  if (await from.has(sha256)) return false;
  await to.remove(sha256);
  return true;
}

async function transfer(
  from: PlainStore,
  to: PlainStore,
  sha256: Sha256Hex,
  workFolder: string,
): Promise<void> {
  const path = join(workFolder, `mend-${sha256}-${randomBytes(4).toString('hex')}`);
  const hash = createHash('sha256');
  try {
    const fetch = async (): Promise<void> => {
      await mkdir(workFolder, { recursive: true, mode: 0o700 });
      const pieces = hashedPieces(from.open(sha256), hash);
      await pipeline(pieces, createWriteStream(path, { flags: 'wx', mode: 0o600 }));
    };
    await reportingTrouble('The work folder', workFolder, fetch, 'It needs room for the largest content.');
    if (hash.digest('hex') !== sha256)
      throw new UnitrailError(
        'STORE_UNAVAILABLE',
        `${from.place} gave other bytes of ${sha256} than a moment ago.`,
        { place: from.place },
      );
    await replaceBy(path, to, sha256);
  } finally {
    await rm(path, { force: true });
  }
}

async function replaceBy(path: string, to: PlainStore, sha256: Sha256Hex): Promise<void> {
  try {
    await to.replaceFile(path, sha256);
  } catch (error) {
    throw error instanceof UnitrailError ? new NotTaken(error) : error;
  }
}
