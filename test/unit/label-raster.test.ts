import { deflateSync } from 'node:zlib';
import { crc32 } from '../../domain/bench-protocol';
import { rasteriseLabel } from '../../tools/virtual-bench/label-raster';

/** A PNG from rows that are packed and filtered already. */
function png(
  header: { width: number; height: number; depth: number; colour: number },
  rows: number[][],
  ...extra: Buffer[]
) {
  const ihdr = Buffer.alloc(13);
  ihdr.writeUInt32BE(header.width, 0);
  ihdr.writeUInt32BE(header.height, 4);
  ihdr.set([header.depth, header.colour], 8);
  const body = [
    chunk('IHDR', ihdr),
    ...extra,
    chunk('IDAT', deflateSync(Buffer.from(rows.flat()))),
    chunk('IEND'),
  ];
  return Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), ...body]);
}

function chunk(type: string, data = Buffer.alloc(0)): Buffer {
  const named = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const frame = Buffer.alloc(8);
  frame.writeUInt32BE(data.length, 0);
  frame.writeUInt32BE(crc32(named), 4);
  return Buffer.concat([frame.subarray(0, 4), named, frame.subarray(4)]);
}

/** The red of each pixel: the images here are grey. */
function levels(image: Buffer): number[] {
  const { data } = rasteriseLabel(image);
  return [...data].filter((_, at) => at % 4 === 0);
}

describe('the raster of a label', () => {
  test('one bit a pixel, as label printers like it', () => {
    const image = png({ width: 10, height: 1, depth: 1, colour: 0 }, [[0, 0b10110000, 0b01000000]]);
    expect(levels(image)).toEqual([255, 0, 255, 255, 0, 0, 0, 0, 0, 255]);
  });

  test('transparent pixels show the white material, in RGBA and by a palette', () => {
    const rgba = png({ width: 2, height: 1, depth: 8, colour: 6 }, [[0, 0, 0, 0, 0, 0, 0, 0, 255]]);
    const palette = [chunk('PLTE', Buffer.from([0, 0, 0, 9, 9, 9])), chunk('tRNS', Buffer.from([0]))];
    const byPalette = png({ width: 2, height: 1, depth: 8, colour: 3 }, [[0, 0, 1]], ...palette);
    expect(levels(rgba)).toEqual([255, 0]);
    expect(levels(byPalette)).toEqual([255, 9]);
  });

  test('every row filter is undone', () => {
    const rows = [
      [0, 10, 20, 30],
      [1, 10, 10, 10],
      [2, 1, 1, 1],
      [3, 5, 5, 5],
      [4, 1, 1, 1],
    ];
    const image = png({ width: 3, height: 5, depth: 8, colour: 0 }, rows);
    expect(levels(image)).toEqual([10, 20, 30, 10, 20, 30, 11, 21, 31, 10, 20, 30, 11, 21, 31]);
  });

  test.each([
    ['no image', Buffer.from('label'), 'no PNG'],
    ['a damaged one', damaged(), 'damaged'],
    ['one of 16 bits a channel', png({ width: 1, height: 1, depth: 16, colour: 0 }, [[0, 0, 0]]), 'bits'],
    ['a huge one', png({ width: 100_000, height: 1, depth: 1, colour: 0 }, [[0]]), '4096'],
    [
      'one with more pixels than it says',
      png({ width: 1, height: 1, depth: 8, colour: 0 }, [[0, 1, 2]]),
      'header',
    ],
    [
      'one with fewer pixels than it says',
      png({ width: 9, height: 1, depth: 8, colour: 0 }, [[0, 1]]),
      'header',
    ],
  ])('%s is refused', (_, image, why) => {
    expect(() => rasteriseLabel(image)).toThrow(
      expect.objectContaining({ message: expect.stringContaining(why) }),
    );
  });
});

function damaged(): Buffer {
  const image = png({ width: 1, height: 1, depth: 8, colour: 0 }, [[0, 1]]);
  image[20] = 1;
  return image;
}
