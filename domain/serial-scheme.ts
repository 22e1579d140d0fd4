import type { Serial } from './brands';
import { UnitrailError } from './errors';
import { MAX_GS1_SERIAL_LENGTH } from './gs1';

/**
 * A serial scheme's pattern is text: literals (A–Z 0–9 - .) and tokens in braces.
 *
 * | token     | gives                                                    |
 * |-----------|----------------------------------------------------------|
 * | `{yyyy}`  | year, four digits; beside `{ww}` the ISO week's year     |
 * | `{yy}`    | the same, last two digits                                |
 * | `{ww}`    | ISO 8601 week, 01 to 53                                  |
 * | `{seq:N}` | the number, decimal, N digits (1 to 12), exactly once    |
 *
 * `EUDV{yy}{ww}-{seq:6}` gives EUDV2647-000001. Numbers run from 1 to the pattern's capacity; all zeros is
 * what an empty form prints, so it is never a serial. Every part has a fixed width: a serial parses back
 * in one way only.
 */
export interface SerialPattern {
  readonly text: string;
  readonly parts: readonly SerialPart[];
  /** Characters of every serial of the pattern. */
  readonly length: number;
}

export type SerialPart =
  | { readonly kind: 'literal'; readonly text: string }
  | { readonly kind: 'year'; readonly width: 2 | 4 }
  | { readonly kind: 'isoWeek'; readonly width: 2 }
  | { readonly kind: 'sequence'; readonly width: number };

/** The calendar facts a pattern may ask for, all of them in UTC. They are those of the block's grant. */
export interface DateParts {
  readonly year: number;
  readonly isoYear: number;
  readonly isoWeek: number;
}

/** What a serial says. The year of `{yy}` is taken as 2000 to 2099. */
export interface SerialParts {
  readonly number: number;
  readonly year?: number;
  readonly isoWeek?: number;
}

/** All serials of a block: the number, `width` digits wide, between two texts that stay the same. */
export interface SerialFrame {
  readonly prefix: string;
  readonly width: number;
  readonly suffix: string;
}

export const FIRST_NUMBER = 1;
const MAX_PATTERN_LENGTH = 64;
const ALLOWED =
  'literals A–Z 0–9 - . with the tokens {yy} or {yyyy}, {ww}, and exactly one {seq:N}, N from 1 to 12, ' +
  `for example EUDV{yy}{ww}-{seq:6}; a serial has at most ${MAX_GS1_SERIAL_LENGTH} characters, so that it fits GS1 AI 21`;

/** @throws UnitrailError INPUT_INVALID where the pattern breaks a rule of the language. */
export function parsePattern(text: string): SerialPattern {
  const problem = patternProblem(text);
  if (problem !== null) {
    throw new UnitrailError(
      'INPUT_INVALID',
      `pattern: ${JSON.stringify(text.slice(0, MAX_PATTERN_LENGTH))} is not allowed; ${problem}`,
    );
  }
  const parts = readParts(text) ?? [];
  return { text, parts, length: serialLength(parts) };
}

/** What the pattern should have been, or null where it is good. */
export function patternProblem(text: string): string | null {
  const parts = text.length <= MAX_PATTERN_LENGTH ? readParts(text) : null;
  if (parts === null) return ALLOWED;
  const count = (kind: SerialPart['kind']) => parts.filter((part) => part.kind === kind).length;
  const good = count('sequence') === 1 && count('year') <= 1 && count('isoWeek') <= 1;
  return good && serialLength(parts) <= MAX_GS1_SERIAL_LENGTH ? null : ALLOWED;
}

/** @throws UnitrailError SCHEME_EXHAUSTED where the number is beyond the pattern's capacity. */
export function renderSerial(
  pattern: SerialPattern,
  values: { readonly dateParts: DateParts; readonly number: number },
): Serial {
  const highest = capacity(pattern);
  if (!Number.isSafeInteger(values.number) || values.number < FIRST_NUMBER || values.number > highest) {
    throw new UnitrailError(
      'SCHEME_EXHAUSTED',
      `number: ${values.number} is not allowed; ${pattern.text} has the numbers ${FIRST_NUMBER} to ${highest}. ` +
        'Add a new version of the scheme with a wider sequence.',
    );
  }
  const { prefix, width, suffix } = serialFrame(pattern, values.dateParts);
  return `${prefix}${digits(values.number, width)}${suffix}` as Serial;
}

/** Null where the text is no serial of this pattern. */
export function serialParts(pattern: SerialPattern, serial: string): SerialParts | null {
  if (serial.length !== pattern.length) return null;
  const found: { -readonly [Key in keyof SerialParts]: SerialParts[Key] } = { number: 0 };
  let at = 0;
  for (const part of pattern.parts) {
    const piece = serial.slice(at, (at += partLength(part)));
    if (part.kind === 'literal' ? piece !== part.text : !/^[0-9]+$/.test(piece)) return null;
    if (part.kind === 'year') found.year = part.width === 2 ? 2000 + Number(piece) : Number(piece);
    if (part.kind === 'isoWeek') found.isoWeek = Number(piece);
    if (part.kind === 'sequence') found.number = Number(piece);
  }
  const weekExists = found.isoWeek === undefined || (found.isoWeek >= 1 && found.isoWeek <= 53);
  return weekExists && found.number >= FIRST_NUMBER ? found : null;
}

/** How many serials the pattern has for one set of date parts; also its highest number. */
export function capacity(pattern: SerialPattern): number {
  return 10 ** sequenceWidth(pattern) - 1;
}

export function serialFrame(pattern: SerialPattern, dateParts: DateParts): SerialFrame {
  const hasWeek = pattern.parts.some((part) => part.kind === 'isoWeek');
  const frame = { prefix: '', width: sequenceWidth(pattern), suffix: '' };
  let side: 'prefix' | 'suffix' = 'prefix';
  for (const part of pattern.parts) {
    if (part.kind === 'sequence') side = 'suffix';
    else frame[side] += renderFixedPart(part, dateParts, hasWeek);
  }
  return frame;
}

export function datePartsOf(epochMs: number): DateParts {
  return { year: new Date(epochMs).getUTCFullYear(), ...isoWeekOf(epochMs) };
}

/** ISO 8601: weeks begin on Monday, and a week belongs to the year that holds its Thursday. UTC. */
export function isoWeekOf(epochMs: number): { readonly isoYear: number; readonly isoWeek: number } {
  const dayMs = 86_400_000;
  const day = Math.floor(epochMs / dayMs);
  const weekday = (((day + 3) % 7) + 7) % 7; // Monday 0; 1 January 1970 was a Thursday
  const thursday = day - weekday + 3;
  const isoYear = new Date(thursday * dayMs).getUTCFullYear();
  const newYear = Date.UTC(isoYear, 0, 1) / dayMs;
  return { isoYear, isoWeek: Math.floor((thursday - newYear) / 7) + 1 };
}

function renderFixedPart(
  part: Exclude<SerialPart, { kind: 'sequence' }>,
  date: DateParts,
  hasWeek: boolean,
): string {
  if (part.kind === 'literal') return part.text;
  if (part.kind === 'isoWeek') return digits(date.isoWeek, 2);
  // 1 January 2027 lies in week 53 of 2026: the calendar's year beside that week would be a lie.
  const year = hasWeek ? date.isoYear : date.year;
  return part.width === 4 ? digits(year, 4) : digits(year % 100, 2);
}

function readParts(text: string): SerialPart[] | null {
  const parts: SerialPart[] = [];
  const piece = /\{(?<token>[a-z]+)(?::(?<width>[0-9]{1,2}))?\}|(?<literal>[A-Z0-9.-]+)/y;
  while (piece.lastIndex < text.length) {
    const groups = piece.exec(text)?.groups;
    if (!groups) return null;
    const part = groups.literal ? literal(groups.literal) : token(groups.token, groups.width);
    if (part === null) return null;
    parts.push(part);
  }
  return parts;
}

function literal(text: string): SerialPart {
  return { kind: 'literal', text };
}

function token(name: string | undefined, width: string | undefined): SerialPart | null {
  if (name === 'seq') return sequence(Number(width ?? 0));
  if (width !== undefined) return null;
  if (name === 'yy') return { kind: 'year', width: 2 };
  if (name === 'yyyy') return { kind: 'year', width: 4 };
  return name === 'ww' ? { kind: 'isoWeek', width: 2 } : null;
}

function sequence(width: number): SerialPart | null {
  return width >= 1 && width <= 12 ? { kind: 'sequence', width } : null;
}

function sequenceWidth(pattern: SerialPattern): number {
  return pattern.parts.find((part) => part.kind === 'sequence')?.width ?? 0;
}

function serialLength(parts: readonly SerialPart[]): number {
  return parts.reduce((sum, part) => sum + partLength(part), 0);
}

function partLength(part: SerialPart): number {
  return part.kind === 'literal' ? part.text.length : part.width;
}

function digits(value: number, width: number): string {
  return String(value).padStart(width, '0');
}
