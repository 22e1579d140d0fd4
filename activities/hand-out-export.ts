import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { recordDelivery } from '../adapters/postgres/deliveries';
import type { Database } from '../adapters/postgres/database';
import { replaceByBytes } from '../adapters/store/durable-file';
import type { ContentStore } from '../adapters/store/port';
import { parseSha256Hex } from '../domain/brands';
import { UnitrailError } from '../domain/errors';
import { madeExport, type MadeExport, type MadeFile } from './make-export';

export interface HandOutDeps {
  /** The office's. */
  readonly db: Database;
  readonly store: ContentStore;
}

/** As the umask has it. */
const FILE_MODE = 0o666;

/**
 * Puts the files of an export into a folder, the manifest last; each is there as a whole or not at all. A repeat is a
 * no-op. `as`: whether the buyer has it by that, or its own way is still to be gone.
 * @throws UnitrailError INPUT_INVALID where a file of that name and other content lies there: it is never overwritten.
 */
export async function handOutExport(
  { db, store }: HandOutDeps,
  exportId: string,
  folder: string,
  as: 'delivered' | 'copied' = 'delivered',
): Promise<MadeExport> {
  const made = await madeExport(db, exportId);
  await recordDelivery(db, { exportId, target: 'folder', as }, async () => {
    for (const file of made.files) await putFile(store, folder, file);
  });
  return made;
}

async function putFile(store: ContentStore, folder: string, { name, sha256 }: MadeFile): Promise<void> {
  const path = join(folder, name);
  if (await isThere(path, sha256)) return;
  await replaceByBytes(path, checked(store, name, sha256), FILE_MODE);
}

/** What the store gives, and an error in place of the end where it is not what was made: the file then gets no name. */
async function* checked(store: ContentStore, name: string, sha256: string): AsyncGenerator<Buffer> {
  const hash = createHash('sha256');
  for await (const chunk of store.open(parseSha256Hex(sha256))) {
    hash.update(chunk as Buffer);
    yield chunk as Buffer;
  }
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
