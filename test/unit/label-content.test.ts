import fc from 'fast-check';

import { checkDigit } from '../../domain/gs1';
import { buildLabelContent, parseLabelContent } from '../../domain/label-content';

const content = { gtin: '09506000134352', serial: 'EUDV2647-000001', print: 1 };
const text = '010950600013435221EUDV2647-000001\x1d911';

describe('the content of a label', () => {
  it('is GTIN, serial and print number, with the separator that a scanner transmits', () => {
    expect(buildLabelContent(content)).toBe(text);
    expect(parseLabelContent(text)).toEqual(content);
  });

  it('comes back as it went in, for every serial and print number', () => {
    const any = fc.record({
      gtin: fc.stringMatching(/^[0-9]{13}$/).map((body) => `${body}${checkDigit(body)}`),
      serial: fc.stringMatching(/^[A-Z0-9.-]{1,20}$/),
      print: fc.integer({ min: 1, max: 9999 }),
    });
    fc.assert(fc.property(any, (one) => expect(parseLabelContent(buildLabelContent(one))).toEqual(one)));
  });

  it('read from any text either is null or builds that very text again', () => {
    const digits = fc.stringMatching(/^[0-9]{0,16}$/);
    const parts = fc.oneof(
      digits,
      fc.constantFrom('01', '21', '91', '10', '\x1d', '09506000134352', 'A-1', '0'),
    );
    const near = fc.array(parts, { maxLength: 8 }).map((all) => all.join(''));
    fc.assert(
      fc.property(fc.oneof(near, fc.string()), (some) => {
        const read = parseLabelContent(some);
        expect(read === null || buildLabelContent(read) === some).toBe(true);
      }),
    );
  });

  it.each([
    ['nothing', ''],
    ['another text', 'hello'],
    ['printed brackets', '(01)09506000134352(21)EUDV2647-000001(91)1'],
    ['a symbology identifier', `]d2${text}`],
    ['no separator', text.replace('\x1d', '')],
    ['a separator at the end', `${text}\x1d`],
    ['a separator after the GTIN', text.replace('5221', '52\x1d21')],
    ['a wrong check digit', text.replace('3435221', '3435321')],
    ['no print number', '010950600013435221EUDV2647-000001'],
    ['an empty print number', '010950600013435221EUDV2647-000001\x1d91'],
    ['print number 0', text.replace(/1$/, '0')],
    ['print number 01', text.replace(/1$/, '01')],
    ['print number 10000', text.replace(/1$/, '10000')],
    ['print number 1.0', text.replace(/1$/, '1.0')],
    ['no serial', '0109506000134352911'],
    ['an empty serial', '010950600013435221\x1d911'],
    ['a lower-case serial', text.replace('EUDV', 'eudv')],
    ['a serial of 21 characters', text.replace('EUDV2647-000001', 'A'.repeat(21))],
    ['another order', '010950600013435291' + '1\x1d21EUDV2647-000001'],
    ['a lot as well', `${text}\x1d10LOT`],
    ['the serial twice', `${text}\x1d21EUDV2647-000001`],
    ['a line feed', `${text}\n`],
  ])('is not what a scan with %s holds', (_, scanned) => {
    expect(parseLabelContent(scanned)).toBeNull();
  });

  it.each([
    [{ gtin: '09506000134353' }, 'INPUT_INVALID', /gtin.*09506000134353/],
    [{ gtin: '9506000134352' }, 'INPUT_INVALID', /gtin/],
    [{ serial: 'eudv' }, 'SERIAL_MALFORMED', /serial.*eudv/],
    [{ serial: 'A(21)B' }, 'SERIAL_MALFORMED', /serial/],
    [{ serial: 'A\x1dB' }, 'SERIAL_MALFORMED', /serial/],
    [{ serial: 'A'.repeat(21) }, 'SERIAL_MALFORMED', /serial/],
    [{ print: 0 }, 'INPUT_INVALID', /print: 0/],
    [{ print: 1.5 }, 'INPUT_INVALID', /print: 1\.5/],
    [{ print: 10_000 }, 'INPUT_INVALID', /print: 10000/],
    [{ print: NaN }, 'INPUT_INVALID', /print/],
  ])('is not built with %j', (wrong, code, message) => {
    const build = () => buildLabelContent({ ...content, ...wrong });
    expect(build).toThrow(expect.objectContaining({ code, message: expect.stringMatching(message) }));
  });
});
