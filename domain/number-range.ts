/** `A0001` to `A9999`: a counter of one width behind a text that stays the same. */
export interface NumberRange {
  readonly prefix: string;
  readonly width: number;
  readonly first: bigint;
  readonly last: bigint;
}

export const RANGE_ALLOWED =
  'the last number of the range: as long as the first, alike up to the digits at the end, and not below it';

/**
 * The range between two numbers, or null where they are not alike. The counter begins where the two begin to differ, or
 * earlier: it is the run of digits at the end of both.
 */
export function readRange(from: string, to: string): NumberRange | null {
  const [head, end] = [digitsAtEnd(from), digitsAtEnd(to)];
  if (from.length !== to.length || head.length === 0 || head.length !== end.length) return null;
  const prefix = from.slice(0, from.length - head.length);
  if (prefix !== to.slice(0, prefix.length)) return null;
  const [first, last] = [BigInt(head), BigInt(end)];
  return first > last ? null : { prefix, width: head.length, first, last };
}

export function rangeSize({ first, last }: NumberRange): bigint {
  return last - first + 1n;
}

export function* numbersOf({ prefix, width, first, last }: NumberRange): Generator<string> {
  for (let number = first; number <= last; number++)
    yield `${prefix}${number.toString().padStart(width, '0')}`;
}

/** Walked from behind: a regular expression for this looks at every digit once for each before it. */
function digitsAtEnd(text: string): string {
  let start = text.length;
  while (start > 0 && text.charAt(start - 1) >= '0' && text.charAt(start - 1) <= '9') start--;
  return text.slice(start);
}
