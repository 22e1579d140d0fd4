import fc from 'fast-check';
import { canonicalJson } from '../../domain/canonical';
import { readCanonical } from '../../tools/audit/canonical-check';

const wellFormed = (text: string): boolean => !/\p{Surrogate}/u.test(text);

/** Any JSON, names like numbers and names beyond the first plane among them. */
const json = fc.jsonValue({ stringUnit: 'binary' }).filter((value) => wellFormed(allText(value)));

function allText(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value !== 'object' || value === null) return '';
  return Object.entries(value)
    .map(([name, inner]) => name + '\u0000' + allText(inner))
    .join('\u0000');
}

test('the auditor finds nothing wrong with any text that the writers make', () => {
  fc.assert(fc.property(json, (value) => readCanonical(canonicalJson(value)).problem === null));
});

test('members in the order of their numbers instead of their UTF-16 text are found', () => {
  expect(readCanonical('{"9":0,"10":0}').problem).toMatchObject({
    expected: expect.stringContaining('{"10":0,"9":0}') as string,
  });
  expect(readCanonical('{"10":0,"9":0}').problem).toBeNull();
  // U+1F600 is written with the surrogates D83D DE00, so it comes before U+FB33.
  expect(readCanonical('{"\u{1f600}":1,"\ufb33":2}').problem).toBeNull();
  expect(readCanonical('{"\ufb33":2,"\u{1f600}":1}').problem).not.toBeNull();
});

test.each([
  ['a space', '{"a": 1}'],
  ['a name twice', '{"a":1,"a":1}'],
  ['a number with a zero too many', '{"a":1.0}'],
  ['a number beyond a double', '[12345678901234567890]'],
  ['minus zero', '[-0]'],
  ['an exponent in another spelling', '[1E30]'],
  ['a letter that was escaped', '["\\u0041"]'],
  ['an escape in capitals', '["\\u001F"]'],
  ['a slash that was escaped', '["\\/"]'],
  ['half a surrogate pair', '["\\ud800"]'],
  ['a nest too deep', `${'['.repeat(70)}${']'.repeat(70)}`],
  ['text that is no JSON', '{"batch":,"buyer":"acme"}'],
  ['nothing', ''],
])('%s is found', (_, text) => {
  expect(readCanonical(text).problem).not.toBeNull();
});

test('text that only looks like an escaped surrogate is left alone', () => {
  expect(readCanonical('["C:\\\\ud800"]').problem).toBeNull();
});
