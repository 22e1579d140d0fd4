import { hashes, verify } from '@noble/ed25519';
import { sha256, sha512 } from '@noble/hashes/sha2.js';
import type { ReaderCrypto } from '../../adapters/capsule-reader/bytes';

// A page from a stick has no Web Cryptography in some browsers, and none reads a large file in parts.
hashes.sha512 = sha512;

export const browserCrypto: ReaderCrypto = {
  sha256,
  isSigned(publicKey, message, signature) {
    try {
      return verify(signature, message, publicKey);
    } catch {
      return false;
    }
  },
};

/** SHA-256 of what comes in parts. */
export function newDigest(): { update(bytes: Uint8Array): void; hex(): string } {
  const hash = sha256.create();
  return {
    update: (bytes) => void hash.update(bytes),
    hex: () => Array.from(hash.digest(), (byte) => byte.toString(16).padStart(2, '0')).join(''),
  };
}
