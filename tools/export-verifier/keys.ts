import { createHash, createPublicKey, verify, type KeyObject } from 'node:crypto';

/** Public keys by their id. */
export type Keys = ReadonlyMap<string, KeyObject>;

/**
 * What `unitrail keys` prints, as JSON or lines; or public keys in PEM. What else stands in the file is passed over.
 * @throws Error where there is no key of Ed25519 in it.
 */
export function readKeys(text: string): Keys {
  const candidates = [...pemBodies(text), ...(text.match(/[A-Za-z0-9+/]{59}=/g) ?? [])];
  const keys = new Map<string, KeyObject>();
  for (const body of candidates) {
    const bytes = Buffer.from(body, 'base64');
    const key = publicKey(bytes);
    if (key) keys.set(createHash('sha256').update(bytes).digest('hex').slice(0, 16), key);
  }
  if (keys.size === 0)
    throw new Error('there is no public key of Ed25519 in it, as `unitrail keys` prints them');
  return keys;
}

function pemBodies(text: string): string[] {
  const blocks = text.match(/-----BEGIN PUBLIC KEY-----[^-]+-----END PUBLIC KEY-----/g) ?? [];
  return blocks.map((block) => block.replace(/-----[A-Z ]+-----|\s/g, ''));
}

function publicKey(bytes: Buffer): KeyObject | null {
  try {
    const key = createPublicKey({ key: bytes, format: 'der', type: 'spki' });
    return key.asymmetricKeyType === 'ed25519' ? key : null;
  } catch {
    return null;
  }
}

export function isSigned(key: KeyObject, text: string, signature: string): boolean {
  return verify(null, Buffer.from(text), key, Buffer.from(signature, 'base64'));
}
