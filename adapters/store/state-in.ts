import type { Sha256Hex } from '../../domain/brands';
import { patiently } from './patiently';
import type { ContentState, PlainStore } from './port';
import { isUnavailable } from './trouble';

/** Where so many others can't be read either, it is the place. */
const OTHERS_AT_MOST = 10;

/**
 * What a place has of a content. One that can't be read is asked for a few times; where the place gives others meanwhile, it is
 * that content's own trouble (a bad sector, a file that nobody may read), and as good as damaged.
 * @throws UnitrailError STORE_UNAVAILABLE where the place itself does not answer
 */
export async function stateIn(
  side: PlainStore,
  sha256: Sha256Hex,
  pausesMs?: readonly number[],
): Promise<ContentState> {
  try {
    return await patiently(() => side.check(sha256), isUnavailable, pausesMs);
  } catch (error) {
    if (isUnavailable(error) && (await givesOthers(side, sha256))) return 'unreadable';
    throw error;
  }
}

/** Null where it can't be read. */
async function readable(side: PlainStore, sha256: Sha256Hex): Promise<ContentState | null> {
  try {
    return await side.check(sha256);
  } catch (error) {
    if (isUnavailable(error)) return null;
    throw error;
  }
}

/** Where it is the only one that is listed, that it is listed is all that can be known. */
export async function givesOthers(side: PlainStore, sha256: Sha256Hex): Promise<boolean> {
  let asked = 0;
  try {
    for await (const other of side.list(null)) {
      if (other === sha256) continue;
      const state = await readable(side, other);
      if (state === 'whole' || state === 'damaged') return true;
      asked += 1;
      if (asked === OTHERS_AT_MOST) return false;
    }
  } catch (error) {
    if (isUnavailable(error)) return false;
    throw error;
  }
  return asked === 0;
}
