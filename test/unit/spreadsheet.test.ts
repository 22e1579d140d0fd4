import { execFile } from 'node:child_process';
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Writable } from 'node:stream';
import { promisify } from 'node:util';

import exceljs, { type Workbook, type Worksheet } from 'exceljs';
import fc from 'fast-check';

import { writeCsv } from '../../adapters/spreadsheet/csv';
import { sheetName, sheetText } from '../../adapters/spreadsheet/sheet-cells';
import { writeXlsx } from '../../adapters/spreadsheet/xlsx';
import type { CellValue, Column, ColumnKind } from '../../domain/columns';
import { unitColumns } from '../../domain/unit-columns';
import { homeIn, itWithTool } from '../support/it-with-tool';
import { sampleRow } from '../support/unit-facts';

const run = promisify(execFile);

interface Row {
  readonly text: CellValue;
  readonly number: CellValue;
  readonly date: CellValue;
  readonly flag: CellValue;
}

const columns: readonly Column<Row>[] = [
  { name: 'text', heading: 'Some text', kind: 'text', value: ({ text }) => text },
  { name: 'number', heading: 'A number', kind: 'number', value: ({ number }) => number },
  { name: 'date', heading: 'A date', kind: 'date', value: ({ date }) => date },
  { name: 'flag', heading: 'A flag', kind: 'boolean', value: ({ flag }) => flag },
];
const row: Row = { text: '00012', number: -5.5, date: new Date('2026-11-23T08:20:00.125Z'), flag: true };
const textColumn = columns.slice(0, 1);
const texts = (...list: CellValue[]): Row[] => list.map((text) => ({ ...row, text }));

const dangerous = [
  '=1+1',
  '+1',
  '-1',
  '@SUM(A1)',
  '\t=1',
  '\r=1',
  ' =1',
  '\uFF1D1',
  '=HYPERLINK("http://x")',
  'x;=1+1',
  'x\n=1+1',
  'x; "=1',
];

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'unitrail-sheet-'));
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

async function* each<T>(list: readonly T[]): AsyncGenerator<T> {
  yield* list;
}

function collect(): { stream: PassThrough; text: () => string } {
  const stream = new PassThrough();
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  return { stream, text: () => Buffer.concat(chunks).toString('utf8') };
}

async function csvOf(rows: readonly Row[], shown: readonly Column<Row>[] = columns): Promise<string> {
  const { stream, text } = collect();
  await writeCsv(each(rows), shown, stream);
  return text();
}

async function workbookOf(rows: readonly Row[], options = {}): Promise<Workbook> {
  const file = join(folder, 'units.xlsx');
  await writeXlsx(each(rows), columns, file, options);
  const workbook = new exceljs.Workbook();
  await workbook.xlsx.readFile(file);
  return workbook;
}

async function sheetOf(rows: readonly Row[]): Promise<Worksheet> {
  return (await workbookOf(rows)).worksheets[0]!;
}

function full(): Writable {
  return new Writable({
    write: (_chunk, _encoding, done) => done(Object.assign(new Error('no space'), { code: 'ENOSPC' })),
  });
}

async function* failing(): AsyncGenerator<Row> {
  for (let count = 0; count < 250; count++) yield row;
  throw new Error('the database went away');
}

describe('CSV', () => {
  it('has a header of names, text as it is, typed numbers, UTC times and true or false', async () => {
    expect(await csvOf([row])).toBe('text,number,date,flag\r\n00012,-5.5,2026-11-23T08:20:00.125Z,true\r\n');
  });

  it('leaves empty what is not there or has no value', async () => {
    const nothing: Row = { text: null, number: Number.NaN, date: new Date(Number.NaN), flag: null };
    expect(await csvOf([nothing, { ...nothing, number: Infinity }])).toBe(
      'text,number,date,flag\r\n,,,\r\n,,,\r\n',
    );
  });

  it('is a header alone where there are no rows, and counts the rows otherwise', async () => {
    const { stream, text } = collect();
    expect(await writeCsv([], textColumn, stream)).toBe(0);
    expect(text()).toBe('text\r\n');
    expect(await writeCsv(each(Array<Row>(1_234).fill(row)), textColumn, stream)).toBe(1_234);
  });

  it.each(dangerous)('puts an apostrophe before what a spreadsheet would calculate: %j', async (text) => {
    const csv = await csvOf(texts(text), textColumn);
    expect(csv).toContain("'");
    expect(csv).not.toMatch(/(^|[;,\t\r\n])["\s]*[=+@\uFF1D-]/);
  });

  it('lets no cell begin like a formula, wherever a spreadsheet may split it', async () => {
    const nasty = fc.string({
      unit: fc.constantFrom('=', '+', '-', '@', ';', '\t', '\n', '\r', ' ', '"', "'", 'a'),
    });
    await fc.assert(
      fc.asyncProperty(nasty, async (text) => {
        const [, ...lines] = (await csvOf(texts(text), textColumn)).split('\r\n');
        expect(lines.join('\r\n')).not.toMatch(/(^|[;\t\r\n])["\s]*[=+@-]/);
      }),
    );
  });

  it('quotes what holds a separator, a quote or a line end', async () => {
    expect(await csvOf(texts('a,b', 'a"b', 'a\nb'), textColumn)).toBe(
      'text\r\n"a,b"\r\n"a""b"\r\n"a\nb"\r\n',
    );
  });

  it('rejects when the reader is gone or the disk is full', async () => {
    await expect(writeCsv(each(Array<Row>(2_000).fill(row)), columns, full())).rejects.toMatchObject({
      code: 'ENOSPC',
    });
  });

  it('rejects when the rows break off', async () => {
    await expect(writeCsv(failing(), columns, collect().stream)).rejects.toThrow('the database went away');
  });
});

describe('a spreadsheet', () => {
  it('reads back text as text, numbers as numbers, times as UTC dates and flags as flags', async () => {
    const sheet = await sheetOf([row]);
    expect(sheet.getRow(1).values).toEqual([undefined, 'Some text', 'A number', 'A date', 'A flag']);
    expect(sheet.getRow(2).values).toEqual([undefined, '00012', -5.5, row.date, true]);
    expect(sheet.getCell('A2').numFmt).toBe('@');
    expect(sheet.getCell('C2').numFmt).toBe('yyyy-mm-dd hh:mm:ss');
  });

  it('has a bold frozen header, a filter over all rows, and columns wide enough for their headings', async () => {
    const sheet = await sheetOf([row, row]);
    expect(sheet.views[0]).toMatchObject({ state: 'frozen', ySplit: 1 });
    expect(sheet.autoFilter).toBe('A1:D3');
    expect(sheet.getCell('A1').font.bold).toBe(true);
    for (const [at, { heading }] of columns.entries()) {
      expect(sheet.getColumn(at + 1).width).toBeGreaterThan(heading.length);
    }
  });

  it.each(dangerous)('keeps %j as text, and calculates nothing', async (text) => {
    const cell = (await sheetOf(texts(text))).getCell('A2');
    expect([exceljs.ValueType.String, exceljs.ValueType.RichText]).toContain(cell.type);
    expect(cell.formula).toBeUndefined();
    expect(cell.text).toBe(text.replace('\r', '␍'));
  });

  it('leaves empty a number or a date that is none, and writes a date beyond Excel as text', async () => {
    const sheet = await sheetOf([
      { text: null, number: Number.NaN, date: new Date(Number.NaN), flag: null },
      { ...row, number: -Infinity, date: new Date('0999-01-01T00:00:00Z') },
      { ...row, number: 1e15, date: new Date('9999-12-31T23:59:59Z') },
    ]);
    expect([...'ABCD'].map((column) => sheet.getCell(`${column}2`).value)).toEqual([null, null, null, null]);
    expect([sheet.getCell('B3').value, sheet.getCell('C3').value]).toEqual([
      null,
      '0999-01-01T00:00:00.000Z',
    ]);
    expect([sheet.getCell('B4').value, sheet.getCell('C4').value]).toEqual([
      '1000000000000000',
      new Date('9999-12-31T23:59:59Z'),
    ]);
  });

  it('shows GS1 separators as pictures, and replaces what XML can not hold', async () => {
    const sheet = await sheetOf(texts('01095\u001d911', 'a\ufffeb\uffffc\ud800d', 'ok 🙂 é\nß'));
    expect(sheet.getCell('A2').value).toBe('01095␝911');
    expect(sheet.getCell('A3').value).toBe('a\ufffdb\ufffdc\ufffdd');
    expect(sheet.getCell('A4').value).toBe('ok 🙂 é\nß');
  });

  it('can be read whatever the texts are', async () => {
    const anyTexts = fc.array(fc.string({ unit: 'binary', maxLength: 20 }), { minLength: 1, maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(anyTexts, async (list) => {
        await rm(join(folder, 'units.xlsx'), { force: true });
        const sheet = await sheetOf(texts(...list));
        const read = list.map((_, at) => sheet.getCell(`A${at + 2}`).text);
        expect(read).toEqual(list.map((text) => sheetText(text)));
      }),
      { numRuns: 20 },
    );
  });

  it('escapes what Excel would read as an escape, and cuts with a word what no cell can hold', () => {
    expect(sheetText('LOT_x0041_')).toBe('LOT_x005F_x0041_');
    const long = sheetText('x'.repeat(40_000));
    expect(long).toHaveLength(32_767);
    expect(long).toContain('(cut: 40000 characters)');
  });

  it('goes on in a further sheet when one is full', async () => {
    const workbook = await workbookOf(texts('1', '2', '3', '4', '5'), { name: 'Units', maxRows: 3 });
    expect(workbook.worksheets.map(({ name, rowCount }) => [name, rowCount])).toEqual([
      ['Units', 3],
      ['Units 2', 3],
      ['Units 3', 2],
    ]);
    expect(workbook.worksheets[2]!.getCell('A2').value).toBe('5');
  });

  it.each([
    ['Units', [], 'Units'],
    ['a/b\\c?d*e[f]g:h', [], 'a b c d e f g h'],
    ["'quoted'", [], 'quoted'],
    ['', [], 'Sheet'],
    ['History', [], 'Sheet History'],
    ['units', ['Units'], 'units 2'],
    ['x'.repeat(40), ['x'.repeat(31)], `${'x'.repeat(29)} 2`],
  ])('calls the sheet %j a name that Excel takes', (wanted, taken, name) => {
    expect(sheetName(wanted, taken)).toBe(name);
  });

  it('has a header alone where there are no rows', async () => {
    const sheet = await sheetOf([]);
    expect([sheet.rowCount, sheet.autoFilter]).toEqual([1, 'A1:D1']);
  });

  it('is written to a stream, which stays open', async () => {
    const { stream } = collect();
    expect(await writeXlsx(each([row]), columns, stream)).toBe(1);
    expect(stream.writable).toBe(true);
  });

  it('never replaces a file', async () => {
    const file = join(folder, 'kept.xlsx');
    await writeFile(file, 'mine');
    await expect(writeXlsx(each([row]), columns, file)).rejects.toMatchObject({ code: 'EEXIST' });
    expect(await readFile(file, 'utf8')).toBe('mine');
  });

  it('leaves no file behind when the rows break off', async () => {
    await expect(writeXlsx(failing(), columns, join(folder, 'half.xlsx'))).rejects.toThrow(
      'the database went away',
    );
    expect(await readdir(folder)).toEqual([]);
  });

  it('rejects when the disk is full', async () => {
    await expect(writeXlsx(each(Array<Row>(5_000).fill(row)), columns, full())).rejects.toMatchObject({
      code: 'ENOSPC',
    });
  });
});

describe('a list of units', () => {
  it('is complete in both forms', async () => {
    const file = join(folder, 'units.xlsx');
    await writeXlsx([sampleRow], unitColumns, file);
    const workbook = new exceljs.Workbook();
    await workbook.xlsx.readFile(file);
    const cells = unitColumns.map(
      (column, at) =>
        [column.kind, workbook.worksheets[0]!.getCell(2, at + 1).value] as [ColumnKind, unknown],
    );
    expect(cells.map(([, value]) => value)).toEqual(unitColumns.map((column) => column.value(sampleRow)));
    const { stream, text } = collect();
    await writeCsv([sampleRow], unitColumns, stream);
    expect(text().split('\r\n')[1]).toContain('"70:B3:D5:00:00:04, 70:B3:D5:00:00:05"');
  });

  itWithTool({ program: 'soffice', probe: ['--version'] }, 'reads the same in LibreOffice', async () => {
    await writeXlsx(each([{ ...row, text: '=1+1' }]), columns, join(folder, 'units.xlsx'));
    const profile = `-env:UserInstallation=file://${join(folder, 'profile')}`;
    await run(
      'soffice',
      [profile, '--headless', '--convert-to', 'csv', '--outdir', folder, join(folder, 'units.xlsx')],
      { timeout: 240_000, env: homeIn(folder) },
    );
    expect(await readFile(join(folder, 'units.csv'), 'utf8')).toContain('=1+1,-5.5,2026-11-23 08:20:00,TRUE');
  });
});
