import { BASE_32, capacity, type SerialPattern } from './serial-pattern';

/** More than this, and somebody who tries for an afternoon finds a serial that exists. */
export const MAX_GUESS_CHANCE = 1 / 10_000;

/**
 * How likely a made-up serial of a hidden sequence is that of a unit: the share of the numbers that are used, times that of
 * the tags that are right. Without `need`, as if all numbers were used. Dates and names in it are taken as known, and check
 * characters, which everybody can make, as right.
 */
export function guessChance(pattern: SerialPattern, need = capacity(pattern)): number {
  const tag = pattern.parts.find((part) => part.kind === 'tag');
  const used = Math.min(1, need / capacity(pattern));
  return used / BASE_32.length ** (tag?.width ?? 0);
}

/** `1 time in 32768`; never made smaller than it is. */
export function guessText(chance: number): string {
  const times = Math.floor(1 / chance);
  return times <= 1 ? 'every time' : `1 time in ${times}`;
}
