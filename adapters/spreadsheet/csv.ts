import { stringify } from 'csv-stringify/sync';
import { timeText, type CellValue, type Column } from '../../domain/columns';
import type { CsvStyle } from '../../domain/export-settings';
import { byteOrderMark, encoderFor } from './text-encodings';
import { writeChunks } from './write-chunks';

const ROWS_A_CHUNK = 100;

/** What begins a formula, also in its full-width forms, also behind what a spreadsheet strips from a text. */
// eslint-disable-next-line no-control-regex
const FORMULA = /^(?=["\s\u0000-\u001f]*[=+\-@\uFF1D\uFF0B\uFF0D\uFF20])/;
/** Where a spreadsheet splits at another separator than ours, quotes do not hold a cell together. */
const FORMULA_BEHIND_SPLIT = /([;,\t\r\n])(?=["'\s\u0000-\u001f]*[=+\-@\uFF1D\uFF0B\uFF0D\uFF20])/g; // eslint-disable-line no-control-regex
/** Either of the two: one look at a text is far cheaper than two replacements that find nothing. */
const SUSPECT = new RegExp(`${FORMULA.source}|${FORMULA_BEHIND_SPLIT.source}`);

/** The columns' names as header, a comma, UTF-8 without a mark: for programs. */
export const plainCsv: CsvStyle = { separator: ',', encoding: 'utf-8' };

/**
 * RFC 4180 but for the separator, the columns' names as header. Times are RFC 3339 UTC, booleans true and false,
 * nothing is empty. Text that a spreadsheet would take for a formula gets an apostrophe before it, as OWASP advises;
 * numbers stay numbers. A character that the encoding lacks is written by its number. The stream stays open. Returns
 * the number of rows.
 */
export async function writeCsv<Row>(
  rows: AsyncIterable<Row> | Iterable<Row>,
  columns: readonly Column<Row>[],
  stream: NodeJS.WritableStream,
  style: CsvStyle = plainCsv,
): Promise<number> {
  let count = 0;
  await writeChunks(
    stream,
    csvChunks(rows, columns, style, () => count++),
  );
  return count;
}

async function* csvChunks<Row>(
  rows: AsyncIterable<Row> | Iterable<Row>,
  columns: readonly Column<Row>[],
  { separator, encoding }: CsvStyle,
  counted: () => void,
): AsyncGenerator<Uint8Array> {
  const encode = encoderFor(encoding);
  const bytes = (records: CellValue[][]): Uint8Array => encode(toCsv(records, separator));
  yield byteOrderMark(encoding);
  let records: CellValue[][] = [columns.map(({ name }) => harmless(name))];
  for await (const row of rows) {
    counted();
    records.push(columns.map((column) => column.told?.(row) ?? csvValue(column.value(row))));
    if (records.length < ROWS_A_CHUNK) continue;
    yield bytes(records);
    records = [];
  }
  if (records.length > 0) yield bytes(records);
}

function toCsv(records: CellValue[][], delimiter: string): string {
  return stringify(records, {
    delimiter,
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
  return SUSPECT.test(text) ? text.replace(FORMULA_BEHIND_SPLIT, "$1'").replace(FORMULA, "'") : text;
}
