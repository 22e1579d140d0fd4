import { base64Of, fromBase64, hexOf, joined, type ReaderCrypto } from './bytes';

/** Public keys of Ed25519 (32 bytes each) by their id: the first 16 digits of the SHA-256 of the SubjectPublicKeyInfo. */
export type CapsuleKeys = ReadonlyMap<string, Uint8Array>;

/** What stands before the key in a SubjectPublicKeyInfo (RFC 8410). */
const SPKI = Uint8Array.of(0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00);
const SPKI_BYTES = SPKI.length + 32;

/** What `unitrail keys` prints, as JSON or lines; or public keys in PEM. What else stands there is passed over. */
export function readCapsuleKeys(text: string, crypto: Pick<ReaderCrypto, 'sha256'>): CapsuleKeys {
  const bare = text.replace(/-----BEGIN PUBLIC KEY-----|-----END PUBLIC KEY-----/g, ' ');
  const keys = new Map<string, Uint8Array>();
  for (const body of bare.match(/[A-Za-z0-9+/]{59}=/g) ?? []) {
    const key = publicKeyOf(body);
    if (key) keys.set(keyIdOf(key, crypto), key);
  }
  return keys;
}

/** The 32 bytes of a key in base64 of its SubjectPublicKeyInfo; null where it is none of Ed25519. */
export function publicKeyOf(text: unknown): Uint8Array | null {
  const bytes = fromBase64(text);
  if (bytes?.length !== SPKI_BYTES || SPKI.some((byte, at) => bytes[at] !== byte)) return null;
  return bytes.subarray(SPKI.length);
}

export function publicKeyText(key: Uint8Array): string {
  return base64Of(joined(SPKI, key));
}

export function keyIdOf(key: Uint8Array, { sha256 }: Pick<ReaderCrypto, 'sha256'>): string {
  return hexOf(sha256(joined(SPKI, key))).slice(0, 16);
}
