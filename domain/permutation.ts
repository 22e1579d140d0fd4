import { UnitrailError } from './errors';

/**
 * A keyed permutation of the numbers 0 to size - 1: a counter that runs through it gives numbers that nobody without the
 * key can guess, count or put in order, and that still can't collide. A Feistel network over a rectangle that just holds
 * the domain, with cycle walking: what falls outside is permuted again until it falls inside (J. Black, P. Rogaway:
 * Ciphers with Arbitrary Finite Domains, CT-RSA 2002).
 */
export interface Permutation {
  readonly size: number;
  apply(value: number): number;
  /** The value that `apply` made this one of. */
  invert(value: number): number;
}

/** A keyed hash of at least eight bytes, such as HMAC-SHA-256: the key stays outside, and never comes into a workflow. */
export type KeyedHash = (message: string) => Uint8Array;

/**
 * FF1 (NIST SP 800-38G) has ten, over powers of an alphabet of a million and more; our domains are of any size, also smaller
 * ones, and a serial takes a tenth of a millisecond all the same. The number is a part of what was issued: it never changes.
 */
const ROUNDS = 16;

/** The rectangle is up to two sides larger than the domain, and its cells are counted by safe integers. */
export const MAX_PERMUTATION_SIZE = 2 ** 53 - 2 ** 28;

/** A position in the rectangle: how far along its two sides. `height` and `width` change places with each round. */
interface Cell {
  readonly left: number;
  readonly right: number;
}

/**
 * @param name Whose permutation it is, such as a scheme's number space: others of the same key and size differ.
 * @throws UnitrailError INPUT_INVALID where the size is no whole number from 1 to MAX_PERMUTATION_SIZE.
 */
export function keyedPermutation(name: string, size: number, hash: KeyedHash): Permutation {
  if (!Number.isSafeInteger(size) || size < 1 || size > MAX_PERMUTATION_SIZE) {
    throw new UnitrailError(
      'INPUT_INVALID',
      `size: ${size} is not allowed; a whole number from 1 to ${MAX_PERMUTATION_SIZE}`,
    );
  }
  const width = Math.ceil(Math.sqrt(size));
  const height = Math.ceil(size / width);
  const sides = [width, height] as const;
  const rounds = Array.from({ length: ROUNDS }, (_, at) => at);
  const shift = (round: number, half: number) =>
    below(sides[round % 2]!, hash(`unitrail.permutation/1|${name}|${size}|${round}|${half}`));

  const forward = ({ left, right }: Cell, round: number): Cell => ({
    left: right,
    right: (left + shift(round, right)) % sides[round % 2]!,
  });
  const backward = ({ left, right }: Cell, round: number): Cell => {
    const side = sides[round % 2]!;
    return { left: (right - shift(round, left) + side) % side, right: left };
  };
  const walk = (value: number, once: (value: number) => number): number => {
    checkValue(value, size);
    // It ends: the walk runs along a cycle of the rectangle that holds the value itself, which is inside.
    let next = once(value);
    while (next >= size) next = once(next);
    return next;
  };
  const cellOf = (value: number): Cell => ({ left: value % width, right: Math.floor(value / width) });
  const valueOf = ({ left, right }: Cell): number => left + width * right;
  return {
    size,
    apply: (value) => walk(value, (one) => valueOf(rounds.reduce(forward, cellOf(one)))),
    invert: (value) => walk(value, (one) => valueOf(rounds.reduceRight(backward, cellOf(one)))),
  };
}

/** 64 bits modulo a side of at most 27 bits: no remainder is likelier than another by more than one part in 2^37. */
function below(side: number, bytes: Uint8Array): number {
  const bits = bytes.subarray(0, 8).reduce((value, byte) => (value << 8n) | BigInt(byte), 0n as bigint);
  return Number(bits % BigInt(side));
}

function checkValue(value: number, size: number): void {
  if (Number.isSafeInteger(value) && value >= 0 && value < size) return;
  throw new UnitrailError('INTERNAL', `value: ${value} is not allowed; a whole number from 0 to ${size - 1}`);
}
