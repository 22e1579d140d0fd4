import { ALPHANUMERICS, CHECK_NAMES, DIGITS, findCheckScheme, type CheckScheme } from './check-characters';
import { UnitrailError } from './errors';
import { MAX_GS1_SERIAL_LENGTH } from './gs1';

/**
 * A serial scheme's pattern is text: literals (A–Z 0–9 - .) and tokens in braces. docs/identifiers.md shows each at work.
 *
 * | token                  | gives                                                                            |
 * |------------------------|----------------------------------------------------------------------------------|
 * | `{yyyy}`, `{yy}`       | year, four or the last two digits; beside `{ww}` the ISO week's year             |
 * | `{ww}`                 | ISO 8601 week, 01 to 53                                                          |
 * | `{mm}`, `{ddd}`        | month, 01 to 12; day of the year, 001 to 366                                     |
 * | `{country}`            | country of manufacture, two letters                                              |
 * | `{product}`            | the product's code                                                               |
 * | `{site}`, `{line}`     | the manufacturer's site; the scheme's own line                                   |
 * | `{seq:N}`              | the number, N digits (1 to 12), exactly once                                     |
 * | `{seq:N:hex}`          | the same with 0–9 A–F                                                            |
 * | `{seq:N:base32}`       | the same with 0–9 A–Z without 0, O, 1 and I                                      |
 * | `{seq:N:ABC…}`         | the same with the alphabet given, its first character being zero                 |
 * | `{tag:N}`              | N (1 to 8) of the same 32 characters, which only the holder of the scheme's key can  |
 * |                        | make: over everything before it; of a scheme with a hidden sequence only             |
 * | `{check:NAME}`         | check characters over all letters and digits before it                           |
 *
 * `EUDV{yy}{ww}-{seq:6}` gives EUDV2647-000001. Numbers run from 1 to the pattern's capacity; all zeros is what an empty
 * form prints, so it is never a serial. A serial parses back in one way only: parts have fixed widths, and of those that
 * have none (product, site, line) a `-` or `.` stands between two.
 */
export interface SerialPattern {
  readonly text: string;
  readonly parts: readonly SerialPart[];
  readonly sequence: SequencePart;
  /** What every serial looks like, with a group for each part but literals, in their order. */
  readonly shape: RegExp;
}

/** Facts that are text, without a width of their own but the country's. */
export type NamePart = 'country' | 'product' | 'site' | 'line';
export type DatePart = 'year' | 'isoWeek' | 'month' | 'dayOfYear';
export type SequencePart = { readonly kind: 'sequence'; readonly width: number; readonly alphabet: string };

export type SerialPart =
  | { readonly kind: 'literal'; readonly text: string }
  | { readonly kind: DatePart; readonly width: number }
  | { readonly kind: NamePart }
  | SequencePart
  | { readonly kind: 'tag'; readonly width: number }
  | { readonly kind: 'check'; readonly scheme: CheckScheme };

export const FIRST_NUMBER = 1;
export const BASE_32 = '23456789ABCDEFGHJKLMNPQRSTUVWXYZ';
export const MAX_PATTERN_LENGTH = 128;
const MAX_SEQUENCE_WIDTH = 12;
const ALLOWED =
  'literals A–Z 0–9 - . with the tokens {yy} or {yyyy}, {ww}, {mm}, {ddd}, {country}, {product}, {site}, {line}, ' +
  '{tag:N}, {check:NAME}, each at most once, and exactly one {seq:N}, {seq:N:hex}, {seq:N:base32} or {seq:N:ALPHABET}, N from 1 to ' +
  `${MAX_SEQUENCE_WIDTH}, for example EUDV{yy}{ww}-{seq:6}; a serial has at most ${MAX_GS1_SERIAL_LENGTH} characters, so ` +
  'that it fits GS1 AI 21';

const alphabets: Readonly<Record<string, string>> = { hex: `${DIGITS}ABCDEF`, base32: BASE_32 };

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
  const sequence = parts.find((part) => part.kind === 'sequence')!;
  return { text, parts, sequence, shape: shapeOf(parts) };
}

/** What the pattern should have been, or null where it is good. */
export function patternProblem(text: string): string | null {
  const parts = text.length <= MAX_PATTERN_LENGTH ? readParts(text) : null;
  if (parts === null || !isComplete(parts) || leastLength(parts) > MAX_GS1_SERIAL_LENGTH) return ALLOWED;
  return (
    sequenceProblem(parts) ??
    dateProblem(parts) ??
    nameProblem(parts) ??
    tagProblem(parts) ??
    checkProblem(parts)
  );
}

/** How many numbers the pattern has in one scope of its counter; also its highest number. */
export function capacity({ sequence }: Pick<SerialPattern, 'sequence'>): number {
  return sequence.alphabet.length ** sequence.width - 1;
}

export function hasPart(pattern: Pick<SerialPattern, 'parts'>, kind: SerialPart['kind']): boolean {
  return pattern.parts.some((part) => part.kind === kind);
}

/** Characters of the shortest serial: parts without a width count as one. */
export function leastLength(parts: readonly SerialPart[]): number {
  return parts.reduce((sum, part) => sum + leastWidth(part), 0);
}

function leastWidth(part: SerialPart): number {
  if (part.kind === 'literal') return part.text.length;
  if (part.kind === 'check') return part.scheme.width;
  if (part.kind === 'country') return 2;
  return 'width' in part ? part.width : 1;
}

function isComplete(parts: readonly SerialPart[]): boolean {
  const kinds = parts.map((part) => part.kind).filter((kind) => kind !== 'literal');
  return kinds.includes('sequence') && new Set(kinds).size === kinds.length;
}

function sequenceProblem(parts: readonly SerialPart[]): string | null {
  const sequence = parts.find((part) => part.kind === 'sequence')!;
  // Numbers are bigint in the database and doubles here: beyond 2^53 two of them would become one.
  if (capacity({ sequence }) <= Number.MAX_SAFE_INTEGER) return null;
  return `at most 2^53 - 1 numbers: a narrower {seq:N} of these ${sequence.alphabet.length} characters`;
}

function dateProblem(parts: readonly SerialPart[]): string | null {
  const mixed = hasPart({ parts }, 'isoWeek') && ['month', 'dayOfYear'].some((kind) => has(parts, kind));
  // The year beside {ww} is the week's, which is not the calendar's around 1 January.
  return mixed
    ? '{ww} without {mm} and {ddd}: weeks and months belong to different years around 1 January'
    : null;
}

/** Between two separators one part may have any width: it is what the fixed ones leave. With two, AB+C reads as A+BC. */
function nameProblem(parts: readonly SerialPart[]): string | null {
  let open = 0;
  for (const part of parts) {
    if (part.kind === 'literal' && /[-.]/.test(part.text)) open = 0;
    if (isOpenEnded(part) && ++open > 1)
      return '{product}, {site} and {line} with a - or . between them: they have no fixed width';
  }
  return null;
}

export function isOpenEnded(part: SerialPart): boolean {
  return part.kind === 'product' || part.kind === 'site' || part.kind === 'line';
}

/** A tag covers what stands before it as well; the check is made of the tag, too. */
function tagProblem(parts: readonly SerialPart[]): string | null {
  const at = parts.findIndex((part) => part.kind === 'tag');
  const after = at === -1 ? [] : parts.slice(at + 1);
  return after.every((part) => part.kind === 'literal' || part.kind === 'check')
    ? null
    : '{tag:N} after all other tokens but {check:NAME}: it covers what stands before it';
}

/**
 * A check covers what stands before it, so nothing that varies may follow. A check of digits passes over the letters of
 * literals: they are the same in every serial, another in their place is no serial of the pattern. Letters that vary it
 * would let pass.
 */
function checkProblem(parts: readonly SerialPart[]): string | null {
  const at = parts.findIndex((part) => part.kind === 'check');
  if (at === -1) return null;
  const check = parts[at] as Extract<SerialPart, { kind: 'check' }>;
  if (parts.slice(at + 1).some((part) => part.kind !== 'literal'))
    return `{check:${check.scheme.name}} after all other tokens: it covers what stands before it`;
  if (check.scheme.alphabet !== DIGITS || !parts.some(mayHoldLetters)) return null;
  const others = CHECK_NAMES.filter((name) => findCheckScheme(name)!.alphabet === ALPHANUMERICS);
  return `{check:${check.scheme.name}} where no letter varies: it is made of digits; ${others.join('; ')} take letters`;
}

function mayHoldLetters(part: SerialPart): boolean {
  if (part.kind === 'sequence') return /[A-Z]/.test(part.alphabet);
  if (part.kind === 'tag') return true;
  return part.kind === 'country' || isOpenEnded(part);
}

function has(parts: readonly SerialPart[], kind: string): boolean {
  return parts.some((part) => part.kind === kind);
}

function readParts(text: string): SerialPart[] | null {
  const parts: SerialPart[] = [];
  const piece =
    /\{(?<token>[a-z]+)(?::(?<first>[0-9A-Za-z,-]+))?(?::(?<second>[0-9A-Za-z]+))?\}|(?<literal>[A-Z0-9.-]+)/y;
  while (piece.lastIndex < text.length) {
    const groups = piece.exec(text)?.groups;
    if (!groups) return null;
    const part = groups.literal ? literal(groups.literal) : token(groups.token!, groups.first, groups.second);
    if (part === null) return null;
    parts.push(part);
  }
  return parts;
}

function literal(text: string): SerialPart {
  return { kind: 'literal', text };
}

const plainTokens: Readonly<Record<string, SerialPart>> = {
  yyyy: { kind: 'year', width: 4 },
  yy: { kind: 'year', width: 2 },
  ww: { kind: 'isoWeek', width: 2 },
  mm: { kind: 'month', width: 2 },
  ddd: { kind: 'dayOfYear', width: 3 },
  country: { kind: 'country' },
  product: { kind: 'product' },
  site: { kind: 'site' },
  line: { kind: 'line' },
};

function token(name: string, first: string | undefined, second: string | undefined): SerialPart | null {
  if (name === 'seq') return sequence(first ?? '', second);
  if (second !== undefined) return null;
  if (name === 'check') return check(first ?? '');
  if (name === 'tag') return tag(first ?? '');
  return first === undefined && Object.hasOwn(plainTokens, name) ? plainTokens[name]! : null;
}

function sequence(width: string, symbols: string | undefined): SerialPart | null {
  const alphabet = alphabetOf(symbols);
  if (alphabet === null || !/^[0-9]{1,2}$/.test(width)) return null;
  const digits = Number(width);
  return digits >= 1 && digits <= MAX_SEQUENCE_WIDTH ? { kind: 'sequence', width: digits, alphabet } : null;
}

/** Two to 36 of A–Z 0–9, each once. */
function alphabetOf(symbols: string | undefined): string | null {
  if (symbols === undefined) return DIGITS;
  if (Object.hasOwn(alphabets, symbols)) return alphabets[symbols]!;
  const distinct = new Set(symbols).size;
  return /^[A-Z0-9]+$/.test(symbols) && distinct === symbols.length && distinct >= 2 ? symbols : null;
}

function check(name: string): SerialPart | null {
  const scheme = findCheckScheme(name);
  return scheme ? { kind: 'check', scheme } : null;
}

/** As many as the hash has bytes at least. */
function tag(width: string): SerialPart | null {
  return /^[1-8]$/.test(width) ? { kind: 'tag', width: Number(width) } : null;
}

function shapeOf(parts: readonly SerialPart[]): RegExp {
  return new RegExp(`^${parts.map(shapeOfPart).join('')}$`);
}

function shapeOfPart(part: SerialPart): string {
  if (part.kind === 'literal') return part.text.replaceAll('.', '\\.');
  if (part.kind === 'sequence') return `([${part.alphabet}]{${part.width}})`;
  if (part.kind === 'tag') return `([${BASE_32}]{${part.width}})`;
  // Compared when the check is made again. The * of MOD 37-2 is in no serial: its scheme skips it.
  if (part.kind === 'check') return `([A-Z0-9]{${part.scheme.width}})`;
  if (part.kind === 'country') return '([A-Z]{2})';
  return 'width' in part ? `([0-9]{${part.width}})` : '([A-Z0-9]+)';
}
