import fc from 'fast-check';
import { ALPHANUMERICS, CHECK_NAMES, DIGITS, findCheckScheme } from '../../domain/check-characters';
import { datePartsOf, type GrantFacts } from '../../domain/grant-facts';
import { capacity, isSkipped, parsePattern, renderSerial, serialParts } from '../../domain/serial-scheme';

const facts: GrantFacts = {
  ...datePartsOf(Date.UTC(2026, 10, 18, 12)),
  country: 'DE',
  product: 'EUDV',
  site: 'W1',
  line: '7',
};
const serial = (text: string, number: number, more: Partial<GrantFacts> = {}): string =>
  renderSerial(parsePattern(text), { facts: { ...facts, ...more }, number });

describe('each token of the pattern language', () => {
  it.each([
    ['EU-{seq:4}', 123, 'EU-0123'],
    ['{yyyy}.{seq:4}', 123, '2026.0123'],
    ['{yy}{ww}-{seq:4}', 123, '2647-0123'],
    ['{yy}{mm}-{seq:4}', 123, '2611-0123'],
    ['{yy}{ddd}-{seq:4}', 123, '26322-0123'],
    ['{country}-{seq:4}', 123, 'DE-0123'],
    ['{product}-{seq:4}', 123, 'EUDV-0123'],
    ['{site}-{line}-{seq:4}', 123, 'W1-7-0123'],
    ['{seq:4:hex}', 43_981, 'ABCD'],
    ['{seq:4:base32}', 33, '2233'],
    ['{seq:3:BCDF}', 6, 'BCD'],
    ['{seq:4}{yy}-{site}', 123, '012326-W1'],
    ['{product}{yy}{mm}-{seq:6}{check:37,36}', 123, 'EUDV2611-000123Q'],
    ['A{seq:6}{check:luhn}Z', 1, 'A0000018Z'],
  ])('%s gives number %i as %s, and reads it back', (text, number, expected) => {
    expect(serial(text, number)).toBe(expected);
    expect(serialParts(parsePattern(text), expected)).toMatchObject({ number });
  });

  it('reads every part of a serial', () => {
    const text = '{country}{yy}{ddd}-{product}.{seq:3:hex}{check:37,36}';
    const made = serial(text, 0xabc);
    expect(serialParts(parsePattern(text), made)).toEqual({
      ...{ country: 'DE', year: 2026, dayOfYear: 322, product: 'EUDV', number: 0xabc },
      check: made.at(-1),
    });
  });

  it.each([
    ['a thirteenth month', '{yy}{mm}-{seq:3}', '2613-001'],
    ['no month', '{yy}{mm}-{seq:3}', '2600-001'],
    ['a day 367', '{yy}{ddd}-{seq:3}', '26367-001'],
    ['a country of digits', '{country}-{seq:3}', '49-001'],
    ['a letter outside the alphabet', '{seq:3:base32}', '2O3'],
    ['the number zero', '{seq:3:base32}', '222'],
    ['a wrong check character', '{seq:3}{check:37,36}', '001A'],
    ['a character that is in no serial', 'EUDV{yy}{ww}-{seq:6}{check:37-2}', 'EUDV2407-000123*'],
    ['a product in small letters', '{product}-{seq:3}', 'eudv-001'],
  ])('knows no serial with %s', (_, text, wrong) => {
    expect(serialParts(parsePattern(text), wrong)).toBeNull();
  });
});

describe('check characters in a serial', () => {
  it.each([
    ['37,36', 'K'],
    ['1271-36', '4Y'],
  ])('of %s are those of its letters and digits, whatever stands between', (name, characters) => {
    const week7 = { isoYear: 2024, isoWeek: 7 };
    expect(serial(`EUDV{yy}{ww}-{seq:6}{check:${name}}`, 123, week7)).toBe(`EUDV2407-000123${characters}`);
    expect(serial(`EUDV{yy}{ww}.{seq:6}-{check:${name}}`, 123, week7)).toBe(`EUDV2407.000123-${characters}`);
  });

  it('that no serial may hold are skipped with their number', () => {
    const pattern = parsePattern('EUDV{yy}{ww}-{seq:6}{check:37-2}');
    const given = { ...facts, isoYear: 2024, isoWeek: 7, skip: ['*'] };
    expect(isSkipped(pattern, given, 123)).toBe(true);
    expect(isSkipped(pattern, given, 124)).toBe(false);
    expect(() => renderSerial(pattern, { facts: given, number: 123 })).toThrow(
      expect.objectContaining({
        code: 'NOT_ALLOWED',
        message: expect.stringContaining('number: 123 is not allowed'),
      }),
    );
    const numbers = Array.from({ length: 3700 }, (_, at) => at + 1);
    // One in 37, evenly: consecutive numbers have different check characters.
    expect(numbers.filter((number) => isSkipped(pattern, given, number)).length / 3700).toBeCloseTo(
      1 / 37,
      2,
    );
  });

  it('notice each wrong character of a serial, and each that was swapped where the scheme promises it', () => {
    const perfect = ['37-2', '1271-36'];
    const made = fc.record({
      name: fc.constantFrom('luhn36', '37-2', '37,36', '1271-36'),
      number: fc.integer({ min: 1, max: 999_999 }),
      at: fc.nat({ max: 20 }),
      other: fc.constantFrom(...ALPHANUMERICS),
    });
    fc.assert(
      fc.property(made, ({ name, number, at, other }) => {
        const pattern = parsePattern(`{product}{yy}{ww}-{seq:6}{check:${name}}`);
        const given = { ...facts, skip: ['*'] };
        if (isSkipped(pattern, given, number)) return;
        const good = renderSerial(pattern, { facts: given, number });
        const [place, next] = [at % good.length, (at % good.length) + 1];
        if (good[place] !== '-' && good[place] !== other)
          expect(serialParts(pattern, good.slice(0, place) + other + good.slice(next))).toBeNull();
        if (!perfect.includes(name) || next === good.length || good[place] === good[next]) return;
        const swapped = good.slice(0, place) + good[next] + good[place] + good.slice(next + 1);
        expect(serialParts(pattern, swapped)).toBeNull();
      }),
    );
  });
});

describe('what is never issued', () => {
  it('is a serial that holds what the scheme skips', () => {
    const pattern = parsePattern('A{seq:4}');
    const given = { ...facts, skip: ['666', 'A13'] };
    const skipped = Array.from({ length: 9999 }, (_, at) => at + 1).filter((number) =>
      isSkipped(pattern, given, number),
    );
    expect(skipped).toHaveLength(19 + 100);
    expect(isSkipped(pattern, facts, 666)).toBe(false);
  });

  it.each([
    ['a name is too long for GS1 AI 21', '{product}-{seq:6}', { product: 'ABCDEFGHIJKLMN' }],
    ['a name is in small letters', '{product}-{seq:6}', { product: 'eudv' }],
    ['its check is a * that is not skipped', 'EUDV2407{seq:6}{check:37-2}', {}],
  ])('is what is no serial, where %s', (_, text, names) => {
    expect(() => serial(text, 123, names)).toThrow(expect.objectContaining({ code: 'SERIAL_MALFORMED' }));
  });

  it('is a serial without the facts that its pattern asks for', () => {
    const old: GrantFacts = { year: 2026, isoYear: 2026, isoWeek: 47 };
    const render = (text: string) => renderSerial(parsePattern(text), { facts: old, number: 1 });
    expect(render('EUDV{yy}{ww}-{seq:6}')).toBe('EUDV2647-000001');
    expect(() => render('{site}-{seq:6}')).toThrow(
      expect.objectContaining({ code: 'INTERNAL', message: expect.stringContaining('lack site') }),
    );
  });
});

const symbols = fc.constantFrom('', ':hex', ':base32', ':ZYX', ':0123456789ABCDEFGHJKMNPQRSTVWXYZ');
const tails = fc.constantFrom('', '-{site}', '.{country}', ...CHECK_NAMES.map((name) => `{check:${name}}`));
const anyPattern = fc
  .record({
    start: fc.constantFrom('', 'X', 'A1-', '{product}', '{country}', '{line}-', '{product}-{line}'),
    date: fc.constantFrom('', '{yy}', '{yyyy}', '{yy}{ww}', '{ww}', '{yy}{mm}', '{ddd}'),
    width: fc.integer({ min: 1, max: 5 }),
    symbols,
    tail: tails,
  })
  .map(({ start, date, width, symbols: letters, tail }) => `${start}${date}.{seq:${width}${letters}}${tail}`)
  .filter(isPattern);

function isPattern(text: string): boolean {
  try {
    return parsePattern(text).text === text;
  } catch {
    return false;
  }
}

const anyFacts = fc.record({
  at: fc.integer({ min: Date.UTC(2000, 0, 3), max: Date.UTC(2099, 11, 20) }),
  country: fc.constantFrom('DE', 'AT'),
  product: fc.constantFrom('A', 'AB', 'EUDV', '4711'),
  site: fc.constantFrom('1', 'W1'),
  line: fc.constantFrom('B', 'BC'),
});
const numbered = anyPattern.chain((text) =>
  fc.record({
    pattern: fc.constant(parsePattern(text)),
    number: fc.integer({ min: 1, max: capacity(parsePattern(text)) }),
    given: anyFacts.map(({ at, ...names }): GrantFacts => ({ ...datePartsOf(at), ...names })),
  }),
);

describe('every pattern', () => {
  it('gives serials that read back into the number and the facts that they were made of', () => {
    fc.assert(
      fc.property(numbered, ({ pattern, number, given }) => {
        if (isSkipped(pattern, { ...given, skip: ['*'] }, number)) return;
        const made = renderSerial(pattern, { facts: given, number });
        const { number: read, year, ...names } = serialParts(pattern, made)!;
        expect(read).toBe(number);
        expect({ ...given, check: names.check }).toMatchObject(names);
        if (year !== undefined) expect([given.year, given.isoYear]).toContain(year);
      }),
      { numRuns: 500 },
    );
  });

  it('gives different serials to different numbers', () => {
    const pairs = numbered.chain((one) =>
      fc.record({
        one: fc.constant(one),
        other: fc.integer({ min: 1, max: capacity(one.pattern) }),
      }),
    );
    fc.assert(
      fc.property(pairs, ({ one: { pattern, number, given }, other }) => {
        if ([number, other].some((each) => isSkipped(pattern, { ...given, skip: ['*'] }, each))) return;
        const [first, second] = [number, other].map((each) =>
          renderSerial(pattern, { facts: given, number: each }),
        );
        expect(first === second).toBe(number === other);
      }),
    );
  });
});

describe('the pattern language refuses', () => {
  it.each<[string, string, RegExp]>([
    ['an unknown token', '{day}-{seq:3}', /literals A–Z/],
    ['an unknown check', '{seq:3}{check:crc}', /literals A–Z/],
    ['a check without a name', '{seq:3}{check}', /literals A–Z/],
    ['an unknown base', '{seq:3:octal}', /literals A–Z/],
    ['an alphabet with a letter twice', '{seq:3:ABA}', /literals A–Z/],
    ['an alphabet of one', '{seq:3:A}', /literals A–Z/],
    ['a token that takes nothing, with something', '{site:3}-{seq:3}', /literals A–Z/],
    ['two checks', '{seq:3}{check:luhn}{check:damm}', /literals A–Z/],
    ['two months', '{mm}{mm}{seq:3}', /literals A–Z/],
    ['a serial that can only be too long', 'ABCDEFGHIJKLMNO{seq:4}{check:97-10}', /literals A–Z/],
    [
      'a number that is no safe integer',
      '{seq:11:base32}',
      /at most 2\^53 - 1 numbers: a narrower \{seq:N\} of these 32/,
    ],
    ['a month beside a week', '{yy}{ww}{mm}{seq:3}', /\{ww\} without \{mm\} and \{ddd\}/],
    ['a day beside a week', '{ww}{ddd}{seq:3}', /\{ww\} without \{mm\} and \{ddd\}/],
    ['names that run into each other', '{product}{site}-{seq:3}', /with a - or \. between them/],
    ['names that a number joins', '{product}{seq:3}{site}', /with a - or \. between them/],
    [
      'a check with something after it that varies',
      '{check:37,36}{seq:3}',
      /\{check:37,36\} after all other tokens/,
    ],
    [
      'a check of digits over letters of a name',
      '{country}{seq:3}{check:luhn}',
      /it is made of digits; luhn36; 37-2; 37,36; 1271-36 take letters/,
    ],
    ['a check of digits over hexadecimal', '{seq:3:hex}{check:damm}', /where no letter varies/],
  ])('%s', (_, text, allowed) => {
    expect(() => parsePattern(text)).toThrow(
      expect.objectContaining({ code: 'INPUT_INVALID', message: expect.stringMatching(allowed) }),
    );
  });

  it('no check over what it is made for', () => {
    for (const name of CHECK_NAMES) {
      const digits = findCheckScheme(name)!.alphabet === DIGITS;
      expect(isPattern(`AB{yy}-{seq:4}{check:${name}}`)).toBe(true);
      expect(isPattern(`AB{yy}-{seq:4:hex}{check:${name}}`)).toBe(!digits);
    }
  });
});

test('a number is as long as the database and the code agree on', () => {
  expect(capacity(parsePattern('{seq:12}'))).toBe(999_999_999_999);
  expect(capacity(parsePattern('{seq:10:base32}'))).toBe(2 ** 50 - 1);
  expect(serialParts(parsePattern('{seq:10:base32}'), serial('{seq:10:base32}', 2 ** 50 - 1))).toEqual({
    number: 2 ** 50 - 1,
  });
});
