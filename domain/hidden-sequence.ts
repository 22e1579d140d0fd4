import { factOf, type GrantFacts } from './grant-facts';
import { keyedPermutation, type KeyedHash, type Permutation } from './permutation';
import type { Scheme } from './plant-document';
import { missingKey } from './scheme-key';
import { BASE_32, capacity, FIRST_NUMBER, type SerialPattern } from './serial-pattern';

/**
 * A scheme may hide its counter: the number that a serial shows is the counter's, put through a keyed permutation of all
 * numbers of the pattern. Nobody without the key can count or guess from serials, and two of them never meet. The counter
 * itself, its blocks and its ledger stay as they are.
 */

/** What reads a hidden serial: the key's hash, and the number space that its counter is of. */
export interface HiddenKey {
  readonly hash: KeyedHash;
  readonly space: string;
}

/**
 * The facts of a grant of a scheme that hides its numbers; others stay as they are. A new version of the scheme goes on in
 * the same space, so that one that only names another place of the same key gives no serial twice.
 */
export function withHidden(
  facts: GrantFacts,
  { name, hidden }: Pick<Scheme, 'name' | 'hidden'>,
  scope: string,
): GrantFacts {
  if (hidden === undefined) return facts;
  return { ...facts, hidden: { key: hidden.key, space: hiddenSpace({ name }, scope) } };
}

/** Whose permutation it is. */
export function hiddenSpace({ name }: Pick<Scheme, 'name'>, scope: string): string {
  return scope === '' ? name : `${name} ${scope}`;
}

/** What stands in the serial of the counter's number. */
export function shownNumber(
  pattern: SerialPattern,
  { hidden }: GrantFacts,
  number: number,
  hash: KeyedHash | undefined,
): number {
  if (hidden === undefined) return number;
  const { apply } = permutationOf(pattern, { hash: hashOf({ hidden }, hash), space: hidden.space });
  return FIRST_NUMBER + apply(number - FIRST_NUMBER);
}

/** The counter's number, of the one that a serial shows. */
export function countedNumber(pattern: SerialPattern, shown: number, key: HiddenKey): number {
  return FIRST_NUMBER + permutationOf(pattern, key).invert(shown - FIRST_NUMBER);
}

function permutationOf(pattern: SerialPattern, { hash, space }: HiddenKey): Permutation {
  return keyedPermutation(space, capacity(pattern), hash);
}

/**
 * What only the holder of the key can put behind the rest of a serial. It rests on the serial alone, so that the key is
 * all that a check of one needs.
 */
export function tagOf(before: string, width: number, hash: KeyedHash): string {
  return [...hash(`unitrail.tag/1|${before}`).subarray(0, width)]
    .map((byte) => BASE_32[byte % BASE_32.length]!)
    .join('');
}

/** @throws UnitrailError CONFIGURATION_INVALID where the key is not there: a plain number must never stand for a hidden one. */
export function hashOf(facts: Pick<GrantFacts, 'hidden'>, hash: KeyedHash | undefined): KeyedHash {
  if (hash !== undefined) return hash;
  const { key, space } = factOf(facts as GrantFacts, 'hidden');
  throw missingKey(key, space);
}
