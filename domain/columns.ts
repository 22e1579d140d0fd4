/** What one cell holds. A date is an instant; a table shows it in UTC. */
export type CellValue = string | number | boolean | Date | null;

export type ColumnKind = 'text' | 'number' | 'date' | 'boolean';

/** One column of a list, whatever it is shown as: a table, CSV, a spreadsheet, JSON. */
export interface Column<Row> {
  /** For programs: a key of JSON, the header of CSV. */
  readonly name: string;
  /** For people: the header of a table or a sheet. */
  readonly heading: string;
  /** Identifiers are text, also where they look like numbers: a leading zero is a part of them. */
  readonly kind: ColumnKind;
  value(row: Row): CellValue;
  /**
   * A time as `timeText` would write it, where the row has it as such a text: it need not be read and written again.
   * Undefined where it has not.
   */
  told?(row: Row): string | undefined;
  /** JSON only, where a list says more than one line of text. */
  structured?(row: Row): unknown;
}

/** The row as JSON has it: instants in RFC 3339 UTC, null for what is not there. */
export function jsonRow<Row>(columns: readonly Column<Row>[], row: Row): Record<string, unknown> {
  return Object.fromEntries(columns.map((column) => [column.name, jsonValue(column, row)]));
}

function jsonValue<Row>(column: Column<Row>, row: Row): unknown {
  if (column.structured) return column.structured(row);
  const value = column.value(row);
  return value instanceof Date ? timeText(value) : value;
}

const TIME_TEXT =
  /^20[0-9]{2}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\.[0-9]{3}Z$/;

/** Whether `timeText` would write the same text again. Said of days that every month has: whoever gets no may still read it. */
export function isTimeText(text: string): boolean {
  return TIME_TEXT.test(text);
}

/** RFC 3339 UTC with milliseconds; null for a date that is none. */
export function timeText(date: Date): string | null {
  return Number.isNaN(date.getTime()) ? null : date.toISOString();
}
