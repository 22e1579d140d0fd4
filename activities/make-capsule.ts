import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ExportKey } from '../adapters/keys/export-keys';
import { createCapsuleSource, type ProveUnits } from '../adapters/postgres/capsule-source';
import { bookCapsule, findCapsule, type CapsuleRow } from '../adapters/postgres/capsules';
import type { Database } from '../adapters/postgres/database';
import { errorCodeOf } from '../adapters/store/durable-file';
import type { ContentStore } from '../adapters/store/port';
import {
  capsuleFiles as names,
  type CapsuleFile,
  type CapsuleLog,
  type CapsuleSigner,
  type CapsuleSource,
} from '../domain/capsule';
import { UnitrailError } from '../domain/errors';

/** The log as it stands when a capsule is written: everything that was committed before is in the checkpoint. */
export interface CapsuleProofs {
  readonly log: CapsuleLog;
  readonly prove: ProveUnits;
}

export interface MakeCapsuleDeps {
  /** The office's. */
  readonly db: Database;
  readonly store: ContentStore;
  readonly key: ExportKey;
  readonly workFolder: string;
  readonly proofs: () => Promise<CapsuleProofs>;
  readonly write: (
    source: CapsuleSource,
    folder: string,
    signer: CapsuleSigner,
  ) => Promise<readonly CapsuleFile[]>;
}

/**
 * Writes a capsule's files into the content store, and books them: once, and for ever. A repeat finds what was made; a
 * crash in between writes other files, and books those.
 */
export async function makeCapsule(
  deps: MakeCapsuleDeps,
  id: string,
  run: { readonly id: string; readonly asOf: Date },
  signal?: AbortSignal,
): Promise<void> {
  const row = await findCapsule(deps.db, id);
  if (row.state !== 'planned') return;
  await inWorkFolder(deps.workFolder, id, (folder) => writeAndBook(deps, row, run, { folder, signal }));
}

/** A folder of its own for as long as the work takes. A disk that is full or away is infrastructure: it is tried again. */
export async function inWorkFolder(
  workFolder: string,
  name: string,
  work: (folder: string) => Promise<void>,
): Promise<void> {
  let folder: string | undefined;
  try {
    await mkdir(workFolder, { recursive: true, mode: 0o700 });
    folder = await mkdtemp(join(workFolder, `${name}-`));
    await work(folder);
  } catch (error) {
    const reason = errorCodeOf(error);
    if (error instanceof UnitrailError || !reason || !diskTroubles.has(reason)) throw error;
    throw new UnitrailError(
      'STORE_UNAVAILABLE',
      `The folder ${workFolder}, where capsules are written first, can't be used (${reason}). Check its free space and its rights.`,
      { folder: workFolder, reason },
      { cause: error },
    );
  } finally {
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
  }
}

const diskTroubles: ReadonlySet<string> = new Set([
  ...['ENOSPC', 'EDQUOT', 'EIO', 'EROFS', 'EACCES', 'EPERM', 'ENOENT', 'ESTALE', 'EMFILE'],
]);

async function writeAndBook(
  { db, store, key, proofs, write }: MakeCapsuleDeps,
  row: CapsuleRow,
  run: { readonly id: string; readonly asOf: Date },
  { folder, signal }: { readonly folder: string; readonly signal: AbortSignal | undefined },
): Promise<void> {
  const { log, prove } = await proofs();
  const { id: capsule, buyer, product, month, number } = row;
  const about = { capsule, buyer, product, month, number, asOf: run.asOf, log, events: true };
  const files = await write(calledOff(createCapsuleSource(db, about, prove), signal), folder, key);
  for (const { name, sha256 } of files) {
    signal?.throwIfAborted();
    const kept = await store.putFile(join(folder, name));
    if (kept !== sha256)
      throw new UnitrailError(
        'STORE_UNAVAILABLE',
        `${name} of capsule ${capsule} was written as ${sha256}, and read back as ${kept}. Look at the disk.`,
      );
  }
  const [manifest, eventsManifest] = await Promise.all(
    [names.manifest, names.eventsManifest].map((name) => readFile(join(folder, name), 'utf8')),
  );
  await bookCapsule(db, capsule, run.id, {
    ...{ manifest: manifest!, eventsManifest: eventsManifest!, publicKey: key.publicKey },
    files: files.map(({ name, role, ownOnly, sizeBytes, sha256 }) => ({
      ...{ name, role, ownOnly, sizeBytes, sha256 },
    })),
  });
}

function calledOff({ about, units }: CapsuleSource, signal: AbortSignal | undefined): CapsuleSource {
  async function* counted() {
    for await (const unit of units()) {
      signal?.throwIfAborted();
      yield unit;
    }
  }
  return { about, units: counted };
}

export function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
