import { createHash, createPublicKey, verify } from 'node:crypto';
import { treeHasher } from '../../domain/merkle';

export function sha256(bytes: Uint8Array): Uint8Array {
  return createHash('sha256').update(bytes).digest();
}

/** RFC 6962 by Node's SHA-256. */
export const hasher = treeHasher(sha256);

/** What stands before the 32 bytes of a public key of Ed25519 in a SubjectPublicKeyInfo (RFC 8410). */
export const ED25519_SPKI = Buffer.from('302a300506032b6570032100', 'hex');

export function isEd25519Signed(publicKey: Uint8Array, text: string, signature: Uint8Array): boolean {
  const der = Buffer.concat([ED25519_SPKI, publicKey]);
  return verify(
    null,
    Buffer.from(text),
    createPublicKey({ key: der, format: 'der', type: 'spki' }),
    signature,
  );
}
