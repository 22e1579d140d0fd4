import { checkAdoptions, noteAdoption, type AdoptionEvents } from './adoptions';
import { checkAmendments, checkStrayStatements } from './amendments';
import { readArchive, setLateAside, withLate, type ArchivedHistory } from './archive';
import { archivePlace } from './archive-files';
import { checkArchivedLeaves } from './archived-leaves';
import { checkAuthorship } from './authorship';
import { checkBatches, checkRest } from './batches';
import { checkBusinessStream, checkUntold, loadBatchRows, type BatchRows } from './business-streams';
import { readCanonical } from './canonical-check';
import { Census } from './census';
import { checkChain, loginOf, type RecordedHead } from './chain';
import { checkEpochs, noteEpochs, type EpochEvents } from './epochs';
import { countRows } from './count-rows';
import type { ExportEvents } from './export-contents';
import { checkExports, noteExport } from './exports';
import { checkFieldReports, noteFieldReports, type FieldEvents } from './field-reports';
import { Findings, type AuditReport } from './findings';
import { fold } from './fold';
import { newUnit, type FoldedUnit } from './folded-unit';
import { readHistories } from './histories';
import { checkHoles } from './holes';
import { checkIdentifiers, checkRegistry, reportUnregistered, type Unregistered } from './identifiers';
import { AuditKeys } from './keys';
import { checkLedger } from './ledger';
import { checkLeases, noteLease, type LeaseEvents } from './leases';
import { checkLog, readKeptLog, type KeptLog } from './log';
import { ListedValues } from './listed-values';
import { NameSearch } from './names';
import { checkNumberLists, noteList, type ListEvents } from './number-lists';
import { passedOf } from './passed-numbers';
import { loadPlant, type Plant } from './plant';
import { RECORD_FORMAT } from '../../domain/record-document';
import type { StorePlace } from '../../domain/store-place';
import { checkPinned, checkProjection, checkRelease } from './projection';
import { checkRecord, checkStrayRecords } from './records';
import { checkRetention } from './retention';
import { noteRetention, type RetentionEvents } from './retention-events';
import { checkBoxes, checkShipments, checkShippedUnit } from './shipments';
import { loadKeys } from './signed-by';
import { checkSlots } from './slots';
import { openSnapshot, type Snapshot } from './snapshot';
import { brokenRules } from './step-order';
import { eventName, factsOf, type History, type ReadEvent, type StoredEvent } from './stored-event';
import { checkTables } from './tables';
import { loadUnitRows, type UnitRows } from './unit-rows';
import { checkVoidRows, checkVoids } from './void-numbers';

export type { AuditReport, Violation } from './findings';

export interface AuditProgress {
  readonly events: number;
  readonly totalEvents: number;
}

export interface AuditOptions {
  readonly onProgress?: (progress: AuditProgress) => void;
  /** Where the keys of hidden sequences are looked for; without it they are not here. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Where the log lies outside the database; without it, it is not looked at. */
  readonly logFolder?: string;
  /** The content store, where capsules are, as UNITRAIL_STORE says it; the environment's unless given. */
  readonly store?: StorePlace | string;
  /** The public keys that may have signed the log; without them, those on record count. */
  readonly logKeys?: readonly string[];
  /** The public keys that may have signed manifests, as `unitrail keys` prints them; without them, those on record count. */
  readonly exportKeys?: readonly string[];
}

/**
 * Checks every invariant of `invariants` from the stored bytes, in one read-only snapshot. Memory does not grow with
 * the number of events. What is found is in the report; what is thrown was not judged.
 * @throws UnitrailError DATABASE_UNAVAILABLE, CONFIGURATION_INVALID
 */
export async function audit(databaseUrl: string, options: AuditOptions = {}): Promise<AuditReport> {
  // Before the snapshot: what the checkpoint commits to is in the database then.
  const kept = options.logFolder === undefined ? null : await readKeptLog(options.logFolder);
  const snapshot = await openSnapshot(databaseUrl);
  try {
    return await auditSnapshot(snapshot, kept, options);
  } finally {
    await snapshot.close();
  }
}

/** The log alone (A18), for whoever does not want to wait for all of it. */
export async function auditLog(
  databaseUrl: string,
  logFolder: string,
  logKeys: readonly string[] = [],
): Promise<AuditReport> {
  const kept = await readKeptLog(logFolder);
  const snapshot = await openSnapshot(databaseUrl);
  try {
    const findings = new Findings();
    await checkLog(snapshot, kept, logKeys, findings);
    const [row] = await snapshot.rows<{ leaves: number }>('select count(*) as leaves from log_leaves');
    return findings.report({ leaves: row?.leaves ?? 0 });
  } finally {
    await snapshot.close();
  }
}

/** What every check of a history needs. */
interface Audit {
  readonly snapshot: Snapshot;
  readonly plant: Plant;
  readonly names: NameSearch;
  readonly census: Census;
  readonly lists: ListEvents;
  readonly adoptions: AdoptionEvents;
  readonly leases: LeaseEvents;
  readonly epochs: EpochEvents;
  readonly listed: ListedValues;
  readonly exports: ExportEvents;
  readonly fields: FieldEvents;
  readonly retention: RetentionEvents;
  /** What was said of units after they had moved, by stream. */
  readonly late: Map<string, readonly StoredEvent[]>;
  readonly findings: Findings;
}

async function auditSnapshot(
  snapshot: Snapshot,
  kept: KeptLog | null,
  { onProgress, env, store, logKeys, exportKeys }: AuditOptions,
): Promise<AuditReport> {
  const findings = new Findings();
  await checkTables(snapshot, findings);
  const plant = await loadPlant(snapshot, new AuditKeys(env ?? {}, findings));
  const counts = await countRows(snapshot);
  const run: Audit = {
    snapshot,
    plant,
    names: new NameSearch(plant.operatorNames),
    census: new Census(),
    lists: new Map(),
    adoptions: new Map(),
    leases: new Map(),
    epochs: [],
    listed: new ListedValues(snapshot, plant.blocks),
    exports: new Map(),
    fields: new Map(),
    retention: [],
    late: new Map(),
    findings,
  };
  let events = 0;
  for await (const histories of readHistories(snapshot)) {
    await auditHistories(run, histories);
    events += histories.reduce((sum, history) => sum + history.events.length, 0);
    onProgress?.({ events, totalEvents: counts.events ?? 0 });
  }
  for await (const archived of readArchive(
    snapshot,
    archivePlace(store ?? env?.UNITRAIL_STORE),
    run.census,
    findings,
  )) {
    await checkArchivedLeaves(snapshot, archived, findings);
    await auditHistories(run, archived.map(withLate(run)));
  }
  await checkWholes(run, counts, exportKeys ?? []);
  await checkLog(snapshot, kept, logKeys ?? [], findings);
  return findings.report(counts);
}

/** What can be judged only when every unit has been seen. */
async function checkWholes(
  { snapshot, plant, census, lists, adoptions, leases, epochs, exports, fields, retention, findings }: Audit,
  counts: Record<string, number>,
  exportKeys: readonly string[],
): Promise<void> {
  checkUntold(plant, census, findings);
  checkShipments(plant, census, findings);
  checkBoxes(plant, census, findings);
  await checkRegistry(snapshot, findings);
  await checkVoidRows(snapshot, findings);
  await checkLedger(snapshot, plant, census, findings);
  const passed = [...adoptions.values(), ...epochs.map(({ facts }) => facts)].flatMap(passedOf);
  await checkHoles(snapshot, plant, passed, findings);
  await checkEpochs(snapshot, epochs, findings);
  await checkNumberLists(snapshot, lists, findings);
  await checkAdoptions(snapshot, adoptions, findings);
  await checkLeases(snapshot, plant, leases, findings);
  const keys = await loadKeys(snapshot, { exports, retention }, exportKeys, findings);
  await checkExports(snapshot, exports, keys, findings);
  await checkFieldReports(snapshot, fields, findings);
  await checkRetention(snapshot, retention, keys, findings);
  await checkBatches(snapshot, plant, census, findings);
  await checkStrayRecords(snapshot, findings);
  await checkStrayStatements(snapshot, findings);
  await checkSlots(snapshot, census, findings);
  await checkHeadsWithoutEvents(snapshot, findings, census.units < (counts.units ?? 0));
}

async function auditHistories(
  run: Audit,
  found: readonly (History & Partial<Pick<ArchivedHistory, 'record'>>)[],
): Promise<void> {
  const histories = await setLateAside(run.snapshot, found, run.late);
  const around = await loadAround(run.snapshot, histories);
  const known = histories.map(({ stream, events }) => {
    const rows = around.units.get(stream.slice(UNIT.length));
    const name = rows ? `unit ${rows.unit.serial}` : stream;
    return { stream, events, rows, name, read: events.map((event) => readEvent(event, name, run)) };
  });
  await run.listed.load(known.flatMap(({ read }) => read));
  const missing: Unregistered[] = [];
  for (const { stream, events, rows, name, read } of known) {
    checkChain(events, rows ?? around.streams.get(stream) ?? null, name, run.findings);
    checkAuthorship(read, run.plant, name, run.findings);
    if (rows) missing.push(...auditUnit(run, stream, read, rows, name, around.batches));
    if (!stream.startsWith(UNIT)) {
      noteList(stream, read, run.lists);
      noteAdoption(stream, read, run.adoptions);
      noteLease(stream, read, run.leases);
      noteEpochs(read, run.epochs);
      noteExport(stream, read, run.exports);
      noteFieldReports(stream, read, run.fields);
      noteRetention(stream, read, run.retention);
      checkBusinessStream(stream, read, run.plant, around.batches, run.census, run.findings);
    }
  }
  await checkVoids(run.snapshot, run.census.takeVoids(), run.findings);
  await reportUnregistered(run.snapshot, missing, run.findings);
}

/** A2 and A13, and the body parsed. */
function readEvent(event: StoredEvent, name: string, { names, census, findings }: Audit): ReadEvent {
  const { value, problem } = readCanonical(event.body);
  if (problem) findings.violation('A2', eventName(name, event), problem.found, problem.expected);
  names.check(event.body, () => eventName(name, event), findings);
  const read = { ...event, facts: factsOf(value), login: loginOf(event) ?? '' };
  census.addPlace(read);
  return read;
}

function auditUnit(
  { plant, names, census, findings }: Audit,
  stream: string,
  events: readonly ReadEvent[],
  rows: UnitRows,
  name: string,
  batches: ReadonlyMap<string, BatchRows>,
): Unregistered[] {
  const unit = newUnit(stream.slice(UNIT.length));
  for (const event of events) judgeAndFold(unit, event, name, findings);
  census.addUnit(unit);
  checkProjection(unit, rows, name, findings);
  checkPinned(unit, plant, name, findings);
  checkRelease(unit, plant, name, findings);
  checkRest(unit, plant, name, findings);
  checkShippedUnit(unit, plant, name, findings);
  checkAmendments(unit, rows, name, findings);
  checkRecord(unit, rows, orderOf(unit, batches), plant, name, findings);
  for (const record of rows.records) names.check(record.body, () => `${name}, record`, findings);
  return checkIdentifiers(unit, rows, plant, name, findings);
}

function judgeAndFold(unit: FoldedUnit, event: ReadEvent, name: string, findings: Findings): void {
  for (const { found, expected } of brokenRules(unit, event)) {
    findings.violation('A4', eventName(name, event), found, expected);
  }
  fold(unit, event);
}

function orderOf(unit: FoldedUnit, batches: ReadonlyMap<string, BatchRows>): Record<string, unknown> {
  const document = batches.get(unit.row.batch)?.document;
  return document === undefined ? {} : factsOf(readCanonical(document).value);
}

const UNIT = 'unit:';
const BATCH = 'batch:';
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** The rows that these histories are compared with, a few queries for hundreds of units. */
async function loadAround(
  snapshot: Snapshot,
  histories: readonly (History & Partial<Pick<ArchivedHistory, 'record'>>)[],
) {
  const streams = histories.map((history) => history.stream);
  const unitIds = streams
    .filter((stream) => stream.startsWith(UNIT))
    .map((stream) => stream.slice(UNIT.length));
  const units = await loadUnitRows(
    snapshot,
    unitIds.filter((id) => UUID.test(id)),
  );
  for (const { stream, record } of histories)
    if (record) units.get(stream.slice(UNIT.length))?.records.push({ format: RECORD_FORMAT, ...record });
  const heads = await snapshot.rows<RecordedHead & { stream: string }>(
    `select stream, seq, head from streams where stream = any ($1)`,
    [streams],
  );
  const ofShipped = [...units.values()]
    .filter((rows) => rows.records.length > 0)
    .map((rows) => rows.unit.batch);
  const ofStreams = streams
    .filter((stream) => stream.startsWith(BATCH))
    .map((stream) => stream.slice(BATCH.length));
  return {
    units,
    streams: new Map(heads.map((head) => [head.stream, head])),
    batches: await loadBatchRows(snapshot, [...new Set([...ofShipped, ...ofStreams])]),
  };
}

/** A1 the other way round: a head of a stream that has no event. The units are looked through only where some were not seen. */
async function checkHeadsWithoutEvents(
  snapshot: Snapshot,
  findings: Findings,
  unitsAreMissing: boolean,
): Promise<void> {
  const streams = await snapshot.rows<{ name: string; seq: number }>(
    `select stream as name, seq from streams s
     where not exists (select from unit_events e where e.stream = s.stream) limit 100`,
  );
  const units = unitsAreMissing
    ? await snapshot.rows<{ name: string; seq: number }>(
        `select 'unit ' || serial as name, seq from units u
         where not exists (select from unit_events e where e.stream = 'unit:' || u.id)
           and not exists (select from capsule_units c where c.unit_id = u.id and c.retired_at is not null) limit 100`,
      )
    : [];
  for (const { name, seq } of [...streams, ...units])
    findings.violation('A1', name, `a row with seq ${seq}`, 'the events that it counts');
}
