import { parseSerial, type Serial } from './brands';
import { DIGITS } from './check-characters';
import { UnitrailError } from './errors';
import { factOf, type GrantFacts } from './grant-facts';
import { MAX_GS1_SERIAL_LENGTH } from './gs1';
import { countedNumber, hashOf, shownNumber, tagOf, type HiddenKey } from './hidden-sequence';
import type { KeyedHash } from './permutation';
import { capacity, FIRST_NUMBER, hasPart, type SerialPart, type SerialPattern } from './serial-pattern';

export { capacity, FIRST_NUMBER, parsePattern, patternProblem } from './serial-pattern';
export type { SerialPart, SerialPattern } from './serial-pattern';

/** What a serial says. The year of `{yy}` is taken as 2000 to 2099. */
export interface SerialParts {
  /** The one that the serial shows; of a hidden sequence the counter's, where the key was given. */
  readonly number: number;
  readonly year?: number;
  readonly isoWeek?: number;
  readonly month?: number;
  readonly dayOfYear?: number;
  readonly country?: string;
  readonly product?: string;
  readonly site?: string;
  readonly line?: string;
  /** The check characters. They are right, or there would be no parts. */
  readonly check?: string;
  /** What the scheme's key made of the rest. It is right where the key was given, and not looked at otherwise. */
  readonly tag?: string;
}

/** A number of a grant, and the key where the grant says that the sequence is hidden. */
export interface SerialNumber {
  readonly facts: GrantFacts;
  readonly number: number;
  readonly hash?: KeyedHash | undefined;
}

/**
 * @throws UnitrailError SCHEME_EXHAUSTED where the number is beyond the pattern's capacity; NOT_ALLOWED where the scheme
 *   skips it; SERIAL_MALFORMED where a name in it makes no serial; CONFIGURATION_INVALID where the key is missing.
 */
export function renderSerial(pattern: SerialPattern, { facts, number, hash }: SerialNumber): Serial {
  checkNumber(pattern, number);
  const text = serialText(pattern, facts, number, hash);
  const skipped = facts.skip?.find((unwanted) => text.includes(unwanted));
  if (skipped !== undefined) {
    throw new UnitrailError(
      'NOT_ALLOWED',
      `number: ${number} is not allowed; ${pattern.text} skips serials with ${skipped}, and this would be ${text}.`,
    );
  }
  // A product's code may be too long for the pattern, or in small letters; a * of MOD 37-2 may not be skipped.
  return parseSerial(text);
}

/** Whether the scheme never issues the number: its serial holds what the scheme skips, such as the `*` of MOD 37-2. */
export function isSkipped(
  pattern: SerialPattern,
  facts: GrantFacts,
  number: number,
  hash?: KeyedHash,
): boolean {
  if (!facts.skip?.length) return false;
  const text = serialText(pattern, facts, number, hash);
  return facts.skip.some((unwanted) => text.includes(unwanted));
}

/** Null where the text is no serial of this pattern, also by its check characters; with the key, also by its tag. */
export function serialParts(pattern: SerialPattern, serial: string, key?: HiddenKey): SerialParts | null {
  const groups = serial.length <= MAX_GS1_SERIAL_LENGTH ? pattern.shape.exec(serial) : null;
  if (groups === null) return null;
  const found: Record<string, string | number> = {};
  let [before, group] = ['', 1];
  for (const part of pattern.parts) {
    const piece = part.kind === 'literal' ? part.text : groups[group++]!;
    if (part.kind === 'check' && part.scheme.compute(checkedBody(part, before)) !== piece) return null;
    if (part.kind === 'tag' && key && tagOf(before, part.width, key.hash) !== piece) return null;
    before += piece;
    if (part.kind !== 'literal') found[nameOf(part)] = valueOf(part, piece);
  }
  if (!isPossible(found)) return null;
  if (key) found.number = countedNumber(pattern, Number(found.number), key);
  return found as unknown as SerialParts;
}

/** Why a text of the pattern's form is no serial of it: its check characters are not those that the rest gives. */
export interface WrongCheck {
  readonly scheme: string;
  readonly found: string;
  readonly expected: string;
}

/** Null where the text has another form, or its check characters are right. */
export function wrongCheck(pattern: SerialPattern, serial: string): WrongCheck | null {
  const groups = serial.length <= MAX_GS1_SERIAL_LENGTH ? pattern.shape.exec(serial) : null;
  if (groups === null) return null;
  let [before, group] = ['', 1];
  for (const part of pattern.parts) {
    const found = part.kind === 'literal' ? part.text : groups[group++]!;
    if (part.kind === 'check') {
      const expected = part.scheme.compute(checkedBody(part, before));
      if (expected !== found) return { scheme: part.scheme.name, found, expected };
    }
    before += found;
  }
  return null;
}

function nameOf(part: SerialPart): string {
  return part.kind === 'sequence' ? 'number' : part.kind;
}

function valueOf(part: SerialPart, piece: string): string | number {
  if (part.kind === 'sequence') return numberOf(piece, part.alphabet);
  if (part.kind === 'year') return part.width === 2 ? 2000 + Number(piece) : Number(piece);
  return part.kind === 'isoWeek' || part.kind === 'month' || part.kind === 'dayOfYear'
    ? Number(piece)
    : piece;
}

const bounds: Readonly<Record<string, readonly [lowest: number, highest: number]>> = {
  number: [FIRST_NUMBER, Number.MAX_SAFE_INTEGER],
  isoWeek: [1, 53],
  month: [1, 12],
  dayOfYear: [1, 366],
};

function isPossible(found: Readonly<Record<string, string | number>>): boolean {
  return Object.entries(bounds).every(([name, [lowest, highest]]) => {
    const value = found[name];
    return value === undefined || (Number(value) >= lowest && Number(value) <= highest);
  });
}

function checkNumber(pattern: SerialPattern, number: number): void {
  const highest = capacity(pattern);
  if (Number.isSafeInteger(number) && number >= FIRST_NUMBER && number <= highest) return;
  throw new UnitrailError(
    'SCHEME_EXHAUSTED',
    `number: ${number} is not allowed; ${pattern.text} has the numbers ${FIRST_NUMBER} to ${highest}. ` +
      'Add a new version of the scheme with a wider sequence.',
  );
}

/** The text of a number, also of one that the scheme skips: what stands in the registry as void. */
export function serialText(
  pattern: SerialPattern,
  facts: GrantFacts,
  number: number,
  hash?: KeyedHash,
): string {
  const known = { pattern, facts, number: shownNumber(pattern, facts, number, hash), hash };
  return pattern.parts.reduce((text, part) => text + renderPart(part, { ...known, text }), '');
}

function renderPart(part: SerialPart, so: SerialNumber & { pattern: SerialPattern; text: string }): string {
  switch (part.kind) {
    case 'literal':
      return part.text;
    case 'sequence':
      return symbolsOf(so.number, part.alphabet, part.width);
    case 'tag':
      return tagOf(so.text, part.width, hashOf(so.facts, so.hash));
    case 'check':
      return part.scheme.compute(checkedBody(part, so.text));
    case 'year':
      // 1 January 2027 lies in week 53 of 2026: the calendar's year beside that week would be a lie.
      return lastDigits(hasPart(so.pattern, 'isoWeek') ? so.facts.isoYear : so.facts.year, part.width);
    case 'isoWeek':
    case 'month':
    case 'dayOfYear':
      return lastDigits(factOf(so.facts, part.kind), part.width);
    default:
      return factOf(so.facts, part.kind);
  }
}

/** Separators are left out by people who type; letters before a check of digits are those of literals. */
function checkedBody({ scheme }: Extract<SerialPart, { kind: 'check' }>, before: string): string {
  return before.replaceAll(scheme.alphabet === DIGITS ? /[^0-9]/g : /[-.]/g, '');
}

function symbolsOf(number: number, alphabet: string, width: number): string {
  let [rest, text] = [number, ''];
  for (let at = 0; at < width; at++) {
    text = alphabet[rest % alphabet.length]! + text;
    rest = Math.floor(rest / alphabet.length);
  }
  return text;
}

function numberOf(text: string, alphabet: string): number {
  return [...text].reduce((number, symbol) => number * alphabet.length + alphabet.indexOf(symbol), 0);
}

function lastDigits(value: number, width: number): string {
  return String(value).padStart(width, '0').slice(-width);
}
