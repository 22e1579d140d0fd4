import Table from 'cli-table3';
import { timeText, type CellValue, type Column } from '../domain/columns';
import { plainText } from '../domain/plain-text';

/** A longer word is broken where the terminal has no room for it. */
const LONGEST_WORD = 40;
const MAX_CELL_CHARACTERS = 2_000;
/** A blank on either side. */
const PADDING = 2;

const frameless = Object.fromEntries(
  [
    ...['top', 'top-mid', 'top-left', 'top-right', 'bottom', 'bottom-mid', 'bottom-left', 'bottom-right'],
    ...['left', 'left-mid', 'mid', 'mid-mid', 'right', 'right-mid', 'middle'],
  ].map((part) => [part, '']),
);
/** A line under the header, none between the rows. */
const oneRule = { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' };
const noColours = { head: [], border: [] };

export interface FittedTable {
  readonly text: string;
  /** Headings of the last columns, for which the terminal is too narrow. */
  readonly leftOut: readonly string[];
}

/**
 * A framed table that is as wide as the terminal at most. Cells go on in the next line, between words if possible;
 * where not even the longest words have room, the last columns are left out and named.
 */
export function framedTable<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  width: number,
): FittedTable {
  const lines = [columns.map(({ heading }) => heading), ...rows.map((row) => columns.map(shownTo(row)))];
  const least = columns.map((_, at) => Math.min(LONGEST_WORD, longest(lines, at, wordsOf)));
  const shown = roomFor(least, width);
  const wanted = columns.slice(0, shown).map((_, at) => longest(lines, at, (cell) => [cell]));
  const widths = fit(wanted, least, width);
  const [head = [], ...body] = lines.map((line) => widths.map((room, at) => wrap(line[at]!, room)));
  const table = new Table({
    head,
    style: noColours,
    chars: oneRule,
    colWidths: widths.map((room) => room + PADDING),
  });
  table.push(...body);
  return {
    text: underlined(table.toString(), head),
    leftOut: columns.slice(shown).map(({ heading }) => heading),
  };
}

/** The same without a frame, a row a line, in columns that other programs can read. */
export function plainTable<Row>(rows: readonly Row[], columns: readonly Column<Row>[]): string {
  const style = { ...noColours, 'padding-left': 0, 'padding-right': 2 };
  const table = new Table({ chars: frameless, head: columns.map(({ heading }) => heading), style });
  for (const row of rows) table.push(columns.map((column) => cellText(column.value(row)) || '-'));
  return table.toString().replace(/ +$/gm, '');
}

export function cellText(value: CellValue): string {
  if (value === null) return '';
  if (value instanceof Date) return timeText(value) ?? '';
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  return plainText(String(value), MAX_CELL_CHARACTERS);
}

/** A person reads a time to the second, and breaks it where date and time meet. */
function shownTo<Row>(row: Row): (column: Column<Row>) => string {
  return (column) => {
    const text = cellText(column.value(row));
    return column.kind === 'date' ? text.replace(/^(.*)T(.*)\.[0-9]{3}Z$/, '$1 $2') : text;
  };
}

function wordsOf(cell: string): string[] {
  return cell.split(' ');
}

function longest(lines: readonly string[][], at: number, partsOf: (cell: string) => string[]): number {
  return lines.reduce((most, line) => Math.max(most, ...partsOf(line[at]!).map((part) => part.length)), 1);
}

/** How many of the columns have room at their least width; one in any case. */
function roomFor(least: readonly number[], width: number): number {
  let count = least.length;
  while (count > 1 && frameWidth(least.slice(0, count)) > width) count--;
  return count;
}

function frameWidth(widths: readonly number[]): number {
  return widths.reduce((sum, room) => sum + room + PADDING + 1, 1);
}

/** Takes from the widest first, and from none more than it can spare. */
function fit(wanted: readonly number[], least: readonly number[], width: number): number[] {
  const widths = [...wanted];
  while (frameWidth(widths) > width) {
    const spare = widths.map((room, at) => (room > least[at]! ? room : 0));
    const widest = Math.max(...spare);
    if (widest === 0) break;
    widths[spare.indexOf(widest)] = widest - 1;
  }
  return widths;
}

function wrap(text: string, room: number): string {
  const lines: string[] = [''];
  for (const word of wordsOf(text).flatMap((one) => pieces(one, room))) {
    const line = lines.at(-1)!;
    if (line === '') lines[lines.length - 1] = word;
    else if (line.length + 1 + word.length <= room) lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(word);
  }
  return lines.join('\n');
}

function pieces(word: string, room: number): string[] {
  const parts: string[] = [];
  for (let from = 0; from < word.length; from += room) parts.push(word.slice(from, from + room));
  return parts;
}

/** cli-table3 draws a line between all rows or none. */
function underlined(drawn: string, head: readonly string[]): string {
  const lines = drawn.split('\n');
  const rule = lines[0]!.replace('┌', '├').replaceAll('┬', '┼').replace('┐', '┤');
  lines.splice(1 + Math.max(...head.map((cell) => cell.split('\n').length)), 0, rule);
  return lines.join('\n');
}
