import { posix } from 'node:path';
import { plainText } from '../../domain/plain-text';
import { PackedStrings } from './packed-strings';
import { TextCollector, unescapeText } from './xlsx-text';
import type { XlsxArchive } from './xlsx-archive';
import { readXml } from './xml-reader';
import type { FailRead } from './fail-read';

/** The parts of a workbook that are of use here. */
export interface Workbook {
  readonly sheetName: string;
  readonly sheetPart: string;
  /** Null where all texts stand in their cells. */
  readonly stringsPart: string | null;
}

interface Sheet {
  readonly name: string;
  readonly part: string;
  readonly visible: boolean;
}

interface Relationship {
  readonly id: string;
  /** The last word of its type, such as `worksheet`. */
  readonly type: string;
  readonly part: string;
}

/** More than people make: a small file may name millions. */
const MAX_PARTS = 5_000;
const MAX_TOLD_SHEETS = 10;
const MAX_STRINGS = 8_000_000;
const MAX_STRINGS_BYTES = 128 * 1024 * 1024;

/** Finds the sheet: the one that is asked for, or else the only one that is to be seen. */
export async function readWorkbook(
  archive: XlsxArchive,
  wanted: string | undefined,
  fail: FailRead,
): Promise<Workbook> {
  const root = await relationshipsOf(archive, '', fail);
  const book = root.find(({ type }) => type === 'officeDocument')?.part;
  if (book === undefined) throw fail('is no Excel workbook');
  const parts = await relationshipsOf(archive, book, fail);
  const sheet = chooseSheet(await sheetsOf(archive, book, parts, fail), wanted, fail);
  const strings = parts.find(({ type }) => type === 'sharedStrings')?.part ?? null;
  return { sheetName: sheet.name, sheetPart: sheet.part, stringsPart: strings };
}

async function relationshipsOf(archive: XlsxArchive, part: string, fail: FailRead): Promise<Relationship[]> {
  const folder = posix.dirname(part);
  const name = posix.join(folder, '_rels', `${posix.basename(part)}.rels`);
  const found: Relationship[] = [];
  if (!archive.has(name)) return found;
  const open = (tag: string, { Id = '', Type = '', Target = '' }: Readonly<Record<string, string>>): void => {
    if (tag !== 'Relationship') return;
    if (found.length >= MAX_PARTS) throw fail(`has more than ${MAX_PARTS} parts`);
    const path = Target.startsWith('/') ? Target.slice(1) : posix.join(folder, Target);
    found.push({ id: Id, type: Type.slice(Type.lastIndexOf('/') + 1), part: path });
  };
  await readXml(archive.read(name), { open }, fail);
  return found;
}

async function sheetsOf(
  archive: XlsxArchive,
  book: string,
  parts: readonly Relationship[],
  fail: FailRead,
): Promise<Sheet[]> {
  const sheets: Sheet[] = [];
  const worksheets = new Map(
    parts.filter(({ type }) => type === 'worksheet').map(({ id, part }) => [id, part]),
  );
  const open = (tag: string, attributes: Readonly<Record<string, string>>): void => {
    if (tag !== 'sheet') return;
    // `r:id`, by whatever prefix the writer has chosen.
    const id = Object.entries(attributes).find(([name]) => name.endsWith(':id'))?.[1];
    const part = worksheets.get(id ?? '');
    const { name = '', state = 'visible' } = attributes;
    if (sheets.length >= MAX_PARTS) throw fail(`has more than ${MAX_PARTS} sheets`);
    if (part !== undefined) sheets.push({ name: unescapeText(name), part, visible: state === 'visible' });
  };
  await readXml(archive.read(book), { open }, fail);
  return sheets;
}

function chooseSheet(sheets: readonly Sheet[], wanted: string | undefined, fail: FailRead): Sheet {
  const fitting = sheets.filter(({ name, visible }) => (wanted === undefined ? visible : name === wanted));
  if (fitting.length === 1) return fitting[0]!;
  const names = sheets.slice(0, MAX_TOLD_SHEETS).map(({ name }) => plainText(name, 31));
  const more = sheets.length > names.length ? ` and ${sheets.length - names.length} more` : '';
  const all = `its sheets are ${names.join(', ')}${more}`;
  if (wanted !== undefined) throw fail(`has no sheet ${JSON.stringify(plainText(wanted, 31))}; ${all}`);
  throw fail(fitting.length === 0 ? 'has no sheet' : `has several sheets; give one with --sheet; ${all}`);
}

/** The texts that cells refer to by number, cut to what a number can be: see `TextCollector`. */
export async function readStrings(
  archive: XlsxArchive,
  part: string | null,
  fail: FailRead,
): Promise<PackedStrings> {
  const strings = new PackedStrings();
  if (part === null) return strings;
  const text = new TextCollector();
  await readXml(
    archive.read(part),
    {
      open: (name) => (name === 'si' ? text.begin() : text.open(name)),
      text: (piece) => text.add(piece),
      close: (name) => {
        if (name !== 'si') return text.close(name);
        strings.add(text.take());
        if (strings.length > MAX_STRINGS || strings.sizeBytes > MAX_STRINGS_BYTES)
          throw fail(`has more than ${MAX_STRINGS} texts or ${MAX_STRINGS_BYTES} bytes of them`);
      },
    },
    fail,
  );
  return strings;
}
