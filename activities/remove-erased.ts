import type { Database } from '../adapters/postgres/database';
import { bookContentsRemoved, eraseContents } from '../adapters/postgres/retention';
import type { ContentStore } from '../adapters/store/port';
import { parseSha256Hex } from '../domain/brands';

export interface RemoveErasedDeps {
  /** The login that may remove. */
  readonly retentionDb: Database;
  readonly store: ContentStore;
}

/** Booked together: a crash removes these once more, which is a no-op. */
const AT_ONCE = 200;

/**
 * The archive's end, in the content store. The database decides what nobody needs any more, and remembers it until it is
 * gone: a repeat, or a later run, removes what a crash has left.
 * @throws UnitrailError NOT_ALLOWED where the run's clock is not trusted
 */
export async function removeErased(
  { retentionDb, store }: RemoveErasedDeps,
  run: string,
  signal?: AbortSignal,
): Promise<void> {
  const contents = await eraseContents(retentionDb, run);
  for (let at = 0; at < contents.length; at += AT_ONCE) {
    signal?.throwIfAborted();
    const some = contents.slice(at, at + AT_ONCE);
    for (const sha256 of some) await store.remove(parseSha256Hex(sha256));
    await bookContentsRemoved(retentionDb, run, some);
  }
}
