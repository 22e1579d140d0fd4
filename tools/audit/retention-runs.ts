import { createHash } from 'node:crypto';
import type { Findings } from './findings';
import { byRun, type RetentionEvents, type ToldOfRun } from './retention-events';
import type { Snapshot } from './snapshot';
import { textFact } from './stored-event';

interface RunRow {
  readonly id: string;
  readonly asOf: string;
  readonly report: string | null;
}

/** A19. Each run was opened by an event, and ended with the report that its event names. */
export async function checkRuns(
  snapshot: Snapshot,
  events: RetentionEvents,
  findings: Findings,
): Promise<void> {
  const told = byRun(events);
  const rows = await snapshot.rows<RunRow>(
    'select id, as_of as "asOf", report from retention_runs order by id',
  );
  for (const row of rows) checkRun(row, told.get(row.id) ?? [], findings);
  const known = new Set(rows.map(({ id }) => id));
  for (const { run, type } of events)
    if (type === 'retentionOpened' && !known.has(run))
      findings.violation('A19', `retention run ${run}`, 'events', 'the run that they tell of');
}

function checkRun({ id, asOf, report }: RunRow, told: readonly ToldOfRun[], findings: Findings): void {
  const wrong = (found: string, expected: string): void =>
    findings.violation('A19', `retention run ${id}`, found, expected);
  const of = (type: string) => told.find((event) => event.type === type)?.facts ?? null;
  const [opened, ended] = [of('retentionOpened'), of('retentionEnded')];
  if (opened === null) return wrong('a row', 'the event that opened it');
  const toldAsOf = textFact(opened, 'asOf');
  // Events have milliseconds.
  if (Math.floor(Date.parse(asOf)) !== Date.parse(toldAsOf ?? ''))
    wrong(`as of ${asOf}`, `${toldAsOf}, by its event`);
  const sha256 = report === null ? null : createHash('sha256').update(report).digest('hex');
  const toldSha256 = ended && textFact(ended, 'reportSha256');
  if (sha256 !== toldSha256)
    wrong(sha256 === null ? 'no report' : `a report ${sha256}`, `${toldSha256 ?? 'none'}, by its event`);
}
