import type { Database } from '../adapters/postgres/database';
import { eraseContents, removeContents } from '../adapters/postgres/retention';
import type { ContentStore } from '../adapters/store/port';
import { parseSha256Hex } from '../domain/brands';
import { UnitrailError } from '../domain/errors';

export interface RemoveErasedDeps {
  /** The login that may remove. */
  readonly retentionDb: Database;
  readonly store: ContentStore;
  /** Contents that go under one look at who needs them by now: whoever adds a legal hold waits for no more. */
  readonly atOnce?: number;
  /** Of a slow store, what is begun within this. */
  readonly heldUpMs?: number;
  /** What has not gone within this is given up. */
  readonly eachMs?: number;
}

/** Booked together: a crash removes these once more, which is a no-op. */
const AT_ONCE = 200;
/** With the last one that is begun, less than a statement waits for a lock: a hold can be added, however slow the store is. */
const HELD_UP_MS = 2_000;
/** And far less than the database leaves a transaction idle: while anything is removed, the lock is held. */
const EACH_MS = 5_000;

/**
 * The archive's end, in the content store. The database decides what nobody needs any more, and remembers it until it is
 * gone: a repeat, or a later run, removes what a crash has left. It is asked again before each handful: what somebody holds by
 * then, or another capsule has, stays. One exception: what a store did not remove in time is given up, with the lock, and may go
 * even so, behind a hold that is added then. It is one at most for each try, as nothing else is begun before it.
 * @throws UnitrailError NOT_ALLOWED where the run's clock is not trusted, and, when all else is gone, where a content is
 * locked by its place. STORE_UNAVAILABLE where one did not go in time: it counts as still there, and the next try asks about it
 */
export async function removeErased(
  { retentionDb, store, atOnce = AT_ONCE, heldUpMs = HELD_UP_MS, eachMs = EACH_MS }: RemoveErasedDeps,
  run: string,
  signal?: AbortSignal,
): Promise<void> {
  let left: readonly string[] = await eraseContents(retentionDb, run);
  let locked: UnitrailError | undefined;
  while (left.length > 0) {
    signal?.throwIfAborted();
    const asked = left.slice(0, atOnce);
    const removed = await removeContents(retentionDb, run, asked, (contents) =>
      removeSome(store, contents, { heldUpMs, eachMs }),
    );
    left = [...removed.untried, ...left.slice(atOnce)];
    locked ??= removed.locked;
    // What went before it is booked.
    if (removed.failed) throw removed.failed.error;
  }
  if (locked !== undefined) throw locked;
}

interface Removed {
  readonly gone: readonly string[];
  readonly untried: readonly string[];
  readonly locked?: UnitrailError;
  readonly failed?: { readonly error: unknown };
}

/** What its place has locked stays, and keeps nothing else back. */
async function removeSome(
  store: ContentStore,
  contents: readonly string[],
  { heldUpMs, eachMs }: { readonly heldUpMs: number; readonly eachMs: number },
): Promise<Removed> {
  const until = Date.now() + heldUpMs;
  const gone: string[] = [];
  let locked: UnitrailError | undefined;
  for (const [at, sha256] of contents.entries()) {
    try {
      await store.remove(parseSha256Hex(sha256), AbortSignal.timeout(eachMs));
      gone.push(sha256);
    } catch (error) {
      if (!isLocked(error)) return { gone, untried: [], failed: { error } };
      locked ??= error;
    }
    if (Date.now() > until) return { gone, untried: contents.slice(at + 1), ...(locked && { locked }) };
  }
  return { gone, untried: [], ...(locked && { locked }) };
}

function isLocked(error: unknown): error is UnitrailError {
  return error instanceof UnitrailError && error.code === 'NOT_ALLOWED';
}
