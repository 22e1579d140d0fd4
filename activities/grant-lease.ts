import { randomBytes } from 'node:crypto';
import type { Database } from '../adapters/postgres/database';
import { importInOne } from '../adapters/postgres/import-transaction';
import { findLease, recordGranted, reserveForLease, type LeaseRow } from '../adapters/postgres/number-leases';
import { requirePlant } from '../adapters/postgres/plant-store';
import { canonicalJson } from '../domain/canonical';
import { UnitrailError } from '../domain/errors';
import { LEASE_ID, LEASED_RUN, MOST_LEASED, signedText, type NumberLease } from '../domain/number-lease';
import type { PlantDocument } from '../domain/plant-document';
import { problemText } from '../domain/refusal';
import { countedNumbers, sharedOf, type Shared, type Wanted } from './leased-numbers';
import { otherSites, ownKey, ownSite, siteNamed, type LeaseDeps, type LeaseFile } from './lease-site';

export interface LeaseRequest extends Wanted {
  readonly to: string;
  readonly count: number;
  /** Of the lease; one that is on record gives the file of then. Absent: a new one. */
  readonly lease: string | undefined;
  readonly by: string;
}

/**
 * Cuts a range from the counter, signs it to another site and keeps what it signed. A repeat under the lease's id gives the
 * same bytes and cuts nothing.
 * @throws UnitrailError INPUT_INVALID, SCHEME_EXHAUSTED, CONFIGURATION_INVALID (the keys), REGISTRY_LAGS
 */
export async function grantLease(deps: LeaseDeps, request: LeaseRequest): Promise<LeaseFile<NumberLease>> {
  const { db, watermark } = deps;
  const plant = await requirePlant(db);
  const shared = requireShared(plant, request);
  const known = request.lease === undefined ? null : await findLease(db, request.lease);
  if (known) {
    // The first time it may have come to an end before that.
    await watermark.check();
    await watermark.keep();
    return fileOf(sameLease(known, request), false);
  }
  const key = await ownKey(plant, deps.env);
  const { space, numbers } = await countedNumbers(deps, plant, shared, request);
  await watermark.check();
  const document = await inTransaction(db, async (trx) => {
    const first = await reserveForLease(trx, space, request.count);
    const told = {
      ...{
        format: 'unitrail.lease/1',
        lease: request.lease ?? newId(plant, request),
        lessor: ownSite(plant),
      },
      ...{ lessee: request.to, issuer: space.issuer, numbers, first, last: first + request.count - 1 },
      grantedAt: new Date().toISOString(),
    };
    const text = canonicalJson({ ...told, signature: key.sign(signedText(told)) });
    await recordGranted(trx, text, space, { publicKey: key.publicKey, by: request.by });
    return text;
  });
  // Before the file leaves: whoever restores an older database has to notice that the range is gone.
  await watermark.keep();
  return fileOf(document, true);
}

function inTransaction(db: Database, work: (trx: Database) => Promise<string>): Promise<string> {
  return importInOne(db, work, () => true);
}

function fileOf(text: string, isNew: boolean): LeaseFile<NumberLease> {
  return { document: JSON.parse(text) as NumberLease, text: `${text}\n`, isNew };
}

function newId(plant: PlantDocument, { to }: LeaseRequest): string {
  return `${ownSite(plant)}-${to}-${randomBytes(4).toString('hex')}`;
}

function requireShared(plant: PlantDocument, { name, to, count, lease }: LeaseRequest): Shared {
  const own = ownSite(plant);
  const shared = sharedOf(plant, name);
  if (!shared) throw wrong('name', name, `a scheme or MAC pool of the plant in force`);
  const { lessor } = 'scheme' in shared ? shared.scheme : shared.pool;
  if (lessor !== own)
    throw wrong(
      `${name}.lessor`,
      lessor,
      `${own}, this site: only the site that owns a counter leases its numbers`,
    );
  if (to === own || !siteNamed(plant, to))
    throw wrong('--to', to, `another site of the plant file: ${otherSites(plant)}`);
  if (!Number.isSafeInteger(count) || count < 1 || count > MOST_LEASED)
    throw wrong('--count', count, `a whole number from 1 to ${MOST_LEASED}`);
  if ('pool' in shared && count % LEASED_RUN !== 0)
    throw wrong(
      '--count',
      count,
      `a multiple of ${LEASED_RUN}, because units take runs of up to ${LEASED_RUN} addresses`,
    );
  if (lease !== undefined && !LEASE_ID.test(lease))
    throw wrong('--lease', lease, '1 to 64 of A–Z a–z 0–9 . _ -, the first a letter or digit');
  return shared;
}

/** A lease id says what it is for: another site, scheme or number under it is another lease. */
function sameLease(known: LeaseRow, { lease, name, to, count }: LeaseRequest): string {
  const size = known.last - known.first + 1;
  if (known.side === 'lessor' && known.name === name && known.lessee === to && size === count)
    return known.document;
  throw wrong(
    '--lease',
    lease,
    `another id: this one is on record with ${size} numbers of ${known.name} for ${known.lessee}`,
  );
}

function wrong(path: string, value: unknown, allowed: string): UnitrailError {
  return new UnitrailError('INPUT_INVALID', problemText({ path: [path], value, allowed }));
}
