import { keptContents } from '../adapters/postgres/archive-ends';
import type { Database } from '../adapters/postgres/database';
import type { ContentStore } from '../adapters/store/port';
import { parseSha256Hex } from '../domain/brands';

export interface ProtectArchiveDeps {
  readonly db: Database;
  readonly store: ContentStore;
}

/**
 * Locks the contents of a capsule, or of all, until the end of their archive, where their place can lock; says how many are
 * locked. A repeat makes a lock longer where the policy has grown, and never shorter.
 */
export async function protectArchive(
  { db, store }: ProtectArchiveDeps,
  capsule: string | null,
  signal?: AbortSignal,
): Promise<number> {
  let locked = 0;
  for (const { sha256, until } of await keptContents(db, capsule)) {
    signal?.throwIfAborted();
    if (await store.protect(parseSha256Hex(sha256), until)) locked += 1;
  }
  return locked;
}
