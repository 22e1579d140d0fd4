import { recordAccepted } from '../adapters/postgres/number-leases';
import { requirePlant } from '../adapters/postgres/plant-store';
import { canonicalJson } from '../domain/canonical';
import { blockOfPool } from '../domain/mac-pool';
import type { NumberLease } from '../domain/number-lease';
import { parseLease } from '../domain/number-lease-schema';
import type { PlantDocument } from '../domain/plant-document';
import type { Problem } from '../domain/refusal';
import { fingerprintOf } from '../domain/scheme-key';
import { capacity, parsePattern } from '../domain/serial-scheme';
import { definitionOf, pinnedFingerprintOf, sharedOf, type Shared } from './leased-numbers';
import { ownSite, requireSignature, wrongInFile, type LeaseDeps } from './lease-site';

/**
 * Takes a lease that was made for this site: from now on batches are granted numbers of it. The same file again is a no-op.
 * @throws UnitrailError INPUT_INVALID with field, value and what is allowed; REGISTRY_LAGS
 */
export async function acceptLease(
  deps: LeaseDeps,
  file: unknown,
  by: string,
): Promise<{ lease: NumberLease; isNew: boolean }> {
  const { db, watermark } = deps;
  const lease = parseLease(file);
  const plant = await requirePlant(db);
  const own = ownSite(plant);
  const { publicKey } = requireSignature(plant, { field: 'lessor', name: lease.lessor }, lease);
  if (lease.lessee !== own)
    throw wrongInFile({
      path: ['lessee'],
      value: lease.lessee,
      allowed: `${own}, this site: the lease is another site's`,
    });
  const problems = [...numbersProblems(plant, lease), ...(await keyProblems(deps, plant, lease))];
  if (problems.length > 0) throw wrongInFile(...problems);
  await watermark.check();
  const isNew = await recordAccepted(db, canonicalJson(lease), { publicKey, by });
  await watermark.keep();
  return { lease, isNew };
}

/** Both sites have to mean the same numbers, or they would make other serials of them, or the same of other ones. */
function numbersProblems(plant: PlantDocument, lease: NumberLease): Problem[] {
  const { kind, name, version, pattern, definitionSha256 } = lease.numbers;
  const at = (field: string, value: unknown, allowed: string): Problem[] => [
    { path: ['numbers', field], value, allowed },
  ];
  const shared = sharedOf(plant, name);
  if (!shared || ('scheme' in shared ? 'serial' : 'mac') !== kind)
    return at('name', name, `a ${kind === 'mac' ? 'MAC pool' : 'scheme'} of the plant in force`);
  const here = factsOf(plant, shared);
  if (here.lessor !== lease.lessor)
    return at(
      'name',
      name,
      `one whose entry in the plant file has lessor: ${lease.lessor} (here: ${here.lessor ?? 'none'})`,
    );
  if (version !== here.version)
    return at('version', version, `${here.version}, the version of ${name} that issues here`);
  if (pattern !== here.pattern)
    return at('pattern', pattern, `${here.pattern}, as ${name}/${version} has it here`);
  if (definitionSha256 !== here.definition)
    return at(
      'definitionSha256',
      definitionSha256,
      `${here.definition}: pattern, scope, skip, line, trial and hidden of ${name}/${version} have to be the same at both sites`,
    );
  if (lease.issuer !== here.issuer)
    return [{ path: ['issuer'], value: lease.issuer, allowed: `${here.issuer}, the issuer of ${name} here` }];
  if (lease.last > here.last)
    return [
      { path: ['last'], value: lease.last, allowed: `a number up to ${here.last}, the last of ${name}` },
    ];
  return [];
}

function factsOf(plant: PlantDocument, shared: Shared) {
  const definition = definitionOf(shared);
  if ('pool' in shared) {
    const block = blockOfPool(shared.pool);
    const { lessor } = shared.pool;
    return { lessor, version: 1, pattern: block.text, definition, issuer: 'ieee', last: block.size - 1 };
  }
  const { lessor, version, pattern } = shared.scheme;
  const last = capacity(parsePattern(pattern));
  return { lessor, version, pattern, definition, issuer: plant.manufacturer.issuer, last };
}

/** The key of a hidden sequence is the same at both sites. Where it is not at hand, the office compares it at the first grant. */
async function keyProblems(
  { db, keys }: LeaseDeps,
  plant: PlantDocument,
  lease: NumberLease,
): Promise<Problem[]> {
  const shared = sharedOf(plant, lease.numbers.name);
  if (!shared || 'pool' in shared || shared.scheme.hidden === undefined) return [];
  const { name, hidden } = shared.scheme;
  const hash = await keys.find(hidden.key);
  const here = hash === null ? null : fingerprintOf(hash);
  const expected = (await pinnedFingerprintOf(db, shared.scheme)) ?? here;
  if (expected === null || expected === lease.numbers.hiddenBy) return [];
  const allowed = `${expected}, the fingerprint of the key at ${hidden.key} here: both sites hide ${name} by one key`;
  return [{ path: ['numbers', 'hiddenBy'], value: lease.numbers.hiddenBy, allowed }];
}
