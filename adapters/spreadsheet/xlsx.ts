import { createWriteStream } from 'node:fs';
import { unlink } from 'node:fs/promises';
import { PassThrough } from 'node:stream';
import { finished } from 'node:stream/promises';
import type { stream as ExcelStream, Worksheet } from 'exceljs';
import type { CellValue, Column, ColumnKind } from '../../domain/columns';
import { MAX_SHEET_ROWS, sheetCell, sheetName } from './sheet-cells';
import { writeChunks } from './write-chunks';
import { drained } from './xlsx-backlog';

type Rows<Row> = AsyncIterable<Row> | Iterable<Row>;
type WorkbookWriter = InstanceType<typeof ExcelStream.xlsx.WorkbookWriter>;

export interface SheetOptions {
  readonly name?: string;
  /** Rows of a sheet, its header included; what is more goes to a further sheet. */
  readonly maxRows?: number;
}

export interface SheetColumn {
  readonly heading: string;
  readonly kind: ColumnKind;
  /** In characters; by the kind and the heading where it is not given. */
  readonly width?: number;
}

/** One list of a workbook: a sheet, and further ones where it is longer than Excel's limit. */
export interface Sheet {
  readonly name: string;
  readonly columns: readonly SheetColumn[];
  readonly maxRows: number;
  /** Read when the sheet's turn comes. */
  rows(): AsyncIterable<CellValue[]>;
}

/** exceljs has no back-pressure of its own: with rarer pauses a million rows take a gigabyte. */
const CELLS_BETWEEN_PAUSES = 2_000;

const formats: Readonly<Record<ColumnKind, string>> = {
  // "@": a text that looks like a number or a formula stays a text, also when somebody edits the cell.
  text: '@',
  number: 'General',
  date: 'yyyy-mm-dd hh:mm:ss',
  boolean: 'General',
};
const widths: Readonly<Record<ColumnKind, number>> = { text: 22, number: 12, date: 20, boolean: 11 };

export function sheetOf<Row>(
  name: string,
  columns: readonly (Column<Row> & SheetColumn)[],
  rows: () => Rows<Row>,
  maxRows = MAX_SHEET_ROWS,
): Sheet {
  return { name, columns, maxRows, rows: () => cellsOf(columns, rows()) };
}

async function* cellsOf<Row>(columns: readonly Column<Row>[], rows: Rows<Row>): AsyncGenerator<CellValue[]> {
  for await (const row of rows) yield columns.map((column) => column.value(row));
}

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
  const sheets = [sheetOf(options.name ?? 'Units', columns, () => rows, options.maxRows)];
  const [count] = await (typeof target === 'string'
    ? writeWorkbookFile(sheets, target)
    : writeWorkbook(sheets, target));
  return count!;
}

async function writeWorkbookFile(sheets: readonly Sheet[], path: string): Promise<number[]> {
  const file = createWriteStream(path, { flags: 'wx' });
  // Opened here, so that a file that exists already is refused before it could be taken away.
  await new Promise<unknown>((resolve, reject) => file.once('open', resolve).once('error', reject));
  try {
    const counts = await writeWorkbook(sheets, file);
    file.end();
    await finished(file);
    return counts;
  } catch (error) {
    file.destroy();
    await unlink(path);
    throw error;
  }
}

/** The lists one after another, each as `writeXlsx` does it. The stream stays open. Returns the rows of each. */
export async function writeWorkbook(
  sheets: readonly Sheet[],
  stream: NodeJS.WritableStream,
): Promise<number[]> {
  const bytes = new PassThrough();
  const written = writeChunks(stream, bytes);
  const produced = produce(sheets, bytes);
  // Whichever side fails first stops the other.
  produced.catch((error: Error) => bytes.destroy(error));
  written.catch((error: Error) => bytes.destroy(error));
  const [counts] = await Promise.all([produced, written]);
  return counts;
}

async function produce(sheets: readonly Sheet[], bytes: PassThrough): Promise<number[]> {
  // Loaded here: it is large, and most commands write no spreadsheet.
  const { default: exceljs } = await import('exceljs');
  const workbook = new exceljs.stream.xlsx.WorkbookWriter({
    stream: bytes,
    useStyles: true,
    useSharedStrings: false,
  });
  const names: string[] = [];
  const counts: number[] = [];
  for (const sheet of sheets) counts.push(await fill(new SheetParts(workbook, sheet, names), sheet, bytes));
  await workbook.commit();
  return counts;
}

async function fill(parts: SheetParts, sheet: Sheet, bytes: PassThrough): Promise<number> {
  const rowsBetweenPauses = Math.max(1, Math.floor(CELLS_BETWEEN_PAUSES / sheet.columns.length));
  let count = 0;
  parts.next();
  for await (const cells of sheet.rows()) {
    if (parts.rows >= sheet.maxRows) parts.next();
    parts.add(cells);
    count++;
    if (count % rowsBetweenPauses === 0) await drained(parts.sheet!, bytes);
  }
  parts.close();
  return count;
}

/** The sheets of one list: one, and a further one whenever it is full. */
class SheetParts {
  sheet: Worksheet | undefined;
  /** Rows of the present sheet, its header included. */
  rows = 0;
  /** One object for all cells of a column: exceljs knows it again, where it would work out each cell's style anew. */
  private readonly styles: readonly { numFmt: string }[];

  constructor(
    private readonly workbook: WorkbookWriter,
    private readonly list: Sheet,
    /** Of all sheets of the workbook so far. */
    private readonly names: string[],
  ) {
    this.styles = list.columns.map(({ kind }) => ({ numFmt: formats[kind] }));
  }

  next(): void {
    this.close();
    const name = sheetName(this.list.name, this.names);
    this.names.push(name);
    this.sheet = this.workbook.addWorksheet(name, { views: [{ state: 'frozen', ySplit: 1 }] });
    this.sheet.columns = this.list.columns.map(({ heading, kind, width }) => ({
      width: width ?? Math.max(widths[kind], heading.length + 4),
      style: { numFmt: formats[kind] },
    }));
    const header = this.sheet.addRow(this.list.columns.map(({ heading }) => sheetCell(heading)));
    header.font = { bold: true };
    header.commit();
    this.rows = 1;
  }

  add(cells: readonly CellValue[]): void {
    const row = this.sheet!.addRow(cells.map((value) => sheetCell(value) ?? undefined));
    row.eachCell((cell, column) => (cell.style = this.styles[column - 1]!));
    row.commit();
    this.rows++;
  }

  close(): void {
    if (!this.sheet) return;
    const last = { row: this.rows, column: this.list.columns.length };
    this.sheet.autoFilter = { from: { row: 1, column: 1 }, to: last };
    this.sheet.commit();
    this.sheet = undefined;
  }
}
