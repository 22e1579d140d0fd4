import { timeText, type CellValue } from '../../domain/columns';

/** Excel's limits. exceljs stops none of them. */
export const MAX_SHEET_ROWS = 1_048_576;
const MAX_CELL_CHARACTERS = 32_767;
const MAX_SHEET_NAME = 31;
/** Larger integers lose digits in a cell. */
const MAX_EXACT_DIGITS = 15;
/** Excel believes that 1900 was a leap year, and knows no year 10000. */
const FIRST_DATE = Date.UTC(1900, 2, 1);
const LAST_DATE = Date.UTC(9999, 11, 31, 23, 59, 59);

/** Text in runs: exceljs then says that its blanks count, and every reader undoes the escapes in it. */
interface CarefulText {
  richText: { text: string }[];
}

export type SheetCell = string | number | boolean | Date | CarefulText | null;

/** As plain text LibreOffice trims the blanks at the ends, and shows the escape of an escape. */
const NEEDS_CARE = /^\s|\s$|_x005F_/;

/** The value as a cell can hold it. exceljs writes an unreadable file, without an error, for what it can't. */
export function sheetCell(value: CellValue): SheetCell {
  if (typeof value === 'string') return careful(sheetText(value));
  if (typeof value === 'number') return sheetNumber(value);
  return value instanceof Date ? sheetDate(value) : value;
}

function careful(text: string): string | CarefulText {
  return NEEDS_CARE.test(text) ? { richText: [{ text }] } : text;
}

/**
 * Text that reads back as it was, as far as XML and Excel allow: control characters (GS1's separator) become their
 * pictures, characters that XML has no place for the replacement character, and Excel's own escapes are escaped.
 */
export function sheetText(text: string): string {
  const shown = text
    // eslint-disable-next-line no-control-regex
    .replace(/[\u0000-\u0008\u000b\u000c\r\u000e-\u001f]/g, (c) =>
      String.fromCharCode(0x2400 + c.charCodeAt(0)),
    )
    .replace(/\u007f/g, '\u2421')
    .replace(/[\ufffe\uffff]|\p{Surrogate}/gu, '\ufffd')
    // ECMA-376 ST_Xstring: _x0041_ in a cell is read as the letter A.
    .replace(/_(?=x[0-9a-f]{4}_)/gi, '_x005F_');
  return shown.length <= MAX_CELL_CHARACTERS ? shown : cut(shown);
}

function cut(text: string): string {
  const note = ` … (cut: ${text.length} characters)`;
  return `${text.slice(0, MAX_CELL_CHARACTERS - note.length).replace(/\p{Surrogate}$/u, '')}${note}`;
}

function sheetNumber(value: number): number | string | null {
  if (!Number.isFinite(value)) return null;
  return Number.isInteger(value) && Math.abs(value) >= 10 ** MAX_EXACT_DIGITS ? String(value) : value;
}

function sheetDate(date: Date): Date | string | null {
  const time = date.getTime();
  return time >= FIRST_DATE && time <= LAST_DATE ? date : timeText(date);
}

/** A name that Excel takes, unlike any of those that are taken. */
export function sheetName(wanted: string, taken: readonly string[] = []): string {
  const clean = sheetText(wanted)
    .replace(/[\\/?*[\]:\u2400-\u2421]/g, ' ')
    .replace(/^[\s']+|[\s']+$/g, '');
  // "History" is Excel's own.
  const base = clean === '' || clean.toLowerCase() === 'history' ? `Sheet ${clean}`.trim() : clean;
  const used = taken.map((name) => name.toLowerCase());
  for (let number = 1; ; number++) {
    const name = numbered(base, number);
    if (!used.includes(name.toLowerCase())) return name;
  }
}

function numbered(base: string, number: number): string {
  const ending = number === 1 ? '' : ` ${number}`;
  const short = base.slice(0, MAX_SHEET_NAME - ending.length).replace(/[\s'\p{Surrogate}]+$/u, '');
  return `${short}${ending}`;
}
