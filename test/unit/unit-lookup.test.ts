import { readingsOf } from '../../domain/unit-lookup';

const fingerprint = 'ab12'.repeat(16);

function values(text: string, kind: string): string[] {
  return readingsOf(text)
    .filter((reading) => reading.kind === kind)
    .map(({ value }) => value);
}

describe('what a person typed to name a unit', () => {
  it.each([
    '70:B3:D5:00:00:04',
    '70:b3:d5:00:00:04',
    '70-b3-d5-00-00-04',
    '70b3.d500.0004',
    '70B3D5000004',
    '70 B3 D5 00 00 04',
  ])('is a MAC address in the spelling %s', (text) => {
    expect(values(text, 'mac')).toEqual(['70:B3:D5:00:00:04']);
  });

  it.each([
    '70:B3:D5:00:00:00:00:04',
    '70-b3-d5-00-00-00-00-04',
    '70b3.d500.0000.0004',
    '70B3D50000000004',
    '70 B3 D5 00 00 00 00 04',
  ])('is an EUI-64 in the spelling %s', (text) => {
    expect(values(text, 'mac')).toEqual(['70:B3:D5:00:00:00:00:04']);
  });

  it.each(['70:B3:D5:00:00', '70B3D500000G', '70B3D50000040', '70:B3:D5:00:00:00:04', '70B3D500000000'])(
    'is no MAC address as %s',
    (text) => {
      expect(values(text, 'mac')).toEqual([]);
    },
  );

  it('is a serial as it stands, and with its issuer before it', () => {
    expect(readingsOf('acme:00001')).toEqual(
      expect.arrayContaining([
        { kind: 'serial', value: 'acme:00001' },
        { kind: 'serial', issuer: 'acme', value: '00001' },
      ]),
    );
    expect(values(' EUDV2647-000001 ', 'serial')).toEqual(['EUDV2647-000001']);
    expect(values('00001', 'serial')).toEqual(['00001']);
  });

  it.each([
    fingerprint,
    fingerprint.toUpperCase(),
    fingerprint.match(/../g)!.join(':'),
    `sha256 Fingerprint=${fingerprint.match(/../g)!.join(':')}`,
  ])('is a certificate fingerprint as %s', (text) => {
    expect(values(text, 'certificate')).toEqual([fingerprint]);
  });

  it('is a chip UID in either case, with or without separators', () => {
    expect(values('0a1b2c3d', 'chip-uid')).toContain('0A1B2C3D');
    expect(values('0A:1B:2C:3D', 'chip-uid')).toContain('0A1B2C3D');
    expect(values('0A1B2C3D', 'chip-uid')).toEqual(['0A1B2C3D']);
  });

  it('is a unit id only where it is a UUID', () => {
    expect(values('0F0E0D0C-0000-4000-8000-000000000001', 'unit-id')).toEqual([
      '0f0e0d0c-0000-4000-8000-000000000001',
    ]);
    expect(values('0F0E0D0C', 'unit-id')).toEqual([]);
  });

  it.each(['', '   ', 'a\u001db', 'é', 'x'.repeat(201)])('is refused as %j', (text) => {
    expect(() => readingsOf(text)).toThrow(expect.objectContaining({ code: 'INPUT_INVALID' }));
  });
});
