import { raw, toBuffer } from 'bwip-js/node';

import { UnitrailError } from '../../domain/errors';
import { elementString, type GS1Element } from '../../domain/gs1';
import { labelElements } from '../../domain/label-content';
import type { LabelTemplate } from '../../domain/plant-document';
import { problemText } from '../../domain/refusal';

export interface LabelRequest {
  readonly template: Pick<LabelTemplate, 'symbology' | 'sizeMm'>;
  readonly gtin: string;
  readonly serial: string;
  readonly print: number;
}

export interface RenderedLabel {
  /** Black on white, 300 dots an inch, not larger than the template's size. */
  readonly png: Uint8Array;
  /** What a scanner transmits when it reads the label. */
  readonly content: string;
  readonly symbology: LabelTemplate['symbology'];
}

interface MatrixSymbol {
  readonly elements: readonly GS1Element[];
  readonly text: string;
  /** On each side, quiet zone excluded. */
  readonly modules: number;
}

interface Layout {
  readonly moduleDots: number;
  readonly withText: boolean;
}

interface Size {
  readonly width: number;
  readonly height: number;
}

const bcid = 'gs1datamatrix';
const dotsPerInch = 300;
const millimetresPerInch = 25.4;
const pointsPerInch = 72;
/** On each side; GS1 asks for one. */
const quietModules = 2;

/**
 * Best first. Three dots (0.25 mm) are about the smallest module that a 300 dpi printer prints cleanly. Where the
 * label has no room for text, the symbol alone is still a label, and text alone is none.
 */
const moduleSizesDots = [8, 6, 5, 4, 3];
const layouts: readonly Layout[] = [true, false].flatMap((withText) =>
  moduleSizesDots.map((moduleDots) => ({ moduleDots, withText })),
);

/**
 * The image of one label: a GS1 DataMatrix, and beside it the same in letters, as large as the template's size
 * allows. The same input gives the same bytes (with one version of Node, whose zlib makes the PNG).
 * Throws INPUT_INVALID, SERIAL_MALFORMED.
 */
export async function renderLabel(request: LabelRequest): Promise<RenderedLabel> {
  const symbol = encode(labelElements(request));
  const { symbology, sizeMm } = request.template;
  const room = { width: dotsIn(sizeMm.width), height: dotsIn(sizeMm.height) };
  for (const layout of layouts) {
    // Drawing is what costs time: first the size that is known without it.
    if (!fits(squareOf(symbol, layout), room)) continue;
    const png = await draw(symbol, layout);
    if (fits(sizeOf(png), room)) return { png, content: elementString(symbol.elements), symbology };
  }
  throw tooSmall(sizeMm);
}

function encode(elements: readonly GS1Element[]): MatrixSymbol {
  const text = elements.map(({ ai, value }) => `(${ai})${value}`).join('');
  const [symbol] = raw({ bcid, text });
  if (symbol === undefined || !('pixx' in symbol)) {
    throw new UnitrailError('INTERNAL', `The encoder made no matrix of ${text}.`);
  }
  return { elements, text, modules: symbol.pixx };
}

async function draw(symbol: MatrixSymbol, layout: Layout): Promise<Uint8Array> {
  // The encoder draws a point as `scale` dots: a module has to be one point, or it gets even numbers only.
  const sideMm = (symbol.modules / pointsPerInch) * millimetresPerInch;
  const options = {
    bcid,
    text: symbol.text,
    width: sideMm,
    height: sideMm,
    scale: layout.moduleDots,
    padding: quietModules,
    // Transparent, its default, would be read as black.
    backgroundcolor: 'FFFFFF',
    dpi: dotsPerInch,
    ...(layout.withText ? besideIt(symbol.elements) : {}),
  };
  return new Uint8Array(await toBuffer(options));
}

/** One line for each element, to the right, three modules away. */
function besideIt(elements: readonly GS1Element[]) {
  return {
    includetext: true,
    alttext: elements.map(({ ai, value }) => `(${ai}) ${value}`).join('|'),
    textsplit: '|',
    textxalign: 'offright',
    textyalign: 'center',
    textxoffset: 3,
    textsize: 4,
  } as const;
}

function squareOf(symbol: MatrixSymbol, layout: Layout): Size {
  const side = (symbol.modules + 2 * quietModules) * layout.moduleDots;
  return { width: side, height: side };
}

/** Width and height stand at the beginning of a PNG, in its header chunk. */
function sizeOf(png: Uint8Array): Size {
  const view = new DataView(png.buffer, png.byteOffset);
  return { width: view.getUint32(16), height: view.getUint32(20) };
}

function fits(size: Size, room: Size): boolean {
  return size.width <= room.width && size.height <= room.height;
}

function dotsIn(millimetres: number): number {
  return Math.floor((millimetres / millimetresPerInch) * dotsPerInch);
}

function tooSmall(sizeMm: LabelTemplate['sizeMm']): UnitrailError {
  const value = `${sizeMm.width} x ${sizeMm.height} mm`;
  const allowed = 'a label with room for the symbol, some 8 x 8 mm; for symbol and text some 20 x 8 mm';
  return new UnitrailError('INPUT_INVALID', problemText({ path: ['sizeMm'], value, allowed }));
}
