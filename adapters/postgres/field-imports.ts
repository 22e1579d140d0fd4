import type { FieldChunk, FieldReport } from '../../domain/field-reports';
import type { ProblemList } from '../../domain/number-list';
import type { CellPlace } from '../../domain/table-source';
import type { Database } from './database';
import { importInOne } from './import-transaction';
import { unitsNamed, type FieldUnit, type UnitsNamed } from './field-units';

/** What is said of a file of reports, and kept with it. */
export interface FieldImportHead {
  readonly source: string;
  readonly sha256: string;
  /** Which part of the file was read. */
  readonly part: string;
  readonly by: string;
}

export interface ReportsToAdd {
  readonly chunks: AsyncIterable<FieldChunk>;
  readonly place: (row: number, column: number) => CellPlace;
  readonly problems: ProblemList;
  /** Called when every report is in the database; throws where anything was wrong. */
  readonly judge: () => Promise<void>;
}

/** How many reports of one version a file brought. */
export type VersionCounts = ReadonlyMap<string, number>;

export type FieldImportOutcome =
  | {
      readonly outcome: 'added' | 'tried' | 'nothing new';
      readonly added: number;
      /** Said before by the same source of the same moment. */
      readonly known: number;
      readonly versions: VersionCounts;
    }
  | { readonly outcome: 'known'; readonly count: number; readonly by: string; readonly at: Date };

/** Of a file with more versions than these the rest is told together. */
const MAX_VERSIONS = 1_000;

/**
 * Adds the reports in one transaction. A try (`dryRun`) does the same and takes it back. A repeat of the same part of the same
 * file reads nothing and says who brought it; of another file, what is on record already is counted and not added again.
 */
export function addFieldReports(
  db: Database,
  head: FieldImportHead,
  reports: ReportsToAdd,
  dryRun: boolean,
): Promise<FieldImportOutcome> {
  return importInOne(
    db,
    (trx) => addAll(trx, head, reports, dryRun),
    ({ outcome }) => outcome === 'added',
  );
}

async function addAll(
  trx: Database,
  head: FieldImportHead,
  reports: ReportsToAdd,
  dryRun: boolean,
): Promise<FieldImportOutcome> {
  const id = await openImport(trx, head);
  if (id === null) return knownImport(trx, head);
  const sums = { added: 0, known: 0, versions: new Map<string, number>() };
  for await (const chunk of reports.chunks) await addChunk(trx, id, chunk, reports, sums);
  await reports.judge();
  if (sums.added === 0) return { outcome: 'nothing new', ...sums };
  await trx.raw('select close_field_import(?)', [id]);
  return { outcome: dryRun ? 'tried' : 'added', ...sums };
}

async function openImport(trx: Database, { source, sha256, part, by }: FieldImportHead) {
  const { rows } = await trx.raw<{ rows: { id: string | null }[] }>(
    'select open_field_import(?, ?, ?, ?) as id',
    [source, sha256, part, by],
  );
  return rows[0]!.id;
}

async function knownImport(trx: Database, { sha256, part }: FieldImportHead): Promise<FieldImportOutcome> {
  const row = await trx('field_imports as i')
    .where({ source_sha256: sha256, source_part: part })
    .first(
      'imported_by as by',
      'imported_at as at',
      trx.raw('(select count(*) from field_reports r where r.import_id = i.id)'),
    );
  return { outcome: 'known', count: Number(row.count), by: row.by, at: row.at };
}

interface Sums {
  added: number;
  known: number;
  readonly versions: Map<string, number>;
}

async function addChunk(
  trx: Database,
  id: string,
  { reports, columns }: FieldChunk,
  { place, problems }: ReportsToAdd,
  sums: Sums,
): Promise<void> {
  const named = await unitsNamed(trx, reports);
  const good: { report: FieldReport; unit: FieldUnit }[] = [];
  for (const report of reports) {
    const unit = judgeNames(report, named, { place, problems });
    if (unit === null) continue;
    const early = timeProblem(report, unit);
    if (early === null) good.push({ report, unit });
    else problems.add({ ...place(report.row, columns.reportedAt), value: report.at, allowed: early });
  }
  if (good.length === 0) return;
  const taken = await addGood(trx, id, sums.added + 1, good);
  for (const one of taken) {
    const { report } = good[one.place - 1]!;
    if (one.version === report.version && one.firmware_sha256 === report.sha256) continue;
    const row = `row ${one.source_row} of ${one.source_name}`;
    const said = `${one.version}${one.firmware_sha256 ? ` (${one.firmware_sha256.slice(0, 12)}…)` : ''}`;
    const allowed = `one version of a unit at one time from one source, and ${row} says ${said}`;
    problems.add({ ...place(report.row, columns.version), value: report.version, allowed });
  }
  sums.added += good.length - taken.length;
  sums.known += taken.length;
  for (const { report } of good) count(sums.versions, report.version);
}

function count(versions: Map<string, number>, version: string): void {
  const known = versions.has(version) || versions.size < MAX_VERSIONS;
  const name = known ? version : 'others';
  versions.set(name, (versions.get(name) ?? 0) + 1);
}

/** The unit that all names of the row name; null where there is none, and the problem is told. */
function judgeNames(
  { row, names }: FieldReport,
  named: UnitsNamed,
  { place, problems }: Pick<ReportsToAdd, 'place' | 'problems'>,
): FieldUnit | null {
  let found: FieldUnit | null = null;
  for (const name of names) {
    const units = named(name);
    const allowed = nameProblem(units, found);
    if (allowed !== null) {
      problems.add({ ...place(row, name.column), value: name.text, allowed });
      return null;
    }
    found = units[0]!;
  }
  return found;
}

function nameProblem(units: readonly FieldUnit[], found: FieldUnit | null): string | null {
  const [unit, ...others] = units;
  if (!unit) return 'an identifier of a unit that was built here and has shipped';
  if (others.length > 0) {
    const ways = units.map(({ issuer, serial }) => `${issuer}:${serial}`).join(', ');
    return `an identifier of one unit; write ${ways}`;
  }
  if (found && found.unitId !== unit.unitId)
    return `names of one unit in a row, and the others name ${found.serial}`;
  return unit.state === 'Shipped' ? null : `a unit that has shipped; ${unit.serial} is ${unit.state}`;
}

/** From the day of shipping on: many servers tell no more than the day. */
function timeProblem({ at }: FieldReport, { serial, leftAt }: FieldUnit): string | null {
  const day = (leftAt ?? new Date(0)).toISOString().slice(0, 10);
  return at >= day ? null : `a time from ${day} on, the day on which ${serial} shipped`;
}

interface Taken {
  /** Among those that were given, from 1. */
  readonly place: number;
  readonly version: string;
  readonly firmware_sha256: string | null;
  readonly source_name: string;
  readonly source_row: string;
}

async function addGood(
  trx: Database,
  id: string,
  first: number,
  good: readonly { report: FieldReport; unit: FieldUnit }[],
): Promise<readonly Taken[]> {
  const told = good.map(({ report: { version, sha256, at, source, row }, unit }) => ({
    ...{ unit: unit.unitId, version, sha256, at, source, row },
  }));
  const { rows } = await trx.raw<{ rows: Taken[] }>(
    'select place, version, firmware_sha256, source_name, source_row from add_field_reports(?, ?, ?::jsonb)',
    [id, first, JSON.stringify(told)],
  );
  return rows;
}
