import { createHash } from 'node:crypto';
import { readCanonical } from './canonical-check';
import { checkExportContents, factsOfType, type ExportEvents } from './export-contents';
import type { Findings } from './findings';
import { wrongSigner, type KeysOnRecord } from './signed-by';
import type { Snapshot } from './snapshot';
import { factsOf, streamKind, textFact, type Facts, type ReadEvent } from './stored-event';

export function noteExport(stream: string, events: readonly ReadEvent[], exports: ExportEvents): void {
  if (streamKind(stream) === 'export') exports.set(stream.slice('export:'.length), events);
}

interface ExportRow {
  readonly id: string;
  readonly buyer: string;
  readonly kind: string;
  readonly number: number | null;
  readonly asOf: string;
  readonly look: string;
  readonly predecessor: string | null;
  readonly of: string | null;
  readonly from: string | null;
  readonly to: string | null;
  readonly records: number;
  readonly amendments: number;
  readonly numbers: number;
  readonly state: string;
  readonly manifest: string | null;
}

/** A17. The rows against the events, the membership against the rows, the items against what they are of. */
export async function checkExports(
  snapshot: Snapshot,
  events: ExportEvents,
  keys: KeysOnRecord,
  findings: Findings,
): Promise<void> {
  const rows = await snapshot.rows<ExportRow>(
    `select id, buyer, kind, number, as_of as "asOf", look, predecessor, reissue_of as "of", sealed_from as "from", sealed_to as "to",
       records, amendments, numbers, state, manifest from exports order by buyer, number nulls last, id`,
  );
  const counted = await countMembers(snapshot);
  const byId = new Map(rows.map((row) => [row.id, row]));
  for (const row of rows) {
    checkTold(row, events.get(row.id) ?? [], findings);
    checkMembers(row, counted, findings);
    checkManifest(row, byId, keys, findings);
  }
  for (const id of events.keys())
    if (!byId.has(id)) findings.violation('A17', `export:${id}`, 'events', 'the export that they tell of');
  checkNumbers(rows, findings);
  await checkStrangers(snapshot, findings);
  await checkExportContents(snapshot, rows, events, findings);
}

/** The sequence of each buyer: 1 to n, each behind the one before. */
function checkNumbers(rows: readonly ExportRow[], findings: Findings): void {
  const last = new Map<string, ExportRow>();
  for (const row of rows.filter(({ kind }) => kind === 'sequence')) {
    const before = last.get(row.buyer);
    const [number, predecessor] = [(before?.number ?? 0) + 1, before?.id ?? null];
    if (row.number !== number || row.predecessor !== predecessor)
      findings.violation(
        'A17',
        `export ${row.id}`,
        `no. ${row.number} behind ${row.predecessor}`,
        `no. ${number} behind ${predecessor}`,
      );
    last.set(row.buyer, row);
  }
}

function checkTold(row: ExportRow, events: readonly ReadEvent[], findings: Findings): void {
  const name = `export ${row.id}`;
  const { asOf, buyer, from, kind, number, numbers, of, predecessor, records, amendments, to } = row;
  const told = {
    amendments,
    asOf: shortTime(asOf),
    buyer,
    from: shortTime(from),
    kind,
    number,
    numbers,
    of,
    predecessor,
    records,
    to: shortTime(to),
  };
  const pinned = [...events].reverse().find(({ type }) => type === 'exportLookPinned');
  const opened = factsOfType(events, 'exportOpened');
  // The look may have been pinned anew since it was opened.
  const looks = opened && pinned ? { ...opened, lookSha256: pinned.facts.lookSha256 } : opened;
  compare(name, { ...told, lookSha256: digest(row.look) }, looks, findings);
  const made = factsOfType(events, 'exportMade');
  if (
    (made === null) !== (row.manifest === null) ||
    (made && textFact(made, 'manifestSha256') !== digest(row.manifest ?? ''))
  )
    findings.violation(
      'A17',
      name,
      row.manifest === null ? 'no manifest' : `a manifest ${digest(row.manifest)}`,
      `what its event says: ${String(made?.manifestSha256 ?? 'none')}`,
    );
  const state = factsOfType(events, 'exportDelivered') ? 'delivered' : made ? 'made' : 'opened';
  if (row.state !== state) findings.violation('A17', name, row.state, `${state}, by its events`);
}

function compare(name: string, row: Facts, told: Facts | null, findings: Findings): void {
  for (const [field, value] of Object.entries(row)) {
    if (told !== null && told[field] === value) continue;
    findings.violation(
      'A17',
      name,
      `${field} = ${String(value)}`,
      `${String(told?.[field])}, by the event that opened it`,
    );
  }
}

const kinds = { record: 'records', amendment: 'amendments', number: 'numbers' } as const;

async function countMembers(snapshot: Snapshot): Promise<Map<string, number>> {
  const rows = await snapshot.rows<{ id: string; kind: string; count: number }>(
    `select export_id as id, kind, count(*) as count from export_items group by 1, 2
     union all select export_id, kind, count(*) from extract_items group by 1, 2`,
  );
  return new Map(rows.map(({ id, kind, count }) => [`${id} ${kind}`, count]));
}

function checkMembers(row: ExportRow, counted: ReadonlyMap<string, number>, findings: Findings): void {
  for (const [kind, column] of Object.entries(kinds)) {
    const found = counted.get(`${row.of ?? row.id} ${kind}`) ?? 0;
    if (found !== row[column])
      findings.violation('A17', `export ${row.id}`, `${found} ${column} among its items`, `${row[column]}`);
  }
}

/** Signed by a key on record, of the export that it stands with, and behind the very manifest of the one before. */
function checkManifest(
  row: ExportRow,
  byId: ReadonlyMap<string, ExportRow>,
  keys: KeysOnRecord,
  findings: Findings,
): void {
  if (row.manifest === null) return;
  const name = `manifest of export ${row.id}`;
  const { value, problem } = readCanonical(row.manifest);
  if (problem) findings.violation('A17', name, problem.found, problem.expected);
  const body = factsOf(value);
  const signer = wrongSigner(body, keys);
  if (signer !== null)
    findings.violation(
      'A17',
      name,
      `a signature of key ${signer} that does not hold`,
      'one of a key on record',
    );
  const before = byId.get(row.predecessor ?? '');
  const predecessor = before ? { export: before.id, manifestSha256: digest(before.manifest ?? '') } : null;
  const counts = { amendments: row.amendments, numbers: row.numbers, units: row.records };
  const expected = {
    export: row.id,
    buyer: row.buyer,
    kind: row.kind,
    number: row.number,
    predecessor,
    counts,
  };
  const found = {
    export: body.export,
    buyer: body.buyer,
    kind: body.kind,
    number: body.number,
    predecessor: body.predecessor,
    counts: body.counts,
  };
  if (JSON.stringify(sorted(found)) !== JSON.stringify(sorted(expected)))
    findings.violation('A17', name, JSON.stringify(sorted(found)), JSON.stringify(sorted(expected)));
}

function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value ?? null;
  return Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, inner]) => [key, sorted(inner)]);
}

/** Items that are no item of that buyer's, in two exports, or of nothing at all. The constraints say the same; who drops them is found here. */
async function checkStrangers(snapshot: Snapshot, findings: Findings): Promise<void> {
  const wrong = await snapshot.rows<{ id: string; item: string; why: string }>(
    `select x.export_id as id, concat_ws(' ', x.kind, x.value, nullif(x.seq, 0)) as item, w.why
     from export_items x left join exports e on e.id = x.export_id
     left join units u on u.id = x.unit_id left join shipments s on s.id = u.shipment_id
     cross join lateral (select case
       when e.kind is distinct from 'sequence' then 'of an export of the sequence'
       when x.kind <> 'number' and (u.state, s.buyer, u.issuer, u.serial) is distinct from ('Shipped', e.buyer, x.issuer, x.value)
         then 'a unit of that name that was shipped to the buyer'
       when x.kind = 'amendment' and not exists (select from unit_events v where v.stream = 'unit:' || x.unit_id and v.seq = x.seq
         and v.type in ('recordCorrected', 'unitReturned'))
         and not exists (select from capsule_statements c where c.unit_id = x.unit_id and c.seq = x.seq) then 'an event that amends a record'
       when x.kind = 'number' and x.fate <> 'unused' and not exists (select from identifiers i
         where (i.issuer, i.kind, i.value) = (x.issuer, x.identifier, x.value)) then 'a number of the registry'
       end as why) as w
     where w.why is not null limit 100`,
  );
  for (const { id, item, why } of wrong) findings.violation('A17', `export ${id}`, item, why);
  const twice = await snapshot.rows<{ item: string; count: number }>(
    `select concat_ws(' ', kind, min(value), fate) as item, count(*) as count from export_items
     group by kind, case kind when 'record' then 0 else seq end, fate, case kind when 'number' then concat_ws(' ', issuer, identifier, value) else unit_id::text end
     having count(*) > 1 limit 100`,
  );
  for (const { item, count } of twice) findings.violation('A17', item, `in ${count} exports`, 'one');
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** Events have milliseconds; the snapshot shows what else there is. */
function shortTime(at: string | null): string | null {
  return at === null ? null : at.replace(/\.(\d{3})\d*Z$/, '.$1Z');
}
