import { createHash } from 'node:crypto';
import type { Findings } from './findings';
import { byRun, KEPT, PLANT, type RetentionEvents, type ToldOfRun } from './retention-events';
import type { Snapshot } from './snapshot';
import { textFact } from './stored-event';

interface RunRow {
  readonly id: string;
  readonly asOf: string;
  readonly clockTrusted: boolean;
  readonly clockConfirmedBy: string | null;
  readonly clockDoubt: string | null;
  readonly report: string | null;
}

type WrongOfRun = (found: string, expected: string) => void;

/** What has a stream of its own, beside those of the runs. */
const ELSEWHERE: Readonly<Record<string, RegExp>> = {
  legalHoldAdded: /^hold-/,
  legalHoldReleased: /^hold-/,
  retentionApproved: /^plant-/,
  ...Object.fromEntries(
    ['plantApplied', 'operatorsNamed', 'operatorsLeft', 'operatorsReturned', ...KEPT].map((type) => [
      type,
      new RegExp(`^${PLANT}$`),
    ]),
  ),
};

/** Done only by a run whose clock was trusted. */
const OF_TRUSTED_CLOCK = [
  ...['capsulePlanned', 'capsuleMoved', 'capsuleErased'],
  ...['contentsErased', 'contentsRemoved', 'namesErased'],
];

/** A19. Each run was opened by an event, ended with the report that its event names, and told all it did in between. */
export async function checkRuns(
  snapshot: Snapshot,
  events: RetentionEvents,
  findings: Findings,
): Promise<void> {
  const told = byRun(events);
  const rows = await snapshot.rows<RunRow>(
    `select id, as_of as "asOf", clock_trusted as "clockTrusted", clock_confirmed_by as "clockConfirmedBy",
       clock_doubt as "clockDoubt", report from retention_runs order by id`,
  );
  for (const row of rows) {
    const wrong: WrongOfRun = (found, expected) =>
      findings.violation('A19', `retention run ${row.id}`, found, expected);
    checkRun(row, told.get(row.id) ?? [], wrong);
    told.delete(row.id);
  }
  for (const [run, stray] of told)
    if (!stray.every(({ type }) => isElsewhere(run, type)))
      findings.violation('A19', `retention run ${run}`, 'events', 'the run that they tell of');
}

function isElsewhere(run: string, type: string): boolean {
  return ELSEWHERE[type]?.test(run) ?? false;
}

function checkRun(row: RunRow, told: readonly ToldOfRun[], wrong: WrongOfRun): void {
  const opened = told.find(({ type }) => type === 'retentionOpened');
  if (opened === undefined) return wrong('a row', 'the event that opened it');
  checkOpened(row, opened, wrong);
  checkOrder(told, opened, wrong);
  checkReport(row, told, wrong);
}

function checkOpened({ asOf, ...clock }: RunRow, { facts }: ToldOfRun, wrong: WrongOfRun): void {
  const toldAsOf = textFact(facts, 'asOf');
  // Events have milliseconds.
  if (Math.floor(Date.parse(asOf)) !== Date.parse(toldAsOf ?? ''))
    wrong(`as of ${asOf}`, `${toldAsOf}, by its event`);
  // Of runs that were opened before a doubt was kept, neither side has one.
  for (const field of ['clockTrusted', 'clockConfirmedBy', 'clockDoubt'] as const)
    if (clock[field] !== (facts[field] ?? null))
      wrong(`${field} = ${String(clock[field])}`, `${field} = ${String(facts[field])}, by its event`);
}

/** The program tells nothing before a run is opened or behind its end: what stands there was put there by hand. */
function checkOrder(told: readonly ToldOfRun[], opened: ToldOfRun, wrong: WrongOfRun): void {
  let ended = false;
  for (const event of told) {
    const { seq, type, facts } = event;
    const capsule = textFact(facts, 'capsule');
    const name = `event ${seq}, ${type}${capsule === null ? '' : ` of capsule ${capsule}`}`;
    if (ended) wrong(`${name}, behind its end`, 'nothing behind its end');
    if (seq < opened.seq) wrong(`${name}, before it was opened`, 'nothing before it was opened');
    if (type === 'retentionOpened' && event !== opened) wrong(name, 'opened once');
    if (type in ELSEWHERE) wrong(name, 'a stream of its own');
    if (OF_TRUSTED_CLOCK.includes(type) && opened.facts.clockTrusted !== true)
      wrong(name, 'a clock that was trusted');
    ended ||= type === 'retentionEnded';
  }
}

function checkReport({ report }: RunRow, told: readonly ToldOfRun[], wrong: WrongOfRun): void {
  const ended = told.find(({ type }) => type === 'retentionEnded');
  const sha256 = report === null ? null : createHash('sha256').update(report).digest('hex');
  const toldSha256 = ended === undefined ? null : textFact(ended.facts, 'reportSha256');
  if (sha256 !== toldSha256)
    wrong(sha256 === null ? 'no report' : `a report ${sha256}`, `${toldSha256 ?? 'none'}, by its event`);
}
