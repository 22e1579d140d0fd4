import { createHash, randomBytes } from 'node:crypto';

import { UnitrailError } from '../../domain/errors';
import { problemText } from '../../domain/refusal';

/** RFC 5280, 4.1.2.2: positive and at most 20 octets of DER, whose first bit is the sign. */
const limit = 2n ** 159n;

/**
 * The serial number of a unit's certificate for one key: the same unit and key always ask for the same certificate,
 * whoever asks and how often. It can't be guessed, because the unit's id and the key are random.
 */
export function deviceCertificateSerialNumber(unitId: string, keySha256: string): string {
  const bytes = createHash('sha256').update(`${unitId}|${keySha256}`).digest().subarray(0, 16);
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

/**
 * The one spelling of a serial number: lower-case, whole octets, no leading zero octet. Two spellings of one
 * number must not become two certificates. Throws INPUT_INVALID.
 */
export function canonicalSerialNumber(text: string): string {
  const value = /^[0-9a-fA-F]{1,40}$/.test(text) ? BigInt(`0x${text}`) : 0n;
  if (value > 0n && value < limit) return wholeOctets(value.toString(16));
  throw new UnitrailError(
    'INPUT_INVALID',
    problemText({
      path: ['serialNumber'],
      value: text,
      allowed: '1 to 40 hex digits, above 0 and below 2^159',
    }),
  );
}

function wholeOctets(hex: string): string {
  return hex.length % 2 === 0 ? hex : `0${hex}`;
}
