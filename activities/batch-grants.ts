import { LISTED, type Grant } from '../adapters/postgres/batch-ledger';
import type { Database } from '../adapters/postgres/database';
import { heldLeases } from '../adapters/postgres/number-leases';
import { findNumberList } from '../adapters/postgres/number-lists';
import { nextSerialNumber } from '../adapters/postgres/number-spaces';
import { UnitrailError } from '../domain/errors';
import { datePartsOf, grantFacts } from '../domain/grant-facts';
import { withHidden } from '../domain/hidden-sequence';
import { macRuns } from '../domain/mac-address';
import { rangeOfPool } from '../domain/mac-pool';
import { numbersText } from '../domain/number-lease';
import type { Order } from '../domain/order-document';
import {
  currentScheme,
  lessorOf,
  named,
  type MacPool,
  type PlantDocument,
  type Product,
  type Scheme,
} from '../domain/plant-document';
import { scopeKey } from '../domain/sequence-scope';
import { capacity, FIRST_NUMBER, parsePattern } from '../domain/serial-scheme';
import { refuse } from './refuse-order';

/** The numbers that a batch needs: serials first, then MAC addresses. The database cuts the blocks. */
export async function grantsFor(
  db: Database,
  plant: PlantDocument,
  product: Product,
  order: Order,
): Promise<Grant[]> {
  const serials =
    order.serials === 'scheme' ? serialGrant(plant, product, order) : await listGrant(db, order);
  if (serials.lessor !== undefined) await requireLeased(db, serials, order);
  else if (order.serials === 'scheme') await requireNumbersLeft(db, serials, order);
  const macs = macGrant(plant, product);
  for (const grant of macs) if (grant.lessor !== undefined) await requireLeased(db, grant, order);
  return [serials, ...macs];
}

/** Numbers of a batch come from one lease, in a row. The database chooses it; here a person is told what to do. */
async function requireLeased(db: Database, grant: Grant, { quantity }: Order): Promise<void> {
  const { kind, name, scope, version, runLength } = grant;
  const leases = await heldLeases(db, { kind, name, scope, version });
  const left = leases.map((one) => Math.floor((one.left ?? 0) / runLength));
  const most = Math.max(0, ...left);
  if (quantity <= most) return;
  const told = leases.flatMap(({ lease }, at) => (left[at]! > 0 ? [`${lease} for ${left[at]}`] : []));
  throw new UnitrailError(
    'SCHEME_EXHAUSTED',
    `quantity: ${quantity} is not allowed; at most ${most} units in a row have numbers in the leases of ` +
      `${numbersText(grant)}, version ${version}, that this site holds (${told.join(', ') || 'it holds none'}). ` +
      `Ask ${grant.lessor} for another, and accept it: \`unitrail lease accept FILE --by OPERATOR\`.`,
  );
}

/**
 * The counter may be past the end of a version with fewer digits than the one before: such a batch would open, and never
 * claim a unit.
 */
async function requireNumbersLeft(db: Database, grant: Grant, { quantity }: Order): Promise<void> {
  const next = await nextSerialNumber(db, grant.name, grant.scope);
  const left = Math.max(0, grant.last - next + 1);
  if (quantity <= left) return;
  throw new UnitrailError(
    'SCHEME_EXHAUSTED',
    `quantity: ${quantity} is not allowed; at most ${left}: scheme ${grant.name}/${grant.version} has no more numbers here. ` +
      'Add a version of it with a wider sequence.',
  );
}

function serialGrant(plant: PlantDocument, product: Product, order: Order): Grant {
  const scheme = currentScheme(plant, order.trial ? product.trialScheme : product.serialScheme);
  if (!scheme)
    throw new UnitrailError('INTERNAL', `The plant in force lacks the serial scheme of ${product.code}.`);
  const pattern = parsePattern(scheme.pattern);
  const facts = grantFacts(plant, product, scheme, Date.now());
  const scope = scopeKey(pattern, scheme.scope, facts);
  return {
    kind: 'serial',
    ...{ name: scheme.name, scope },
    issuer: plant.manufacturer.issuer,
    first: FIRST_NUMBER,
    last: capacity(pattern),
    runLength: 1,
    version: scheme.version,
    pattern: scheme.pattern,
    facts: withHidden(facts, scheme, scope),
    ...leasedFrom(plant, scheme),
  };
}

/** The next numbers of a buyer's list. */
async function listGrant(db: Database, { serials, buyer, quantity, trial }: Order): Promise<Grant> {
  if (trial) throw refuse('serials', serials, 'scheme: a trial takes no number of a buyer');
  if (buyer === undefined) throw refuse('buyer', buyer, `the buyer whose list ${serials} is`);
  const list = await findNumberList(db, buyer, serials);
  if (!list)
    throw refuse(
      'serials',
      serials,
      `scheme, or a list of ${buyer} that \`unitrail import serials\` has imported`,
    );
  if (list.left < quantity)
    throw refuse(
      'serials',
      serials,
      `a list with ${quantity} numbers left; this one of ${list.count} has ${list.left}`,
    );
  return {
    kind: 'serial',
    name: serials,
    scope: list.scope,
    issuer: buyer,
    first: 1,
    last: list.count,
    runLength: 1,
    version: 1,
    pattern: LISTED,
    facts: datePartsOf(Date.now()),
  };
}

function macGrant(plant: PlantDocument, product: Product): Grant[] {
  if (!product.macs) return [];
  const pool = named(plant.macPools, product.macs.pool);
  const range = rangeOfPool(pool);
  const { firstOffset, end } = macRuns(range, product.macs.count);
  return [
    {
      kind: 'mac',
      name: pool.name,
      scope: '',
      issuer: 'ieee',
      first: firstOffset,
      last: end - 1,
      runLength: product.macs.count,
      version: 1,
      pattern: range.block.text,
      facts: datePartsOf(Date.now()),
      ...leasedFrom(plant, pool),
    },
  ];
}

function leasedFrom(plant: PlantDocument, entry: Scheme | MacPool): Pick<Grant, 'lessor'> {
  const lessor = lessorOf(plant, entry);
  return lessor === undefined ? {} : { lessor };
}
