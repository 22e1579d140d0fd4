import type { Findings } from './findings';
import { checkPassed } from './passed-numbers';
import type { Snapshot } from './snapshot';
import { numberFact, type ReadEvent } from './stored-event';

/** The events that opened epochs of the registry: kept until all have been seen, for each was a person's decision. */
export type EpochEvents = ReadEvent[];

export function noteEpochs(events: readonly ReadEvent[], epochs: EpochEvents): void {
  epochs.push(...events.filter(({ type }) => type === 'registryAdvanced'));
}

interface EpochRow {
  readonly epoch: number;
  readonly registry: string;
  readonly openedAt: string;
}

/** A row and its event are written in one statement. */
const SAME_MOMENT_MS = 60_000;

/** A7. A batch of an epoch that is over claims nothing: so an epoch is the first one, or an event tells of it. */
export async function checkEpochs(
  snapshot: Snapshot,
  events: EpochEvents,
  findings: Findings,
): Promise<void> {
  const rows = await snapshot.rows<EpochRow>(
    `select epoch, registry::text as registry, opened_at as "openedAt" from registry_epochs order by epoch`,
  );
  const eventOf = new Map(events.map((event) => [numberFact(event.facts, 'epoch') ?? 0, event]));
  if (rows[0]?.epoch !== 1)
    findings.violation('A7', 'epoch 1', 'no row', 'the one that every registry begins with');
  for (const row of rows) if (row.epoch !== 1) checkEpoch(row, eventOf.get(row.epoch), findings);
  const known = new Set(rows.map(({ epoch, registry }) => `registry:${registry} ${epoch}`));
  for (const { stream, facts } of events) {
    const subject = `epoch ${String(facts.epoch)}`;
    if (!known.has(`${stream} ${String(facts.epoch)}`))
      findings.violation('A7', subject, `an event of ${stream}`, 'the row that it opened, of that registry');
    await checkPassed(snapshot, { invariant: 'A7', subject, facts }, findings);
  }
  for (const registry of new Set(rows.slice(1).map((row) => row.registry)))
    if (registry !== rows[0]!.registry)
      findings.violation(
        'A7',
        `registry ${registry}`,
        'epochs of it',
        `${rows[0]!.registry}, as the first epoch`,
      );
}

function checkEpoch(row: EpochRow, event: ReadEvent | undefined, findings: Findings): void {
  const subject = `epoch ${row.epoch}`;
  if (event === undefined) return findings.violation('A7', subject, 'a row', 'the event that opened it');
  if (event.key !== `epoch/${row.epoch}`)
    findings.violation('A7', subject, `key ${event.key}`, `key epoch/${row.epoch}`);
  if (Math.abs(Date.parse(event.at) - Date.parse(row.openedAt)) > SAME_MOMENT_MS)
    findings.violation('A7', subject, `opened at ${row.openedAt}`, `${event.at}, by its event`);
}
