import { createHash, randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { recordDelivery } from '../adapters/postgres/deliveries';
import type { Database } from '../adapters/postgres/database';
import { syncFolder } from '../adapters/store/durable-file';
import type { ContentStore } from '../adapters/store/port';
import { parseSha256Hex } from '../domain/brands';
import { UnitrailError } from '../domain/errors';
import { madeExport, type MadeExport, type MadeFile } from './make-export';

export interface HandOutDeps {
  /** The office's. */
  readonly db: Database;
  readonly store: ContentStore;
}

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
    await mkdir(folder, { recursive: true });
    for (const file of made.files) await putFile(store, folder, file);
    await syncFolder(folder);
  });
  return made;
}

async function putFile(store: ContentStore, folder: string, { name, sha256 }: MadeFile): Promise<void> {
  const path = join(folder, name);
  if (await isThere(path, sha256)) return;
  const part = join(folder, `.${name}.${randomBytes(4).toString('hex')}.part`);
  try {
    const found = await copy(store, sha256, part);
    if (found !== sha256)
      throw new UnitrailError(
        'IMAGE_DIGEST_MISMATCH',
        `The content store's copy of ${name} is damaged: its SHA-256 is ${found}, not ${sha256}.`,
      );
    await rename(part, path);
  } finally {
    await rm(part, { force: true });
  }
}

async function copy(store: ContentStore, sha256: string, path: string): Promise<string> {
  const hash = createHash('sha256');
  const file = await open(path, 'wx');
  try {
    for await (const chunk of store.open(parseSha256Hex(sha256))) {
      hash.update(chunk as Buffer);
      await file.writeFile(chunk as Buffer);
    }
    await file.sync();
  } finally {
    await file.close();
  }
  return hash.digest('hex');
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
