import { createHash, createPublicKey, verify } from 'node:crypto';
import { canonicalJson } from '../../domain/canonical';
import type { ExportEvents } from './export-contents';
import type { Findings } from './findings';
import type { RetentionEvents } from './retention-events';
import type { Snapshot } from './snapshot';
import { factsOf, type Facts, type ReadEvent } from './stored-event';

/** The keys by which this house signs what it hands out, by their ids. */
export type KeysOnRecord = ReadonlyMap<string, string>;

/**
 * A17. Those that are given, or else those of the very database that is audited: each of them has to be named by the event of an
 * export or a capsule that it signed, as a row alone is put there by whoever has the superuser's rights.
 */
export async function loadKeys(
  snapshot: Snapshot,
  { exports, retention }: { readonly exports: ExportEvents; readonly retention: RetentionEvents },
  given: readonly string[],
  findings: Findings,
): Promise<KeysOnRecord> {
  const rows = await snapshot.rows<{ id: string; key: string }>(
    'select id, public_key as key from export_keys order by id',
  );
  const isGiven = given.length > 0;
  const events = isGiven ? [] : [...[...exports.values()].flat(), ...retention];
  const good = new Set(isGiven ? given.map(idOf) : events.flatMap(keyNamed));
  const expected = isGiven ? 'one of those given' : 'an event exportMade or capsuleMade that names it';
  for (const { id } of rows)
    if (!good.has(id)) findings.violation('A17', `key ${id} of exports`, 'a key on record', expected);
  const pairs = rows.map(({ id, key }) => [id, key] as const).filter(([id]) => good.has(id));
  return new Map(isGiven ? given.map((key) => [idOf(key), key]) : pairs);
}

function idOf(publicKey: string): string {
  return createHash('sha256').update(Buffer.from(publicKey, 'base64')).digest('hex').slice(0, 16);
}

/** What made a capsule before capsules had their keys on record names none. */
function keyNamed({ type, facts }: Pick<ReadEvent, 'type' | 'facts'>): string[] {
  return (type === 'exportMade' || type === 'capsuleMade') && facts.keyId !== undefined
    ? [String(facts.keyId)]
    : [];
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
