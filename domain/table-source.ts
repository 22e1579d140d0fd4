import type { Problem } from './refusal';

/** A table that somebody sent us, read piece by piece. A file format is an adapter that gives one. */
export interface TableSource {
  /** In the order of the file; a piece is as large as is read at once. */
  pieces(): AsyncIterable<readonly TableItem[]>;
  /** Where a cell stands, as the path and the spot of a problem: `Sheet1!B17`, or the column's name and the line. */
  place(row: number, column: number): CellPlace;
}

export type CellPlace = Pick<Problem, 'path' | 'spot'>;
export type TableItem = TableRow | MergedCells;

export interface TableRow {
  readonly kind: 'row';
  /** As a spreadsheet counts them, or the line of a text file; from 1. */
  readonly row: number;
  /** By column, from 0; with holes where a cell is empty. */
  readonly cells: readonly (TableCell | undefined)[];
}

/** Cells that are shown as one: what stands in the others is not to be seen, and what the one means for them is a guess. */
export interface MergedCells {
  readonly kind: 'merged';
  /** `B2:B7` */
  readonly area: string;
  readonly row: number;
  readonly firstColumn: number;
  readonly lastColumn: number;
}

/** Text, or something that has lost the text that was typed. */
export type TableCell = string | OddCell;

export interface OddCell {
  /** `number 1.23E+15`, `formula =A1+1` */
  readonly told: string;
}

export function isBlank(cell: TableCell | undefined): boolean {
  return cell === undefined || cell === '';
}

/** A, B … Z, AA … */
export function columnLetters(column: number): string {
  const before = Math.floor(column / 26) - 1;
  return (before < 0 ? '' : columnLetters(before)) + String.fromCharCode(65 + (column % 26));
}
