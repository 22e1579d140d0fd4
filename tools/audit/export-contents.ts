import { canonicalJson } from '../../domain/canonical';
import { readCanonical } from './canonical-check';
import type { Findings } from './findings';
import { grouped } from './grouped';
import type { Snapshot } from './snapshot';
import { factsOf, type Facts, type ReadEvent } from './stored-event';

/** What the streams of exports tell, by the export's id. */
export type ExportEvents = Map<string, readonly ReadEvent[]>;

export function factsOfType(events: readonly ReadEvent[], type: string): Facts | null {
  return events.find((event) => event.type === type)?.facts ?? null;
}

interface ExportRow {
  readonly id: string;
  readonly state: string;
  readonly manifest: string | null;
}

/** A17. The files against the manifest, the deliveries against the events, the fates of numbers against the history. */
export async function checkExportContents(
  snapshot: Snapshot,
  rows: readonly ExportRow[],
  events: ExportEvents,
  findings: Findings,
): Promise<void> {
  await checkFiles(snapshot, rows, findings);
  await checkDeliveries(snapshot, rows, events, findings);
  await checkFates(snapshot, findings);
}

interface FileRow {
  readonly id: string;
  readonly name: string;
  readonly sizeBytes: number;
  readonly sha256: string;
  readonly rows: number;
}

async function checkFiles(snapshot: Snapshot, rows: readonly ExportRow[], findings: Findings): Promise<void> {
  const files = await snapshot.rows<FileRow>(
    `select export_id as id, name, size_bytes::float8 as "sizeBytes", sha256, rows from export_files`,
  );
  const byExport = grouped(files, ({ id }) => id);
  for (const { id, manifest } of rows) {
    const found = byName((byExport.get(id) ?? []).map(({ id: _, ...file }) => file));
    const signed = byName(factsOf(readCanonical(manifest ?? '{}').value).files);
    for (const name of new Set([...found.keys(), ...signed.keys()])) {
      const [one = 'no such file', other = 'no such file'] = [found.get(name), signed.get(name)];
      if (one !== other)
        findings.violation('A17', `file ${name} of export ${id}`, one, `by its manifest ${other}`);
    }
  }
}

/** Each file as canonical text. What is no list of files names none. */
function byName(files: unknown): ReadonlyMap<string, string> {
  const list: unknown[] = Array.isArray(files) ? files : [];
  return new Map(list.map((file) => [String(factsOf(file).name), canonicalJson(file)]));
}

/** What is delivered was brought by a try that ended so; and no other export was. */
async function checkDeliveries(
  snapshot: Snapshot,
  rows: readonly ExportRow[],
  events: ExportEvents,
  findings: Findings,
): Promise<void> {
  const tries = await snapshot.rows<{ id: number; export: string; target: string }>(
    `select id::float8, export_id as export, target from deliveries where outcome = 'delivered' order by id`,
  );
  const byExport = grouped(tries, (one) => one.export);
  for (const { id } of rows) {
    const told = factsOfType(events.get(id) ?? [], 'exportDelivered');
    const first = byExport.get(id)?.[0];
    const found = first
      ? canonicalJson({ delivery: first.id, target: first.target })
      : 'no try that delivered it';
    const expected = told ? canonicalJson(told) : 'no try that delivered it';
    const known = byExport
      .get(id)
      ?.some((one) => canonicalJson({ delivery: one.id, target: one.target }) === expected);
    if (told ? !known : first !== undefined)
      findings.violation('A17', `deliveries of export ${id}`, found, `${expected}, by its events`);
  }
}

/**
 * Each number's fate is what its history says, and was told to whom it belongs. A unit whose events have left for a
 * capsule is taken at its word: that its history is whole is promise A1.
 */
async function checkFates(snapshot: Snapshot, findings: Findings): Promise<void> {
  const wrong = await snapshot.rows<{ id: string; item: string; why: string }>(
    `select x.export_id as id, concat_ws(' ', x.identifier, x.value, x.fate) as item, w.why
     from export_items x join exports e on e.id = x.export_id
     left join batches b on b.id = x.batch_id left join buyers own on own.id = x.issuer
     cross join lateral (select case
       when coalesce(own.id, b.buyer, e.buyer) <> e.buyer then 'a number that the buyer is told'
       when x.fate = 'unused' then case when not exists (select from number_lists l join listed_numbers v on v.space_id = l.space_id
         where l.issuer = x.issuer and v.value = x.value) then 'a number of a list' end
       when x.unit_id is null then case when not exists (select from identifiers i join unit_events v
         on v.stream = 'batch:' || x.batch_id and v.key = concat_ws('/', 'void', i.block_id, i.ordinal)
         where (i.issuer, i.kind, i.value) = (x.issuer, x.identifier, x.value) and v.at = x.fate_at) then 'an event that says so' end
       when not exists (select from identifiers i where (i.issuer, i.kind, i.value) = (x.issuer, x.identifier, x.value)
         and i.unit_id = x.unit_id) then 'a number of that unit'
       when exists (select from unit_events v where v.stream = 'unit:' || x.unit_id) and not exists (
         select from unit_events v where v.stream = 'unit:' || x.unit_id and v.at = x.fate_at
           and v.type = case x.fate when 'void' then 'voided' else x.fate end
           and (x.reason is null or position('"code":' || to_json(x.reason)::text in v.body) > 0)) then 'an event that says so'
       end as why) as w
     where x.kind = 'number' and w.why is not null limit 100`,
  );
  for (const { id, item, why } of wrong) findings.violation('A17', `export ${id}`, item, why);
}
