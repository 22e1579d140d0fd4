import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkSchemes, DIGITS } from '../../domain/check-characters';
import { datePartsOf, type GrantFacts } from '../../domain/grant-facts';
import { scopeProblem, scopeText } from '../../domain/sequence-scope';
import { parsePattern, renderSerial, serialParts } from '../../domain/serial-scheme';
import { isShown, isTest, situationsOf, tableOf } from '../support/situations';

/** What docs/identifiers.md promises is what the code does. */
const page = readFileSync(join(__dirname, '../../docs/identifiers.md'), 'utf8');
const facts: GrantFacts = {
  ...datePartsOf(Date.UTC(2026, 10, 18, 12)),
  ...{ country: 'DE', product: 'EUDV', site: 'W1', line: '7' },
};

const table = (header: string): string[][] => tableOf(page, header);

test.each(table('| token | gives | pattern | number 123 |'))(
  'the example of token %s (%s) is right: %s gives %s',
  (_token, _gives, text, serial) => {
    const pattern = parsePattern(text!);
    expect(renderSerial(pattern, { facts, number: 123 })).toBe(serial);
    expect(serialParts(pattern, serial!)).toMatchObject({ number: 123 });
  },
);

test.each(table('| pattern | `scope` | one counter for |'))(
  '%s with scope %s has one counter for %s',
  (text, scope, words) => {
    const named = scope === 'none' ? undefined : (scope as 'year');
    const counter = {
      week: /^each week/,
      year: /^each year/,
      'product and year': /^each product in each year/,
      product: /^each product, for ever/,
      ever: /^all years/,
    }[scopeText(parsePattern(text!), named)];
    expect(scopeProblem(parsePattern(text!), named)).toBeNull();
    expect(words).toMatch(counter!);
  },
);

test('the table of check characters has each scheme with its figures', () => {
  const rows = table(
    '| `{check:NAME}` | is | over | gives | wrong characters unseen | swapped neighbours unseen |',
  );
  const figure = (share: number) =>
    share === 0 ? 'none' : `${(100 * share).toFixed(share < 0.01 ? 2 : 1)} %`;
  expect(rows.map(([name, title, over, , wrong, swapped]) => [name, title, over, wrong, swapped])).toEqual(
    checkSchemes.map(({ name, title, alphabet, unseenSwaps }) => [
      name,
      title,
      alphabet === DIGITS ? 'digits' : 'letters and digits',
      'none',
      figure(unseenSwaps),
    ]),
  );
});

describe('each situation has a test', () => {
  const rows = situationsOf(page);

  test('and the table has all of them', () => expect(rows.length).toBeGreaterThanOrEqual(12));

  test.each(rows)('$situation: $file', (row) => expect(isShown(row)).toBe(true));

  test('and a name that no test has is noticed', () => {
    const text = `test.each([['more units', 1]])('an order for %s is refused', () => {});`;
    expect(isTest(text, 'an order for more units is refused')).toBe(true);
    expect(isTest(text, 'an order for less units is refused')).toBe(false);
    expect(isTest(text, 'more units')).toBe(false);
  });
});
