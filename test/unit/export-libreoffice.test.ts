import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createWriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { writeExportWorkbook } from '../../adapters/spreadsheet/export-workbook';
import { sheetText } from '../../adapters/spreadsheet/sheet-cells';
import type { CellValue, Column } from '../../domain/columns';
import { chosenColumns } from '../../domain/export-columns';
import {
  amendmentColumns,
  componentColumns,
  componentRows,
  numberColumns,
  readShipped,
  testColumns,
  testRows,
} from '../../domain/export-rows';
import {
  aboutOf,
  sampleAmendment,
  sampleNumber,
  sampleRecord,
  sealed,
  sourceOf,
} from '../support/export-source';
import { readFlatOds, type OfficeCell } from '../support/flat-ods';
import { homeIn, itWithTool } from '../support/it-with-tool';

const run = promisify(execFile);

/** What spreadsheets like to take for something else, and what they have no place for. */
const nasty = [
  '00012',
  '0',
  '12345678901234567890',
  '1e5',
  '2026-11-23',
  '11/12',
  'TRUE',
  '=1+1',
  '=cmd|"/c calc"!A1',
  '+1',
  '-5.5',
  '@SUM(A1)',
  "'quoted",
  ' two  blanks ',
  'a\tb',
  'two\nlines',
  '01095\u001d911',
  '🙂 é ß',
  'a\ufffeb',
  '_x0041_',
  '<&>"',
];

const records = nasty.map((text, at) =>
  sealed({
    serial: `00${at}-${text}`,
    batch: text,
    attributes: { note: text },
    components: [{ position: text, lots: [text, '0007'] }],
    qc: {
      at: new Date(Date.UTC(1999, 11, 31, 23, 59, 59, 10 * at)).toISOString(),
      by: text,
      statementSha256: null,
    },
    test: {
      ...sampleRecord.test!,
      results: [
        {
          name: text,
          value: at === 0 ? null : 0.1 + at / 3,
          unit: '°C',
          low: -1e-7,
          high: 1e15,
          verdict: 'PASS',
        },
      ],
    },
  }),
);
const amendments = nasty.map((note, seq) => ({ ...sampleAmendment, seq, body: JSON.stringify({ note }) }));
const numbers = nasty.map((value) => ({ ...sampleNumber, value, at: null, reason: value }));
const source = sourceOf(records, amendments, numbers);
const columns = chosenColumns(null);

itWithTool(
  { program: 'soffice', probe: ['--version'] },
  'LibreOffice finds every cell of an export with its type and value, and no formula',
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'unitrail-office-'));
    try {
      const found = readFlatOds(await convert(folder));
      expect(found.get('Units')).toEqual(expected(columns, records.map(readShipped)));
      expect(found.get('Tests')).toEqual(expected(testColumns, await all(testRows(source.records()))));
      expect(found.get('Components')).toEqual(
        expected(componentColumns, await all(componentRows(source.records()))),
      );
      expect(found.get('Amendments')).toEqual(expected(amendmentColumns, amendments));
      expect(found.get('Numbers')).toEqual(expected(numberColumns, numbers));
      expect(found.get('About')!.length).toBeGreaterThan(columns.length);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
);

async function convert(folder: string): Promise<string> {
  const file = createWriteStream(join(folder, 'export.xlsx'));
  const about = aboutOf(records.length, amendments.length, numbers.length);
  await writeExportWorkbook(source, columns, about, file);
  file.end();
  await finished(file);
  const profile = `-env:UserInstallation=file://${join(folder, 'profile')}`;
  await run(
    'soffice',
    [profile, '--headless', '--convert-to', 'fods', '--outdir', folder, join(folder, 'export.xlsx')],
    {
      timeout: 240_000,
      env: homeIn(folder),
    },
  );
  return readFile(join(folder, 'export.fods'), 'utf8');
}

/** As a cell shows what is on record: pictures for control characters, text for numbers that a cell would round. */
function expected<Row>(shown: readonly Column<Row>[], rows: readonly Row[]): OfficeCell[][] {
  const headings = (shown as readonly (Column<Row> & { heading: string })[]).map(({ heading }) => heading);
  return [headings, ...rows.map((row) => withoutEmptyEnd(shown.map((column) => asRead(column.value(row)))))];
}

function asRead(value: CellValue): OfficeCell {
  // The escape of an escape is one of the file, not of the text.
  if (typeof value === 'string') return sheetText(value).replaceAll('_x005F_', '_');
  // LibreOffice tells a time to the hundredth of a second; that the cell has the millisecond, exceljs has shown.
  if (value instanceof Date) return new Date(Math.round(value.getTime() / 10) * 10);
  if (typeof value !== 'number') return value;
  // It writes fifteen digits of a number, however many it keeps.
  return Math.abs(value) >= 1e15 ? String(value) : Number(value.toPrecision(15));
}

function withoutEmptyEnd(cells: OfficeCell[]): OfficeCell[] {
  while (cells.at(-1) === null) cells.pop();
  return cells;
}

async function all<T>(rows: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const row of rows) list.push(row);
  return list;
}
