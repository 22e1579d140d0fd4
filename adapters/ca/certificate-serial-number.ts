import { createHash, randomBytes } from 'node:crypto';

/**
 * The serial number of a unit's certificate for one key: the same unit and key always ask for the same certificate,
 * whoever asks and how often, until the unit was missing: then there is another one. It can't be guessed, because the unit's id
 * and the key are random.
 */
export function deviceCertificateSerialNumber(unitId: string, keySha256: string, timesMissing = 0): string {
  const name = [unitId, keySha256, ...(timesMissing > 0 ? [timesMissing] : [])].join('|');
  const bytes = createHash('sha256').update(name).digest().subarray(0, 16);
  return withFixedLength(bytes);
}

/** A new serial number: 126 random bits (the CA/Browser Forum asks for 64), 32 lower-case hex digits. */
export function newCertificateSerialNumber(): string {
  return withFixedLength(randomBytes(16));
}

/** The first digit is 4 to 7: never a leading zero that one program drops and the next one misses. */
function withFixedLength(bytes: Buffer): string {
  const fixed = Buffer.from(bytes);
  fixed[0] = ((fixed[0] ?? 0) & 0x3f) | 0x40;
  return fixed.toString('hex');
}
