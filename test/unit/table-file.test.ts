import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import exceljs, { type Worksheet } from 'exceljs';
import fc from 'fast-check';
import { stringify } from 'csv-stringify/sync';
import { openTableFile, type TableOptions } from '../../adapters/spreadsheet/table-file';
import { ProblemList, readNumbers } from '../../domain/number-list';
import { readMask } from '../../domain/serial-mask';
import { part, textRows, workbookParts, zipOf, type SheetParts, type ZipPart } from '../support/xlsx-file';

let folder: string;
let files = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'unitrail-table-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function fileOf(ending: string, bytes: string | Buffer): Promise<string> {
  const path = join(folder, `${(files += 1)}.${ending}`);
  await writeFile(path, bytes);
  return path;
}

interface Asked extends TableOptions {
  readonly column?: string;
  readonly mask?: string;
}

/** The numbers of a file, or the message of the refusal. */
async function numbersIn(path: string, { column, mask, ...options }: Asked = {}): Promise<string[] | string> {
  const problems = new ProblemList();
  const numbers: string[] = [];
  let table;
  try {
    table = await openTableFile(path, options);
    const rules = { mask: mask === undefined ? null : readMask(mask), column };
    for await (const { values } of readNumbers(table, rules, problems)) numbers.push(...values);
    problems.refuse('The list');
    return numbers;
  } catch (error) {
    expect(error).toMatchObject({ code: 'INPUT_INVALID' });
    return (error as Error).message;
  } finally {
    await table?.close();
  }
}

const csv = async (text: string | Buffer, asked?: Asked) => numbersIn(await fileOf('csv', text), asked);
const xlsx = async (parts: readonly ZipPart[], asked?: Asked) =>
  numbersIn(await fileOf('xlsx', zipOf(parts)), asked);
const sheet = (parts: SheetParts, asked?: Asked) => xlsx(workbookParts(parts), asked);

async function excel(fill: (sheet: Worksheet) => void): Promise<string> {
  const workbook = new exceljs.Workbook();
  fill(workbook.addWorksheet('Sheet1'));
  return fileOf('xlsx', Buffer.from(await workbook.xlsx.writeBuffer()));
}

describe('a text of separated values', () => {
  test.each([
    ['commas', 'serial,note\n0001,a\n0002,b\n'],
    ['semicolons and a mark before it', '\ufeffserial;note\r\n0001;a\r\n0002;b'],
    ['tabs', 'note\tserial\na\t0001\nb\t0002'],
    ['one column', 'Serial\n0001\n0002\n'],
    ['quotes around separators and line feeds', 'note;serial\n"a;""b""\nc";"0001"\n;0002'],
    ['blank lines and mixed line ends', '\nserial\r\n\n0001\n\r\n0002\r\n\n'],
    ['rows of several lengths', 'serial,a,b\n0001\n0002,x,y,z'],
  ])('with %s keeps every zero', async (_, text) => {
    expect(await csv(text)).toEqual(['0001', '0002']);
  });

  test.each([
    [
      'no heading',
      '0001\n0002',
      'A1: the row of headings (0001) is not allowed; one heading serial, or from and to',
    ],
    ['two such headings', 'serial,Serial\n1,2', 'one heading serial'],
    [
      'a heading and nothing else',
      'serial\n',
      'numbers: (missing) is not allowed; a heading and a number below it',
    ],
    ['a quote that is not closed', `serial\n"${'0'.repeat(70_000)}`, 'is no good CSV'],
    ['a quote in the middle', 'serial\n00"01', 'is no good CSV'],
    ['another encoding', Buffer.from('serial\nA\xe41', 'latin1'), 'is not text in UTF-8'],
    ['UTF-16', Buffer.from('\ufeffserial\n0001', 'utf16le'), 'is not text in UTF-8'],
    ['two separators', 'a,b;serial\n1,2;3', 'give one with --separator'],
    [
      'a number that was rounded',
      'serial\n1.23457E+15',
      'A2: "1.23457E+15" is not allowed; a number that no spreadsheet',
    ],
    ['a blank at the end', 'serial\n0001 ', 'A2: "0001 " is not allowed; 1 to 20 characters'],
    ['21 characters', `serial\n${'1'.repeat(21)}`, 'is not allowed; 1 to 20 characters'],
    ['a missing number', 'note,serial\nx,1\ny,\n', 'B3: (missing) is not allowed; a number in each row'],
  ])('with %s is refused', async (_, text, message) => {
    expect(await csv(text)).toContain(message);
  });

  test('takes another column, and another separator', async () => {
    expect(await csv('a;b,serial no\n1;2,0001', { separator: ',', column: 'Serial No' })).toEqual(['0001']);
    expect(await csv('a,b\n1,2', { column: 'c' })).toContain(
      '(a, b) is not allowed; one column with the heading c',
    );
  });

  test('gives back what csv-stringify wrote', async () => {
    const cell = fc.stringMatching(/^[A-Za-z0-9.;,"\n-]{0,12}$/);
    const number = fc.stringMatching(/^[A-Z0-9]{1,20}$/).filter((text) => !/^\d+E\d+$/.test(text));
    const rows = fc.array(fc.tuple(cell, number, cell), { minLength: 1, maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(rows, fc.constantFrom(',', ';', '\t'), async (written, delimiter) => {
        const text = stringify([['a', 'serial', 'b'], ...written], { delimiter });
        expect(await csv(text)).toEqual(written.map(([, value]) => value));
      }),
      { numRuns: 50 },
    );
  });
});

describe('ranges', () => {
  test('are all of their numbers, in the order of the file', async () => {
    expect(await csv('from,to\nA08,A11\nB1,B1')).toEqual(['A08', 'A09', 'A10', 'A11', 'B1']);
  });

  test.each([
    ['of another width', 'from;to\nA1;A10', 'B2: "A10" is not allowed; the last number of the range'],
    ['with one end', 'from;to\nA1;', 'B2: (missing) is not allowed'],
    [
      'of more than a million',
      'from;to\n0000001;1000001',
      'B2: "1000001" is not allowed; at most 1000000 numbers',
    ],
    ['of twenty digits', `from;to\n${'0'.repeat(20)};${'9'.repeat(20)}`, 'at most 1000000 numbers'],
  ])('%s are refused', async (_, text, message) => {
    expect(await csv(text)).toContain(message);
  });

  test('that leave the mask name the first number that does', async () => {
    expect(await csv('from,to\nA10,A29', { mask: 'A1{digit:1}' })).toContain('B2: "A29" is not allowed');
  });
});

test('of many wrong rows a hundred are shown, and the rest is counted', async () => {
  const message = await csv(`serial\n${'x y\n'.repeat(150)}`);
  expect(message).toContain('A101: "x y"');
  expect(message).not.toContain('A102:');
  expect(message).toMatch(/\n {2}and 50 more$/);
});

describe('an Excel file', () => {
  test('has text cells as they were typed, rich ones too', async () => {
    const path = await excel((one) => {
      one.addRow(['note', 'Serial']);
      one.addRow([7, '0001']);
      one.addRow([null, { richText: [{ text: '00' }, { text: '02', font: { bold: true } }] }]);
      one.addRow([]);
      one.addRow(['x', '0003']);
      one.mergeCells('A2:A3');
    });
    expect(await numbersIn(path)).toEqual(['0001', '0002', '0003']);
  });

  test.each([
    ['a number', 1.23e15, 'Sheet1!B2: number 1230000000000000 is not allowed; a text cell'],
    ['a small number', 12, 'Sheet1!B2: number 12 is not allowed'],
    ['a date', new Date('2026-11-23'), 'Sheet1!B2: number 46349 is not allowed'],
    ['a boolean', true, 'Sheet1!B2: boolean TRUE is not allowed'],
    [
      'a formula with a text',
      { formula: 'A1&"x"', result: 'x' },
      'Sheet1!B2: formula =A1&"x" is not allowed',
    ],
    ['an error', { error: '#REF!' as const }, 'Sheet1!B2: error #REF! is not allowed'],
    ['nothing', null, 'Sheet1!B2: (missing) is not allowed'],
  ])('with %s is refused with the address', async (_, value, message) => {
    const path = await excel((one) =>
      one.addRows([
        ['note', 'serial'],
        ['x', value],
      ]),
    );
    expect(await numbersIn(path)).toContain(message);
  });

  test('with merged cells is refused with their area', async () => {
    const path = await excel((one) => {
      one.addRows([['serial'], ['0001'], ['0002'], ['0003']]);
      one.mergeCells('A3:B4');
    });
    expect(await numbersIn(path)).toContain(
      'Sheet1!A3: the merged area A3:B4 is not allowed; a cell for each number',
    );
  });

  test('reads the text of a cell without what is read aloud, and Excel’s escapes', async () => {
    const strings = '<si><t>serial</t></si><si><r><t>A_x0031_</t></r><rPh><t>no</t></rPh></si>';
    const rows = '<sheetData><row><c t="s"><v>0</v></c></row><row><c t="s"><v>1</v></c></row></sheetData>';
    expect(await sheet({ sheet: rows, strings })).toEqual(['A1']);
  });

  test('with hidden sheets beside the one that is to be seen is read; with two to be seen, one has to be named', async () => {
    const rows = textRows(['0001']);
    expect(await sheet({ sheet: rows, others: { Lists: 'hidden' } })).toEqual(['0001']);
    const two = { sheet: rows, others: { More: 'visible' } } as const;
    expect(await sheet(two)).toContain('give one with --sheet; its sheets are Sheet1, More');
    expect(await sheet(two, { sheet: 'Sheet1' })).toEqual(['0001']);
    expect(await sheet(two, { sheet: 'Third' })).toContain('has no sheet "Third"');
  });

  const bomb = (toldBytes?: number): ZipPart[] => {
    const bytes = Buffer.alloc(200 * 1024 * 1024, ' ');
    return [
      ...workbookParts({ sheet: '' }).filter(({ name }) => !name.endsWith('sheet1.xml')),
      { name: 'xl/worksheets/sheet1.xml', bytes, ...(toldBytes === undefined ? {} : { toldBytes }) },
    ];
  };

  test('that is a bomb is refused before anything is unpacked', async () => {
    const path = await fileOf('xlsx', zipOf(bomb()));
    const before = process.memoryUsage();
    expect(await numbersIn(path)).toMatch(/would unpack to 1\d\d\d? times its size/);
    expect(process.memoryUsage().rss - before.rss).toBeLessThan(32 * 1024 * 1024);
  });

  test('that is a bomb and says that it is none ends where it said', async () => {
    expect(await xlsx(bomb(500_000))).toContain('unpacks to more than it says');
  });

  test('that would unpack to gigabytes is refused, though nothing in it is packed much', async () => {
    const parts = workbookParts({ sheet: textRows(['1']) });
    expect(await xlsx([...parts, { ...part('xl/media/a.bin', 'x'), toldBytes: 4_000_000_000 }])).toContain(
      'at most 1073741824 are allowed',
    );
  });

  test.each<[string, Parameters<typeof workbookParts>[0]['sheet'], string]>([
    ['a document type', '', 'has a document type'],
    ['an entity of its own', '<sheetData>&bomb;</sheetData>', 'not well formed'],
    ['deep nesting', '<a>'.repeat(100), 'nests its XML deeper'],
    [
      'an endless tag',
      `<a b="${randomBytes(1_000_000).toString('hex')}"/>`,
      'holds a text or a tag of more than',
    ],
    ['rows out of order', '<sheetData><row r="2"/><row r="1"/></sheetData>', 'has a row "1" after row 2'],
    ['two cells at one place', '<row r="1"><c r="B1"/><c r="A1"/></row>', 'out of order'],
    ['a cell of another row', '<row r="1"><c r="A2"/></row>', 'has a cell "A2" in row 1'],
    ['an end in the middle', '<sheetData><row>', 'not well formed'],
  ])('with %s is refused', async (what, xml, message) => {
    const parts = workbookParts({ sheet: xml });
    const doctype = '<!DOCTYPE x [<!ENTITY bomb "x">]><worksheet/>';
    const used =
      what === 'a document type' ? [...parts.slice(0, 3), part('xl/worksheets/sheet1.xml', doctype)] : parts;
    expect(await xlsx(used)).toContain(message);
  });

  test.each([
    ['a part twice', [...workbookParts({ sheet: '' }), part('xl/workbook.xml', '')], 'has two parts'],
    [
      'a wrong bit',
      workbookParts({ sheet: textRows(['1']) }).map((one) => ({ ...one, toldCrc: 7 })),
      'damaged part',
    ],
    ['no workbook', [part('mimetype', 'x')], 'is no Excel workbook'],
  ])('with %s is refused', async (_, parts, message) => {
    expect(await xlsx(parts)).toContain(message);
  });

  test.each([
    ['numbers.csv', zipOf(workbookParts({ sheet: '' })), 'an Excel file has to be named .xlsx'],
    ['numbers.xlsx', 'serial\n1', 'is no .xlsx file'],
    ['old.xlsx', Buffer.from('d0cf11e0a1b11ae1', 'hex'), 'is an old Excel file or has a password'],
    ['cut.xlsx', zipOf(workbookParts({ sheet: '' })).subarray(0, 300), 'is no good .xlsx file'],
    ['empty.csv', '', 'is empty'],
    ['numbers.ods', 'x', 'is neither a .csv nor an .xlsx file'],
  ])('under a wrong name or cut (%s) is refused', async (name, bytes, message) => {
    await writeFile(join(folder, name), bytes);
    expect(await numbersIn(join(folder, name))).toContain(message);
  });
});
