import { keptContents, type KeptContent } from '../adapters/postgres/archive-ends';
import type { Database } from '../adapters/postgres/database';
import { patiently, PAUSES_MS } from '../adapters/store/patiently';
import type { ContentStore } from '../adapters/store/port';
import { isForRights, isOfWholePlace, isUnavailable } from '../adapters/store/trouble';
import { parseSha256Hex } from '../domain/brands';
import { UnitrailError } from '../domain/errors';

export interface ProtectArchiveDeps {
  readonly db: Database;
  readonly store: ContentStore;
}

/** How far it is. */
export interface ProtectPoint {
  /** The content that was looked at last; null at the begin. */
  readonly after: string | null;
  readonly locked: number;
  /** Those before it that their place did not lock; left out where there are none. */
  readonly failed?: Failed;
}

interface Failed {
  readonly contents: number;
  /** In words, with what their place says. */
  readonly first: readonly string[];
}

export const protectBegin: ProtectPoint = { after: null, locked: 0 };

export interface ProtectOptions {
  readonly signal?: AbortSignal;
  readonly begin?: ProtectPoint;
  /** Hears of each content that is locked, with those that failed before it. */
  readonly onPoint?: (point: ProtectPoint) => void;
  /** Before each further try to lock what is not locked. */
  readonly pausesMs?: readonly number[];
}

/** One after the other: by then it is the place. As many are named, and by then no failure is a hiccup. */
const IN_A_ROW_AT_MOST = 10;

/**
 * Locks the contents of a capsule, or of all, until the end of their archive, where their place can lock; says how many are
 * locked. A repeat makes a lock longer where the policy has grown, and never shorter. Pages are read as it goes: an archive of ten
 * years is no list for the memory. One content that is not locked keeps no other back: it is told at the end.
 * @throws UnitrailError STORE_UNAVAILABLE where the place locks none, or one of a capsule's not: nothing of it moves then;
 * CONTENT_NOT_LOCKED when all others of the archive are locked
 */
export async function protectArchive(
  { db, store }: ProtectArchiveDeps,
  capsule: string | null,
  { signal, begin = protectBegin, onPoint, pausesMs = PAUSES_MS }: ProtectOptions = {},
): Promise<number> {
  let point = begin;
  let row: readonly UnitrailError[] = [];
  let failure: UnitrailError | undefined;
  for await (const content of keptContents(db, capsule, begin.after)) {
    signal?.throwIfAborted();
    const isSeldom = (point.failed?.contents ?? 0) < IN_A_ROW_AT_MOST;
    const answer = await lock(store, content, isSeldom ? pausesMs : []);
    if (answer instanceof UnitrailError) {
      failure ??= answer;
      row = [...row, answer];
      if (row.length === IN_A_ROW_AT_MOST) break;
      continue;
    }
    const locked = point.locked + (answer ? 1 : 0);
    point = { ...withFailed(point, row), after: content.sha256, locked };
    row = [];
    onPoint?.(point);
  }
  // Nothing was locked since: nothing says that the place locks anything by now.
  if (row.length === IN_A_ROW_AT_MOST || (row.length > 0 && point.after === null)) throw row[0]!;
  const { failed } = withFailed(point, row);
  if (failed !== undefined) throw capsule === null ? notLocked(failed) : failure!;
  return point.locked;
}

/** Whether it is locked now; or why not, where that may be about this content alone. */
async function lock(
  store: ContentStore,
  { sha256, until }: KeptContent,
  pausesMs: readonly number[],
): Promise<boolean | UnitrailError> {
  try {
    const work = () => store.protect(parseSha256Hex(sha256), until);
    return await patiently(work, (error) => isOfContent(error) && !isForRights(error), pausesMs);
  } catch (error) {
    if (!isOfContent(error)) throw error;
    const { code, message, detail } = error;
    return new UnitrailError(code, `${sha256}: ${message}`, { ...detail, sha256 }, { cause: error });
  }
}

function isOfContent(error: unknown): error is UnitrailError {
  return isUnavailable(error) && !isOfWholePlace(error);
}

function withFailed(point: ProtectPoint, row: readonly UnitrailError[]): ProtectPoint {
  if (row.length === 0) return point;
  const { contents = 0, first = [] } = point.failed ?? {};
  const named = [...first, ...row.map(({ message }) => message)].slice(0, IN_A_ROW_AT_MOST);
  return { ...point, failed: { contents: contents + row.length, first: named } };
}

function notLocked({ contents, first }: Failed): UnitrailError {
  return new UnitrailError(
    'CONTENT_NOT_LOCKED',
    `${contents} contents of the archive are not locked until the end that the policy gives them: ${first.join('; ')}. All others are. Look at the bucket and its server; the next search for bit rot tries again.`,
    { contents },
  );
}
