import type { LeasedAway } from '../../domain/leased-away';
import type { LeaseReturn, NumberLease } from '../../domain/number-lease';
import { call } from './call';
import type { Database } from './database';
import { mapped } from './errors';

/** Of which counter a lease is cut. */
export interface LeasableSpace {
  readonly kind: 'serial' | 'mac';
  readonly name: string;
  readonly scope: string;
  readonly issuer: string;
  readonly first: number;
  readonly last: number;
  /** A lease begins at a multiple of it. */
  readonly runLength: number;
  readonly pattern: string;
}

/** A lease as it is on record, with its return where it has ended. */
export interface LeaseRow {
  readonly lease: string;
  readonly side: 'lessor' | 'lessee';
  readonly lessor: string;
  readonly lessee: string;
  readonly kind: 'serial' | 'mac';
  readonly name: string;
  readonly scope: string;
  readonly version: number;
  readonly first: number;
  readonly last: number;
  /** Numbers that no batch was granted yet; null at the lessor, which can't know. */
  readonly left: number | null;
  /** Numbers that were handed back; null while the lease has not ended. */
  readonly unused: number | null;
  readonly document: string;
  readonly returned: string | null;
  readonly at: Date;
}

const columns = `l.id as lease, l.side, l.lessor, l.lessee, l.kind, l.name, l.scope, l.version, lower(l.numbers) as first,
  upper(l.numbers) - 1 as last, case l.side when 'lessee' then s.last_number - s.next_number + 1 end as left, l.document,
  case when r.lease_id is not null then coalesce(upper(r.unused) - lower(r.unused), 0) end as unused, r.document as returned,
  l.recorded_at as at`;
const tables = `number_leases l join number_spaces s on s.id = l.space_id left join lease_returns r on r.lease_id = l.id`;

/** The oldest first. */
export async function listLeases(db: Database): Promise<LeaseRow[]> {
  return readLeases(db, 'true', []);
}

export async function findLease(db: Database, lease: string): Promise<LeaseRow | null> {
  return (await readLeases(db, 'l.id = ?', [lease]))[0] ?? null;
}

/** Those that this site holds of the numbers, ended ones as well. */
export async function heldLeases(
  db: Database,
  { kind, name, scope, version }: Pick<LeaseRow, 'kind' | 'name' | 'scope' | 'version'>,
): Promise<LeaseRow[]> {
  const where = `l.side = 'lessee' and l.kind = ? and l.name = ? and l.scope = ? and l.version = ?`;
  return readLeases(db, where, [kind, name, scope, version]);
}

/** What other sites may give to their units: each range without the end that came back, where anything is left of it. */
export async function leasesAway(db: Database): Promise<LeasedAway[]> {
  const answer = await mapped(
    db.raw<{ rows: (Omit<LeasedAway, 'first' | 'end'> & { first: string; end: string })[] }>(
      `select l.id as lease, l.lessee, l.kind, l.name, l.scope, l.version, lower(l.numbers) as first,
         coalesce(lower(r.unused), upper(l.numbers)) as end, l.document::jsonb #>> '{numbers,hiddenBy}' as "hiddenBy"
       from number_leases l left join lease_returns r on r.lease_id = l.id
       where l.side = 'lessor' and lower(l.numbers) < coalesce(lower(r.unused), upper(l.numbers)) order by l.recorded_at, l.id`,
    ),
  );
  return answer.rows.map((row) => ({ ...row, first: Number(row.first), end: Number(row.end) }));
}

type Stored = Omit<LeaseRow, 'first' | 'last' | 'left' | 'unused'> & {
  readonly first: string;
  readonly last: string;
  readonly left: string | null;
  readonly unused: string | null;
};

async function readLeases(
  db: Database,
  where: string,
  values: readonly (string | number)[],
): Promise<LeaseRow[]> {
  const answer = await mapped(
    db.raw<{ rows: Stored[] }>(
      `select ${columns} from ${tables} where ${where} order by l.recorded_at, l.id`,
      values as string[],
    ),
  );
  return answer.rows.map((row) => ({
    ...row,
    ...{ first: Number(row.first), last: Number(row.last) },
    left: row.left === null ? null : Number(row.left),
    unused: row.unused === null ? null : Number(row.unused),
  }));
}

/** Holds so many numbers of the counter until the transaction ends; the first of them. */
export async function reserveForLease(trx: Database, space: LeasableSpace, count: number): Promise<number> {
  const answer = await trx.raw<{ rows: { first: string }[] }>(
    'select reserve_for_lease(?::jsonb, ?) as first',
    [JSON.stringify(space), count],
  );
  return Number(answer.rows[0]!.first);
}

/** Who recorded it, and the key that it was signed by. */
export interface Signer {
  readonly by: string;
  readonly publicKey: string;
}

export async function recordGranted(
  trx: Database,
  document: string,
  space: LeasableSpace,
  { publicKey, by }: Signer,
): Promise<void> {
  await trx.raw('select grant_lease(?, ?::jsonb, ?, ?)', [document, JSON.stringify(space), publicKey, by]);
}

/** False where it is on record. */
export async function recordAccepted(db: Database, document: string, signer: Signer): Promise<boolean> {
  return call(db, 'accept_lease(?, ?, ?)', [document, signer.publicKey, signer.by]);
}

/** Holds what is left of the lease until the transaction ends. */
export async function unusedOfLease(trx: Database, lease: string): Promise<LeaseReturn['unused']> {
  const answer = await trx.raw<{ rows: { first: string | null; end: string }[] }>(
    'select lower(u) as first, upper(u) as end from unused_of_lease(?) as u',
    [lease],
  );
  const { first, end } = answer.rows[0]!;
  return first === null ? null : { first: Number(first), last: Number(end) - 1 };
}

export async function recordReturned(db: Database, document: string, signer: Signer): Promise<boolean> {
  return call(db, 'return_lease(?, ?, ?)', [document, signer.publicKey, signer.by]);
}

/** False where it is on record. */
export async function recordTakenBack(db: Database, document: string, signer: Signer): Promise<boolean> {
  return call(db, 'take_back_lease(?, ?, ?)', [document, signer.publicKey, signer.by]);
}

/** The fingerprint of the key by which the leased numbers of this version are hidden; null where none is leased or hidden. */
export async function leasedFingerprint(
  db: Database,
  { name, version }: { readonly name: string; readonly version: number },
): Promise<string | null> {
  const row: { document: string } | undefined = await mapped(
    db('number_leases').where({ kind: 'serial', name, version }).orderBy('recorded_at').first('document'),
  );
  return row ? (JSON.parse(row.document) as NumberLease).numbers.hiddenBy : null;
}
