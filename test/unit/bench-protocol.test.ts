import fc from 'fast-check';
import { crc32, createLineReader } from '../../domain/bench-protocol';

describe('crc32', () => {
  test('gives the check value of its catalogue entry', () => {
    expect(crc32(Buffer.from('123456789'))).toBe(0xcbf43926);
    expect(crc32(new Uint8Array())).toBe(0);
  });
});

describe('the line reader', () => {
  test('gives the same lines, however the text is cut', () => {
    const line = fc.string({ minLength: 1, unit: fc.constantFrom('a', 'ü', '{', '"') });
    fc.assert(
      fc.property(fc.array(line), fc.nat(7), (lines, cut) => {
        const read = createLineReader();
        const text = lines.map((each) => `${each}\n`).join('');
        const parts = text.match(new RegExp(`[^]{1,${cut + 1}}`, 'g')) ?? [];
        expect(parts.flatMap((part) => read(part))).toEqual(lines);
      }),
    );
  });

  test('gives up on a line that is too long, ended or not', () => {
    expect(createLineReader(3)('abcd')).toBeNull();
    expect(createLineReader(3)('abcd\n')).toBeNull();
    expect(createLineReader(3)('abc\nabc')).toEqual(['abc']);
  });
});
