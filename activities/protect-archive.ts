import { keptContents } from '../adapters/postgres/archive-ends';
import type { Database } from '../adapters/postgres/database';
import type { ContentStore } from '../adapters/store/port';
import { parseSha256Hex } from '../domain/brands';

export interface ProtectArchiveDeps {
  readonly db: Database;
  readonly store: ContentStore;
}

/** How far it is. */
export interface ProtectPoint {
  /** The content that was looked at last; null at the begin. */
  readonly after: string | null;
  readonly locked: number;
}

export const protectBegin: ProtectPoint = { after: null, locked: 0 };

export interface ProtectOptions {
  readonly signal?: AbortSignal;
  readonly begin?: ProtectPoint;
  /** Hears of each content that is done. */
  readonly onPoint?: (point: ProtectPoint) => void;
}

/**
 * Locks the contents of a capsule, or of all, until the end of their archive, where their place can lock; says how many are
 * locked. A repeat makes a lock longer where the policy has grown, and never shorter. Pages are read as it goes: an archive of ten
 * years is no list for the memory.
 */
export async function protectArchive(
  { db, store }: ProtectArchiveDeps,
  capsule: string | null,
  { signal, begin = protectBegin, onPoint }: ProtectOptions = {},
): Promise<number> {
  let { locked } = begin;
  for await (const { sha256, until } of keptContents(db, capsule, begin.after)) {
    signal?.throwIfAborted();
    if (await store.protect(parseSha256Hex(sha256), until)) locked += 1;
    onPoint?.({ after: sha256, locked });
  }
  return locked;
}
