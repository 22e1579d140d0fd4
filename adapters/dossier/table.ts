import type { DossierTable } from '../../domain/dossier';
import { ink, page, requireRoom, type Doc } from './sheet';

const PADDING = 4;
const FONT_SIZE = 7.5;

/** A row never breaks over two pages; where the table goes on, its headings stand there again. */
export function drawTable(doc: Doc, { headings, widths, rows }: DossierTable, width: number): void {
  const total = widths.reduce((sum, share) => sum + share, 0);
  const columns = widths.map((share) => (share / total) * width);
  doc.y += 3;
  drawHeadings(doc, headings, columns);
  for (const [at, row] of rows.entries()) {
    const height = heightOf(doc, row, columns, 'plain');
    const before = doc.page;
    requireRoom(doc, height);
    if (doc.page !== before) drawHeadings(doc, headings, columns);
    drawRow(doc, row, columns, { font: 'plain', height, shade: at % 2 === 1 ? ink.shade : null });
  }
  doc.x = page.margin;
}

function drawHeadings(doc: Doc, headings: readonly string[], columns: readonly number[]): void {
  const height = heightOf(doc, headings, columns, 'bold');
  requireRoom(doc, height * 2);
  drawRow(doc, headings, columns, { font: 'bold', height, shade: ink.heading });
}

interface Look {
  readonly font: 'plain' | 'bold';
  readonly height: number;
  readonly shade: string | null;
}

function drawRow(doc: Doc, cells: readonly string[], columns: readonly number[], look: Look): void {
  const top = doc.y;
  const width = columns.reduce((sum, column) => sum + column, 0);
  if (look.shade) doc.rect(page.margin, top, width, look.height).fill(look.shade);
  doc.font(look.font).fontSize(FONT_SIZE).fillColor(ink.text);
  let left: number = page.margin;
  for (const [at, cell] of cells.entries()) {
    const column = columns[at]!;
    doc.text(cell, left + PADDING, top + PADDING / 2 + 1, { width: column - 2 * PADDING });
    left += column;
  }
  doc.y = top + look.height;
}

function heightOf(
  doc: Doc,
  cells: readonly string[],
  columns: readonly number[],
  font: Look['font'],
): number {
  doc.font(font).fontSize(FONT_SIZE);
  const heights = cells.map((cell, at) =>
    doc.heightOfString(cell || ' ', { width: columns[at]! - 2 * PADDING }),
  );
  return Math.max(...heights) + PADDING + 1;
}
