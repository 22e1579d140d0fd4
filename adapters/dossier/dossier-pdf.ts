import { dirname, join } from 'node:path';
import PDFDocument from 'pdfkit';
import type { Dossier, DossierSection, Fact, PrintedLabel } from '../../domain/dossier';
import { pictureOfLabel } from '../labels/label-picture';
import { ink, page, requireRoom, type Doc } from './sheet';
import { drawTable } from './table';

const fonts = join(dirname(require.resolve('dejavu-fonts-ttf/package.json')), 'ttf');

const LABEL_WIDTH = 118;
const PICTURE = { width: 150, height: 74 } as const;
/** Writes the dossier as PDF: a header and a page number on each page, text that can be searched and copied. */
export async function writeDossier(dossier: Dossier, out: NodeJS.WritableStream): Promise<void> {
  const pictures = await picturesOf(dossier);
  const doc = new PDFDocument({
    size: 'A4',
    margins: { top: page.top, bottom: page.bottom, left: page.margin, right: page.margin },
    bufferPages: true,
    lang: 'en',
    info: { Title: dossier.title, Subject: dossier.subtitle, Creator: 'Unitrail' },
  });
  doc.registerFont('plain', join(fonts, 'DejaVuSans.ttf'));
  doc.registerFont('digits', join(fonts, 'DejaVuSansMono.ttf'));
  doc.registerFont('bold', join(fonts, 'DejaVuSans-Bold.ttf'));
  const ended = new Promise<void>((resolve, reject) => {
    doc.once('end', resolve);
    doc.once('error', reject);
    out.once('error', reject);
  });
  // The caller ends its stream by itself: it has to know first that all of it is there.
  doc.pipe(out, { end: false });
  drawTitle(doc, dossier);
  for (const section of dossier.sections) drawSection(doc, section, pictures);
  drawMargins(doc, dossier);
  doc.end();
  await ended;
}

type Pictures = ReadonlyMap<PrintedLabel, Buffer>;

async function picturesOf({ sections }: Dossier): Promise<Pictures> {
  const pictures = new Map<PrintedLabel, Buffer>();
  for (const printed of sections.flatMap(({ labels = [] }) => labels)) {
    const png = await pictureOfLabel(printed.label);
    if (png) pictures.set(printed, Buffer.from(png));
  }
  return pictures;
}

function drawTitle(doc: Doc, { title, subtitle, origin }: Dossier): void {
  doc.font('bold').fontSize(20).fillColor(ink.accent).text(title);
  doc.moveDown(0.2).font('plain').fontSize(10).fillColor(ink.text).text(subtitle);
  doc.fontSize(8).fillColor(ink.quiet).text(origin);
  doc.moveDown(0.8);
}

function drawSection(
  doc: Doc,
  { title, facts = [], table, labels = [], note }: DossierSection,
  pictures: Pictures,
): void {
  // A title does not stand alone at the foot of a page.
  requireRoom(doc, labels.length > 0 ? PICTURE.height + 50 : 70);
  const width = contentWidth(doc);
  doc.font('bold').fontSize(11.5).fillColor(ink.accent).text(title, page.margin, doc.y);
  const line = doc.y + 2;
  doc
    .moveTo(page.margin, line)
    .lineTo(page.margin + width, line)
    .lineWidth(0.8)
    .strokeColor(ink.accent)
    .stroke();
  doc.y = line + 5;
  for (const fact of facts) drawFact(doc, fact, width);
  for (const printed of labels) drawLabel(doc, printed, pictures.get(printed), width);
  if (table && table.rows.length > 0) drawTable(doc, table, width);
  if (note)
    doc
      .moveDown(0.3)
      .font('plain')
      .fontSize(8)
      .fillColor(ink.quiet)
      .text(note, page.margin, doc.y, { width });
  doc.y += 12;
}

function drawFact(doc: Doc, [name, text]: Fact, width: number): void {
  const options = { width: width - LABEL_WIDTH, lineGap: 1 };
  setFont(doc, text);
  requireRoom(doc, doc.heightOfString(text, options) + 2);
  const { y } = doc;
  doc
    .font('plain')
    .fontSize(9)
    .fillColor(ink.quiet)
    .text(name, page.margin, y, { width: LABEL_WIDTH - 8 });
  const below = doc.y;
  setFont(doc, text);
  doc.fillColor(ink.text).text(text, page.margin + LABEL_WIDTH, y, options);
  doc.y = Math.max(below, doc.y) + 2;
}

/** Digests are compared by eye, digit by digit. */
function setFont(doc: Doc, text: string): void {
  if (/^[0-9a-f]{64}$/.test(text)) doc.font('digits').fontSize(8.5);
  else doc.font('plain').fontSize(9);
}

/** The symbol beside what is said of it, with white around it so that it can be scanned from the paper. */
function drawLabel(doc: Doc, { facts }: PrintedLabel, picture: Buffer | undefined, width: number): void {
  const room = picture ? PICTURE.width + 16 : 0;
  requireRoom(doc, PICTURE.height + 12);
  const top = doc.y;
  for (const fact of facts) drawFact(doc, fact, width - room);
  const below = doc.y;
  if (!picture) return;
  const left = page.margin + width - PICTURE.width;
  doc
    .rect(left - 4, top, PICTURE.width + 4, PICTURE.height + 8)
    .lineWidth(0.5)
    .strokeColor(ink.line)
    .stroke();
  doc.image(picture, left, top + 4, {
    fit: [PICTURE.width - 4, PICTURE.height],
    align: 'center',
    valign: 'center',
  });
  doc.y = Math.max(below, top + PICTURE.height + 12);
}

/** On each page, when it is known how many there are. */
function drawMargins(doc: Doc, { title, subtitle, origin }: Dossier): void {
  const { start, count } = doc.bufferedPageRange();
  const width = contentWidth(doc);
  for (let at = start; at < start + count; at++) {
    doc.switchToPage(at);
    // Text below the bottom margin would begin a page of its own.
    doc.page.margins.bottom = 0;
    doc.font('bold').fontSize(8).fillColor(ink.accent).text(title, page.margin, 34, { lineBreak: false });
    doc.font('plain').fillColor(ink.quiet).text(subtitle, page.margin, 34, { width, align: 'right' });
    rule(doc, 50, width);
    const foot = doc.page.height - 42;
    rule(doc, foot - 6, width);
    doc.fontSize(7.5).fillColor(ink.quiet).text(origin, page.margin, foot, { lineBreak: false });
    doc.text(`Page ${at - start + 1} of ${count}`, page.margin, foot, { width, align: 'right' });
  }
}

function rule(doc: Doc, y: number, width: number): void {
  doc
    .moveTo(page.margin, y)
    .lineTo(page.margin + width, y)
    .lineWidth(0.5)
    .strokeColor(ink.line)
    .stroke();
}

function contentWidth(doc: Doc): number {
  return doc.page.width - 2 * page.margin;
}
