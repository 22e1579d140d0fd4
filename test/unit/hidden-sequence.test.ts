import fc from 'fast-check';
import { datePartsOf, type GrantFacts } from '../../domain/grant-facts';
import { guessChance, guessText } from '../../domain/guess-chance';
import { shownNumber, withHidden } from '../../domain/hidden-sequence';
import { MAX_PERMUTATION_SIZE } from '../../domain/permutation';
import { capacity, isSkipped, parsePattern, renderSerial, serialParts } from '../../domain/serial-scheme';
import { hashBy } from '../support/hidden-keys';

const hash = hashBy('a key of the test');
const space = 'EUDV 2026W47';
const facts: GrantFacts = {
  ...datePartsOf(Date.UTC(2026, 10, 18, 12)),
  hidden: { key: 'env:A_KEY', space, fingerprint: '00' },
};
const key = { hash, space };
const all = (highest: number) => Array.from({ length: highest }, (_, at) => at + 1);
const serials = (text: string, by = hash, of = facts) => {
  const pattern = parsePattern(text);
  return all(capacity(pattern)).map((number) => renderSerial(pattern, { facts: of, number, hash: by }));
};

describe('a hidden sequence', () => {
  it.each([
    'X{seq:3}',
    'EUDV{yy}{ww}-{seq:3}',
    '{seq:2:base32}-{tag:2}',
    '{seq:3:hex}{tag:3}{check:37,36}',
    '{seq:4:BCDF}',
  ])('of %s gives every number once, and never 0', (text) => {
    const pattern = parsePattern(text);
    const given = serials(text);
    expect(new Set(given).size).toBe(capacity(pattern));
    const shown = given.map((serial) => serialParts(pattern, serial)!.number);
    expect(shown.sort((a, b) => a - b)).toEqual(all(capacity(pattern)));
  });

  it('is read back by the key alone: without it, a serial tells the number that it shows', () => {
    const cases = fc.record({
      start: fc.constantFrom('', 'EUDV{yy}{ww}-'),
      width: fc.integer({ min: 1, max: 5 }),
      alphabet: fc.constantFrom('', ':hex', ':base32', ':BCDF'),
      tag: fc.constantFrom('', '{tag:1}', '-{tag:3}'),
      check: fc.constantFrom('', '{check:1271-36}', '{check:37,36}A'),
      at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
    });
    fc.assert(
      fc.property(cases, ({ start, width, alphabet, tag, check, at }) => {
        const pattern = parsePattern(`${start}{seq:${width}${alphabet}}${tag}${check}`);
        const number = 1 + Math.floor(at * capacity(pattern));
        const serial = renderSerial(pattern, { facts, number, hash });
        expect(serialParts(pattern, serial, key)?.number).toBe(number);
        expect(serialParts(pattern, serial)?.number).toBe(shownNumber(pattern, facts, number, hash));
      }),
    );
  });

  it('does not run on', () => {
    const numbers = serials('{seq:4}').map(Number);
    const neighbours = numbers.filter((number, at) => at > 0 && Math.abs(number - numbers[at - 1]!) === 1);
    // Of 9,998 pairs in random order, about two.
    expect(neighbours.length).toBeLessThan(10);
  });

  it('is another one by another key, and in another scope of the counter', () => {
    const first = serials('{seq:3}');
    const agreeing = (others: string[]) => others.filter((serial, at) => serial === first[at]).length;
    const nextWeek = { ...facts, hidden: { ...facts.hidden!, space: 'EUDV 2026W48' } };
    // A random order agrees with another in one place on average.
    expect(agreeing(serials('{seq:3}', hashBy('another')))).toBeLessThan(10);
    expect(agreeing(serials('{seq:3}', hash, nextWeek))).toBeLessThan(10);
  });

  it('is the same for ever: what was issued has to be computed again', () => {
    const pattern = parsePattern('EUDV{yy}{ww}-{seq:6}{tag:3}');
    expect([1, 2, 3].map((number) => renderSerial(pattern, { facts, number, hash }))).toEqual([
      'EUDV2647-299746JN4',
      'EUDV2647-8980968JK',
      'EUDV2647-300801TES',
    ]);
  });

  it('is never shown without its key', () => {
    const pattern = parsePattern('EUDV{yy}{ww}-{seq:6}');
    for (const make of [
      () => renderSerial(pattern, { facts, number: 1 }),
      () => isSkipped(pattern, { ...facts, skip: ['9'] }, 1),
    ])
      expect(make).toThrow(
        expect.objectContaining({
          code: 'CONFIGURATION_INVALID',
          message: expect.stringContaining('env:A_KEY: (missing) is not allowed; a key of 32 to 256 bytes'),
        }),
      );
  });

  it('skips what stands in the serial, not in the counter', () => {
    const pattern = parsePattern('X{seq:2}');
    const skipping = { ...facts, skip: ['13'] };
    const skipped = all(99).filter((number) => isSkipped(pattern, skipping, number, hash));
    expect(skipped.map((number) => shownNumber(pattern, facts, number, hash))).toEqual([13]);
  });

  it('has room for every pattern', () => {
    const sizes = all(36).flatMap((symbols) => all(12).map((width) => symbols ** width - 1));
    const allowed = sizes.filter((size) => size >= 1 && size <= Number.MAX_SAFE_INTEGER);
    expect(Math.max(...allowed)).toBeLessThanOrEqual(MAX_PERMUTATION_SIZE);
  });

  it('keeps its space from one version of the scheme to the next', () => {
    const plain: GrantFacts = datePartsOf(Date.UTC(2026, 10, 18, 12));
    const scheme = { name: 'EUDV', hidden: { key: 'file:/k' } };
    expect(withHidden(plain, scheme, '2026W47').hidden).toEqual({ key: 'file:/k', space });
    expect(withHidden(plain, scheme, '').hidden).toEqual({ key: 'file:/k', space: 'EUDV' });
    expect(withHidden(plain, { name: 'EUDV' }, '')).toBe(plain);
  });
});

describe('a tag', () => {
  const pattern = parsePattern('EUDV-{seq:4}{tag:3}');
  const serial = renderSerial(pattern, { facts, number: 1, hash });

  it('is right in every serial, and wrong in all but one of those that differ by it', () => {
    expect(serialParts(pattern, serial, key)?.tag).toBe(serial.slice(-3));
    const forged = [...'23456789ABCDEFGHJKLMNPQRSTUVWXYZ'].map((last) => serial.slice(0, -1) + last);
    expect(forged.filter((text) => serialParts(pattern, text, key) !== null)).toEqual([serial]);
    // Without the key nobody can tell.
    expect(forged.every((text) => serialParts(pattern, text) !== null)).toBe(true);
  });

  it('does not go over to another number', () => {
    const short = parsePattern('{seq:5}{tag:1}');
    const { length } = all(20_000).filter((number) => {
      const text = `${String(number).padStart(5, '0')}A`;
      return serialParts(short, text, key) !== null;
    });
    // One in 32 by chance: 625 of 20,000, with a deviation of 25.
    expect(Math.abs(length - 625)).toBeLessThan(125);
  });

  it('is not made or taken by another key', () => {
    expect(serialParts(pattern, serial, { hash: hashBy('another'), space })).toBeNull();
  });

  it.each([
    ['{tag:3}{seq:4}', '{tag:N} after all other tokens but {check:NAME}'],
    ['{seq:4}{check:37,36}{tag:3}', '{check:37,36} after all other tokens'],
    ['{seq:4}{tag:3}{check:damm}', '{check:damm} where no letter varies'],
    ['{seq:4}{tag:9}', 'literals A–Z'],
    ['{seq:4}{tag}', 'literals A–Z'],
    ['{seq:4}{tag:2}{tag:2}', 'literals A–Z'],
  ])('is refused in %s', (text, allowed) => {
    expect(() => parsePattern(text)).toThrow(
      expect.objectContaining({ code: 'INPUT_INVALID', message: expect.stringContaining(allowed) }),
    );
  });
});

test.each([
  ['{seq:6}', undefined, 'every time'],
  ['{seq:6}{tag:2}', undefined, '1 time in 1024'],
  ['{seq:6}{tag:3}', undefined, '1 time in 32768'],
  ['{seq:6}{tag:2}', 99_999, '1 time in 10240'],
  ['{seq:10:base32}', 1_000_000, '1 time in 1125899906'],
])('a made-up serial of %s with %s units is right %s', (text, need, words) => {
  expect(guessText(guessChance(parsePattern(text), need))).toBe(words);
});
