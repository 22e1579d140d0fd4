import { leasedFingerprint, type LeasableSpace } from '../adapters/postgres/number-leases';
import { pinnedFingerprint } from '../adapters/postgres/number-spaces';
import { UnitrailError } from '../domain/errors';
import { grantFacts } from '../domain/grant-facts';
import { offsetsOf } from '../domain/mac-address';
import { rangeOfPool } from '../domain/mac-pool';
import { LEASED_RUN, poolDefinition, schemeDefinition, type LeasedNumbers } from '../domain/number-lease';
import {
  currentScheme,
  schemeKey,
  type MacPool,
  type PlantDocument,
  type Scheme,
} from '../domain/plant-document';
import { problemText } from '../domain/refusal';
import { fingerprintOf, missingKey } from '../domain/scheme-key';
import { scopeKey, scopeText } from '../domain/sequence-scope';
import { capacity, FIRST_NUMBER, parsePattern } from '../domain/serial-scheme';
import { sha256, type LeaseDeps } from './lease-site';

/** Of which counter: a scheme's, at the day that says the year or week, of the product where it has one for each; or a pool's. */
export interface Wanted {
  readonly name: string;
  readonly day: Date;
  readonly product: string | undefined;
}

/** The entry of the plant file that the numbers are of. */
export type Shared = { readonly scheme: Scheme } | { readonly pool: MacPool };

export function sharedOf(plant: PlantDocument, name: string): Shared | undefined {
  const scheme = currentScheme(plant, name);
  if (scheme) return { scheme };
  const pool = plant.macPools.find((one) => one.name === name);
  return pool && { pool };
}

export function definitionOf(shared: Shared): string {
  return sha256('scheme' in shared ? schemeDefinition(shared.scheme) : poolDefinition(shared.pool));
}

/** The counter as the database has it, and what a lease says of its numbers. */
export async function countedNumbers(
  deps: LeaseDeps,
  plant: PlantDocument,
  shared: Shared,
  wanted: Wanted,
): Promise<{ space: LeasableSpace; numbers: LeasedNumbers }> {
  const definitionSha256 = definitionOf(shared);
  if ('pool' in shared) {
    const space = poolSpace(shared.pool);
    const { kind, name, scope, pattern } = space;
    return { space, numbers: { kind, name, version: 1, pattern, scope, definitionSha256, hiddenBy: null } };
  }
  const { scheme } = shared;
  const space = schemeSpace(plant, scheme, wanted);
  const { kind, name, scope, pattern } = space;
  const hiddenBy = await hiddenByOf(deps, scheme);
  return {
    space,
    numbers: { kind, name, version: scheme.version, pattern, scope, definitionSha256, hiddenBy },
  };
}

function poolSpace(pool: MacPool): LeasableSpace {
  const range = rangeOfPool(pool);
  const { first, end } = offsetsOf(range);
  return {
    ...{ kind: 'mac', name: pool.name, scope: '', issuer: 'ieee', first, last: end - 1 },
    ...{ runLength: LEASED_RUN, pattern: range.block.text },
  };
}

function schemeSpace(plant: PlantDocument, scheme: Scheme, { day, product: code }: Wanted): LeasableSpace {
  const pattern = parsePattern(scheme.pattern);
  const byProduct = scopeText(pattern, scheme.scope).startsWith('product');
  const product = plant.products.find((one) => one.code === code);
  if (byProduct ? !product : code !== undefined) throw wrongProduct(plant, scheme, code, byProduct);
  const facts = grantFacts(plant, product ?? plant.products[0]!, scheme, day.getTime());
  return {
    ...{ kind: 'serial', name: scheme.name, scope: scopeKey(pattern, scheme.scope, facts) },
    ...{ issuer: plant.manufacturer.issuer, first: FIRST_NUMBER, last: capacity(pattern), runLength: 1 },
    pattern: scheme.pattern,
  };
}

function wrongProduct(plant: PlantDocument, scheme: Scheme, value: string | undefined, byProduct: boolean) {
  const codes = plant.products.map((one) => one.code).join(', ');
  const allowed = byProduct
    ? `one of ${codes}: ${schemeKey(scheme)} has a counter for each product`
    : `no product: ${schemeKey(scheme)} has one counter for all of them`;
  return new UnitrailError('INPUT_INVALID', problemText({ path: ['--product'], value, allowed }));
}

/** The fingerprint that the numbers began with, or else that of the key which lies here; null where they are not hidden. */
export async function hiddenByOf(
  { db, keys }: Pick<LeaseDeps, 'db' | 'keys'>,
  scheme: Scheme,
): Promise<string | null> {
  if (scheme.hidden === undefined) return null;
  const pinned = await pinnedFingerprintOf(db, scheme);
  if (pinned !== null) return pinned;
  const hash = await keys.find(scheme.hidden.key);
  if (hash === null) throw missingKey(scheme.hidden.key, `scheme ${schemeKey(scheme)}`);
  return fingerprintOf(hash);
}

/** By which key numbers of this version were hidden so far, in batches or in leases; null where none was. */
export async function pinnedFingerprintOf(
  db: LeaseDeps['db'],
  version: Pick<Scheme, 'name' | 'version'>,
): Promise<string | null> {
  return (await pinnedFingerprint(db, version)) ?? (await leasedFingerprint(db, version));
}
