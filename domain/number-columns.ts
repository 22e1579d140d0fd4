import { plainText } from './plain-text';
import { refusal } from './refusal';
import { type TableCell, type TableRow, type TableSource } from './table-source';

const MAX_TOLD_HEADINGS = 10;

/**
 * Where in a row the numbers stand: one column, or the ends of ranges in two. The first row that is not blank has to name
 * them: of a file without headings nobody can say whether its first row is a heading or a number.
 */
export class NumberColumns {
  private constructor(
    /** The number, or the first of a range. */
    readonly first: number,
    /** The last of a range. */
    readonly last?: number,
  ) {}

  /** @throws UnitrailError INPUT_INVALID with the headings that are there. */
  static of(row: TableRow, table: TableSource, wanted: string | undefined): NumberColumns {
    const headings = row.cells.map(headingOf);
    const find = (name: string): number[] =>
      headings.flatMap((heading, at) => (heading === name ? [at] : []));
    const [serial, from, to] = [find(normal(wanted ?? 'serial')), find('from'), find('to')];
    if (serial.length === 1) return new NumberColumns(serial[0]!);
    if (wanted === undefined && serial.length === 0 && from.length === 1 && to.length === 1)
      return new NumberColumns(from[0]!, to[0]!);
    throw refusal('INPUT_INVALID', 'The list', [
      {
        ...table.place(row.row, 0),
        value: undefined,
        allowed:
          wanted === undefined
            ? 'one heading serial, or from and to; --column NAME takes another column'
            : `one column with the heading ${plainText(wanted, 60)}`,
        spot: { source: `the row of headings ${told(headings)}` },
      },
    ]);
  }

  get all(): readonly number[] {
    return this.last === undefined ? [this.first] : [this.first, this.last];
  }
}

function headingOf(cell: TableCell | undefined): string {
  return typeof cell === 'string' ? normal(cell) : '';
}

function normal(heading: string): string {
  return heading.trim().toLowerCase();
}

function told(headings: readonly string[]): string {
  const named = headings.filter((heading) => heading !== '').map((heading) => plainText(heading, 30));
  const more = named.length - MAX_TOLD_HEADINGS;
  const shown = named.slice(0, MAX_TOLD_HEADINGS).join(', ');
  return `(${shown}${more > 0 ? ` and ${more} more` : ''})`;
}
