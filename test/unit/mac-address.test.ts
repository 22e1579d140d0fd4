import fc from 'fast-check';
import {
  MAC_RUN_LENGTHS,
  blocksOverlap,
  formatMac,
  macAt,
  macNumber,
  macRun,
  macRuns,
  parseMac,
  parseMacBlock,
} from '../../domain/mac-address';

const sample = parseMacBlock('70:B3:D5:00:00:00/36');

describe('a MAC address', () => {
  it('has one spelling, whichever it was read from', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 48 - 1 }), (value) => {
        const mac = formatMac(value);
        const spellings = [mac, mac.toLowerCase(), mac.replaceAll(':', '-'), mac.replaceAll(':', '')];
        expect(spellings.map(parseMac)).toEqual([mac, mac, mac, mac]);
        expect(macNumber(mac)).toBe(value);
      }),
    );
  });

  it.each([
    '',
    '70:B3:D5:00:00',
    '70:B3:D5:00:00:04:05',
    '70:B3-D5:00:00:04',
    '70:B3:D5:00:00:0G',
    '70 B3 D5 00 00 04',
    '70:B3:D5:00:00:04\n',
  ])('is not read from %j', (text) => {
    expect(() => parseMac(text)).toThrow(/^mac: ".*" is not allowed; six octets in hexadecimal/);
  });
});

describe('a block of MAC addresses', () => {
  it.each([
    ['00:1B:C5:00:00:00/24', 16_777_216],
    ['70:B3:D5:F0:00:00/28', 1_048_576],
    ['70:B3:D5:00:00:00/36', 4_096],
  ])('%s has as many addresses as its kind', (text, size) => {
    const block = parseMacBlock(text);
    expect(block.size).toBe(size);
    expect(macAt(block, 0)).toBe(text.slice(0, 17));
    expect(macNumber(macAt(block, size - 1))).toBe(block.first + size - 1);
  });

  it.each([
    ['a multicast prefix', '01:00:5E:00:00:00/24'],
    ['a local prefix', '02:00:00:00:00:00/24'],
    ['another length', '70:B3:D5:00:00:00/32'],
    ['no length', '70:B3:D5:00:00:00'],
    ['bits after its prefix', '70:B3:D5:00:00:01/36'],
    ['lower case', '70:b3:d5:00:00:00/36'],
  ])('with %s is refused', (_name, text) => {
    expect(() => parseMacBlock(text)).toThrow(
      expect.objectContaining({
        code: 'INPUT_INVALID',
        message: expect.stringContaining(
          `block: "${text}" is not allowed; the first address of an IEEE block`,
        ),
      }),
    );
  });

  it.each([-1, 4096, 0.5])('has no address at offset %d', (offset) => {
    expect(() => macAt(sample, offset)).toThrow(
      expect.objectContaining({
        code: 'SCHEME_EXHAUSTED',
        message: expect.stringContaining('the offsets 0 to 4095'),
      }),
    );
  });

  it('gives runs that begin at a multiple of their length', () => {
    expect(macRun(sample, 4, 4)).toEqual([
      '70:B3:D5:00:00:04',
      '70:B3:D5:00:00:05',
      '70:B3:D5:00:00:06',
      '70:B3:D5:00:00:07',
    ]);
    expect(() => macRun(sample, 2, 4)).toThrow(/a run of 4 begins at a multiple of 4/);
  });

  it('fits its runs between the reserved ends, aligned, as many as there is room for', () => {
    const ends = fc.integer({ min: 0, max: 2100 });
    fc.assert(
      fc.property(ends, ends, fc.constantFrom(...MAC_RUN_LENGTHS), (reserveFirst, reserveLast, count) => {
        const { firstOffset, runs } = macRuns({ block: sample, reserveFirst, reserveLast }, count);
        const end = sample.size - reserveLast;
        expect(firstOffset % count).toBe(0);
        expect(firstOffset).toBeGreaterThanOrEqual(reserveFirst);
        expect(firstOffset - count).toBeLessThan(reserveFirst);
        expect(runs === 0 || firstOffset + runs * count <= end).toBe(true);
        expect(firstOffset + (runs + 1) * count).toBeGreaterThan(end);
      }),
    );
  });

  it('overlaps another one exactly where it holds one of its ends', () => {
    const large = parseMacBlock('70:B3:D5:00:00:00/28');
    expect(blocksOverlap(large, sample)).toBe(true);
    expect(blocksOverlap(sample, large)).toBe(true);
    expect(blocksOverlap(sample, parseMacBlock('70:B3:D5:00:10:00/36'))).toBe(false);
  });
});
