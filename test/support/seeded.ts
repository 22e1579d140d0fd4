/** Numbers that look random and are the same for the same seed (mulberry32). */
export interface Seeded {
  /** A whole number from 0 up to, but not, this one. */
  below(end: number): number;
  between(least: number, most: number): number;
  oneOf<T>(choices: readonly T[]): T;
}

export function seeded(seed: number): Seeded {
  let state = seed >>> 0;
  const below = (end: number): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((((mixed ^ (mixed >>> 14)) >>> 0) * end) / 2 ** 32) | 0;
  };
  return {
    below,
    between: (least, most) => least + below(most - least + 1),
    oneOf: (choices) => choices[below(choices.length)]!,
  };
}
