import type {
  Amendment,
  NumberFate,
  ProvenSource,
  ReportedNumber,
  SealedRecord,
  ToldStatement,
} from '../../domain/export-source';
import type { Database } from './database';
import { mapped } from './errors';

/** Each page is a short statement: an export of a million units holds no transaction open while its files are written. */
const PAGE_ROWS = 500;

/** Whose items are told: a reissue tells those of another export again. */
export interface ExportOfItems {
  readonly id: string;
  readonly kind: 'sequence' | 'reissue' | 'extract';
  readonly reissueOf: string | null;
}

/** What the export tells, read by the key of its items. They never change, so each reading gives the same. */
export function createExportSource(db: Database, of: ExportOfItems): ProvenSource {
  const members: Items = { table: 'export_items', export: of.reissueOf ?? of.id };
  const items: Items = of.kind === 'extract' ? { table: 'extract_items', export: of.id } : members;
  return {
    records: () => pagesOf(db, items, 'record', recordsSql, recordOf),
    amendments: () => pagesOf(db, items, 'amendment', amendmentsSql, amendmentOf),
    // Of an extract there are none: nothing of the membership is its own.
    numbers: () => pagesOf(db, members, 'number', numbersSql, numberOf),
    statements: (kind) =>
      kind === 'amendments'
        ? pagesOf(db, items, 'amendment', amendmentStatementsSql, statementOf)
        : pagesOf(db, members, 'number', numberStatementsSql, statementOf),
  };
}

interface Items {
  readonly table: 'export_items' | 'extract_items';
  readonly export: string;
}

interface ItemKey {
  readonly issuer: string;
  readonly identifier: string;
  readonly value: string;
  readonly seq: string;
}

async function* pagesOf<Row, Told>(
  db: Database,
  { table, export: exportId }: Items,
  kind: 'record' | 'amendment' | 'number',
  sql: (table: string) => string,
  told: (row: Row & ItemKey) => Told,
): AsyncGenerator<Told> {
  let after: ItemKey = { issuer: '', identifier: '', value: '', seq: '-1' };
  for (;;) {
    const { rows } = await mapped(
      db.raw<{ rows: (Row & ItemKey)[] }>(sql(table), [
        exportId,
        kind,
        after.issuer,
        after.identifier,
        after.value,
        after.seq,
        PAGE_ROWS,
      ]),
    );
    for (const row of rows) yield told(row);
    if (rows.length < PAGE_ROWS) return;
    after = rows.at(-1)!;
  }
}

/** The page first, by its key alone; what hangs on it by primary key, row for row. */
function pageSql(table: string, columns: string, joins: string): string {
  return `select x.issuer, x.identifier, x.value, x.seq, ${columns}
    from (select * from ${table} where export_id = ? and kind = ? and (issuer, identifier, value, seq) > (?, ?, ?, ?::bigint)
          order by export_id, kind, issuer, identifier, value, seq limit ?) as x ${joins}
    order by x.issuer, x.identifier, x.value, x.seq`;
}

const recordsSql = (table: string): string =>
  pageSql(
    table,
    'x.unit_id as "unitId", r.sealed_at as "sealedAt", r.body, r.sha256',
    'join records r on r.unit_id = x.unit_id',
  );
const amendmentsSql = (table: string): string =>
  pageSql(
    table,
    'x.unit_id as "unitId", e.type, e.at, e.body',
    `join unit_events e on e.stream = 'unit:' || x.unit_id and e.seq = x.seq`,
  );
const numbersSql = (table: string): string =>
  pageSql(table, 'x.fate, x.fate_at as "fateAt", x.batch_id as batch, x.reason', '');

/** With the digests of the events between the sealing and this one; null where one of them has moved. */
const amendmentStatementsSql = (table: string): string =>
  pageSql(
    table,
    `'unit:' || x.unit_id as stream, x.seq as place,
     case when s.count = x.seq - (r.body::jsonb #>> '{history,events}')::bigint - 1 then s.digests end as since,
     r.body::jsonb #>> '{history,head}' as "sealedHead", c.retired_at is not null as "hasMoved", null as fate`,
    `left join capsule_units c on c.unit_id = x.unit_id left join records r on r.unit_id = x.unit_id
     left join lateral (
       select count(*), coalesce(array_agg(encode(sha256(convert_to(v.header, 'UTF8')) || sha256(convert_to(v.body, 'UTF8')), 'hex') order by v.seq), '{}') as digests
       from unit_events v
       where v.stream = 'unit:' || x.unit_id and v.seq > (r.body::jsonb #>> '{history,events}')::bigint and v.seq < x.seq) as s on true`,
  );
/** A number's fate was told by an event of its unit, or by one of its batch where it came to none. */
const numberStatementsSql = (table: string): string =>
  pageSql(
    table,
    'coalesce(u.stream, b.stream) as stream, coalesce(u.seq, b.seq) as place, null as since, null as "sealedHead", false as "hasMoved", x.fate',
    `left join lateral (
       select v.stream, v.seq from unit_events v
       where v.stream = 'unit:' || x.unit_id and v.type = case x.fate when 'void' then 'voided' else x.fate end and v.at = x.fate_at
       order by v.seq desc limit 1) as u on true
     left join identifiers i on x.unit_id is null and x.fate = 'void' and (i.issuer, i.kind, i.value) = (x.issuer, x.identifier, x.value)
     left join unit_events b on b.stream = 'batch:' || x.batch_id and b.key = concat_ws('/', 'void', i.block_id, i.ordinal)`,
  );

interface StatementRow {
  readonly stream: string | null;
  readonly place: string | null;
  readonly since: readonly string[] | null;
  readonly sealedHead: string | null;
  readonly hasMoved: boolean;
  readonly fate: NumberFate | null;
}

type RecordRow = Pick<SealedRecord, 'unitId' | 'sealedAt' | 'body' | 'sha256'>;
type AmendmentRow = Pick<Amendment, 'unitId' | 'type' | 'at' | 'body'>;
interface NumberRow {
  readonly fate: NumberFate;
  readonly fateAt: Date | null;
  readonly batch: string | null;
  readonly reason: string | null;
}

function recordOf({ unitId, issuer, value, sealedAt, body, sha256 }: RecordRow & ItemKey): SealedRecord {
  return { unitId, issuer, serial: value, sealedAt, body, sha256 };
}

function amendmentOf({ unitId, issuer, value, seq, type, at, body }: AmendmentRow & ItemKey): Amendment {
  return { unitId, issuer, serial: value, seq: Number(seq), type, at, body };
}

function numberOf(row: NumberRow & ItemKey): ReportedNumber {
  const { issuer, identifier, value, fate, fateAt, batch, reason } = row;
  return { issuer, kind: identifier, value, fate, at: fateAt, batch, reason };
}

function statementOf(row: StatementRow & ItemKey): ToldStatement {
  const { value, stream, place, fate, since, sealedHead, hasMoved } = row;
  const at = stream === null ? null : { stream, seq: Number(place) };
  return { value, place: at, fate, since, sealedHead, hasMoved };
}
