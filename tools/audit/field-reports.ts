import { createHash, type Hash } from 'node:crypto';
import type { Findings } from './findings';
import type { Snapshot } from './snapshot';
import { numberFact, textFact, type Facts, type ReadEvent } from './stored-event';

/** What the event of each file of reports says: kept until all have been seen, for there are few of them. */
export type FieldEvents = Map<string, Facts>;

export function noteFieldReports(stream: string, events: readonly ReadEvent[], fields: FieldEvents): void {
  const reported = events.find(({ type }) => type === 'fieldFirmwareReported');
  if (reported) fields.set(stream, reported.facts);
}

interface ImportRow {
  readonly id: number;
  readonly stream: string;
  readonly source: string;
  readonly sha256: string;
  readonly part: string;
  readonly by: string;
}

interface ReportRow {
  readonly import: number;
  readonly position: number;
  readonly unit: string;
  readonly version: string;
  readonly sha256: string | null;
  readonly at: string;
  readonly source: string;
  readonly row: number;
}

interface Tally {
  readonly digest: Hash;
  count: number;
  highest: number;
}

/** A21. Rows and events tell the same reports, whole, each of a unit that had shipped. */
export async function checkFieldReports(
  snapshot: Snapshot,
  events: FieldEvents,
  findings: Findings,
): Promise<void> {
  const imports = await snapshot.rows<ImportRow>(
    `select id, stream, source_name as source, source_sha256 as sha256, source_part as part, imported_by as by from field_imports`,
  );
  const tallies = await tallyReports(snapshot);
  for (const row of imports)
    checkImport(row, tallies.get(row.id) ?? newTally(), events.get(row.stream), findings);
  const known = new Set(imports.map(({ stream }) => stream));
  for (const stream of events.keys())
    if (!known.has(stream)) findings.violation('A21', stream, 'no import', 'the reports of its event');
  await checkStrays(snapshot, findings);
}

async function tallyReports(snapshot: Snapshot): Promise<Map<number, Tally>> {
  const tallies = new Map<number, Tally>();
  const sql = `select import_id as import, position, unit_id as unit, version, firmware_sha256 as sha256, reported_at as at, source,
    source_row as row from field_reports order by import_id, position`;
  for await (const rows of snapshot.batches<ReportRow>(sql)) {
    for (const row of rows) {
      const tally = tallies.get(row.import) ?? newTally();
      tallies.set(row.import, tally);
      tally.count += 1;
      tally.highest = Math.max(tally.highest, row.position);
      tally.digest.update(createHash('sha256').update(lineOf(row), 'utf8').digest());
    }
  }
  return tallies;
}

function newTally(): Tally {
  return { digest: createHash('sha256'), count: 0, highest: 0 };
}

function lineOf({ unit, version, sha256, at, source, row }: ReportRow): string {
  return [unit, version, sha256 ?? '-', at, source, row].join('|');
}

function checkImport(row: ImportRow, tally: Tally, facts: Facts | undefined, findings: Findings): void {
  if (facts === undefined)
    return findings.violation('A21', row.stream, 'reports', 'the event that tells of them');
  const compare = (what: string, found: unknown, expected: unknown): void => {
    if (found === expected) return;
    findings.violation(
      'A21',
      row.stream,
      `${what} = ${String(found)}`,
      `${what} = ${String(expected)}, by its event`,
    );
  };
  compare('reports', tally.count, numberFact(facts, 'count'));
  compare('highest position', tally.highest, numberFact(facts, 'count'));
  compare('digest of its reports', tally.digest.digest('hex'), textFact(facts, 'rowsSha256'));
  compare('source', row.source, textFact(facts, 'source'));
  compare('sha256', row.sha256, textFact(facts, 'sha256'));
  compare('part', row.part, textFact(facts, 'part'));
  compare('by', row.by, textFact(facts, 'by'));
}

/** Found by the rows themselves: the constraints that forbid them may be gone. */
async function checkStrays(snapshot: Snapshot, findings: Findings): Promise<void> {
  const strays = await snapshot.rows<{ import: number; position: number; found: string }>(
    `select r.import_id as import, r.position,
       case when i.id is null then 'no import' when u.id is null then 'no unit' when u.state <> 'Shipped' then 'a unit that is ' || u.state
         when r.reported_at > i.imported_at then 'a time after its import' else 'a time before its unit shipped' end as found
     from field_reports r left join field_imports i on i.id = r.import_id left join units u on u.id = r.unit_id
     left join shipments s on s.id = u.shipment_id
     where i.id is null or u.state is distinct from 'Shipped' or r.reported_at > i.imported_at
       or r.reported_at < date_trunc('day', s.closed_at, 'UTC') limit 100`,
  );
  for (const { import: of, position, found } of strays)
    findings.violation(
      'A21',
      `report ${position} of field:${of}`,
      found,
      'a unit that had shipped, and a time since',
    );
  const twice = await snapshot.rows<{ unit: string; source: string; count: number }>(
    `select unit_id as unit, source, count(*) as count from field_reports group by unit_id, reported_at, source having count(*) > 1 limit 100`,
  );
  for (const { unit, source, count } of twice)
    findings.violation('A21', `unit:${unit}`, `${count} reports at one time from ${source}`, 'one');
}
