import fc from 'fast-check';
import { numbersOf, rangeSize, readRange } from '../../domain/number-range';

const all = (from: string, to: string) => {
  const range = readRange(from, to);
  return range && [...numbersOf(range)];
};

test.each([
  ['A0001', 'A0003', ['A0001', 'A0002', 'A0003']],
  ['007', '010', ['007', '008', '009', '010']],
  ['B-9', 'B-9', ['B-9']],
  ['A1-98', 'A1-99', ['A1-98', 'A1-99']],
  ['99999999999999999998', '99999999999999999999', ['99999999999999999998', '99999999999999999999']],
])('%s to %s', (from, to, numbers) => {
  expect(all(from, to)).toEqual(numbers);
});

test.each([
  ['another width', 'A1', 'A10'],
  ['another beginning', 'A01', 'B02'],
  ['an end before its beginning', 'A02', 'A01'],
  ['no digits at the end', 'A01X', 'A02X'],
  ['a counter that is not as long', 'A1B2', 'A1345'],
])('%s is no range', (_, from, to) => {
  expect(readRange(from, to)).toBeNull();
});

test('a range has as many numbers as it counts, each once, all of one length, and in order', () => {
  const text = fc.stringMatching(/^[A-Z-]{0,6}$/);
  const counter = fc.tuple(fc.integer({ min: 1, max: 12 }), fc.nat({ max: 500 }), fc.nat());
  fc.assert(
    fc.property(text, counter, (prefix, [width, more, seed]) => {
      const first = seed % 10 ** width;
      const last = Math.min(first + more, 10 ** width - 1);
      const [from, to] = [first, last].map((one) => `${prefix}${String(one).padStart(width, '0')}`) as [
        string,
        string,
      ];
      const range = readRange(from, to)!;
      const numbers = [...numbersOf(range)];
      expect(BigInt(numbers.length)).toBe(rangeSize(range));
      expect([numbers[0], numbers.at(-1)]).toEqual([from, to]);
      expect([...new Set(numbers)].sort()).toEqual(numbers);
      expect(numbers.every(({ length }) => length === from.length)).toBe(true);
    }),
  );
});
