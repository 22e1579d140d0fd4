import fc from 'fast-check';
import { fitsMask, readMask } from '../../domain/serial-mask';

const must = (text: string) => {
  const mask = readMask(text);
  if (!mask) throw new Error(`${text} is no mask`);
  return mask;
};

test.each([
  ['AC-{digit:6}', 'AC-000001', true],
  ['AC-{digit:6}', 'AC-00001', false],
  ['AC-{digit:6}', 'AC-0000012', false],
  ['AC-{digit:6}', 'ac-000001', false],
  ['AC-{digit:6}', 'AC-00000١', false],
  ['{upper:2}{hex:3}.{alnum:1}', 'ZZ0AF.9', true],
  ['{upper:2}{hex:3}.{alnum:1}', 'ZZ0AG.9', false],
  ['{digit:20}', '00000000000000000000', true],
])('%s and %s: %s', (mask, value, fits) => {
  expect(fitsMask(must(mask), value)).toBe(fits);
});

test.each([
  ['no token', 'AC-1'],
  ['an unknown token', '{any:3}'],
  ['no width', '{digit}'],
  ['a width of 0', 'A{digit:0}'],
  ['more than 20 characters', 'A{digit:20}'],
  ['a lone brace', 'A{{digit:2}'],
  ['a blank', 'A {digit:2}'],
  ['a bar', 'A|{digit:2}'],
  ['nothing', ''],
  ['a regular expression', '^(A+)+$'],
])('a mask with %s is none', (_, text) => {
  expect(readMask(text)).toBeNull();
});

test('a value fits where each character does, and not with one more or less', () => {
  const token = fc.tuple(fc.constantFrom('digit', 'upper', 'alnum', 'hex'), fc.integer({ min: 1, max: 5 }));
  fc.assert(
    fc.property(fc.array(token, { minLength: 1, maxLength: 4 }), fc.nat(), (tokens, seed) => {
      const mask = must(tokens.map(([kind, width]) => `{${kind}:${width}}`).join(''));
      const value = mask.places.map((characters, at) => characters[(seed + at) % characters.length]).join('');
      expect(fitsMask(mask, value)).toBe(true);
      expect(fitsMask(mask, `${value}0`)).toBe(false);
      expect(fitsMask(mask, value.slice(1))).toBe(false);
    }),
  );
});

test('any text at all is read or refused, and at once', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => (readMask(text)?.places.length ?? 0) <= 20));
  expect(readMask('{digit:1}'.repeat(10_000))).toBeNull();
});
