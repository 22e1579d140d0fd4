import { isSet82, MAX_GS1_SERIAL_LENGTH } from './gs1';

/**
 * What a buyer's own numbers look like. A mask is text: literals, and tokens in braces that stand for N characters
 * (1 to 20) of a kind. Every character has one place, so that matching takes one look at each: no mask, however it is
 * written, can make it slow. (A regular expression could.)
 *
 * | token       | stands for       |
 * |-------------|------------------|
 * | `{digit:N}` | N of 0–9         |
 * | `{upper:N}` | N of A–Z         |
 * | `{alnum:N}` | N of 0–9 and A–Z |
 * | `{hex:N}`   | N of 0–9 and A–F |
 *
 * `AC-{digit:6}` fits AC-000001. Literals are the characters that GS1 allows in a serial.
 */
export interface SerialMask {
  readonly text: string;
  /** The characters that may stand at each place. */
  readonly places: readonly string[];
}

const DIGITS = '0123456789';
const UPPER = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';
const kinds: ReadonlyMap<string, string> = new Map([
  ['digit', DIGITS],
  ['upper', UPPER],
  ['alnum', DIGITS + UPPER],
  ['hex', `${DIGITS}ABCDEF`],
]);

export const MAX_MASK_LENGTH = 200;
export const MASK_ALLOWED =
  'a mask of literals and the tokens {digit:N}, {upper:N}, {alnum:N}, {hex:N}, for example AC-{digit:6}; ' +
  `at most ${MAX_GS1_SERIAL_LENGTH} characters in all, so that it fits GS1 AI 21, and a token at least`;

/** Null where the text breaks a rule of the language. */
export function readMask(text: string): SerialMask | null {
  if (text.length > MAX_MASK_LENGTH) return null;
  const places: string[] = [];
  let hasToken = false;
  const piece = /\{(?<kind>[a-z]+):(?<count>[0-9]{1,2})\}|(?<literal>[^{}])/y;
  while (piece.lastIndex < text.length) {
    const { kind = '', count = '1', literal } = piece.exec(text)?.groups ?? {};
    const characters = literal ?? kinds.get(kind);
    if (characters === undefined || !isSet82(characters) || Number(count) === 0) return null;
    places.push(...Array<string>(Number(count)).fill(characters));
    hasToken ||= literal === undefined;
  }
  return hasToken && places.length <= MAX_GS1_SERIAL_LENGTH ? { text, places } : null;
}

export function fitsMask(mask: SerialMask, value: string): boolean {
  if (value.length !== mask.places.length) return false;
  return mask.places.every((characters, at) => characters.includes(value.charAt(at)));
}
