import { UnitrailError } from './errors';

/**
 * GS1 element strings, by the GS1 syntax dictionary. Only the application identifiers that Unitrail prints
 * or reads are known; a symbol with any other is not ours.
 */
interface AiRule {
  readonly numeric: boolean;
  readonly minLength: number;
  readonly maxLength: number;
  /** Predefined length: no separator follows. */
  readonly predefined: boolean;
  readonly requires: readonly Ai[];
}

const AIS = ['00', '01', '10', '11', '21', '91', '240', '241', '250', '8012'] as const;
export type Ai = (typeof AIS)[number];

export interface GS1Element {
  readonly ai: Ai;
  readonly value: string;
}

/** What a scanner transmits for FNC1 inside a symbol. */
export const GS = '\u001d';

const fixed = (length: number): AiRule => ({
  numeric: true,
  minLength: length,
  maxLength: length,
  predefined: true,
  requires: [],
});
const text = (maxLength: number, ...requires: Ai[]): AiRule => ({
  numeric: false,
  minLength: 1,
  maxLength,
  predefined: false,
  requires,
});

const rules: Readonly<Record<Ai, AiRule>> = {
  '00': fixed(18), // SSCC
  '01': fixed(14), // GTIN
  '10': text(20, '01'), // batch or lot
  '11': fixed(6), // production date YYMMDD
  '21': text(20, '01'), // serial
  '91': text(90), // company-internal: the print number of the label
  '240': text(30), // additional product identification
  '241': text(30), // customer part number
  '250': text(30, '01', '21'), // secondary serial: MAC or chip UID
  '8012': text(20, '01'), // software version
};

/** Longest value that fits AI 21. */
export const MAX_GS1_SERIAL_LENGTH = rules['21'].maxLength;

const SET_82 = /^[!"%&'()*+,./0-9:;<=>?A-Z_a-z-]*$/;

/** The characters that GS1 allows in alphanumeric values. No space, and nothing outside ASCII. */
export function isSet82(value: string): boolean {
  return SET_82.test(value);
}

/** Mod 10 with the weights 3, 1, 3 … from the right, for GTIN, SSCC and the other keys. */
export function checkDigit(body: string): string {
  if (!/^[0-9]{1,30}$/.test(body)) {
    throw new UnitrailError('INTERNAL', 'A GS1 check digit is made of 1 to 30 digits.');
  }
  const sum = [...body].reverse().reduce((total, digit, at) => total + Number(digit) * (at % 2 ? 1 : 3), 0);
  return String((10 - (sum % 10)) % 10);
}

export function hasCheckDigit(key: string): boolean {
  return /^[0-9]{2,31}$/.test(key) && checkDigit(key.slice(0, -1)) === key.slice(-1);
}

export function isGtin14(gtin: string): boolean {
  return gtin.length === 14 && hasCheckDigit(gtin);
}

/** The text of a symbol as a scanner transmits it: GS after each value of variable length but the last. */
export function elementString(elements: readonly GS1Element[]): string {
  return joinElements(elements, GS);
}

/** The same for bwip-js with `parsefnc`: brackets as AI marks would break on a `(` inside a value. */
export function bwipText(elements: readonly GS1Element[]): string {
  return `^FNC1${joinElements(elements, '^FNC1')}`;
}

/**
 * Reads what a scanner transmitted, symbology identifier taken off. Strict, so that one set of elements has
 * one text: no separator after a predefined length or at the end, no AI twice.
 * @throws UnitrailError LABEL_UNREADABLE
 */
export function parseElementString(transmitted: string): GS1Element[] {
  const elements: GS1Element[] = [];
  let rest = transmitted;
  while (rest !== '') {
    const ai = AIS.find((candidate) => rest.startsWith(candidate));
    if (ai === undefined)
      throw unreadable(`${printable(rest.slice(0, 4))} is no application identifier of ours`);
    const { value, after } = takeValue(ai, rest.slice(ai.length));
    elements.push({ ai, value });
    rest = after;
  }
  const problem = elements.length === 0 ? 'nothing was read' : elementsProblem(elements);
  if (problem !== null) throw unreadable(problem);
  return elements;
}

function takeValue(ai: Ai, from: string): { value: string; after: string } {
  const rule = rules[ai];
  if (rule.predefined) return { value: from.slice(0, rule.maxLength), after: from.slice(rule.maxLength) };
  const end = from.indexOf(GS);
  if (end === -1) return { value: from, after: '' };
  if (end === from.length - 1) throw unreadable('the symbol ends with a separator');
  return { value: from.slice(0, end), after: from.slice(end + 1) };
}

function joinElements(elements: readonly GS1Element[], separator: string): string {
  const problem = elementsProblem(elements);
  if (problem !== null) throw new UnitrailError('INPUT_INVALID', `No GS1 element string: ${problem}.`);
  return elements
    .map(({ ai, value }, at) => {
      const open = !rules[ai].predefined && at < elements.length - 1;
      return `${ai}${value}${open ? separator : ''}`;
    })
    .join('');
}

function elementsProblem(elements: readonly GS1Element[]): string | null {
  const present = elements.map(({ ai }) => ai);
  for (const { ai, value } of elements) {
    if (present.filter((other) => other === ai).length > 1) return `(${ai}) stands in it twice`;
    const missing = rules[ai].requires.find((needed) => !present.includes(needed));
    if (missing !== undefined) return `(${ai}) needs (${missing}) beside it`;
    const problem = valueProblem(ai, value);
    if (problem !== null) return `(${ai}) ${printable(value)} is not allowed; ${problem}`;
  }
  return null;
}

function valueProblem(ai: Ai, value: string): string | null {
  const rule = rules[ai];
  if (rule.numeric && !/^[0-9]*$/.test(value)) return 'digits only';
  if (!rule.numeric && !isSet82(value)) return 'characters of GS1 set 82 only';
  if (value.length < rule.minLength || value.length > rule.maxLength) {
    return rule.predefined ? `${rule.maxLength} digits` : `1 to ${rule.maxLength} characters`;
  }
  if ((ai === '00' || ai === '01') && !hasCheckDigit(value)) {
    return `its check digit would be ${checkDigit(value.slice(0, -1))}`;
  }
  return ai === '11' && !isProductionDate(value) ? 'a date YYMMDD, where the day may be 00' : null;
}

function isProductionDate(value: string): boolean {
  const month = Number(value.slice(2, 4));
  const day = Number(value.slice(4, 6));
  if (month < 1 || month > 12) return false;
  // GS1 lets the century depend on the day of reading; 2000 to 2099 is right for anything made here.
  return day <= new Date(Date.UTC(2000 + Number(value.slice(0, 2)), month, 0)).getUTCDate();
}

function printable(value: string): string {
  return JSON.stringify(value.slice(0, 40));
}

function unreadable(problem: string): UnitrailError {
  return new UnitrailError(
    'LABEL_UNREADABLE',
    `The symbol can't be read as a GS1 element string: ${problem}.`,
  );
}
