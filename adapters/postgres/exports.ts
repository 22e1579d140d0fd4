import { createHash } from 'node:crypto';
import { canonicalJson } from '../../domain/canonical';
import { UnitrailError } from '../../domain/errors';
import type { ExportCounts, ExportKind } from '../../domain/export-about';
import type { PinnedLook } from '../../domain/export-manifest';
import type { ExportInclusion } from '../../domain/export-settings';
import type { Database } from './database';
import { mapped } from './errors';

/** A million items are taken in one statement each. */
const OPEN_MS = 1_800_000;

export interface ExportRow {
  readonly id: string;
  readonly buyer: string;
  readonly kind: ExportKind;
  readonly number: number | null;
  readonly asOf: Date;
  readonly look: PinnedLook;
  readonly predecessor: string | null;
  readonly reissueOf: string | null;
  readonly sealedFrom: Date | null;
  readonly sealedTo: Date | null;
  readonly counts: ExportCounts;
  readonly state: 'opened' | 'made' | 'delivered';
  readonly openedAt: Date;
  readonly deliveredAt: Date | null;
  /** Byte for byte; null while it is opened only. */
  readonly manifest: string | null;
}

export interface ExportRequest {
  /** Under one request there is one export: a repeat finds it, as it was opened. */
  readonly request: string;
  readonly asOf: Date;
  readonly look: PinnedLook;
}

/** The next export of the buyer's sequence with all that is in none yet, or null where nothing is due. */
export async function openExport(
  db: Database,
  buyer: string,
  { request, asOf, look }: ExportRequest,
): Promise<string | null> {
  return opened(db, 'select open_export(?, ?, ?, ?) as id', [buyer, request, asOf, canonicalJson(look)]);
}

/** An export of the sequence told again in another look, outside the sequence. */
export async function openReissue(
  db: Database,
  exportId: string,
  { request, asOf, look }: ExportRequest,
): Promise<string> {
  const values = [exportId, request, asOf, canonicalJson(look)];
  return (await opened(db, 'select open_reissue(?, ?, ?, ?) as id', values))!;
}

export interface DayRange {
  /** `YYYY-MM-DD`; both days are meant, in the time zone. */
  readonly from: string;
  readonly to: string;
  readonly timeZone: string;
}

/** What was shipped on these days, outside the sequence. */
export async function openExtract(
  db: Database,
  buyer: string,
  { from, to, timeZone }: DayRange,
  { request, asOf, look }: ExportRequest,
): Promise<string> {
  const sql = `select open_extract(?, ?, ?::date::timestamp at time zone ?, (?::date + 1)::timestamp at time zone ?, ?, ?) as id`;
  const values = [buyer, request, from, timeZone, to, timeZone, asOf, canonicalJson(look)];
  return (await opened(db, sql, values))!;
}

async function opened(db: Database, sql: string, values: readonly unknown[]): Promise<string | null> {
  return mapped(
    db.transaction(async (trx) => {
      await trx.raw(`set local statement_timeout = ${OPEN_MS}`);
      const answer = await trx
        .raw<{ rows: { id: string | null }[] }>(sql, values as string[])
        .options({ query_timeout: OPEN_MS });
      return answer.rows[0]!.id;
    }),
  );
}

const columns = `id, buyer, kind, number, as_of as "asOf", look, predecessor, reissue_of as "reissueOf",
  sealed_from as "sealedFrom", sealed_to as "sealedTo", records, amendments, numbers, state, opened_at as "openedAt",
  delivered_at as "deliveredAt", manifest`;

type Stored = Omit<ExportRow, 'look' | 'counts'> & {
  look: string;
  records: number;
  amendments: number;
  numbers: number;
};

function rowOf({ look, records, amendments, numbers, ...row }: Stored): ExportRow {
  return { ...row, look: JSON.parse(look) as PinnedLook, counts: { units: records, amendments, numbers } };
}

async function exportRows(db: Database, rest: string, values: readonly string[]): Promise<ExportRow[]> {
  const answer = await mapped(
    db.raw<{ rows: Stored[] }>(`select ${columns} from exports ${rest}`, [...values]),
  );
  return answer.rows.map(rowOf);
}

/** @throws UnitrailError NOT_FOUND */
export async function findExport(db: Database, id: string): Promise<ExportRow> {
  const [row] = await exportRows(db, 'where id = ?', [id]);
  if (row) return row;
  throw new UnitrailError('NOT_FOUND', `There is no export ${id}. \`unitrail export list\` shows all.`);
}

/** Newest first. */
export async function listExports(db: Database, buyer: string | null): Promise<ExportRow[]> {
  return buyer === null
    ? exportRows(db, 'order by opened_at desc, id desc', [])
    : exportRows(db, 'where buyer = ? order by opened_at desc, id desc', [buyer]);
}

/** Ids of what the buyer's sequence still owes, in its order: what has to be made (and then delivered) first comes first. */
export async function undeliveredExports(db: Database, buyer: string): Promise<string[]> {
  return mapped(
    db('exports')
      .where({ buyer, kind: 'sequence' })
      .whereNot({ state: 'delivered' })
      .orderBy('number')
      .pluck<string[]>('id'),
  );
}

/** Those of which the files are not made yet, in the order of the sequence. */
export async function unmadeExports(db: Database, buyer: string): Promise<string[]> {
  return mapped(
    db('exports').where({ buyer, kind: 'sequence', state: 'opened' }).orderBy('number').pluck<string[]>('id'),
  );
}

export interface ExportFileRow {
  readonly name: string;
  readonly sizeBytes: number;
  readonly sha256: string;
  readonly rows: number;
}

/** What was made, in the order of the names; without the manifest. */
export async function exportFiles(db: Database, exportId: string): Promise<ExportFileRow[]> {
  const answer = await mapped(
    db.raw<{ rows: ExportFileRow[] }>(
      `select name, size_bytes::float8 as "sizeBytes", sha256, rows from export_files where export_id = ? order by name collate "C"`,
      [exportId],
    ),
  );
  return answer.rows;
}

/**
 * False where another one was made before: its bytes are delivered.
 * @throws UnitrailError STATE_MOVED_ON where the export is to look otherwise by now: it is made anew.
 */
export async function bookMade(
  db: Database,
  { id, look }: Pick<ExportRow, 'id' | 'look'>,
  manifest: string,
  publicKey: string,
): Promise<boolean> {
  const lookSha256 = createHash('sha256').update(canonicalJson(look)).digest('hex');
  const answer = await mapped(
    db.raw<{ rows: { made: boolean }[] }>('select export_made(?, ?, ?, ?) as made', [
      ...[id, manifest, publicKey, lookSha256],
    ]),
  );
  return answer.rows[0]!.made;
}

/** Another look for an export that is not made yet. False where it is on record under this id already. */
export async function pinExportLook(
  db: Database,
  exportId: string,
  { look, by, reason, id }: { look: PinnedLook; by: string; reason: string; id: string },
): Promise<boolean> {
  const values = [exportId, canonicalJson(look), by, reason, id];
  const answer = await mapped(
    db.raw<{ rows: { pinned: boolean }[] }>('select pin_export_look(?, ?, ?, ?, ?) as pinned', values),
  );
  return answer.rows[0]!.pinned;
}

/** The first and the last serial, in the order of the export. */
export async function serialRange(
  db: Database,
  { id, kind, reissueOf }: Pick<ExportRow, 'id' | 'kind' | 'reissueOf'>,
): Promise<{ first: string | null; last: string | null }> {
  const table = kind === 'extract' ? 'extract_items' : 'export_items';
  const one = (direction: string): string =>
    `(select value from ${table} where export_id = ? and kind = 'record'
      order by issuer ${direction}, identifier ${direction}, value ${direction} limit 1)`;
  const of = reissueOf ?? id;
  const answer = await mapped(
    db.raw<{ rows: { first: string | null; last: string | null }[] }>(
      `select ${one('asc')} as first, ${one('desc')} as last`,
      [of, of],
    ),
  );
  return answer.rows[0]!;
}

/** What is in no export yet and would be in the next one, with the reports of numbers that the buyer wants. */
export async function dueItems(
  db: Database,
  buyer: string,
  { scrapped, unused }: ExportInclusion = { scrapped: true, unused: true },
): Promise<ExportCounts> {
  const answer = await mapped(
    db
      .raw<{ rows: ExportCounts[] }>(
        `select (select count(*)::integer from untold_shipments s
                 join units u on u.shipment_id = s.id and u.state = 'Shipped' where s.buyer = ?) as units,
           (select count(*)::integer from unexported_amendments where buyer = ?) as amendments,
           (select count(*)::integer from unexported_numbers
            where buyer = ? and case fate when 'unused' then ?::boolean else ?::boolean end) as numbers`,
        [buyer, buyer, buyer, unused, scrapped],
      )
      .options({ query_timeout: OPEN_MS }),
  );
  return answer.rows[0]!;
}

/** Keys that ever signed, the first one first. */
export async function exportKeys(
  db: Database,
): Promise<{ id: string; publicKey: string; firstUsedAt: Date }[]> {
  const answer = await mapped(
    db.raw<{ rows: { id: string; publicKey: string; firstUsedAt: Date }[] }>(
      `select id, public_key as "publicKey", first_used_at as "firstUsedAt" from export_keys order by first_used_at`,
    ),
  );
  return answer.rows;
}
