import type { Database } from '../adapters/postgres/database';
import { bookContentsRemoved, eraseContents } from '../adapters/postgres/retention';
import type { ContentStore } from '../adapters/store/port';
import { parseSha256Hex } from '../domain/brands';
import { UnitrailError } from '../domain/errors';

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
 * @throws UnitrailError NOT_ALLOWED where the run's clock is not trusted, and, when all else is gone, where a content is
 * locked by its place
 */
export async function removeErased(
  { retentionDb, store }: RemoveErasedDeps,
  run: string,
  signal?: AbortSignal,
): Promise<void> {
  const contents = await eraseContents(retentionDb, run);
  let refused: UnitrailError | undefined;
  for (let at = 0; at < contents.length; at += AT_ONCE) {
    signal?.throwIfAborted();
    const { gone, locked } = await removeAll(store, contents.slice(at, at + AT_ONCE));
    if (gone.length > 0) await bookContentsRemoved(retentionDb, run, gone);
    refused ??= locked;
  }
  if (refused !== undefined) throw refused;
}

/** What its place has locked stays, and keeps nothing else back. */
async function removeAll(
  store: ContentStore,
  contents: readonly string[],
): Promise<{ gone: string[]; locked?: UnitrailError }> {
  const gone: string[] = [];
  let locked: UnitrailError | undefined;
  for (const sha256 of contents)
    try {
      await store.remove(parseSha256Hex(sha256));
      gone.push(sha256);
    } catch (error) {
      if (!(error instanceof UnitrailError && error.code === 'NOT_ALLOWED')) throw error;
      locked ??= error;
    }
  return { gone, ...(locked && { locked }) };
}
