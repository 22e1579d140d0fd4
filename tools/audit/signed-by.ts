import { createPublicKey, verify } from 'node:crypto';
import { canonicalJson } from '../../domain/canonical';
import type { Snapshot } from './snapshot';
import { factsOf, type Facts } from './stored-event';

/** The keys by which this house signs what it hands out, by their ids. */
export type KeysOnRecord = ReadonlyMap<string, string>;

export async function loadKeys(snapshot: Snapshot): Promise<KeysOnRecord> {
  const rows = await snapshot.rows<{ id: string; key: string }>(
    'select id, public_key as key from export_keys',
  );
  return new Map(rows.map(({ id, key }) => [id, key]));
}

/** The id of a key whose signature of the manifest does not hold; null where it holds, of a key on record. */
export function wrongSigner({ signature, ...body }: Facts, keys: KeysOnRecord): string | null {
  const { keyId, value } = factsOf(signature);
  const key = keys.get(String(keyId));
  return key !== undefined && isSigned(key, canonicalJson(body), String(value)) ? null : String(keyId);
}

function isSigned(key: string, text: string, signature: string): boolean {
  try {
    const publicKey = createPublicKey({ key: Buffer.from(key, 'base64'), format: 'der', type: 'spki' });
    return verify(null, Buffer.from(text), publicKey, Buffer.from(signature, 'base64'));
  } catch {
    return false;
  }
}
