import { removalsTold } from './erased-contents';
import type { Findings } from './findings';
import { grouped } from './grouped';
import { coveredBy, isOpenAt, type ToldHold } from './legal-holds';
import type { RetentionEvents, ToldOfRun } from './retention-events';
import type { Snapshot } from './snapshot';

type Removals = ReadonlyMap<string, ToldOfRun>;

/** A file that tells of a unit, of a capsule since it is erased, or of an export since it is made. */
interface TellingRow {
  readonly name: string;
  readonly sha256: string;
  readonly since: string;
}

/**
 * A19. What has left the content store while a hold was open tells of none of its units: of a hold on a unit or a batch, and of runs
 * that say of themselves that they ask.
 */
export async function checkHeldContents(
  snapshot: Snapshot,
  events: RetentionEvents,
  holds: readonly ToldHold[],
  findings: Findings,
): Promise<void> {
  const removals = removalsThatAsked(events);
  for (const hold of holds) {
    const during = new Map([...removals].filter(([, { at }]) => isOpenAt(hold, at)));
    if (during.size > 0) await checkHold(snapshot, hold, during, findings);
  }
}

function removalsThatAsked(events: RetentionEvents): Removals {
  const opened = events.filter(({ type, facts }) => type === 'retentionOpened' && facts.holdsAsked === true);
  const asking = new Set(opened.map(({ run }) => run));
  return new Map([...removalsTold(events)].filter(([, { run }]) => asking.has(run)));
}

async function checkHold(
  snapshot: Snapshot,
  { id, added }: ToldHold,
  removals: Removals,
  findings: Findings,
): Promise<void> {
  const covered = coveredBy(added);
  if (covered === null) return;
  const rows = await snapshot.rows<TellingRow>(tellingOf(covered.sql), [covered.value, [...removals.keys()]]);
  // The same bytes may have been made once more, behind their removal.
  const gone = rows.filter(({ sha256, since }) => Date.parse(since) <= Date.parse(removals.get(sha256)!.at));
  for (const [name, files] of grouped(gone, (row) => row.name)) {
    const [first] = files.map(({ sha256 }) => removals.get(sha256)!.at).sort();
    const found = `${files.length} files of ${name} removed, the first at ${first}`;
    findings.violation('A19', `legal hold ${id}`, found, 'nothing while it is open');
  }
}

function tellingOf(covered: string): string {
  const tells = (table: string): string =>
    `exists (select from ${table} i join units u on u.id = i.unit_id where i.export_id = coalesce(x.reissue_of, x.id) and ${covered})`;
  return `select 'capsule ' || c.id as name, f.sha256, c.erased_at as since
    from capsule_files f join capsules c on c.id = f.capsule_id where f.sha256 = any ($2) and c.erased_at is not null
      and exists (select from capsule_units m join units u on u.id = m.unit_id where m.capsule_id = c.id and ${covered})
    union all
    select 'export ' || x.id, f.sha256, x.made_at from export_files f join exports x on x.id = f.export_id
    where f.sha256 = any ($2) and (${tells('export_items')} or ${tells('extract_items')}) order by 1, 2`;
}
