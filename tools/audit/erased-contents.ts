import type { Findings } from './findings';
import { grouped } from './grouped';
import { byRun, type RetentionEvents, type ToldOfRun } from './retention-events';
import type { Snapshot } from './snapshot';
import { listFact, numberFact, textFact } from './stored-event';
import { checkDone, checkTime, type WrongOfRow } from './told-facts';
import { digest } from './whole-capsule';

interface ContentRow {
  readonly sha256: string;
  readonly run: string;
  readonly decidedAt: string;
  readonly removedAt: string | null;
}

type WrongOfContent = (sha256: string) => WrongOfRow;

/**
 * A19. What was decided to leave the content store, and what has left it, is what the runs tell. Events of before named their contents
 * by a digest alone, and told of no removal: their contents are counted and digested, and when they went is not judged.
 */
export async function checkErasedContents(
  snapshot: Snapshot,
  events: RetentionEvents,
  findings: Findings,
): Promise<void> {
  const wrongOf: WrongOfContent = (sha256) => (found, expected) =>
    findings.violation('A19', `erased content ${sha256}`, found, expected);
  const rows = await snapshot.rows<ContentRow>(
    `select sha256, run_id as run, decided_at as "decidedAt", removed_at as "removedAt" from erased_contents
     order by run_id, decided_at, sha256`,
  );
  const decided = grouped(rows, ({ run }) => run);
  const told = byRun(events.filter(({ type }) => type === 'contentsErased'));
  const named = new Set<string>();
  for (const run of new Set([...decided.keys(), ...told.keys()])) {
    const wrong: WrongOfRow = (found, expected) =>
      findings.violation('A19', `retention run ${run}`, found, expected);
    const ofRun = new Map((decided.get(run) ?? []).map((row) => [row.sha256, row]));
    const decisions = told.get(run) ?? [];
    for (const event of decisions) if ('list' in event.facts) checkNamed(event, ofRun, named, wrong, wrongOf);
    for (const event of decisions) if (!('list' in event.facts)) checkCounted(event, ofRun, wrong, wrongOf);
    for (const { sha256, decidedAt } of ofRun.values())
      wrongOf(sha256)(`decided at ${decidedAt} in run ${run}`, 'an event contentsErased of that run');
  }
  checkRemoved(rows, events, named, wrongOf);
}

/** What is told is taken out of the rows of the run: what is left there is told by nothing. */
function checkNamed(
  event: ToldOfRun,
  rows: Map<string, ContentRow>,
  named: Set<string>,
  wrong: WrongOfRow,
  wrongOf: WrongOfContent,
): void {
  const list = listFact(event.facts, 'list').map(String);
  const [count, sha256] = [numberFact(event.facts, 'contents'), textFact(event.facts, 'listSha256')];
  const found = digest(list.join(','));
  if (list.length !== count || found !== sha256)
    wrong(`a list of ${list.length} contents, ${found}`, `${count} contents, ${sha256}, as its event says`);
  for (const content of list) {
    const row = rows.get(content);
    if (row) checkTime('decided', row.decidedAt, event, wrongOf(content));
    else wrongOf(content)(`no row of run ${event.run}`, `decided at ${event.at}, by its event`);
    rows.delete(content);
    named.add(content);
  }
}

/** The next ones by their times: decisions of one run wait for each other. */
function checkCounted(
  event: ToldOfRun,
  rows: Map<string, ContentRow>,
  wrong: WrongOfRow,
  wrongOf: WrongOfContent,
): void {
  const [count, sha256] = [numberFact(event.facts, 'contents') ?? 0, textFact(event.facts, 'listSha256')];
  const next = [...rows.keys()].slice(0, count);
  const found = digest([...next].sort().join(','));
  if (next.length !== count || found !== sha256)
    wrong(`${next.length} erased contents, ${found}`, `${count} of them, ${sha256}, by its event`);
  for (const content of next) {
    checkTime('decided', rows.get(content)!.decidedAt, event, wrongOf(content));
    rows.delete(content);
  }
}

function checkRemoved(
  rows: readonly ContentRow[],
  events: RetentionEvents,
  named: ReadonlySet<string>,
  wrongOf: WrongOfContent,
): void {
  const told = removalsTold(events);
  for (const { sha256, removedAt } of rows) {
    const event = told.get(sha256) ?? null;
    told.delete(sha256);
    if (event !== null || named.has(sha256))
      checkDone({ what: 'removed', type: 'contentsRemoved' }, removedAt, event, wrongOf(sha256));
  }
  for (const [sha256, { at }] of told) wrongOf(sha256)('no row', `removed at ${at}, by its event`);
}

/** By the content. */
export function removalsTold(events: RetentionEvents): Map<string, ToldOfRun> {
  const removals = events.filter(({ type }) => type === 'contentsRemoved');
  return new Map(
    removals.flatMap((event) =>
      listFact(event.facts, 'contents').map((sha256) => [String(sha256), event] as const),
    ),
  );
}
