import fc from 'fast-check';
import { datePartsOf, isoWeekOf } from '../../domain/grant-facts';
import { capacity, parsePattern, renderSerial, serialParts } from '../../domain/serial-scheme';

const inWeek47 = datePartsOf(Date.UTC(2026, 10, 18, 12));
const literal = fc.stringMatching(/^[A-Z0-9.-]{0,4}$/);
const patterns = fc
  .record({
    start: literal,
    year: fc.constantFrom('', '{yy}', '{yyyy}'),
    week: fc.constantFrom('', '{ww}'),
    separator: fc.constantFrom('', '-', '.'),
    width: fc.integer({ min: 1, max: 7 }),
    end: fc.stringMatching(/^[A-Z0-9.-]{0,2}$/),
  })
  .map(({ start, year, week, separator, width, end }) =>
    parsePattern(`${start}${year}${week}${separator}{seq:${width}}${end}`),
  );
const moments = fc.integer({ min: Date.UTC(2000, 0, 3), max: Date.UTC(2099, 11, 20) });

describe('a serial scheme', () => {
  it('gives the serials of the sample product', () => {
    const pattern = parsePattern('EUDV{yy}{ww}-{seq:6}');
    expect(renderSerial(pattern, { facts: inWeek47, number: 1 })).toBe('EUDV2647-000001');
    expect(serialParts(pattern, 'EUDV2647-000001')).toEqual({ year: 2026, isoWeek: 47, number: 1 });
  });

  it('keeps its sequence apart from the texts around it', () => {
    const pattern = parsePattern('A{yyyy}-{seq:3}-{ww}Z');
    expect(renderSerial(pattern, { facts: inWeek47, number: 12 })).toBe('A2026-012-47Z');
  });

  it('reads every serial back into the parts that it was made of', () => {
    const numbered = patterns.chain((pattern) =>
      fc.record({
        pattern: fc.constant(pattern),
        number: fc.integer({ min: 1, max: capacity(pattern) }),
        at: moments,
      }),
    );
    fc.assert(
      fc.property(numbered, ({ pattern, number, at }) => {
        const facts = datePartsOf(at);
        const parts = serialParts(pattern, renderSerial(pattern, { facts, number }));
        const kinds = pattern.parts.map((part) => part.kind);
        const hasWeek = kinds.includes('isoWeek');
        expect(parts).toEqual({
          number,
          ...(kinds.includes('year') && { year: hasWeek ? facts.isoYear : facts.year }),
          ...(hasWeek && { isoWeek: facts.isoWeek }),
        });
      }),
    );
  });

  it('never gives one serial to two numbers', () => {
    const pattern = parsePattern('X{seq:3}');
    const all = Array.from({ length: capacity(pattern) }, (_, at) =>
      renderSerial(pattern, { facts: inWeek47, number: at + 1 }),
    );
    expect(new Set(all).size).toBe(999);
  });

  it.each([0, 1000, -1, 1.5, NaN])('has no serial for the number %d beyond its width', (number) => {
    const pattern = parsePattern('X{seq:3}');
    expect(() => renderSerial(pattern, { facts: inWeek47, number })).toThrow(
      expect.objectContaining({
        code: 'SCHEME_EXHAUSTED',
        message: expect.stringContaining(
          `number: ${number} is not allowed; X{seq:3} has the numbers 1 to 999`,
        ),
      }),
    );
  });

  it.each([
    'EUDV2647-00001',
    'EUDV2647-0000001',
    'EUDV2647-00000A',
    'eudv2647-000001',
    'EUDV2647-000000',
    'EUDV2654-000001',
    '',
  ])('does not know %j as one of its serials', (serial) => {
    expect(serialParts(parsePattern('EUDV{yy}{ww}-{seq:6}'), serial)).toBeNull();
  });

  it.each([
    '',
    'EUDV',
    'EUDV{seq}',
    'EUDV{seq:0}',
    'EUDV{seq:13}',
    '{seq:3}{seq:3}',
    '{yy}{yyyy}{seq:3}',
    '{ww}{ww}{seq:3}',
    '{yy:2}{seq:3}',
    '{day}{seq:3}',
    'eudv{seq:3}',
    'A B{seq:3}',
    'A|{seq:3}',
    '{seq:3',
    'ABCDEFGHIJKLMNOPQ{seq:4}',
  ])('refuses the pattern %j by value and what is allowed', (text) => {
    expect(() => parsePattern(text)).toThrow(
      expect.objectContaining({
        code: 'INPUT_INVALID',
        message: expect.stringMatching(
          /^pattern: ".*" is not allowed; literals A–Z 0–9 - \. with the tokens/,
        ),
      }),
    );
  });
});

describe('the ISO week', () => {
  it.each([
    ['2026-11-18', 2026, 47],
    ['2027-01-01', 2026, 53],
    ['2027-01-03', 2026, 53],
    ['2027-01-04', 2027, 1],
    ['2024-12-30', 2025, 1],
    ['2021-01-03', 2020, 53],
    ['2000-01-01', 1999, 52],
    ['1970-01-01', 1970, 1],
    ['1969-12-28', 1969, 52],
  ])('of %s is that of its Thursday', (day, isoYear, isoWeek) => {
    expect(isoWeekOf(Date.parse(`${day}T00:00:00Z`))).toEqual({ isoYear, isoWeek });
    expect(isoWeekOf(Date.parse(`${day}T23:59:59.999Z`))).toEqual({ isoYear, isoWeek });
  });

  it('changes on Mondays only, by one, or to 1', () => {
    const dayMs = 86_400_000;
    fc.assert(
      fc.property(moments, (at) => {
        const today = isoWeekOf(at);
        const tomorrow = isoWeekOf(at + dayMs);
        if (new Date(at + dayMs).getUTCDay() !== 1) expect(tomorrow).toEqual(today);
        else expect([today.isoWeek + 1, 1]).toContain(tomorrow.isoWeek);
      }),
    );
  });

  it('brings its own year along, where the calendar has turned already', () => {
    const newYearsDay = datePartsOf(Date.UTC(2027, 0, 1));
    const first = (text: string) => renderSerial(parsePattern(text), { facts: newYearsDay, number: 1 });
    expect(first('{yyyy}{ww}-{seq:2}')).toBe('202653-01');
    expect(first('{yyyy}-{seq:2}')).toBe('2027-01');
  });
});
