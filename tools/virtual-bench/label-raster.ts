import { inflateSync } from 'node:zlib';
import { crc32 } from '../../domain/bench-protocol';
import { BenchError } from './bench-error';

/** RGBA, opaque. */
export interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8ClampedArray;
}

interface Header {
  readonly width: number;
  readonly height: number;
  readonly depth: number;
  readonly channels: number;
  readonly colour: number;
}

const maxSide = 4096;
const signature = '89504e470d0a1a0a';
const grey = 0;
const indexed = 3;
const channelsOf: Readonly<Record<number, number>> = { [grey]: 1, 2: 3, [indexed]: 1, 4: 2, 6: 4 };

/**
 * What a printer makes of a PNG (ISO/IEC 15948): black on white material. A label maker that leaves its
 * background transparent means the material; most decoders would show it black.
 * Not interlaced, up to 8 bits a channel; anything else is refused. The one transparent colour that a grey or RGB
 * file may name is not honoured.
 */
export function rasteriseLabel(png: Uint8Array): Pixels {
  const chunks = readChunks(Buffer.from(png));
  const header = readHeader(chunks.get('IHDR')?.[0]);
  const packed = Buffer.concat(chunks.get('IDAT') ?? []);
  const rows = unfilter(inflate(packed, header), header);
  return paint(rows, header, paletteLevels(chunks.get('PLTE')?.[0], chunks.get('tRNS')?.[0]));
}

function readChunks(png: Buffer): Map<string, Buffer[]> {
  if (png.subarray(0, 8).toString('hex') !== signature) throw refused('it is no PNG');
  const chunks = new Map<string, Buffer[]>();
  for (let at = 8; at + 12 <= png.length;) {
    const end = at + 8 + png.readUInt32BE(at);
    if (end + 4 > png.length || crc32(png.subarray(at + 4, end)) !== png.readUInt32BE(end))
      throw refused('it is damaged');
    const type = png.toString('latin1', at + 4, at + 8);
    chunks.set(type, [...(chunks.get(type) ?? []), png.subarray(at + 8, end)]);
    at = end + 4;
  }
  return chunks;
}

function readHeader(chunk: Buffer | undefined): Header {
  if (chunk?.length !== 13) throw refused('it has no header');
  const [width, height] = [chunk.readUInt32BE(0), chunk.readUInt32BE(4)];
  const [depth, colour, interlace] = [chunk[8]!, chunk[9]!, chunk[12]!];
  const channels = channelsOf[colour];
  if (!width || !height || width > maxSide || height > maxSide)
    throw refused(`it is ${width} x ${height} pixels; allowed are 1 to ${maxSide} a side`);
  if (!channels || ![1, 2, 4, 8].includes(depth) || (depth < 8 && channels > 1) || interlace)
    throw refused('it is interlaced or has more than 8 bits a channel');
  return { width, height, depth, channels, colour };
}

function inflate(packed: Buffer, header: Header): Buffer {
  const sizeBytes = (rowBytes(header) + 1) * header.height;
  try {
    const rows = inflateSync(packed, { maxOutputLength: sizeBytes });
    if (rows.length === sizeBytes) return rows;
  } catch {
    // Told below: damaged, or larger than its header says.
  }
  throw refused('its pixels do not match its header');
}

function rowBytes({ width, channels, depth }: Header): number {
  return Math.ceil((width * channels * depth) / 8);
}

/** Takes the filter (PNG, clause 9) off every row, in place; the filter bytes stay where they are. */
function unfilter(rows: Buffer, header: Header): Buffer {
  const stride = rowBytes(header) + 1;
  const step = Math.max(1, (header.channels * header.depth) >> 3);
  for (let row = 0; row < header.height; row += 1) {
    const start = row * stride + 1;
    const filter = rows[start - 1]!;
    for (let at = 0; at < stride - 1; at += 1) {
      const left = at >= step ? rows[start + at - step]! : 0;
      const up = row > 0 ? rows[start + at - stride]! : 0;
      const corner = row > 0 && at >= step ? rows[start + at - stride - step]! : 0;
      rows[start + at] = rows[start + at]! + predict(filter, left, up, corner);
    }
  }
  return rows;
}

function predict(filter: number, left: number, up: number, corner: number): number {
  switch (filter) {
    case 1:
      return left;
    case 2:
      return up;
    case 3:
      return (left + up) >> 1;
    case 4:
      return paeth(left, up, corner);
    default:
      return 0;
  }
}

function paeth(left: number, up: number, corner: number): number {
  const byLeft = Math.abs(up - corner);
  const byUp = Math.abs(left - corner);
  const byCorner = Math.abs(left + up - 2 * corner);
  if (byLeft <= byUp && byLeft <= byCorner) return left;
  return byUp <= byCorner ? up : corner;
}

function paint(rows: Buffer, header: Header, palette: Uint8Array): Pixels {
  const { width, height } = header;
  const data = new Uint8ClampedArray(width * height * 4).fill(255);
  const levelAt = levelReader(rows, header, palette);
  const stride = rowBytes(header) + 1;
  for (let y = 0, to = 0; y < height; y += 1)
    for (let x = 0; x < width; x += 1, to += 4)
      data[to] = data[to + 1] = data[to + 2] = levelAt(y * stride + 1, x);
  return { width, height, data };
}

/** How light pixel `x` of the row at `start` is on white material. A label has some 10^5 pixels: no allocation. */
function levelReader(
  rows: Buffer,
  header: Header,
  palette: Uint8Array,
): (start: number, x: number) => number {
  const { channels, colour, depth } = header;
  const most = 2 ** depth - 1;
  const packed = (start: number, x: number): number =>
    (rows[start + ((x * depth) >> 3)]! >> (8 - depth - ((x * depth) & 7))) & most;
  if (colour === indexed) return (start, x) => palette[packed(start, x)]!;
  if (channels === 1) return (start, x) => (packed(start, x) * 255) / most;
  if (channels === 2) return (start, x) => onWhite(rows[start + 2 * x]!, rows[start + 2 * x + 1]!);
  return (start, x) => {
    const at = start + channels * x;
    return onWhite(luma(rows[at]!, rows[at + 1]!, rows[at + 2]!), channels === 4 ? rows[at + 3]! : 255);
  };
}

/** The level of each palette entry; white for those that the file leaves out. */
function paletteLevels(plte: Uint8Array = new Uint8Array(), trns: Uint8Array = new Uint8Array()): Uint8Array {
  const levels = new Uint8Array(256).fill(255);
  for (let at = 0; at < plte.length / 3 && at < 256; at += 1)
    levels[at] = onWhite(luma(plte[3 * at]!, plte[3 * at + 1]!, plte[3 * at + 2]!), trns[at] ?? 255);
  return levels;
}

/** As ITU-R BT.601 has it: a scanner sees light and dark. */
function luma(red: number, green: number, blue: number): number {
  return 0.299 * red + 0.587 * green + 0.114 * blue;
}

function onWhite(level: number, alpha: number): number {
  return 255 + ((level - 255) * alpha) / 255;
}

function refused(why: string): BenchError {
  return new BenchError('REFUSED', `The printer refused the label image: ${why}.`);
}
