import { createHash, createPublicKey, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import type { CapsuleSigner } from '../../domain/capsule';

/** Of this run only. */
export const benchKey = generateKeyPairSync('ed25519').privateKey;

export function signText(key: KeyObject, text: string): string {
  return sign(null, Buffer.from(text), key).toString('base64');
}

/** The 32 bytes of its public half. */
export function rawKey(key: KeyObject): Uint8Array {
  return publicDer(key).subarray(-32);
}

export function benchSigner(key: KeyObject): CapsuleSigner {
  const der = publicDer(key);
  return {
    publicKey: der.toString('base64'),
    keyId: createHash('sha256').update(der).digest('hex').slice(0, 16),
    sign: (text) => signText(key, text),
  };
}

function publicDer(key: KeyObject): Buffer {
  return createPublicKey(key).export({ format: 'der', type: 'spki' });
}
