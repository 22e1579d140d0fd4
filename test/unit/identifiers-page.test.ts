import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkSchemes, DIGITS } from '../../domain/check-characters';
import { datePartsOf, type GrantFacts } from '../../domain/grant-facts';
import { scopeProblem, scopeText } from '../../domain/sequence-scope';
import { parsePattern, renderSerial, serialParts } from '../../domain/serial-scheme';

/** What docs/identifiers.md promises is what the code does. */
const page = readFileSync(join(__dirname, '../../docs/identifiers.md'), 'utf8');
const facts: GrantFacts = {
  ...datePartsOf(Date.UTC(2026, 10, 18, 12)),
  ...{ country: 'DE', product: 'EUDV', site: 'W1', line: '7' },
};

/** The rows of the table under this header, cell by cell, without marks of code. */
function table(header: string): string[][] {
  const [, body = ''] = page.split(`${header}\n`);
  const lines = body.split('\n').slice(1);
  const end = lines.findIndex((line) => !line.startsWith('|'));
  return lines.slice(0, end).map((line) => {
    const cells = line.split('|').slice(1, -1);
    return cells.map((cell) => cell.trim().replaceAll('`', ''));
  });
}

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
