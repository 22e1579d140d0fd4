import { createWriteStream } from 'node:fs';
import { unlink } from 'node:fs/promises';
import { PassThrough } from 'node:stream';
import { finished } from 'node:stream/promises';
import type { stream as ExcelStream, Worksheet } from 'exceljs';
import type { Column, ColumnKind } from '../../domain/columns';
import { MAX_SHEET_ROWS, sheetCell, sheetName } from './sheet-cells';
import { writeChunks } from './write-chunks';

type Rows<Row> = AsyncIterable<Row> | Iterable<Row>;
type WorkbookWriter = InstanceType<typeof ExcelStream.xlsx.WorkbookWriter>;

export interface SheetOptions {
  readonly name?: string;
  /** Rows of a sheet, its header included; what is more goes to a further sheet. */
  readonly maxRows?: number;
}

/** exceljs has no back-pressure of its own: with rarer pauses a million rows take a gigabyte. */
const ROWS_BETWEEN_PAUSES = 100;

const formats: Readonly<Record<ColumnKind, string>> = {
  // "@": a text that looks like a number or a formula stays a text, also when somebody edits the cell.
  text: '@',
  number: 'General',
  date: 'yyyy-mm-dd hh:mm:ss',
  boolean: 'General',
};
const widths: Readonly<Record<ColumnKind, number>> = { text: 22, number: 12, date: 20, boolean: 11 };

/**
 * One sheet of rows with a frozen header and a filter: text as text, instants as UTC dates. A file must not exist
 * before and is taken away again when the writing fails; a stream stays open. Returns the number of rows.
 */
export async function writeXlsx<Row>(
  rows: Rows<Row>,
  columns: readonly Column<Row>[],
  target: string | NodeJS.WritableStream,
  options: SheetOptions = {},
): Promise<number> {
  if (typeof target !== 'string') return writeWorkbook(rows, columns, target, options);
  const file = createWriteStream(target, { flags: 'wx' });
  // Opened here, so that a file that exists already is refused before it could be taken away.
  await new Promise<unknown>((resolve, reject) => file.once('open', resolve).once('error', reject));
  try {
    const count = await writeWorkbook(rows, columns, file, options);
    file.end();
    await finished(file);
    return count;
  } catch (error) {
    file.destroy();
    await unlink(target);
    throw error;
  }
}

async function writeWorkbook<Row>(
  rows: Rows<Row>,
  columns: readonly Column<Row>[],
  stream: NodeJS.WritableStream,
  options: SheetOptions,
): Promise<number> {
  const bytes = new PassThrough();
  const written = writeChunks(stream, bytes);
  const produced = produce(rows, columns, bytes, options);
  // Whichever side fails first stops the other.
  produced.catch((error: Error) => bytes.destroy(error));
  written.catch((error: Error) => bytes.destroy(error));
  const [count] = await Promise.all([produced, written]);
  return count;
}

async function produce<Row>(
  rows: Rows<Row>,
  columns: readonly Column<Row>[],
  bytes: PassThrough,
  options: SheetOptions,
): Promise<number> {
  // Loaded here: it is large, and most commands write no spreadsheet.
  const { default: exceljs } = await import('exceljs');
  const workbook = new exceljs.stream.xlsx.WorkbookWriter({
    stream: bytes,
    useStyles: true,
    useSharedStrings: false,
  });
  const count = await fill(
    new Sheets(workbook, columns, options.name ?? 'Units'),
    rows,
    bytes,
    options.maxRows,
  );
  await workbook.commit();
  return count;
}

async function fill<Row>(
  sheets: Sheets<Row>,
  rows: Rows<Row>,
  bytes: PassThrough,
  maxRows = MAX_SHEET_ROWS,
): Promise<number> {
  let count = 0;
  sheets.next();
  for await (const row of rows) {
    if (sheets.rows >= maxRows) sheets.next();
    sheets.add(row);
    count++;
    if (count % ROWS_BETWEEN_PAUSES === 0) await pause(bytes);
  }
  sheets.close();
  return count;
}

async function pause(bytes: PassThrough): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 0));
  if (bytes.errored) throw bytes.errored;
}

/** The sheets of one workbook: one, and a further one whenever it is full. */
class Sheets<Row> {
  private readonly names: string[] = [];
  private sheet: Worksheet | undefined;
  /** Rows of the present sheet, its header included. */
  rows = 0;

  constructor(
    private readonly workbook: WorkbookWriter,
    private readonly columns: readonly Column<Row>[],
    private readonly name: string,
  ) {}

  next(): void {
    this.close();
    const name = sheetName(this.name, this.names);
    this.names.push(name);
    this.sheet = this.workbook.addWorksheet(name, { views: [{ state: 'frozen', ySplit: 1 }] });
    this.sheet.columns = this.columns.map(({ heading, kind }) => ({
      width: Math.max(widths[kind], heading.length + 4),
      style: { numFmt: formats[kind] },
    }));
    const header = this.sheet.addRow(this.columns.map(({ heading }) => sheetCell(heading)));
    header.font = { bold: true };
    header.commit();
    this.rows = 1;
  }

  add(row: Row): void {
    const added = this.sheet!.addRow(this.columns.map((column) => sheetCell(column.value(row))));
    added.commit();
    this.rows++;
  }

  close(): void {
    if (!this.sheet) return;
    const last = { row: this.rows, column: this.columns.length };
    this.sheet.autoFilter = { from: { row: 1, column: 1 }, to: last };
    this.sheet.commit();
    this.sheet = undefined;
  }
}
