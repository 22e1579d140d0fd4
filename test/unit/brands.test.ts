import fc from 'fast-check';

import { parseMacAddress, parseSerial, parseSha256Hex } from '../../domain/brands';

describe('branded text', () => {
  it('accepts serials of 1 to 20 of A-Z, 0-9, dash and dot', () => {
    const serial = fc.stringMatching(/^[A-Z0-9.-]{1,20}$/);
    fc.assert(fc.property(serial, (text) => parseSerial(text) === text));
  });

  it.each(['', 'eudv2647-000001', 'EUDV 1', 'A'.repeat(21), 'A\n', 'Ä', 'A/B', 'A(1)'])(
    'refuses the serial %j',
    (text) => {
      expect(() => parseSerial(text)).toThrow(expect.objectContaining({ code: 'SERIAL_MALFORMED' }));
    },
  );

  it('accepts a MAC address as IEEE prints it', () => {
    expect(parseMacAddress('70:B3:D5:00:00:04')).toBe('70:B3:D5:00:00:04');
    expect(parseMacAddress('70:B3:D5:00:00:00:00:04')).toBe('70:B3:D5:00:00:00:00:04');
  });

  it.each([
    '',
    '70:b3:d5:00:00:04',
    '70-B3-D5-00-00-04',
    '70B3D5000004',
    '70:B3:D5:00:00',
    '70:B3:D5:00:00:00:04',
    '70:B3:D5:00:00:04\n',
  ])('refuses the MAC address %j', (text) => {
    expect(() => parseMacAddress(text)).toThrow(expect.objectContaining({ code: 'INPUT_INVALID' }));
  });

  it('accepts 64 lower-case hex digits as SHA-256, and nothing else', () => {
    expect(parseSha256Hex('0a'.repeat(32))).toBe('0a'.repeat(32));
    for (const text of ['', '0a'.repeat(31), '0A'.repeat(32), '0g'.repeat(32), `${'0a'.repeat(32)}\n`]) {
      expect(() => parseSha256Hex(text)).toThrow(expect.objectContaining({ code: 'INPUT_INVALID' }));
    }
  });

  it('names the field and shows no more than the beginning of the value', () => {
    const parse = () => parseSha256Hex('x'.repeat(10_000), 'image.sha256');
    expect(parse).toThrow(/image\.sha256.*xxx.*64 lower-case hex digits/);
    expect(parse).toThrow(expect.objectContaining({ message: expect.not.stringContaining('x'.repeat(200)) }));
  });
});
