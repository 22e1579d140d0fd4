import { parseSha256Hex, type Sha256Hex } from '../../domain/brands';
import { patiently } from './patiently';
import type { ContentState, PlainStore } from './port';
import { isForRights, isOfWholePlace, isUnavailable } from './trouble';

/** Names begin with a digit each, evenly spread: one other is asked for from each of them on. */
const DIGITS = 16;

/**
 * What a place has of a content. One that can't be read is asked for a few times; where the place is neither away nor full, and
 * gives others meanwhile, it is that content's own trouble (a bad sector, a file that nobody may read), and as good as damaged.
 * @throws UnitrailError STORE_UNAVAILABLE where the place itself does not answer
 */
export async function stateIn(
  side: PlainStore,
  sha256: Sha256Hex,
  pausesMs?: readonly number[],
): Promise<ContentState> {
  try {
    return await patiently(() => side.check(sha256), isHiccup, pausesMs);
  } catch (error) {
    if (isUnavailable(error) && !isOfWholePlace(error) && (await givesOthers(side, sha256)))
      return 'unreadable';
    throw error;
  }
}

function isHiccup(error: unknown): boolean {
  return isUnavailable(error) && !isForRights(error);
}

/** Where it is the only one that is listed, that it is listed is all that can be known; where nothing is, nothing is given. */
export async function givesOthers(side: PlainStore, sha256: Sha256Hex, isListed = true): Promise<boolean> {
  let asked = 0;
  try {
    for await (const other of othersOf(side, sha256)) {
      asked += 1;
      if (await isGiven(side, other)) return true;
    }
  } catch (error) {
    if (isUnavailable(error)) return false;
    throw error;
  }
  return asked === 0 && isListed;
}

/** False where it can't be read, or was removed since it was listed. */
async function isGiven(side: PlainStore, sha256: Sha256Hex): Promise<boolean> {
  try {
    return (await side.check(sha256)) !== 'missing';
  } catch (error) {
    if (!isUnavailable(error) || isOfWholePlace(error)) throw error;
    return false;
  }
}

/**
 * A bounded number of others, from all over the place: what is bad in a row, or on one shelf, is near the content itself, so
 * that the first to be asked for is opposite to it. In a small place, any that are left.
 */
async function* othersOf(side: PlainStore, sha256: Sha256Hex): AsyncGenerator<Sha256Hex> {
  const asked = new Set([sha256]);
  const opposite = Number.parseInt(sha256.slice(0, 1), DIGITS) + DIGITS / 2;
  for (let step = 0; step < DIGITS; step += 1)
    for await (const other of side.list(lastBefore((opposite + step) % DIGITS))) {
      if (asked.has(other)) continue;
      asked.add(other);
      yield other;
      break;
    }
  for await (const other of side.list(null)) {
    if (asked.size > DIGITS) return;
    if (asked.has(other)) continue;
    asked.add(other);
    yield other;
  }
}

/** The last name that comes before those of the digit. */
function lastBefore(digit: number): Sha256Hex | null {
  return digit === 0 ? null : parseSha256Hex((digit - 1).toString(DIGITS).padEnd(64, 'f'));
}
