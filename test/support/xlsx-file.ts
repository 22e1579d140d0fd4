/** Excel files made by hand: also such as no honest program writes. */
import { deflateRawSync } from 'node:zlib';
import { Crc32 } from '../../adapters/spreadsheet/crc32';

export interface ZipPart {
  readonly name: string;
  readonly bytes: Buffer;
  /** The size that the directory tells, where it is not the true one. */
  readonly toldBytes?: number;
  /** The checksum that is told, where it is not the true one. */
  readonly toldCrc?: number;
}

export function zipOf(parts: readonly ZipPart[]): Buffer {
  const bodies: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const part of parts) {
    const { local, central } = headersOf(part, deflateRawSync(part.bytes), offset);
    bodies.push(...local);
    directory.push(...central);
    offset += sizeOf(local);
  }
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(parts.length, 8);
  end.writeUInt16LE(parts.length, 10);
  end.writeUInt32LE(sizeOf(directory), 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...bodies, ...directory, end]);
}

function headersOf(part: ZipPart, deflated: Buffer, offset: number): { local: Buffer[]; central: Buffer[] } {
  const name = Buffer.from(part.name);
  const crc = new Crc32();
  crc.add(part.bytes);
  // What both headers have: version, flags, method, time, checksum, sizes, length of the name.
  const common = Buffer.alloc(26);
  common.writeUInt16LE(20, 0);
  common.writeUInt16LE(8, 4);
  common.writeUInt32LE(part.toldCrc ?? crc.value, 10);
  common.writeUInt32LE(deflated.length, 14);
  common.writeUInt32LE(part.toldBytes ?? part.bytes.length, 18);
  common.writeUInt16LE(name.length, 22);
  const rest = Buffer.alloc(14);
  rest.writeUInt32LE(offset, 10);
  return {
    local: [Buffer.from('PK\u0003\u0004'), common, name, deflated],
    central: [Buffer.from('PK\u0001\u0002\u0014\u0000'), common, rest, name],
  };
}

function sizeOf(buffers: readonly Buffer[]): number {
  return buffers.reduce((sum, { length }) => sum + length, 0);
}

const office = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships';

export interface SheetParts {
  /** What stands in the sheet's root element. */
  readonly sheet: string;
  readonly strings?: string;
  /** Further sheets, all empty, and hidden or not. */
  readonly others?: Readonly<Record<string, 'visible' | 'hidden'>>;
}

/** The parts of a workbook whose first sheet, Sheet1, holds this XML. */
export function workbookParts({ sheet, strings, others = {} }: SheetParts): ZipPart[] {
  const names = Object.entries({ Sheet1: 'visible', ...others });
  const sheets = names.map(
    ([name, state], at) => `<sheet name="${name}" state="${state}" sheetId="${at + 1}" r:id="rId${at + 1}"/>`,
  );
  const targets = names.map((_, at) =>
    relation(`rId${at + 1}`, 'worksheet', `worksheets/sheet${at + 1}.xml`),
  );
  if (strings !== undefined) targets.push(relation('rIdS', 'sharedStrings', '/xl/sharedStrings.xml'));
  return [
    part(
      '_rels/.rels',
      `<Relationships>${relation('rId1', 'officeDocument', 'xl/workbook.xml')}</Relationships>`,
    ),
    part('xl/workbook.xml', `<workbook xmlns:r="${office}"><sheets>${sheets.join('')}</sheets></workbook>`),
    part('xl/_rels/workbook.xml.rels', `<Relationships>${targets.join('')}</Relationships>`),
    part('xl/worksheets/sheet1.xml', `<worksheet>${sheet}</worksheet>`),
    ...names.slice(1).map((_, at) => part(`xl/worksheets/sheet${at + 2}.xml`, '<worksheet/>')),
    ...(strings === undefined ? [] : [part('xl/sharedStrings.xml', `<sst>${strings}</sst>`)]),
  ];
}

export function part(name: string, text: string): ZipPart {
  return { name, bytes: Buffer.from(text) };
}

function relation(id: string, type: string, target: string): string {
  return `<Relationship Id="${id}" Type="${office}/${type}" Target="${target}"/>`;
}

/** Rows of one column of texts, with a heading. */
export function textRows(values: readonly string[], heading = 'serial'): string {
  return cellsOf([heading, ...values].map((text) => [text]));
}

/** Rows of texts, the first of them the headings; an empty text is no cell. */
export function cellsOf(rows: readonly (readonly string[])[]): string {
  const cell = (text: string, at: string): string =>
    text === '' ? '' : `<c r="${at}" t="inlineStr"><is><t>${text}</t></is></c>`;
  const shown = rows.map((cells, row) => {
    const inside = cells.map((text, at) => cell(text, `${String.fromCharCode(65 + at)}${row + 1}`));
    return `<row r="${row + 1}">${inside.join('')}</row>`;
  });
  return `<sheetData>${shown.join('')}</sheetData>`;
}
