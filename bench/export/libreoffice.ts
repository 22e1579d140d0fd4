import { execFile } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parse } from 'csv-parse';
import { sheetText } from '../../adapters/spreadsheet/sheet-cells';
import type { CellValue, Column } from '../../domain/columns';
import { chosenColumns } from '../../domain/export-columns';
import {
  componentColumns,
  componentRows,
  shippedUnits,
  testColumns,
  testRows,
} from '../../domain/export-rows';
import type { ExportSource } from '../../domain/export-source';

const run = promisify(execFile);
/** Commas, quotes, UTF-8, from the first line on; text cells are quoted, numbers are not shortened, all sheets. */
const ALL_SHEETS = 'csv:Text - txt - csv (StarCalc):44,34,76,1,,0,true,false,false,false,false,-1';

export interface Compared {
  readonly cells: number;
  /** The first cells that are not what the database has. */
  readonly wrong: readonly string[];
}

/** Has LibreOffice open a workbook and say all of its cells, and compares them with the database's. */
export async function compareByLibreOffice(
  workbook: string,
  source: ExportSource,
  folder: string,
  signal: AbortSignal,
): Promise<Compared> {
  const sheets = join(folder, 'sheets');
  await mkdir(sheets);
  const profile = `-env:UserInstallation=file://${join(folder, 'profile')}`;
  const env = { ...process.env, HOME: folder };
  await run('soffice', [profile, '--headless', '--convert-to', ALL_SHEETS, '--outdir', sheets, workbook], {
    signal,
    env,
  });
  const compared = new Comparison(sheets);
  await compared.sheet('Units', chosenColumns(null), shippedUnits(source.records()));
  await compared.sheet('Tests', testColumns, testRows(source.records()));
  await compared.sheet('Components', componentColumns, componentRows(source.records()));
  return compared;
}

class Comparison implements Compared {
  cells = 0;
  readonly wrong: string[] = [];

  constructor(private readonly folder: string) {}

  async sheet<Row>(name: string, columns: readonly Column<Row>[], rows: AsyncIterable<Row>): Promise<void> {
    const read = this.rowsOf(name)[Symbol.asyncIterator]();
    let line = 0;
    for await (const row of rows) {
      const next = await read.next();
      line += 1;
      if (next.done) return this.note(`${name}, row ${line}: there is none`);
      columns.forEach((column, at) =>
        this.cell(`${name}, row ${line}, ${column.name}`, next.value[at] ?? '', column.value(row)),
      );
    }
    if (!(await read.next()).done) this.note(`${name}: there is a row behind ${line}`);
  }

  /** Of all sheets that one was split into, in their order, without their headings. */
  private async *rowsOf(name: string): AsyncGenerator<string[]> {
    const order = (file: string): number => Number(/(\d+)\)?\.csv$/.exec(file)?.[1] ?? 1);
    const files = (await readdir(this.folder)).filter((file) =>
      new RegExp(`-${name}\\b[^-]*\\.csv$`).test(file),
    );
    for (const file of files.sort((one, other) => order(one) - order(other))) {
      const lines = createReadStream(join(this.folder, file)).pipe(
        parse({ from: 2, relax_column_count: true, quote: '"' }),
      );
      yield* lines as AsyncIterable<string[]>;
    }
  }

  private cell(where: string, found: string, value: CellValue): void {
    this.cells += 1;
    if (!isShown(found, value)) this.note(`${where}: ${found}, and not ${String(value)}`);
  }

  private note(text: string): void {
    if (this.wrong.length < 10) this.wrong.push(text);
  }
}

function isShown(found: string, value: CellValue): boolean {
  if (value === null) return found === '';
  if (typeof value === 'string') return found === sheetText(value);
  if (typeof value === 'boolean') return found === String(value).toUpperCase();
  if (typeof value === 'number') return Number(found) === value;
  // As it is shown: to the second.
  return Math.abs(Date.parse(`${found.replace(' ', 'T')}Z`) - value.getTime()) < 1_000;
}
