import fc from 'fast-check';
import { canonicalJson, parseCanonical } from '../../domain/canonical';

describe('canonical JSON', () => {
  it('gives the text of the example in RFC 8785', () => {
    const value = {
      numbers: [Number('333333333.33333329'), 1e30, 4.5, 2e-3, 0.000000000000000000000000001],
      string: '\u20ac$\u000f\u000aA\'\u0042\u0022\u005c\\"/',
      literals: [null, true, false],
    };
    expect(canonicalJson(value)).toBe(
      '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],' +
        '"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
    );
  });

  it('sorts names by UTF-16 code units, as RFC 8785 does', () => {
    const value = { '\u20ac': 1, '\r': 2, '\ufb33': 3, '1': 4, '\u{1f600}': 5, '\u0080': 6, '\u00f6': 7 };
    expect(Object.values(JSON.parse(canonicalJson(value)) as object)).toEqual([4, 2, 6, 7, 1, 5, 3]);
  });

  it('reads back what it wrote, and writes the same again', () => {
    const json = fc.jsonValue({ noUnicodeString: false, maxDepth: 5 }).map(withoutHalfSurrogates);
    fc.assert(
      fc.property(json, (value) => {
        const text = canonicalJson(value);
        expect(canonicalJson(parseCanonical(text))).toBe(text);
      }),
    );
  });

  it.each([
    ['undefined', undefined],
    ['undefined in a list', [1, undefined]],
    ['undefined in a map', { a: { b: undefined } }],
    ['a hole in a list', new Array(2)],
    ['NaN', { a: NaN }],
    ['Infinity', [Infinity]],
    ['a date', { at: new Date(0) }],
    ['a map object', new Map()],
    ['a big integer', 1n],
    ['a function', { a: () => 1 }],
    ['half a surrogate pair', '\ud800'],
    ['half a surrogate pair as a name', { '\udc00': 1 }],
  ])('refuses %s instead of dropping or changing it', (_name, value) => {
    expect(() => canonicalJson(value)).toThrow(expect.objectContaining({ code: 'INTERNAL' }));
  });

  it('refuses what is nested too deeply, and a value that holds itself', () => {
    const loop: unknown[] = [];
    loop.push(loop);
    expect(() => canonicalJson(loop)).toThrow(/nested more than 64 deep/);
  });

  it.each(['{"b":1,"a":2}', '{ "a": 1 }', '{"a":1.0}', '{"a":1,"a":1}', '"\\u0041"', 'nothing', ''])(
    'refuses %j, which is not in canonical form',
    (text) => {
      expect(() => parseCanonical(text)).toThrow(expect.objectContaining({ code: 'INPUT_INVALID' }));
    },
  );
});

function withoutHalfSurrogates(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value).replace(/\\u[dD][89a-fA-F][0-9a-fA-F]{2}/g, '?'));
}
