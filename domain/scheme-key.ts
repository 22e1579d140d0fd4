import { UnitrailError } from './errors';
import type { HiddenFacts } from './grant-facts';
import type { KeyedHash } from './permutation';

/**
 * The key that hides a scheme's numbers, as text: hex or base64 (also its URL form) of 32 bytes or more. Where it lies is
 * said by a reference, and only that stands in the plant file and the database.
 */
export const KEY_REFERENCE = /^(env:[A-Z][A-Z0-9_]{0,63}|file:\/[^\p{Cc}]{1,255})$/u;
export const KEY_REFERENCE_ALLOWED =
  'where the key lies, and never the key itself: env:NAME of an environment variable, or file:/PATH';

export const MAX_KEY_TEXT = 1024;
const LEAST_BYTES = 32;
const MOST_BYTES = 256;
export const KEY_ALLOWED = `a key of ${LEAST_BYTES} to ${MOST_BYTES} bytes as hex or base64, as \`unitrail scheme key\` prints one`;

/** Null where the text is no key. The workflow bundle knows no Buffer, so the letters are read here. */
export function readKey(text: string): Uint8Array | null {
  const letters = text.trim();
  if (letters.length > MAX_KEY_TEXT) return null;
  const bytes = /^([0-9a-f]{2})+$/i.test(letters) ? bytesOfHex(letters) : bytesOfBase64(letters);
  return bytes && bytes.length >= LEAST_BYTES && bytes.length <= MOST_BYTES ? bytes : null;
}

function bytesOfHex(text: string): Uint8Array {
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

const BASE_64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

function bytesOfBase64(text: string): Uint8Array | null {
  const letters = text
    .replaceAll('-', '+')
    .replaceAll('_', '/')
    .replace(/={1,2}$/, '');
  if (!/^[A-Za-z0-9+/]+$/.test(letters) || letters.length % 4 === 1) return null;
  const bits = [...letters].map((letter) => BASE_64.indexOf(letter).toString(2).padStart(6, '0')).join('');
  return Uint8Array.from(bits.match(/[01]{8}/g) ?? [], (byte) => Number.parseInt(byte, 2));
}

/** Tells keys apart and gives none away: what is hashed by the key says what for. */
export function fingerprintOf(hash: KeyedHash): string {
  return [...hash('unitrail.fingerprint/1').subarray(0, 8)]
    .map((byte) => byte.toString(16).padStart(2, '0'))
    .join('');
}

/** @throws UnitrailError CONFIGURATION_INVALID where there is no key, or another than the numbers began with. */
export function requireKey(
  { key, fingerprint }: HiddenFacts,
  hash: KeyedHash | null,
  whose: string,
): KeyedHash {
  if (hash === null) throw missingKey(key, whose);
  const found = fingerprintOf(hash);
  if (found === fingerprint) return hash;
  throw wrongKey(
    `${key}: the key with the fingerprint ${found} is not allowed; the one with ${fingerprint ?? 'a fingerprint on record'}, ` +
      `by which the numbers of ${whose} are hidden`,
  );
}

export function missingKey(reference: string, whose: string): UnitrailError {
  return wrongKey(`${reference}: (missing) is not allowed; ${KEY_ALLOWED}: it hides the numbers of ${whose}`);
}

export function wrongKey(message: string): UnitrailError {
  return new UnitrailError('CONFIGURATION_INVALID', message);
}
