import { parseSha256Hex, type Sha256Hex } from '../../domain/brands';
import { UnitrailError } from '../../domain/errors';
import {
  counted,
  nothingChecked,
  outcomeOfLoss,
  remedyOf,
  type StoreCheckPart,
  type StoreFinding,
} from '../../domain/store-check';
import { isLocked } from './locked';
import { mendBy, NotTaken } from './mend';
import { createMirroredStore } from './mirrored-store';
import type { Sides } from './open-store';
import { patiently } from './patiently';
import { givesOthers, stateIn } from './state-in';
import { isForRights, isOfWholePlace } from './trouble';

export interface CheckStoreDeps extends Sides {
  /** What should be there by the database, after the given one, in order: only so is noticed what neither place has. */
  readonly wanted: (after: Sha256Hex | null) => AsyncIterable<Sha256Hex>;
  /** Whether it was erased, and nothing needs it: it is there because somebody brought it back. */
  readonly isErased: (sha256: Sha256Hex) => Promise<boolean>;
  /** For one content at a time, on its way from one place to the other. */
  readonly workFolder: string;
}

export interface CheckStoreOptions {
  /** Asked after each content: the step ends there, and says where the next one goes on. */
  readonly isEnough?: (part: StoreCheckPart) => boolean;
  readonly signal?: AbortSignal | undefined;
  /** Of a place in which nothing is, while the database asks for something: only a person knows that it isn't one that is away. */
  readonly refusesEmpty?: boolean;
  /** Before each further try to read what can't be read, or to write what is not taken. */
  readonly pausesMs?: readonly number[] | undefined;
}

/**
 * Reads contents in the order of their digests, in each place, and mends what one place lacks from the other. What was erased is
 * removed from both. One content that its place does not take is told, and shields no other.
 * @throws UnitrailError STORE_UNAVAILABLE, also where a place is empty and that is refused
 */
export async function checkStore(
  deps: CheckStoreDeps,
  begin: StoreCheckPart = { report: nothingChecked, after: null },
  { isEnough = () => false, signal, refusesEmpty = false, pausesMs }: CheckStoreOptions = {},
): Promise<StoreCheckPart> {
  let { report } = begin;
  const after = begin.after === null ? null : parseSha256Hex(begin.after);
  const { first, copy, wanted } = deps;
  const isGuarded = refusesEmpty && !(await isEmpty(wanted(null)));
  if (isGuarded) await refuseEmpty(deps);
  const lists = [wanted(after), first.list(after), ...(copy ? [copy.list(after)] : [])];
  for await (const { sha256, isIn } of inOrder(lists)) {
    signal?.throwIfAborted();
    const found = await lookAt(deps, sha256, pausesMs);
    // A share may go away in the middle, too.
    if (isGuarded && [found.first, found.copy].includes('missing')) await refuseEmpty(deps);
    report = counted(report, await settle(deps, found, isIn[0]!, pausesMs));
    const part = { report, after: sha256 };
    if (isEnough(part)) return part;
  }
  return { report, after: null };
}

/** A share that is not mounted looks like this: it would be filled with all there is, or all would be told as lost. */
async function refuseEmpty({ first, copy }: Sides): Promise<void> {
  for (const side of [first, ...(copy ? [copy] : [])])
    if (await isEmpty(side.list(null)))
      throw new UnitrailError(
        'STORE_UNAVAILABLE',
        `There is nothing in ${side.place}, and the database names contents that should be there. Mount it where it is not mounted; a new place is filled by \`unitrail store check\`.`,
        { place: side.place },
      );
}

async function isEmpty(list: AsyncIterable<Sha256Hex>): Promise<boolean> {
  const iterator = list[Symbol.asyncIterator]();
  const { done } = await iterator.next();
  await iterator.return?.();
  return done === true;
}

type Found = Omit<StoreFinding, 'outcome'> & { readonly sha256: Sha256Hex };

async function lookAt(
  { first, copy }: Sides,
  sha256: Sha256Hex,
  pausesMs: readonly number[] | undefined,
): Promise<Found> {
  const [inFirst, inCopy] = await Promise.all([
    stateIn(first, sha256, pausesMs),
    copy === null ? null : stateIn(copy, sha256, pausesMs),
  ]);
  return { sha256, first: inFirst, copy: inCopy };
}

/** Null where all is well. */
async function settle(
  deps: CheckStoreDeps,
  found: Found,
  isListed: boolean,
  pausesMs: readonly number[] | undefined,
): Promise<StoreFinding | null> {
  const { first, copy, workFolder } = deps;
  const { sha256 } = found;
  const isNowhere = found.first === 'missing' && (found.copy ?? 'missing') === 'missing';
  // Removed from both since the lists were read.
  if (isNowhere && !(await isWanted(deps, sha256))) return null;
  if (!isNowhere && !isListed && (await deps.isErased(sha256))) return removeAgain(deps, found);
  const remedy = remedyOf(found.first, found.copy);
  if (remedy === 'none') return null;
  if (remedy === 'lost' || copy === null)
    return { ...found, outcome: outcomeOfLoss(found.first, found.copy) };
  try {
    const mend = () => mendBy(remedy, { first, copy }, sha256, workFolder);
    return (await patiently(mend, isHiccup, pausesMs)) ? { ...found, outcome: 'mended' } : null;
  } catch (error) {
    const [side, there] = remedy === 'fromCopy' ? [first, found.first] : [copy, found.copy];
    if (!isNotTaken(error) || !(await givesOthers(side, sha256, there !== 'missing'))) throw error;
    return { ...found, outcome: 'unmended', why: error.message };
  }
}

/** By a place that is neither away nor full: what it gives of others says whether it is this content's own trouble. */
function isNotTaken(error: unknown): error is NotTaken {
  return error instanceof NotTaken && !isOfWholePlace(error);
}

function isHiccup(error: unknown): boolean {
  return isNotTaken(error) && !isForRights(error);
}

/** What a place has locked stays, and keeps back nothing else: the next search comes by. */
async function removeAgain({ first, copy }: Sides, found: Found): Promise<StoreFinding> {
  try {
    await (copy === null ? first : createMirroredStore(first, copy)).remove(found.sha256);
    return { ...found, outcome: 'removed' };
  } catch (error) {
    if (!isLocked(error)) throw error;
    return { ...found, outcome: 'locked', why: error.message };
  }
}

async function isWanted({ wanted }: CheckStoreDeps, sha256: Sha256Hex): Promise<boolean> {
  const before = (BigInt(`0x${sha256}`) - 1n).toString(16).padStart(64, '0');
  for await (const next of wanted(parseSha256Hex(before))) return next === sha256;
  return false;
}

interface Listed {
  readonly sha256: Sha256Hex;
  /** Of each list whether it has it. */
  readonly isIn: readonly boolean[];
}

/** What any of the lists has, each once; every list is in order. */
async function* inOrder(lists: readonly AsyncIterable<Sha256Hex>[]): AsyncGenerator<Listed> {
  const iterators = lists.map((list) => list[Symbol.asyncIterator]());
  try {
    const heads = await Promise.all(iterators.map((iterator) => iterator.next()));
    for (;;) {
      const values = heads.flatMap(({ done, value }) => (done ? [] : [value as Sha256Hex]));
      if (values.length === 0) return;
      const least = values.reduce((one, other) => (other < one ? other : one));
      const isIn = heads.map(({ done, value }) => !done && value === least);
      yield { sha256: least, isIn };
      for (const [at, has] of isIn.entries()) if (has) heads[at] = await iterators[at]!.next();
    }
  } finally {
    for (const iterator of iterators) await iterator.return?.();
  }
}
