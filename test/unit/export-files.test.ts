import { createHash } from 'node:crypto';
import { mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import exceljs, { type Workbook, type Worksheet } from 'exceljs';
import { writeExportFiles, type ExportFile } from '../../adapters/spreadsheet/export-files';
import { writeExportWorkbook } from '../../adapters/spreadsheet/export-workbook';
import { sheetCell } from '../../adapters/spreadsheet/sheet-cells';
import { parseCanonical } from '../../domain/canonical';
import { chosenColumns } from '../../domain/export-columns';
import { unitFields } from '../../domain/export-fields';
import { readShipped } from '../../domain/export-rows';
import type { ExportLook } from '../../domain/export-settings';
import type { ExportSource } from '../../domain/export-source';
import {
  aboutOf,
  plainLook,
  sampleAmendment,
  sampleNumber,
  sealed,
  sourceOf,
} from '../support/export-source';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'unitrail-export-'));
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

const records = ['00001', '00002', '00003', '00004', '00005'].map((serial) => sealed({ serial }));
const source = sourceOf(records, [sampleAmendment], [sampleNumber]);
const about = aboutOf(5, 1, 1);

const textOf = (name: string): Promise<string> => readFile(join(folder, name), 'utf8');

async function write(look: Partial<ExportLook> = {}, from: ExportSource = source): Promise<ExportFile[]> {
  return writeExportFiles(from, { ...plainLook, ...look }, about, folder);
}

async function readWorkbook(name: string): Promise<Workbook> {
  const workbook = new exceljs.Workbook();
  await workbook.xlsx.readFile(join(folder, name));
  return workbook;
}

function rowsOf(sheet: Worksheet): unknown[][] {
  const rows: unknown[][] = [];
  sheet.eachRow((row) => rows.push((row.values as unknown[]).slice(1)));
  return rows;
}

describe('the files of an export', () => {
  it('are the same set each time, and each is told with its true size, digest and number of rows', async () => {
    const files = await write();
    expect(files.map(({ name, rows }) => [name, rows])).toEqual([
      ['acme-EX-0007.xlsx', 5],
      ['acme-EX-0007.csv', 5],
      ['acme-EX-0007.amendments.csv', 1],
      ['acme-EX-0007.numbers.csv', 1],
      ['acme-EX-0007.records.jsonl', 5],
      ['acme-EX-0007.amendments.jsonl', 1],
      ['acme-EX-0007.numbers.jsonl', 1],
    ]);
    expect((await readdir(folder)).sort()).toEqual(files.map(({ name }) => name).sort());
    for (const { name, sizeBytes, sha256 } of files) {
      const bytes = await readFile(join(folder, name));
      expect([sizeBytes, sha256]).toEqual([bytes.length, createHash('sha256').update(bytes).digest('hex')]);
    }
  });

  it('are those of the formats that the buyer wants, once each', async () => {
    const files = await write({ formats: ['records', 'records'] });
    expect(files.map(({ name }) => name.replace('acme-EX-0007', ''))).toEqual([
      '.records.jsonl',
      '.amendments.jsonl',
      '.numbers.jsonl',
    ]);
  });

  it('hold the sealed bytes, one record on a line, and amendments and numbers in canonical JSON', async () => {
    await write({ formats: ['records'] });
    const lines = (await textOf('acme-EX-0007.records.jsonl')).split('\n');
    expect(lines).toEqual([...records.map(({ body }) => body), '']);
    const [amendment] = (await textOf('acme-EX-0007.amendments.jsonl')).split('\n');
    expect(parseCanonical(amendment!)).toEqual({
      ...sampleAmendment,
      format: 'unitrail.amendment/1',
      at: '2026-11-25T10:00:00.500Z',
      body: JSON.parse(sampleAmendment.body),
    });
    expect(amendment).toContain(`"body":${sampleAmendment.body}`);
    const [number] = (await textOf('acme-EX-0007.numbers.jsonl')).split('\n');
    expect(parseCanonical(number!)).toEqual({
      ...sampleNumber,
      format: 'unitrail.number/1',
      at: '2026-11-24T07:00:00.000Z',
    });
  });

  it('have the columns of the buyer, and the test vector behind them where it is wanted', async () => {
    const columns = [{ field: 'serial', name: 'SN' }, { field: 'carton' }];
    await write({ formats: ['csv', 'xlsx'], columns, testColumns: true });
    expect((await textOf('acme-EX-0007.csv')).split('\r\n').slice(0, 2)).toEqual([
      'SN,carton,vcc_3v3',
      '00001,106141411234567897,3.291',
    ]);
    const [units] = (await readWorkbook('acme-EX-0007.xlsx')).worksheets;
    expect(rowsOf(units!).slice(0, 2)).toEqual([
      ['SN', 'Carton', 'vcc_3v3'],
      ['00001', '106141411234567897', 3.291],
    ]);
  });

  it('are not made with a column that nobody knows, and nothing is left', async () => {
    await expect(write({ columns: [{ field: 'colour' }] })).rejects.toMatchObject({ code: 'INPUT_INVALID' });
    expect(await readdir(folder)).toEqual([]);
  });

  it('are all taken away when one of them fails', async () => {
    const broken: ExportSource = {
      ...source,
      numbers: async function* () {
        yield sampleNumber;
        throw new Error('the database went away');
      },
    };
    await expect(write({ formats: ['records', 'xlsx'] }, broken)).rejects.toThrow('the database went away');
    expect(await readdir(folder)).toEqual([]);
  });

  it('are not made where the source holds other than the membership says', async () => {
    const fewer = sourceOf(records.slice(1), [sampleAmendment], [sampleNumber]);
    for (const formats of [['xlsx'], ['csv'], ['records']] as const) {
      await expect(write({ formats }, fewer)).rejects.toMatchObject({
        code: 'INTERNAL',
        detail: { kind: 'units', written: 4, expected: 5 },
      });
    }
    expect(await readdir(folder)).toEqual([]);
  });

  it('never replace a file', async () => {
    await writeFile(join(folder, 'acme-EX-0007.numbers.csv'), 'mine');
    await expect(write({ formats: ['csv'] })).rejects.toMatchObject({ code: 'EEXIST' });
    expect(await readdir(folder)).toEqual(['acme-EX-0007.numbers.csv']);
    expect(await textOf('acme-EX-0007.numbers.csv')).toBe('mine');
  });
});

describe('the workbook of an export', () => {
  it('has every sheet, each cell as it is on record, and says what every column means', async () => {
    await write({ formats: ['xlsx'] });
    const workbook = await readWorkbook('acme-EX-0007.xlsx');
    expect(workbook.worksheets.map(({ name, rowCount }) => [name, rowCount])).toEqual([
      ['Units', 6],
      ['Tests', 6],
      ['Components', 16],
      ['Amendments', 2],
      ['Numbers', 2],
      ['About', expect.any(Number)],
    ]);
    const [units, , components, amendments, numbers, explained] = workbook.worksheets.map(rowsOf);
    expect(units!.slice(1)).toEqual(
      records.map((record) => unitFields.map((field) => sheetCell(field.value(readShipped(record))))),
    );
    expect(components![3]).toEqual(['unitrail', '00001', 'U7', 'RADIO-LOT-0093']);
    expect(amendments![1]!.slice(0, 5)).toEqual([
      'unitrail',
      'EUDV2647-000001',
      21,
      'corrected',
      sampleAmendment.at,
    ]);
    expect(numbers![1]).toEqual([
      'acme',
      'serial',
      '00017',
      'scrapped',
      sampleNumber.at,
      'B2647-01',
      'dropped',
    ]);
    for (const { heading, kind, meaning } of unitFields)
      expect(explained).toContainEqual(['Units', heading, kind, meaning]);
    const provenance = new Map(explained!.map(([, name, , meaning]) => [name, meaning]));
    expect(provenance.get('Predecessor')).toBe('EX-0006');
    expect(provenance.get('Number in sequence')).toBe('7');
    expect(provenance.get('Units')).toBe('5');
  });

  it('has a frozen header, a filter and formats on every sheet', async () => {
    await write({ formats: ['xlsx'] });
    for (const sheet of (await readWorkbook('acme-EX-0007.xlsx')).worksheets) {
      expect(sheet.views[0]).toMatchObject({ state: 'frozen', ySplit: 1 });
      expect(sheet.autoFilter).toMatch(/^A1:/);
      expect(sheet.getCell('A1').font.bold).toBe(true);
      expect(sheet.getCell('A2').numFmt).toBe('@');
    }
  });

  it('goes on in a further sheet where one is full, with a header each, and no row is lost', async () => {
    const file = join(folder, 'split.xlsx');
    const bytes = new PassThrough();
    const written = writeFile(file, bytes);
    const counts = await writeExportWorkbook(source, chosenColumns([{ field: 'serial' }]), about, bytes, 4);
    bytes.end();
    await written;
    expect(counts).toEqual({ units: 5, amendments: 1, numbers: 1 });
    const { worksheets } = await readWorkbook('split.xlsx');
    expect(worksheets.map(({ name }) => name).filter((name) => !name.startsWith('About'))).toEqual([
      ...['Units', 'Units 2', 'Tests', 'Tests 2'],
      ...['Components', 'Components 2', 'Components 3', 'Components 4', 'Components 5'],
      ...['Amendments', 'Numbers'],
    ]);
    expect(worksheets.slice(0, 2).map(rowsOf)).toEqual([
      [['Serial'], ['00001'], ['00002'], ['00003']],
      [['Serial'], ['00004'], ['00005']],
    ]);
  });

  it('keeps no record in memory: each sheet that is made of them reads them anew', async () => {
    const counted = sourceOf(records, [sampleAmendment], [sampleNumber]);
    await write({ formats: ['xlsx'] }, counted);
    expect(counted.readings.records).toBe(3);
  });
});

describe('CSV for a buyer', () => {
  it('keeps numbers typed, and only text gets an apostrophe', async () => {
    await write(
      { formats: ['csv'], columns: [{ field: 'testAttempt' }, { field: 'attribute:offset' }] },
      negative,
    );
    expect((await textOf('acme-EX-0007.csv')).split('\r\n')[1]).toBe("-2,'-5.5");
  });
});

const negative = sourceOf(
  records.map(({ serial }) => {
    const test = { ...readShipped(records[0]!).record.test!, attempt: -2 };
    return sealed({ serial, test, attributes: { offset: '-5.5' } });
  }),
  [sampleAmendment],
  [sampleNumber],
);

it('a file on the disk is whole when its digest is told', async () => {
  const [file] = await write({ formats: ['xlsx'] });
  expect((await stat(join(folder, file!.name))).size).toBe(file!.sizeBytes);
});
