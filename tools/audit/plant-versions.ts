import type { Findings } from './findings';
import { KEPT, PLANT, type RetentionEvents, type ToldOfRun } from './retention-events';
import type { Snapshot } from './snapshot';
import { numberFact, textFact } from './stored-event';
import { checkTime, compare, isAfter, type WrongOfRow } from './told-facts';

interface VersionRow {
  readonly id: number;
  readonly sha256: string;
  /** Digests of what stands there. */
  readonly document: string;
  readonly difference: string;
  readonly appliedBy: string;
  readonly appliedAt: string;
}

interface ApprovalRow {
  readonly version: number;
  readonly by: string;
  readonly at: string;
  /** The person is on record. */
  readonly isKnown: boolean;
}

/** Documents are large: their digests are the database's. */
const VERSIONS = `select id, sha256, encode(sha256(convert_to(document, 'UTF8')), 'hex') as document,
  encode(sha256(convert_to(difference, 'UTF8')), 'hex') as difference, applied_by as "appliedBy", applied_at as "appliedAt"
  from plant_versions order by id`;

/**
 * A19. Terms of retention count from when their version was applied, and at once where two persons have agreed: each version and
 * each approval is what its event tells.
 */
export async function checkVersions(
  snapshot: Snapshot,
  events: RetentionEvents,
  findings: Findings,
): Promise<void> {
  const told = versionsTold(events);
  const wrongOf =
    (id: number): WrongOfRow =>
    (found, expected) =>
      findings.violation('A19', `plant version ${id}`, found, expected);
  const rows = await snapshot.rows<VersionRow>(VERSIONS);
  for (const row of rows) checkVersion(row, told.get(row.id) ?? [], wrongOf(row.id));
  const known = new Set(rows.map(({ id }) => id));
  for (const id of told.keys()) if (!known.has(id)) wrongOf(id)('an event', 'the version that it tells of');
  await checkApprovals(snapshot, events, told, wrongOf);
  checkKept(events, findings);
}

/** Of one transaction, which has ten minutes. */
const UPGRADE_MS = 20 * 60_000;

/** What was there before is told once, by the migration, and before all else: nobody tells an old version later. */
function checkKept(events: RetentionEvents, findings: Findings): void {
  const told = events.filter(({ run }) => run === PLANT);
  const others = told.findIndex(({ type }) => !KEPT.includes(type));
  for (const [index, { seq, type, at }] of told.entries()) {
    const isLate = Date.parse(at) - Date.parse(told[0]!.at) > UPGRADE_MS;
    if (KEPT.includes(type) && (isLate || (others >= 0 && index > others)))
      findings.violation('A19', `retention:${PLANT}, event ${seq}`, type, 'nothing of before, told later');
  }
}

function versionsTold(events: RetentionEvents): Map<number, ToldOfRun[]> {
  const told = new Map<number, ToldOfRun[]>();
  for (const event of events) {
    if (event.run !== PLANT || !['plantApplied', 'plantKept'].includes(event.type)) continue;
    const id = numberFact(event.facts, 'version') ?? 0;
    told.set(id, [...(told.get(id) ?? []), event]);
  }
  return told;
}

function checkVersion(row: VersionRow, told: readonly ToldOfRun[], wrong: WrongOfRow): void {
  const [event] = told;
  if (event === undefined) return wrong('a row', 'the event that applied it');
  if (told.length > 1) wrong(`${told.length} events`, 'one');
  const { document, difference } = row;
  if (row.sha256 !== document) wrong(`SHA-256 ${row.sha256}`, `${document}, as its document has`);
  compare({ document, difference }, event.facts, wrong);
  const { at, by } = applied(event);
  if (row.appliedBy !== by) wrong(`applied by ${row.appliedBy}`, `${by}, by its event`);
  checkTime('applied', row.appliedAt, { at }, wrong);
}

/** What was there before versions were told says itself when it was applied. */
function applied({ type, at, login, facts }: ToldOfRun): { at: string; by: string } {
  if (type === 'plantApplied') return { at, by: login };
  return { at: textFact(facts, 'appliedAt') ?? '', by: textFact(facts, 'appliedBy') ?? '' };
}

const APPROVALS = `select a.plant_version as version, a.approved_by as by, a.approved_at as at, o.number is not null as "isKnown"
  from retention_approvals a left join operators o on o.number = a.approved_by order by a.plant_version, a.approved_by`;

async function checkApprovals(
  snapshot: Snapshot,
  events: RetentionEvents,
  versions: ReadonlyMap<number, ToldOfRun[]>,
  wrongOf: (version: number) => WrongOfRow,
): Promise<void> {
  const told = new Map(
    events.filter(({ type }) => type === 'retentionApproved').map((event) => [approvalOf(event), event]),
  );
  for (const { version, by, at, isKnown } of await snapshot.rows<ApprovalRow>(APPROVALS)) {
    const [wrong, name] = [wrongOf(version), `${PLANT}-${version} ${by}`];
    const event = told.get(name);
    if (event === undefined) wrong(`approved by ${by} at ${at}`, 'an event retentionApproved');
    else {
      compare({ plantVersion: version }, event.facts, wrong);
      checkTime(`approved by ${by}`, at, event, wrong);
    }
    if (!isKnown) wrong(`approved by ${by}`, 'a person on record');
    checkInForce({ version, by, at }, versions, wrong);
    told.delete(name);
  }
  for (const { at, facts } of told.values()) {
    const wrong = wrongOf(numberFact(facts, 'plantVersion') ?? 0);
    const by = textFact(facts, 'by');
    wrong(`not approved by ${by}`, `approved by ${by} at ${at}, by its event`);
  }
}

function approvalOf({ run, facts }: ToldOfRun): string {
  return `${run} ${textFact(facts, 'by')}`;
}

/** What a newer version has replaced is approved by nobody any more. */
function checkInForce(
  { version, by, at }: Pick<ApprovalRow, 'version' | 'by' | 'at'>,
  versions: ReadonlyMap<number, ToldOfRun[]>,
  wrong: WrongOfRow,
): void {
  const [next] = [...versions.keys()].filter((id) => id > version).sort((a, b) => a - b);
  const event = next === undefined ? undefined : versions.get(next)?.[0];
  if (event && isAfter(at, applied(event).at))
    wrong(`approved by ${by} at ${at}`, `before version ${next} was applied at ${applied(event).at}`);
}
