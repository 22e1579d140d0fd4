import fc from 'fast-check';
import {
  MAC_RUN_LENGTHS,
  blocksOverlap,
  formatMac,
  macAt,
  offsetOf,
  macRun,
  macRuns,
  parseMac,
  parseMacBlock,
} from '../../domain/mac-address';

const sample = parseMacBlock('70:B3:D5:00:00:00/36');

/** A double holds an EUI-48 and no EUI-64. */
const macNumber = (mac: string): bigint => BigInt(`0x${mac.replaceAll(':', '')}`);

describe('a MAC address', () => {
  it.each([48, 64])('of %i bits has one spelling, whichever it was read from', (bits) => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** BigInt(bits) - 1n }), (value) => {
        const mac = formatMac(value.toString(16).padStart(bits / 4, '0'));
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
    '70B3D500000405',
    '70:B3:D5:00:00:00:00:00:04',
    '70:B3:D5:00:00:00-00-04',
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
    expect(macNumber(macAt(block, size - 1))).toBe(macNumber(text.slice(0, 17)) + BigInt(size) - 1n);
  });

  it.each([
    ['a multicast prefix', '01:00:5E:00:00:00/24'],
    ['a local prefix', '02:00:00:00:00:00/24'],
    ['a CID, which makes no addresses', '0A:1B:2C:00:00:00/24'],
    ['seven octets', '70:B3:D5:00:00:00:00/36'],
    ['bits after its prefix, in EUI-64', '70:B3:D5:00:00:00:00:01/36'],
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

describe('a block of EUI-64', () => {
  const mal = parseMacBlock('00:1B:C5:00:00:00:00:00/24');

  it.each([
    ['00:1B:C5:00:00:00:00:00/24', 2 ** 40],
    ['70:B3:D5:F0:00:00:00:00/28', 2 ** 36],
    ['70:B3:D5:00:00:00:00:00/36', 2 ** 28],
  ])('%s has as many addresses as 64 bits give it', (text, size) => {
    const block = parseMacBlock(text);
    expect([block.eui, block.size]).toEqual([64, size]);
    expect(macAt(block, 0)).toBe(text.slice(0, 23));
    expect(macNumber(macAt(block, size - 1))).toBe(macNumber(text.slice(0, 23)) + BigInt(size) - 1n);
  });

  it('gives each offset one address, and finds the offset again, up to the last bit', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: mal.size - 1 }), (offset) => {
        const mac = macAt(mal, offset);
        expect(macNumber(mac)).toBe(0x001bc50000000000n + BigInt(offset));
        expect(offsetOf(mal, mac)).toBe(offset);
      }),
    );
  });

  it('gives the addresses of its own range, and derives none from an EUI-48', () => {
    const block = parseMacBlock('70:B3:D5:00:00:00:00:00/36');
    expect(macRun(block, 4, 2)).toEqual(['70:B3:D5:00:00:00:00:04', '70:B3:D5:00:00:00:00:05']);
    expect(offsetOf(sample, macAt(block, 4))).toBeNull();
    expect(offsetOf(block, macAt(sample, 4))).toBeNull();
  });

  it.each([
    ['00:1B:C5:00:00:00:00:00/24', 'FF:FD:FF:FF:FF'],
    ['70:B3:D5:F0:00:00:00:00/28', 'FF:FD:FF:FF:FF'],
    ['70:B3:D5:FF:F0:00:00:00/36', 'FF:FD:FF:FF:FF'],
    ['70:B3:D5:E0:00:00:00:00/28', 'EF:FF:FF:FF:FF'],
    ['70:B3:D5:00:00:00:00:00/36', '00:0F:FF:FF:FF'],
  ])('ends where addresses begin that read like an EUI-48 in disguise: %s', (text, last) => {
    const block = parseMacBlock(text);
    const { end } = macRuns({ block, reserveFirst: 0, reserveLast: 0 }, 1);
    expect(macAt(block, end - 1).slice(9)).toBe(last);
  });

  it('fits aligned runs between its ends, none of them in disguise', () => {
    const ends = fc.integer({ min: 0, max: 2 ** 26 });
    fc.assert(
      fc.property(ends, ends, fc.constantFrom(...MAC_RUN_LENGTHS), (reserveFirst, reserveLast, count) => {
        const { firstOffset, runs } = macRuns({ block: mal, reserveFirst, reserveLast }, count);
        const last = macRun(mal, firstOffset + (runs - 1) * count, count);
        expect(firstOffset).toBeGreaterThanOrEqual(reserveFirst);
        expect(offsetOf(mal, last.at(-1)!)).toBeLessThan(mal.size - reserveLast);
        expect(last.at(-1)!.slice(9, 14)).not.toMatch(/FF:F[EF]/);
        expect(macNumber(last[0]!) % BigInt(count)).toBe(0n);
      }),
    );
  });

  it('never overlaps a block of EUI-48, whatever their prefixes', () => {
    expect(blocksOverlap(parseMacBlock('70:B3:D5:00:00:00:00:00/36'), sample)).toBe(false);
    expect(
      blocksOverlap(parseMacBlock('70:B3:D5:00:00:00:00:00/36'), parseMacBlock('70:B3:D5:00:00:00:00:00/28')),
    ).toBe(true);
  });
});
