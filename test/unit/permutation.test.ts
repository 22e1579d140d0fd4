import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { keyedPermutation, MAX_PERMUTATION_SIZE, type KeyedHash } from '../../domain/permutation';

const keyed =
  (key: string): KeyedHash =>
  (message) =>
    createHmac('sha256', key).update(message).digest();
const all = (size: number): number[] => Array.from({ length: size }, (_, at) => at);

describe('a keyed permutation', () => {
  it('gives each number of its domain once, and takes it back, in every small domain', () => {
    for (const size of [...all(130).slice(1), 255, 256, 257, 999]) {
      const { apply, invert } = keyedPermutation('exhaustive', size, keyed('k'));
      const given = all(size).map(apply);
      expect([...given].sort((a, b) => a - b)).toEqual(all(size));
      expect(given.map(invert)).toEqual(all(size));
    }
  });

  it('takes back every number of a large domain, and leaves it for none', () => {
    const cases = fc
      .record({
        size: fc.oneof(
          fc.integer({ min: 1000, max: MAX_PERMUTATION_SIZE }),
          fc.constantFrom(10 ** 6 - 1, 10 ** 12 - 1, 2 ** 50 - 1, 36 ** 10 - 1, MAX_PERMUTATION_SIZE),
        ),
        key: fc.string(),
        at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      })
      .map(({ size, key, at }) => ({ size, key, value: Math.min(size - 1, Math.floor(at * size)) }));
    fc.assert(
      fc.property(cases, ({ size, key, value }) => {
        const { apply, invert } = keyedPermutation('large', size, keyed(key));
        const given = apply(value);
        expect(Number.isSafeInteger(given) && given >= 0 && given < size).toBe(true);
        expect(invert(given)).toBe(value);
        expect(apply(invert(value))).toBe(value);
      }),
      { numRuns: 500 },
    );
  });

  it('gives different numbers to neighbours in a large domain', () => {
    const { apply } = keyedPermutation('neighbours', 10 ** 9, keyed('k'));
    const given = all(5000).map(apply);
    expect(new Set(given).size).toBe(5000);
    // Of random numbers one in two is larger than the one before.
    const rises = given.filter((value, at) => at > 0 && value > given[at - 1]!).length;
    expect(rises / 4999).toBeCloseTo(0.5, 1);
  });

  it('puts a number anywhere, as keys differ', () => {
    const counts = all(10).map(() => 0);
    for (const at of all(2000)) counts[keyedPermutation('spread', 10, keyed(`k${at}`)).apply(0)]!++;
    // χ² with nine degrees of freedom: 27.9 is passed by chance once in a thousand, and these keys are always the same.
    expect(counts.reduce((sum, count) => sum + (count - 200) ** 2 / 200, 0)).toBeLessThan(27.9);
  });

  it('is another one for another name, size or key', () => {
    const first = (name: string, size: number, key: string) =>
      all(8)
        .map(keyedPermutation(name, size, keyed(key)).apply)
        .join();
    const made = [
      first('a', 10 ** 6, 'k'),
      first('b', 10 ** 6, 'k'),
      first('a', 10 ** 6 + 1, 'k'),
      first('a', 10 ** 6, 'l'),
    ];
    expect(new Set(made).size).toBe(4);
  });

  it('is the same for ever: what was issued has to be computed again', () => {
    const { apply } = keyedPermutation('EUDV/1 2026W47', 999_999, keyed('a key of the test'));
    expect([0, 1, 2, 3, 999_998].map(apply)).toEqual([395_786, 644_779, 489_462, 365_934, 819_028]);
  });

  it.each([0, -1, 1.5, NaN, Infinity, MAX_PERMUTATION_SIZE + 1, 2 ** 53])(
    'is refused over %d numbers',
    (size) => {
      expect(() => keyedPermutation('x', size, keyed('k'))).toThrow(
        expect.objectContaining({
          code: 'INPUT_INVALID',
          message: expect.stringContaining(`size: ${size} is not allowed`),
        }),
      );
    },
  );

  it.each([-1, 10, 0.5, NaN])('of ten numbers takes no %d', (value) => {
    const { apply, invert } = keyedPermutation('x', 10, keyed('k'));
    for (const turn of [apply, invert]) {
      expect(() => turn(value)).toThrow(expect.objectContaining({ code: 'INTERNAL' }));
    }
  });
});
