import fc from 'fast-check';
import {
  GS,
  bwipText,
  checkDigit,
  elementString,
  hasCheckDigit,
  isGtin14,
  isSet82,
  parseElementString,
  type GS1Element,
} from '../../domain/gs1';

const gtin: GS1Element = { ai: '01', value: '09506000134352' };
const serial: GS1Element = { ai: '21', value: 'EUDV2647-000001' };
const print: GS1Element = { ai: '91', value: '1' };

describe('the GS1 check digit', () => {
  it.each([
    ['0950600013435', '2'],
    ['10614141123456789', '7'],
  ])('of %s is %s', (body, digit) => {
    expect(checkDigit(body)).toBe(digit);
  });

  it('finds every changed digit', () => {
    const changes = fc.record({
      body: fc.stringMatching(/^[0-9]{13}$/),
      at: fc.integer({ min: 0, max: 13 }),
      by: fc.integer({ min: 1, max: 9 }),
    });
    fc.assert(
      fc.property(changes, ({ body, at, by }) => {
        const good = body + checkDigit(body);
        const changed = good.slice(0, at) + ((Number(good[at]) + by) % 10) + good.slice(at + 1);
        expect([hasCheckDigit(good), hasCheckDigit(changed)]).toEqual([true, false]);
      }),
    );
  });

  it.each(['09506000134353', '9506000134352', '0950600013435A', ''])('says that %j is no GTIN-14', (text) => {
    expect(isGtin14(text)).toBe(false);
    expect(isGtin14('09506000134352')).toBe(true);
  });
});

describe('set 82', () => {
  it('has 82 characters of ASCII, and no others', () => {
    const members = Array.from({ length: 0x250 }, (_, code) => String.fromCharCode(code)).filter(isSet82);
    expect(members).toHaveLength(82);
    expect(members.join('')).toMatch(/^[!-z]+$/);
    for (const outsider of ' #$@[\\]^`{|}~') expect(isSet82(outsider)).toBe(false);
  });
});

describe('a GS1 element string', () => {
  it('has a separator after each value of variable length but the last', () => {
    const text = `010950600013435221EUDV2647-000001${GS}911`;
    expect(elementString([gtin, serial, print])).toBe(text);
    expect(parseElementString(text)).toEqual([gtin, serial, print]);
  });

  it('is given to bwip-js with FNC1 in front and between', () => {
    expect(bwipText([gtin, serial, print])).toBe('^FNC1010950600013435221EUDV2647-000001^FNC1911');
  });

  it('reads back as what it was made of', () => {
    const set82 = [...'!"%&\'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz'];
    const value = (maxLength: number) =>
      fc.string({ unit: fc.constantFrom(...set82), minLength: 1, maxLength });
    const optional = fc.subarray(['00', '10', '11', '91', '240', '241', '250', '8012'] as const);
    const made = fc.record({
      gtin: fc.stringMatching(/^[0-9]{13}$/).map((body) => body + checkDigit(body)),
      sscc: fc.stringMatching(/^[0-9]{17}$/).map((body) => body + checkDigit(body)),
      text: value(20),
      others: optional,
      reversed: fc.boolean(),
    });
    fc.assert(
      fc.property(made, (given) => {
        const elements: GS1Element[] = [
          { ai: '01', value: given.gtin },
          { ai: '21', value: given.text },
          ...given.others.map((ai) => ({
            ai,
            value: ai === '00' ? given.sscc : ai === '11' ? '261100' : given.text,
          })),
        ];
        if (given.reversed) elements.reverse();
        expect(parseElementString(elementString(elements))).toEqual(elements);
      }),
    );
  });

  it.each<[string, GS1Element[], RegExp]>([
    ['a wrong check digit', [{ ai: '01', value: '09506000134353' }], /\(01\).*its check digit would be 2/],
    ['a GTIN that is too short', [{ ai: '01', value: '950600013435' }], /\(01\).*14 digits/],
    ['a serial without a GTIN', [serial], /\(21\) needs \(01\)/],
    ['a second serial without a first', [gtin, { ai: '250', value: 'A' }], /\(250\) needs \(21\)/],
    ['a blank', [gtin, { ai: '21', value: 'A B' }], /\(21\) "A B".*set 82/],
    ['a separator inside a value', [gtin, { ai: '21', value: `A${GS}B` }], /set 82/],
    ['a serial of 21 characters', [gtin, { ai: '21', value: 'A'.repeat(21) }], /1 to 20 characters/],
    ['no serial', [gtin, { ai: '21', value: '' }], /1 to 20 characters/],
    ['an identifier twice', [gtin, print, print], /\(91\) stands in it twice/],
    ['a thirteenth month', [gtin, { ai: '11', value: '261301' }], /a date YYMMDD/],
    ['a 30 February', [gtin, { ai: '11', value: '260230' }], /a date YYMMDD/],
  ])('is not made with %s', (_name, elements, problem) => {
    expect(() => elementString(elements)).toThrow(expect.objectContaining({ code: 'INPUT_INVALID' }));
    expect(() => elementString(elements)).toThrow(problem);
  });

  it.each([
    ['nothing', ''],
    ['an unknown identifier', '9912345'],
    ['a cut GTIN', '010950600013'],
    ['a separator at the end', `010950600013435221A${GS}`],
    ['a separator after a predefined length', `0109506000134352${GS}21A`],
    ['plain text', 'EUDV2647-000001'],
  ])('is not read from %s', (_name, text) => {
    expect(() => parseElementString(text)).toThrow(expect.objectContaining({ code: 'LABEL_UNREADABLE' }));
  });
});
