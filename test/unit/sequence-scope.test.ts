import fc from 'fast-check';
import { datePartsOf, type GrantFacts } from '../../domain/grant-facts';
import { SEQUENCE_SCOPES, type SequenceScope } from '../../domain/plant-document';
import { scopeKey, scopeProblem, scopeText } from '../../domain/sequence-scope';
import { parsePattern, renderSerial } from '../../domain/serial-scheme';

const at = (time: number, product = 'EUDV'): GrantFacts => ({ ...datePartsOf(time), product });
const newYear2027 = at(Date.UTC(2027, 0, 1));
const key = (pattern: string, scope: SequenceScope | undefined, facts = newYear2027): string =>
  scopeKey(parsePattern(pattern), scope, facts);

describe('the counter of a scheme', () => {
  it.each([
    ['EUDV{yy}{ww}-{seq:6}', undefined, '2026W53', 'week'],
    ['EUDV{yy}{ww}-{seq:6}', 'year', '2026', 'year'],
    ['EUDV{yy}{ww}-{seq:6}', 'ever', '', 'ever'],
    ['EUDV{yy}-{seq:6}', undefined, '2027', 'year'],
    ['EUDV{ww}-{seq:6}', undefined, 'W53', 'week'],
    ['EUDV{yy}{mm}-{seq:6}', undefined, '2027', 'year'],
    ['{product}-{seq:6}', undefined, 'EUDV/', 'product'],
    ['{product}{yy}{ww}-{seq:6}', undefined, 'EUDV/2026W53', 'product and week'],
    ['{product}{yy}{ww}-{seq:6}', 'product', 'EUDV/', 'product'],
    ['{product}{yy}{ww}-{seq:6}', 'week', '2026W53', 'week'],
    ['X{seq:6}', undefined, '', 'ever'],
  ] as const)('of %s with scope %s is %j, one for each %s', (pattern, scope, expected, words) => {
    expect(key(pattern, scope)).toBe(expected);
    expect(scopeText(parsePattern(pattern), scope)).toBe(words);
  });

  it.each([
    ['EUDV-{seq:6}', 'year', /^one of ever with this pattern: .* needs \{yy\} or \{yyyy\}/],
    [
      'EUDV{yy}-{seq:6}',
      'week',
      /^one of ever, year with this pattern: .* needs \{ww\} with \{yy\} or \{yyyy\}/,
    ],
    ['EUDV{ww}-{seq:6}', 'week', /^one of ever with this pattern/],
    ['EUDV{yy}-{seq:6}', 'product', /needs \{product\}, or serials would be issued twice$/],
  ] as const)('of %s may not start again with each %s', (pattern, scope, allowed) => {
    expect(scopeProblem(parsePattern(pattern), scope)).toMatch(allowed);
  });

  it('never starts again without a change in the serials, within a century', () => {
    const moments = fc.integer({ min: Date.UTC(2001, 0, 1), max: Date.UTC(2099, 11, 20) });
    const grants = fc.record({
      pattern: fc
        .tuple(
          fc.constantFrom('X', '{product}'),
          fc.constantFrom('', '{yy}', '{yyyy}', '{ww}', '{yy}{ww}', '{yy}{ddd}'),
        )
        .map(([start, date]) => parsePattern(`${start}${date}-{seq:2}`)),
      scope: fc.constantFrom(undefined, ...SEQUENCE_SCOPES),
      one: fc.tuple(moments, fc.constantFrom('A', 'AB')),
      other: fc.tuple(moments, fc.constantFrom('A', 'AB')),
    });
    fc.assert(
      fc.property(grants, ({ pattern, scope, one, other }) => {
        fc.pre(scopeProblem(pattern, scope) === null);
        const [first, second] = [at(...one), at(...other)];
        const sameCounter = scopeKey(pattern, scope, first) === scopeKey(pattern, scope, second);
        const sameSerial =
          renderSerial(pattern, { facts: first, number: 1 }) ===
          renderSerial(pattern, { facts: second, number: 1 });
        if (sameSerial) expect(sameCounter).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });
});
