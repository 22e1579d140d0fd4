import { parseSha256Hex, type Sha256Hex } from '../../domain/brands';
import { UnitrailError } from '../../domain/errors';
import {
  counted,
  nothingChecked,
  remedyOf,
  type StoreCheckPart,
  type StoreFinding,
} from '../../domain/store-check';
import { mend } from './mend';
import type { Sides } from './open-store';

export interface CheckStoreDeps extends Sides {
  /** What should be there by the database, after the given one, in order: only so is noticed what neither place has. */
  readonly wanted: (after: Sha256Hex | null) => AsyncIterable<Sha256Hex>;
  /** For one content at a time, on its way from one place to the other. */
  readonly workFolder: string;
}

export interface CheckStoreOptions {
  /** Asked after each content: the step ends there, and says where the next one goes on. */
  readonly isEnough?: (part: StoreCheckPart) => boolean;
  readonly signal?: AbortSignal | undefined;
  /** Of a place in which nothing is, while the database asks for something: only a person knows that it isn't one that is away. */
  readonly refusesEmpty?: boolean;
}

/**
 * Reads contents in the order of their digests, in each place, and mends what one place lacks from the other.
 * @throws UnitrailError STORE_UNAVAILABLE, also where a place is empty and that is refused
 */
export async function checkStore(
  deps: CheckStoreDeps,
  begin: StoreCheckPart = { report: nothingChecked, after: null },
  { isEnough = () => false, signal, refusesEmpty = false }: CheckStoreOptions = {},
): Promise<StoreCheckPart> {
  let { report } = begin;
  const after = begin.after === null ? null : parseSha256Hex(begin.after);
  const { first, copy, wanted } = deps;
  if (refusesEmpty) await refuseEmpty(deps);
  const lists = [first.list(after), ...(copy ? [copy.list(after)] : []), wanted(after)];
  for await (const sha256 of inOrder(lists)) {
    signal?.throwIfAborted();
    report = counted(report, await checkContent(deps, sha256));
    const part = { report, after: sha256 };
    if (isEnough(part)) return part;
  }
  return { report, after: null };
}

/** A share that is not mounted looks like this: it would be filled with all there is, or all would be told as lost. */
async function refuseEmpty({ first, copy, wanted }: CheckStoreDeps): Promise<void> {
  if (await isEmpty(wanted(null))) return;
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

/** Null where all is well. */
async function checkContent(deps: CheckStoreDeps, sha256: Sha256Hex): Promise<StoreFinding | null> {
  const { first, copy, workFolder } = deps;
  const [inFirst, inCopy] = await Promise.all([first.check(sha256), copy?.check(sha256) ?? null]);
  const remedy = remedyOf(inFirst, inCopy);
  const found = { sha256, first: inFirst, copy: inCopy };
  if (remedy === 'none') return null;
  // Removed from both since the lists were read.
  if (inFirst === 'missing' && (inCopy ?? 'missing') === 'missing' && !(await isWanted(deps, sha256)))
    return null;
  if (remedy === 'lost' || copy === null) return { ...found, outcome: 'lost' };
  const [from, to] = remedy === 'fromCopy' ? [copy, first] : [first, copy];
  return (await mend(from, to, sha256, workFolder)) ? { ...found, outcome: 'mended' } : null;
}

async function isWanted({ wanted }: CheckStoreDeps, sha256: Sha256Hex): Promise<boolean> {
  const before = (BigInt(`0x${sha256}`) - 1n).toString(16).padStart(64, '0');
  for await (const next of wanted(parseSha256Hex(before))) return next === sha256;
  return false;
}

/** What any of the lists has, each once; every list is in order. */
async function* inOrder(lists: readonly AsyncIterable<Sha256Hex>[]): AsyncGenerator<Sha256Hex> {
  const iterators = lists.map((list) => list[Symbol.asyncIterator]());
  try {
    const heads = await Promise.all(iterators.map((iterator) => iterator.next()));
    for (;;) {
      const values = heads.flatMap(({ done, value }) => (done ? [] : [value as Sha256Hex]));
      if (values.length === 0) return;
      const least = values.reduce((one, other) => (other < one ? other : one));
      yield least;
      for (const [at, head] of heads.entries())
        if (!head.done && head.value === least) heads[at] = await iterators[at]!.next();
    }
  } finally {
    for (const iterator of iterators) await iterator.return?.();
  }
}
