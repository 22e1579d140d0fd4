import { stringify } from 'csv-stringify/sync';
import { timeText, type CellValue, type Column } from '../../domain/columns';
import { writeChunks } from './write-chunks';

const ROWS_A_CHUNK = 500;

/** What begins a formula, also in its full-width forms. */
const FORMULA = /^(?=["\s]*[=+\-@\uFF1D\uFF0B\uFF0D\uFF20])/;
/** In half of Europe a spreadsheet splits at ";" instead, and then quotes do not hold a cell together. */
const FORMULA_BEHIND_SPLIT = /([;\t\r\n])(?=["'\s]*[=+\-@\uFF1D\uFF0B\uFF0D\uFF20])/g;

/**
 * RFC 4180, UTF-8, the columns' names as header. Times are RFC 3339 UTC, booleans true and false, nothing is empty.
 * Text that a spreadsheet would take for a formula gets an apostrophe before it, as OWASP advises; numbers stay
 * numbers. The stream stays open. Returns the number of rows.
 */
export async function writeCsv<Row>(
  rows: AsyncIterable<Row> | Iterable<Row>,
  columns: readonly Column<Row>[],
  stream: NodeJS.WritableStream,
): Promise<number> {
  let count = 0;
  await writeChunks(
    stream,
    csvChunks(rows, columns, () => count++),
  );
  return count;
}

async function* csvChunks<Row>(
  rows: AsyncIterable<Row> | Iterable<Row>,
  columns: readonly Column<Row>[],
  counted: () => void,
): AsyncGenerator<string> {
  let records: CellValue[][] = [columns.map(({ name }) => name)];
  for await (const row of rows) {
    counted();
    records.push(columns.map((column) => csvValue(column.value(row))));
    if (records.length < ROWS_A_CHUNK) continue;
    yield toCsv(records);
    records = [];
  }
  if (records.length > 0) yield toCsv(records);
}

function toCsv(records: CellValue[][]): string {
  return stringify(records, {
    record_delimiter: '\r\n',
    // With a delimiter of one's own the default is false: a lone line feed in a text would then begin a new record.
    quote_record_delimiter: true,
    escape_formulas: true,
    cast: { boolean: String },
  });
}

function csvValue(value: CellValue): CellValue {
  if (value instanceof Date) return timeText(value);
  if (typeof value === 'number') return Number.isFinite(value) ? value : null;
  return typeof value === 'string' ? harmless(value) : value;
}

function harmless(text: string): string {
  return text.replace(FORMULA_BEHIND_SPLIT, "$1'").replace(FORMULA, "'");
}
