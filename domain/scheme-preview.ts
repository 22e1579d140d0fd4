import { DIGITS } from './check-characters';
import type { GrantFacts } from './grant-facts';
import { isSet82, MAX_GS1_SERIAL_LENGTH } from './gs1';
import { guessChance, guessText, MAX_GUESS_CHANCE } from './guess-chance';
import type { KeyedHash } from './permutation';
import { schemeKey, type Scheme } from './plant-document';
import { scopeKey, scopeText } from './sequence-scope';
import {
  BASE_32,
  capacity,
  FIRST_NUMBER,
  hasPart,
  type SerialPart,
  type SerialPattern,
} from './serial-pattern';
import { isSkipped, parsePattern, renderSerial } from './serial-scheme';

/** What comes of a scheme, before anything is issued by it. */
export interface SchemePreview {
  readonly scheme: string;
  readonly pattern: string;
  readonly trial: boolean;
  /** The pattern's parts in words. */
  readonly words: readonly string[];
  /** Where the counter starts again, in words, and the name of its present scope. */
  readonly counter: string;
  readonly scope: string;
  /**
   * Null where every number is skipped; for `next`, where none is left or the database was not asked; for all three, where
   * the sequence is hidden and its key is not here.
   */
  readonly first: string | null;
  readonly next: string | null;
  readonly last: string | null;
  /** Numbers in one scope of the counter, those that are skipped included; and how many were not granted yet. */
  readonly capacity: number;
  readonly left: number | null;
  readonly skippedShare: number;
  /** The share of wrong characters and of swapped neighbours that can't pass for another serial of the scheme. */
  readonly noticed: { readonly substitutions: number; readonly swaps: number };
  readonly hidden: HiddenPreview | null;
  readonly length: number | null;
  readonly fits: { readonly gs1Ai21: boolean; readonly code39: boolean };
  readonly warnings: readonly string[];
}

export interface HiddenPreview {
  /** Where the key lies, and whether it is here. */
  readonly key: string;
  readonly keyIsHere: boolean;
  /** How likely a made-up serial is that of a unit: where `need` units are made or, without it, all numbers are used. */
  readonly guessChance: number;
}

export interface PreviewQuestion {
  readonly scheme: Scheme;
  /** Of a grant today. */
  readonly facts: GrantFacts;
  /** The counter's next number; absent where the database was not asked. */
  readonly nextNumber?: number;
  /** How many units one scope of the counter has to last for. */
  readonly need?: number;
  /** Of the scheme's key, where the sequence is hidden and the key is here. */
  readonly hash?: KeyedHash;
}

/** Length, characters and what is skipped are the same by any key: this one stands for a key that is not here. */
const anyKey: KeyedHash = () => new Uint8Array(8);

/** A search that finds nothing for so long finds nothing. */
const MAX_SEARCH = 10_000;
const SKIP_SAMPLE = 20_000;

export function previewScheme({ scheme, facts, nextNumber, need, hash }: PreviewQuestion): SchemePreview {
  const pattern = parsePattern(scheme.pattern);
  const highest = capacity(pattern);
  const issue = issuer(pattern, facts, hash ?? anyKey);
  const example = issue(FIRST_NUMBER, 1);
  const hidden = scheme.hidden ? hiddenPreview(scheme.hidden.key, pattern, need, hash) : null;
  const known = (serial: string | null) => (hidden?.keyIsHere === false ? null : serial);
  const left = nextNumber === undefined ? null : Math.max(0, highest - nextNumber + 1);
  const shown = {
    scheme: schemeKey(scheme),
    ...{ pattern: scheme.pattern, trial: scheme.trial, words: pattern.parts.map(inWords) },
    counter: scopeText(pattern, scheme.scope),
    scope: scopeKey(pattern, scheme.scope, facts),
    first: known(example),
    next: known(nextNumber === undefined ? null : issue(nextNumber, 1)),
    last: known(issue(highest, -1)),
    ...{ capacity: highest, left },
    skippedShare: skippedShare(pattern, facts, hash ?? anyKey),
    noticed: noticedErrors(pattern),
    hidden,
    length: example?.length ?? null,
    fits: { gs1Ai21: example !== null && fitsAi21(example), code39: example !== null && fitsCode39(example) },
  };
  return { ...shown, warnings: warnings(pattern, facts, shown, need) };
}

function hiddenPreview(
  key: string,
  pattern: SerialPattern,
  need: number | undefined,
  hash: KeyedHash | undefined,
): HiddenPreview {
  return { key, keyIsHere: hash !== undefined, guessChance: guessChance(pattern, need) };
}

/** The serial of the number, or of the nearest in that direction that is not skipped. */
function issuer(pattern: SerialPattern, facts: GrantFacts, hash: KeyedHash) {
  return (from: number, step: 1 | -1): string | null => {
    const highest = capacity(pattern);
    for (let tried = 0; tried < MAX_SEARCH; tried++) {
      const number = from + tried * step;
      if (number < FIRST_NUMBER || number > highest) return null;
      if (!isSkipped(pattern, facts, number, hash)) return renderSerial(pattern, { facts, number, hash });
    }
    return null;
  };
}

export function fitsAi21(serial: string): boolean {
  return serial.length <= MAX_GS1_SERIAL_LENGTH && isSet82(serial);
}

/** ISO/IEC 16388: its 43 characters, of which we use 38. */
export function fitsCode39(serial: string): boolean {
  return /^[A-Z0-9 $%+./-]+$/.test(serial);
}

/** Exact where the numbers are few, otherwise of a sample. */
function skippedShare(pattern: SerialPattern, facts: GrantFacts, hash: KeyedHash): number {
  if (!facts.skip?.length) return 0;
  const numbers = spread(capacity(pattern), SKIP_SAMPLE);
  return numbers.filter((number) => isSkipped(pattern, facts, number, hash)).length / numbers.length;
}

/** All numbers, or so many of them, evenly spread without a period: multiples of the golden ratio. */
function spread(highest: number, most: number): number[] {
  if (highest <= most) return Array.from({ length: highest }, (_, at) => at + 1);
  const ratio = (Math.sqrt(5) - 1) / 2;
  return Array.from({ length: most }, (_, at) => 1 + Math.floor(highest * (((at + 1) * ratio) % 1)));
}

/** By the check characters. What else a pattern refuses, such as a week 60, is not counted. */
function noticedErrors({ parts }: SerialPattern): SchemePreview['noticed'] {
  const check = parts.find((part) => part.kind === 'check')?.scheme;
  return check ? { substitutions: 1, swaps: 1 - check.unseenSwaps } : { substitutions: 0, swaps: 0 };
}

function inWords(part: SerialPart): string {
  if (part.kind === 'literal') return part.text;
  if (part.kind === 'year') return `year, ${part.width} digits`;
  if (part.kind === 'sequence') return `number, ${part.width} of ${alphabetInWords(part.alphabet)}`;
  if (part.kind === 'tag') return `tag, ${part.width} of ${alphabetInWords(BASE_32)}`;
  if (part.kind === 'check') return `check by ${part.scheme.title}`;
  return { isoWeek: 'ISO week', month: 'month', dayOfYear: 'day of the year', ...names }[part.kind];
}

const names = { country: 'country', product: 'product', site: 'site', line: 'line' };

function alphabetInWords(alphabet: string): string {
  if (alphabet === DIGITS) return '0–9';
  if (alphabet === BASE_32) return '0–9 A–Z without 0 O 1 I';
  return alphabet === `${DIGITS}ABCDEF` ? '0–9 A–F' : alphabet;
}

type Known = Omit<SchemePreview, 'warnings'>;

function warnings(
  pattern: SerialPattern,
  facts: GrantFacts,
  known: Known,
  need: number | undefined,
): string[] {
  const scope = known.counter === 'ever' ? 'for ever' : `for each ${known.counter}`;
  const usable = Math.floor((known.left ?? known.capacity) * (1 - known.skippedShare));
  const twoDigits = pattern.parts.some((part) => part.kind === 'year' && part.width === 2);
  const alike = confusable(pattern, facts);
  return [
    ...(known.first === null && known.length === null
      ? ['every number that was tried is skipped: no serial comes of this scheme']
      : []),
    ...(need !== undefined && usable < need
      ? [
          `${known.skippedShare > 0 ? 'about ' : ''}${usable} serials are left ${scope}, and ${need} are needed: a wider sequence`,
        ]
      : []),
    ...(hasPart(pattern, 'check')
      ? []
      : ['it has no check characters: a serial that was typed wrongly may be that of another unit']),
    ...(alike.length > 0 ? [`read aloud or by eye, ${alike.join(', ')} may be taken for each other`] : []),
    ...guessWarnings(known),
    ...(twoDigits
      ? ['the two digits of the year come round after 100 years, and those serials are refused']
      : []),
  ];
}

function guessWarnings({ hidden }: Known): string[] {
  if (hidden === null)
    return [
      'numbers run on: whoever sees two serials can count what was made between them, and guess others',
    ];
  return [
    ...(hidden.keyIsHere
      ? []
      : [`the numbers are hidden, and can't be shown: the key is not here (${hidden.key})`]),
    ...(hidden.guessChance > MAX_GUESS_CHANCE
      ? [`a made-up serial is that of a unit ${guessText(hidden.guessChance)}: a {tag:3} behind the rest`]
      : []),
  ];
}

/** Pairs that can stand at one and the same place; where only one of the two can, a reader can't go wrong. */
function confusable(pattern: SerialPattern, { skip = [] }: GrantFacts): string[] {
  const alphabets = pattern.parts.flatMap((part) => {
    if (part.kind === 'sequence') return [part.alphabet];
    return part.kind === 'check' ? [part.scheme.outputs] : [];
  });
  const pairs = ['0O', '1I'].filter((pair) =>
    alphabets.some((alphabet) => [...pair].every((one) => alphabet.includes(one) && !skip.includes(one))),
  );
  return pairs.map((pair) => [...pair].join(' and '));
}
