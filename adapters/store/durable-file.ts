/**
 * Files that are there as a whole or not at all, also after a power cut: the bytes go to a temporary file in
 * the same folder, are forced to the disk, and only then get their name. The folder is forced to the disk as
 * well, or the name itself could be lost.
 */
import { randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { link, mkdir, open, readFile, rename, rm, type FileHandle } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

const COPY_BYTES = 1024 * 1024;

/** Writes the file, in the place of an older one of that name. */
export async function replaceFile(path: string, bytes: Uint8Array, mode: number): Promise<void> {
  await throughTemporaryFile(
    path,
    (file) => file.writeFile(bytes),
    mode,
    async (temporary) => {
      await rename(temporary, path);
    },
  );
}

/** Copies a file of any size, in the place of an older one of that name. */
export async function replaceByCopy(path: string, source: string, mode: number): Promise<void> {
  await replaceByBytes(path, createReadStream(source, { highWaterMark: COPY_BYTES }), mode);
}

/** Writes what comes, however much it is. Where it breaks off, there is nothing of that name, or what was there before. */
export async function replaceByBytes(
  path: string,
  bytes: AsyncIterable<unknown>,
  mode: number,
): Promise<void> {
  const copy = async (file: FileHandle): Promise<void> => {
    for await (const chunk of bytes) await file.writeFile(chunk as Buffer);
  };
  await throughTemporaryFile(path, copy, mode, async (temporary) => {
    await rename(temporary, path);
  });
}

/**
 * Writes the file only where there is none of that name; false where there is one, which stays as it is.
 * A hard link is as exclusive as O_EXCL, and unlike O_EXCL it never shows others a half-written file.
 */
export async function createFile(path: string, bytes: Uint8Array, mode: number): Promise<boolean> {
  let created = true;
  await throughTemporaryFile(
    path,
    (file) => file.writeFile(bytes),
    mode,
    async (temporary) => {
      created = await linkUnlessThere(temporary, path);
    },
  );
  return created;
}

/** Forces a folder's list of names to the disk. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** What is in the file; null where there is none. */
export async function readIfThere(path: string): Promise<Buffer | null> {
  try {
    return await readFile(path);
  } catch (error) {
    if (errorCodeOf(error) === 'ENOENT') return null;
    throw error;
  }
}

/** The code of a file system error, such as `ENOSPC`. Asked of its shape: the error may be of another realm. */
export function errorCodeOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

async function throughTemporaryFile(
  path: string,
  write: (file: FileHandle) => Promise<void>,
  mode: number,
  publish: (temporary: string) => Promise<void>,
): Promise<void> {
  await makeFolder(dirname(path));
  const temporary = `${path}.${randomBytes(8).toString('hex')}.tmp`;
  try {
    await writeAndSync(temporary, write, mode);
    await publish(temporary);
  } finally {
    await rm(temporary, { force: true });
  }
  await syncFolder(dirname(path));
}

async function writeAndSync(
  path: string,
  write: (file: FileHandle) => Promise<void>,
  mode: number,
): Promise<void> {
  const handle = await open(path, 'wx', mode);
  try {
    await write(handle);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function linkUnlessThere(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (errorCodeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

/** Makes the folder and those above it, and forces each new name to the disk. */
async function makeFolder(folder: string): Promise<void> {
  const firstMade = await mkdir(folder, { recursive: true });
  if (firstMade === undefined) return;
  const last = dirname(resolve(firstMade));
  let above = resolve(folder);
  do {
    above = dirname(above);
    await syncFolder(above);
  } while (above !== last && above !== dirname(above));
}
