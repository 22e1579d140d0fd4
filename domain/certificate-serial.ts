import { UnitrailError } from './errors';
import { problemText } from './refusal';

/** RFC 5280, 4.1.2.2: positive and at most 20 octets of DER, whose first bit is the sign. */
const limit = 2n ** 159n;

/**
 * The one spelling of a serial number: lower-case, whole octets, no leading zero octet. Two spellings of one
 * number must not become two certificates. Throws INPUT_INVALID.
 */
export function canonicalSerialNumber(text: string): string {
  const known = readSerialNumber(text);
  if (known !== null) return known;
  throw new UnitrailError(
    'INPUT_INVALID',
    problemText({ path: ['serialNumber'], value: text, allowed: SERIAL_NUMBER_ALLOWED }),
  );
}

export const SERIAL_NUMBER_ALLOWED = '1 to 40 hex digits, above 0 and below 2^159';

/** Null where `canonicalSerialNumber` would refuse. */
export function readSerialNumber(text: string): string | null {
  const value = /^[0-9a-fA-F]{1,40}$/.test(text) ? BigInt(`0x${text}`) : 0n;
  return value > 0n && value < limit ? wholeOctets(value.toString(16)) : null;
}

function wholeOctets(hex: string): string {
  return hex.length % 2 === 0 ? hex : `0${hex}`;
}
