import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { parseSha256Hex } from '../../domain/brands';
import { UnitrailError } from '../../domain/errors';
import { replaceByBytes } from './durable-file';
import { hashedPieces } from './hashed-pieces';
import type { ContentStore } from './port';

/** A content under a name of its own. */
export interface NamedContent {
  readonly name: string;
  readonly sha256: string;
}

/** As the umask has it. */
const FILE_MODE = 0o666;

/**
 * Puts contents of the store into a folder, one after the other; each is there as a whole or not at all. A repeat is a no-op.
 * @throws UnitrailError INPUT_INVALID where a file of that name and other content lies there: it is never overwritten.
 * @throws UnitrailError IMAGE_DIGEST_MISMATCH where the store's copy is damaged: the file then gets no name
 */
export async function putFiles(
  store: Pick<ContentStore, 'open'>,
  folder: string,
  files: readonly NamedContent[],
): Promise<void> {
  for (const { name, sha256 } of files) {
    const path = join(folder, name);
    if (!(await isThere(path, sha256))) await replaceByBytes(path, checked(store, name, sha256), FILE_MODE);
  }
}

/** What the store gives, and an error in place of the end where it is not what was made. */
async function* checked(
  store: Pick<ContentStore, 'open'>,
  name: string,
  sha256: string,
): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha256');
  yield* hashedPieces(store.open(parseSha256Hex(sha256)), hash);
  const found = hash.digest('hex');
  if (found === sha256) return;
  throw new UnitrailError(
    'IMAGE_DIGEST_MISMATCH',
    `The content store's copy of ${name} is damaged: its SHA-256 is ${found}, not ${sha256}.`,
  );
}

async function isThere(path: string, sha256: string): Promise<boolean> {
  if (!(await stat(path).catch(() => null))) return false;
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  if (hash.digest('hex') === sha256) return true;
  throw new UnitrailError(
    'INPUT_INVALID',
    `${path} is there with other content, and is not overwritten. Take it away, or choose another folder.`,
  );
}
