import { importInOne } from '../adapters/postgres/import-transaction';
import {
  findLease,
  recordReturned,
  recordTakenBack,
  unusedOfLease,
  type LeaseRow,
} from '../adapters/postgres/number-leases';
import { requirePlant } from '../adapters/postgres/plant-store';
import { canonicalJson } from '../domain/canonical';
import { UnitrailError } from '../domain/errors';
import { signedText, type LeaseReturn } from '../domain/number-lease';
import { parseLeaseReturn } from '../domain/number-lease-schema';
import { problemText } from '../domain/refusal';
import {
  ownKey,
  ownSite,
  requireSignature,
  sha256,
  wrongInFile,
  type LeaseDeps,
  type LeaseFile,
} from './lease-site';

/**
 * Ends a lease that this site holds: what no batch was granted is handed back in a signed file, and granted to nobody from
 * then on. A repeat gives the same bytes.
 * @throws UnitrailError INPUT_INVALID, CONFIGURATION_INVALID (the key), REGISTRY_LAGS
 */
export async function returnLease(deps: LeaseDeps, id: string, by: string): Promise<LeaseFile<LeaseReturn>> {
  const { db, watermark } = deps;
  const plant = await requirePlant(db);
  const row = await requireLease(deps, id, 'lessee');
  if (row.returned !== null) {
    await watermark.check();
    await watermark.keep();
    return fileOf(row.returned, false);
  }
  const key = await ownKey(plant, deps.env);
  await watermark.check();
  const text = await importInOne(
    db,
    async (trx) => {
      const unused = await unusedOfLease(trx, id);
      const told = returnOf(row, unused);
      const document = canonicalJson({ ...told, signature: key.sign(signedText(told)) });
      await recordReturned(trx, document, { publicKey: key.publicKey, by });
      return document;
    },
    () => true,
  );
  await watermark.keep();
  return fileOf(text, true);
}

function fileOf(text: string, isNew: boolean): LeaseFile<LeaseReturn> {
  return { document: JSON.parse(text) as LeaseReturn, text: `${text}\n`, isNew };
}

function returnOf({ lease, lessor, lessee, document, first, last }: LeaseRow, unused: LeaseReturn['unused']) {
  const leased = last - first + 1;
  const left = unused === null ? 0 : unused.last - unused.first + 1;
  return {
    ...{ format: 'unitrail.lease-return/1', lease, leaseSha256: sha256(document), lessor, lessee },
    counts: { leased, granted: leased - left, unused: left },
    ...{ unused, returnedAt: new Date().toISOString() },
  };
}

/**
 * Books what another site handed back. Those numbers are not leased or granted again. The same file again is a no-op.
 * @throws UnitrailError INPUT_INVALID with field, value and what is allowed; REGISTRY_LAGS
 */
export async function takeBackLease(
  deps: LeaseDeps,
  file: unknown,
  by: string,
): Promise<{ returned: LeaseReturn; isNew: boolean }> {
  const { db, watermark } = deps;
  const returned = parseLeaseReturn(file);
  const plant = await requirePlant(db);
  const { publicKey } = requireSignature(plant, { field: 'lessee', name: returned.lessee }, returned);
  const own = ownSite(plant);
  if (returned.lessor !== own)
    throw wrongInFile({
      path: ['lessor'],
      value: returned.lessor,
      allowed: `${own}, this site: it goes to another one`,
    });
  const row = await requireLease(deps, returned.lease, 'lessor');
  checkAgainst(row, returned);
  await watermark.check();
  const isNew = await recordTakenBack(db, canonicalJson(returned), { publicKey, by });
  await watermark.keep();
  return { returned, isNew };
}

function checkAgainst(row: LeaseRow, { lessee, leaseSha256, counts }: LeaseReturn): void {
  const leased = row.last - row.first + 1;
  if (lessee !== row.lessee)
    throw wrongInFile({
      path: ['lessee'],
      value: lessee,
      allowed: `${row.lessee}, to whom ${row.lease} was leased`,
    });
  if (leaseSha256 !== sha256(row.document))
    throw wrongInFile({
      path: ['leaseSha256'],
      value: leaseSha256,
      allowed: `${sha256(row.document)}, of lease ${row.lease} as it was granted`,
    });
  if (counts.leased !== leased)
    throw wrongInFile({
      path: ['counts', 'leased'],
      value: counts.leased,
      allowed: `${leased}, the numbers of ${row.lease}`,
    });
}

async function requireLease({ db }: LeaseDeps, id: string, side: LeaseRow['side']): Promise<LeaseRow> {
  const row = await findLease(db, id);
  if (row?.side === side) return row;
  const allowed = `a lease that this site ${side === 'lessee' ? 'holds' : 'granted'}; \`unitrail lease list\` shows them`;
  throw new UnitrailError('INPUT_INVALID', problemText({ path: ['lease'], value: id, allowed }));
}
