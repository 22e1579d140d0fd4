import { UnitrailError } from '../../domain/errors';
import type { Trouble } from '../../domain/retention';
import { call, long } from './call';
import type { Database } from './database';
import { mapped } from './errors';

/** Units of one call: a hold that is added waits for no more than these. */
export const RETIRE_UNITS = 500;

export interface CapsuleRow {
  readonly id: string;
  readonly runId: string;
  readonly buyer: string | null;
  readonly product: string;
  readonly month: string;
  readonly number: number;
  readonly units: number;
  readonly records: number;
  readonly events: number;
  /** `abandoned`: it was given up before anything of it was removed here, and has no units. */
  readonly state: 'planned' | 'made' | 'abandoned' | 'moved' | 'erased';
  readonly delivery: 'due' | 'delivered' | 'none';
  /** Byte for byte; null while it is planned only. */
  readonly manifest: string | null;
  readonly eventsManifest: string | null;
  /** The runs that have read the copy in the store back. */
  readonly verifiedIn: readonly string[];
  /** Whether units of it have moved: the store has the only copy of them. */
  readonly hasMoved: boolean;
}

const columns = `c.id, c.run_id as "runId", c.buyer, c.product, c.month, c.number, c.units, c.records, c.events::float8 as events, c.state,
  c.delivery, c.manifest, c.events_manifest as "eventsManifest",
  array(select v.run_id from capsule_copies v where v.capsule_id = c.id and v.place = 'store' order by v.verified_at) as "verifiedIn",
  exists (select from capsule_units u where u.capsule_id = c.id and u.retired_at is not null) as "hasMoved"`;

/** @throws UnitrailError NOT_FOUND */
export async function findCapsule(db: Database, id: string): Promise<CapsuleRow> {
  const [row] = await capsuleRows(db, 'where c.id = ?', [id]);
  if (row) return row;
  throw new UnitrailError('NOT_FOUND', `There is no capsule ${id}. \`unitrail retention report\` names all.`);
}

export interface UnmovedCapsule extends Pick<CapsuleRow, 'id' | 'buyer' | 'units' | 'state'> {
  /** A legal hold on a unit of it; null where nobody holds it. */
  readonly hold: string | null;
}

/**
 * Those that are not moved yet, also what an earlier run has left. Buyers take turns, each with those first that the earliest run
 * has planned, product by product and month by month: one whose server is away for long has only its share of a run. What
 * somebody holds may stay so for years, and comes last: it takes no other's place.
 */
export async function unmovedCapsules(db: Database, limit: number): Promise<UnmovedCapsule[]> {
  return long<UnmovedCapsule>(
    db,
    `with held as materialized (
       select u.capsule_id, min(h.hold_id) as hold from units_on_legal_hold h join capsule_units u on u.unit_id = h.unit_id group by 1)
     select c.id, c.buyer, c.units, c.state, h.hold from capsules c join retention_runs r on r.id = c.run_id
       left join held h on h.capsule_id = c.id
     where c.state in ('planned', 'made')
     order by h.hold is not null,
       row_number() over (partition by h.hold is not null, c.buyer order by r.opened_at, c.product, c.month, c.number),
       r.opened_at, c.buyer, c.id limit ?`,
    [limit],
  );
}

/** The number of the newest capsule of a buyer, a product and a month, 0 where there is none. */
export async function newestCapsules(
  db: Database,
): Promise<(of: Pick<CapsuleRow, 'buyer' | 'product' | 'month'>) => number> {
  const answer = await mapped(
    db.raw<{ rows: Pick<CapsuleRow, 'buyer' | 'product' | 'month' | 'number'>[] }>(
      'select buyer, product, month, max(number) as number from capsules group by buyer, product, month',
    ),
  );
  const numbers = new Map(answer.rows.map((row) => [keyOf(row), row.number]));
  return (of) => numbers.get(keyOf(of)) ?? 0;
}

const keyOf = ({ buyer, product, month }: Pick<CapsuleRow, 'buyer' | 'product' | 'month'>): string =>
  JSON.stringify([buyer, product, month]);

async function capsuleRows(
  db: Database,
  rest: string,
  values: readonly (string | number)[],
): Promise<CapsuleRow[]> {
  const answer = await mapped(
    db.raw<{ rows: CapsuleRow[] }>(`select ${columns} from capsules c ${rest}`, [...values]),
  );
  return answer.rows;
}

export interface CapsuleFileRow {
  readonly name: string;
  /** As `CapsuleRole` of domain/capsule.ts. */
  readonly role: string;
  readonly ownOnly: boolean;
  readonly sizeBytes: number;
  readonly sha256: string;
}

/** In the order of delivery: the manifest last, because its presence says that the others are there. */
export async function capsuleFiles(db: Database, capsule: string): Promise<CapsuleFileRow[]> {
  const answer = await mapped(
    db.raw<{ rows: CapsuleFileRow[] }>(
      `select name, role, own_only as "ownOnly", size_bytes::float8 as "sizeBytes", sha256 from capsule_files where capsule_id = ?
       order by own_only, role = 'manifest', role = 'eventsManifest', name collate "C"`,
      [capsule],
    ),
  );
  return answer.rows;
}

export interface MadeCapsule {
  readonly manifest: string;
  readonly eventsManifest: string;
  readonly files: readonly CapsuleFileRow[];
  /** Of the key that has signed both: DER in base64. */
  readonly publicKey: string;
}

/** With the key that has signed it, which may have signed nothing before. False where it was made before: those files count. */
export async function bookCapsule(
  db: Database,
  capsule: string,
  run: string,
  made: MadeCapsule,
): Promise<boolean> {
  const { manifest, eventsManifest, files, publicKey } = made;
  const values = [capsule, run, manifest, eventsManifest, JSON.stringify(files), publicKey];
  return call(db, 'capsule_made(?, ?, ?, ?, ?::jsonb, ?)', values);
}

/** A null target: nobody is to be brought it. With a failure: it is still due. */
export async function bookCapsuleDelivery(
  db: Database,
  capsule: string,
  run: string,
  { target, failure }: { readonly target: string | null; readonly failure: Trouble | null },
): Promise<void> {
  const values = [capsule, run, target, failure?.code ?? null, failure?.message ?? null];
  await call(db, 'capsule_delivered(?, ?, ?, ?, ?)', values);
}

export async function bookVerified(
  db: Database,
  capsule: string,
  run: string,
  { place, sha256 }: { readonly place: string; readonly sha256: string },
): Promise<void> {
  await call(db, 'copy_verified(?, ?, ?, ?)', [capsule, run, place, sha256]);
}

/** Gives it up before anything of it has moved: its units are planned anew. False where some have moved: it stays as it is. */
export async function abandonCapsule(
  db: Database,
  capsule: string,
  run: string,
  { code, message }: Trouble,
): Promise<boolean> {
  const [row] = await long<{ done: boolean }>(db, 'select abandon_capsule(?, ?, ?, ?) as done', [
    ...[capsule, run, code, message],
  ]);
  return row!.done;
}

/** Removes some of its units here, by the login that may, and says how many are left. */
export async function retireSome(db: Database, capsule: string, run: string): Promise<number> {
  const values = [capsule, run, RETIRE_UNITS];
  const [left] = await long<{ units: string }>(db, 'select retire(?, ?, ?) as units', values);
  return Number(left!.units);
}

export interface CapsuleUnitRow {
  readonly unitId: string;
  readonly issuer: string;
  readonly serial: string;
  readonly recordSha256: string | null;
  readonly lastSeq: number;
  /** Hex. */
  readonly head: string;
}

const PAGE_ROWS = 250;

/** In the order of the capsule: by serial and then issuer, each page a short statement. */
export async function* capsuleUnits(db: Database, capsule: string): AsyncGenerator<CapsuleUnitRow[]> {
  let after: Pick<CapsuleUnitRow, 'serial' | 'issuer'> = { serial: '', issuer: '' };
  for (;;) {
    const { rows } = await mapped(
      db.raw<{ rows: CapsuleUnitRow[] }>(
        `select unit_id as "unitId", issuer, serial, record_sha256 as "recordSha256", last_seq::float8 as "lastSeq",
           encode(head, 'hex') as head
         from capsule_units where capsule_id = ? and (serial, issuer) > (?, ?) order by serial, issuer limit ?`,
        [capsule, after.serial, after.issuer, PAGE_ROWS],
      ),
    );
    if (rows.length > 0) yield rows;
    if (rows.length < PAGE_ROWS) return;
    after = rows.at(-1)!;
  }
}
