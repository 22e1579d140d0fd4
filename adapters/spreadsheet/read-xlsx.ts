import { columnLetters, type TableItem, type TableSource } from '../../domain/table-source';
import type { FailRead } from './fail-read';
import { XlsxArchive } from './xlsx-archive';
import { SheetHandler } from './xlsx-sheet';
import { readStrings, readWorkbook, type Workbook } from './xlsx-workbook';
import { XmlReader } from './xml-reader';

/** A sheet of a workbook, read in pieces. Only text cells are text; every other kind says what it is. */
export async function openXlsxTable(
  fd: number,
  sheet: string | undefined,
  fail: FailRead,
): Promise<TableSource> {
  const archive = await XlsxArchive.open(fd, fail);
  const workbook = await readWorkbook(archive, sheet, fail);
  return {
    pieces: () => readPieces(archive, workbook, fail),
    place: (row, column) => ({ path: [`${workbook.sheetName}!${columnLetters(column)}${row}`] }),
  };
}

async function* readPieces(
  archive: XlsxArchive,
  workbook: Workbook,
  fail: FailRead,
): AsyncGenerator<TableItem[]> {
  const handler = new SheetHandler(await readStrings(archive, workbook.stringsPart, fail), fail);
  const reader = new XmlReader(handler, fail);
  for await (const chunk of archive.read(workbook.sheetPart)) {
    reader.write(chunk);
    yield handler.take();
  }
  reader.end();
  yield handler.take();
}
