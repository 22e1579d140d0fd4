import type { SchemeKeys } from '../adapters/keys/scheme-keys';
import type { Block, Grant } from '../adapters/postgres/batch-ledger';
import type { Database } from '../adapters/postgres/database';
import type { KeyedHash } from '../domain/permutation';
import { schemeKey } from '../domain/plant-document';
import { fingerprintOf, missingKey, requireKey } from '../domain/scheme-key';
import { pinnedFingerprintOf } from './leased-numbers';

/** A process that was given no keys has none. */
export const NO_KEYS: SchemeKeys = { find: () => Promise.resolve(null) };

/**
 * The grants as they are stored: those of hidden numbers with the fingerprint of their key, which is from then on the only
 * one that makes serials of them. Asked before a block is cut.
 * @throws UnitrailError CONFIGURATION_INVALID where a key is missing, or another than the scheme's numbers began with.
 */
export function pinKeys(db: Database, keys: SchemeKeys, grants: readonly Grant[]): Promise<Grant[]> {
  return Promise.all(grants.map((grant) => pinKey(db, keys, grant)));
}

async function pinKey(db: Database, keys: SchemeKeys, grant: Grant): Promise<Grant> {
  const { hidden } = grant.facts;
  if (hidden === undefined) return grant;
  const whose = `scheme ${schemeKey(grant)}`;
  const hash = await keys.find(hidden.key);
  if (hash === null) throw missingKey(hidden.key, whose);
  const fingerprint = (await pinnedFingerprintOf(db, grant)) ?? fingerprintOf(hash);
  requireKey({ ...hidden, fingerprint }, hash, whose);
  return { ...grant, facts: { ...grant.facts, hidden: { ...hidden, fingerprint } } };
}

/** Undefined where the block's numbers are not hidden. */
export async function hashOfBlock(
  keys: SchemeKeys,
  { facts: { hidden }, id }: Block,
): Promise<KeyedHash | undefined> {
  if (hidden === undefined) return undefined;
  return requireKey(hidden, await keys.find(hidden.key), `block ${id} (${hidden.space})`);
}
