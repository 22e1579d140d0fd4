import { isSerial, parseSerial, type Serial } from './brands';
import { UnitrailError } from './errors';
import { elementString, isGtin14, parseElementString, type GS1Element } from './gs1';
import { problemText } from './refusal';

/** What the symbol on a unit's label says. */
export interface LabelContent {
  readonly gtin: string;
  readonly serial: Serial;
  /** 1 for the first label of the unit. A label that was printed again has a higher one, so that the two differ. */
  readonly print: number;
}

export const MAX_PRINT_NUMBER = 9999;

/** (01) GTIN-14, (21) serial, (91) print number, in this order. Throws INPUT_INVALID or SERIAL_MALFORMED. */
export function labelElements(content: {
  gtin: string;
  serial: string;
  print: number;
}): readonly GS1Element[] {
  const { gtin, serial, print } = content;
  if (!isGtin14(gtin)) throw notAllowed('gtin', gtin, '14 digits with a right check digit');
  if (!isPrintNumber(print)) throw notAllowed('print', print, `a whole number from 1 to ${MAX_PRINT_NUMBER}`);
  return [
    { ai: '01', value: gtin },
    { ai: '21', value: parseSerial(serial) },
    { ai: '91', value: String(print) },
  ];
}

/** The text that a scanner transmits: `01` GTIN `21` serial GS `91` print number. */
export function buildLabelContent(content: { gtin: string; serial: string; print: number }): string {
  return elementString(labelElements(content));
}

/**
 * Reads what a scanner transmitted; null where it is not the text of one of our labels. One label has one text:
 * other elements, another order or leading zeros of the print number are somebody else's label.
 */
export function parseLabelContent(text: string): LabelContent | null {
  const elements = readElements(text);
  const [gtin = '', serial = '', print = ''] = elements.map(({ value }) => value);
  if (elements.map(({ ai }) => ai).join() !== '01,21,91' || !isSerial(serial)) return null;
  const content = { gtin, serial, print: Number(print) };
  return isPrintNumber(content.print) && String(content.print) === print ? content : null;
}

function readElements(text: string): readonly GS1Element[] {
  try {
    return parseElementString(text);
  } catch (error) {
    if (error instanceof UnitrailError && error.code === 'LABEL_UNREADABLE') return [];
    throw error;
  }
}

function isPrintNumber(print: number): boolean {
  return Number.isInteger(print) && print >= 1 && print <= MAX_PRINT_NUMBER;
}

function notAllowed(field: string, value: unknown, allowed: string): UnitrailError {
  return new UnitrailError('INPUT_INVALID', problemText({ path: [field], value, allowed }));
}
