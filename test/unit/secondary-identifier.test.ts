import fc from 'fast-check';
import { isImei } from '../../domain/imei';
import { parseSecondary, type SecondaryKind } from '../../domain/secondary-identifier';
import { readingsOf } from '../../domain/unit-lookup';

const digits = (length: number) =>
  fc
    .array(fc.integer({ min: 0, max: 9 }), { minLength: length, maxLength: length })
    .map((all) => all.join(''));

/** The one last digit that makes an IMEI of these fourteen. */
const completed = (body: string): string[] =>
  Array.from({ length: 10 }, (_, digit) => `${body}${digit}`).filter(isImei);

describe('an IMEI', () => {
  it.each(['490154203237518', '356938035643809', '353879234252633'])('is %s', (text) => {
    expect(isImei(text)).toBe(true);
  });

  it('has one check digit, and shows every wrong digit', () => {
    fc.assert(
      fc.property(digits(14), fc.nat(14), fc.integer({ min: 1, max: 9 }), (body, at, by) => {
        const [imei, ...others] = completed(body);
        expect(others).toEqual([]);
        const wrong = (Number(imei![at]) + by) % 10;
        expect(isImei(`${imei!.slice(0, at)}${wrong}${imei!.slice(at + 1)}`)).toBe(false);
      }),
    );
  });

  it('shows every swap of two neighbours but 09 and 90', () => {
    fc.assert(
      fc.property(digits(14), fc.nat(13), (body, at) => {
        const imei = completed(body)[0]!;
        const [a, b] = [imei[at]!, imei[at + 1]!];
        const swapped = `${imei.slice(0, at)}${b}${a}${imei.slice(at + 2)}`;
        expect(isImei(swapped)).toBe(a === b || ['09', '90'].includes(a + b));
      }),
    );
  });

  it.each(['', '49015420323751', '4901542032375180', '49015420323751８', 'A90154203237518'])(
    'is not %j',
    (text) => {
      expect(isImei(text)).toBe(false);
    },
  );
});

describe('a further identifier', () => {
  it.each<[SecondaryKind, string, string | undefined, string, string]>([
    ['imei', '49-015420-323751-8', undefined, 'gsma', '490154203237518'],
    ['imei', '49 015420 323751 8', undefined, 'gsma', '490154203237518'],
    ['asset', ' 000 4711-a ', undefined, 'acme', '000 4711-a'],
    ['asset', '4711', 'borealis', 'borealis', '4711'],
    ['certificate-serial', 'serial=00:0A:1B:2C', undefined, 'device-ca', '0a1b2c'],
    ['certificate-serial', 'F00D', undefined, 'device-ca', 'f00d'],
  ])('%s %j has one spelling and one namespace', (kind, value, issuer, namespace, spelling) => {
    expect(parseSecondary(kind, { value, issuer }, 'acme')).toEqual({
      ...{ kind, issuer: namespace, value: spelling },
    });
  });

  it.each<[SecondaryKind, string, string | null, string]>([
    ['imei', '490154203237519', 'acme', '--value: "490154203237519" is not allowed; 15 digits'],
    ['asset', 'a|b', 'acme', '--value: "a|b" is not allowed; 1 to 64 printable ASCII characters'],
    ['asset', '4711', null, '--issuer: (missing) is not allowed; the buyer whose number it is'],
    ['certificate-serial', '00', 'acme', '--value: "00" is not allowed; 1 to 40 hex digits'],
  ])('%s %j of a unit for %s is refused', (kind, value, buyer, message) => {
    expect(() => parseSecondary(kind, { value, issuer: undefined }, buyer)).toThrow(
      expect.objectContaining({ code: 'INPUT_INVALID', message: expect.stringContaining(message) }),
    );
  });

  it('is among the readings of what a person types', () => {
    const readings = (text: string) =>
      readingsOf(text).map(({ kind, value, issuer }) => [kind, issuer, value]);
    expect(readings('49-015420-323751-8')).toContainEqual(['imei', undefined, '490154203237518']);
    expect(readings('acme:4711')).toContainEqual(['asset', 'acme', '4711']);
    expect(readings('0A:1B:2C')).toContainEqual(['certificate-serial', undefined, '0a1b2c']);
  });
});
