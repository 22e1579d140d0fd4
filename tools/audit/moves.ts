import { checkErasure, loadClosings, type ArchiveTerms, type Version } from './archive-terms';
import { readCanonical } from './canonical-check';
import { checkCapsuleFiles, loadCapsuleFiles } from './capsule-files';
import { checkCopies, loadCopies } from './capsule-copies';
import type { Findings } from './findings';
import { byCapsule, type RetentionEvents, type ToldOfRun } from './retention-events';
import type { KeysOnRecord } from './signed-by';
import type { Snapshot } from './snapshot';
import { factsOf, innerFacts, textFact, type Facts } from './stored-event';
import { checkDone, checkTime, compare, isAfter, onlyOne } from './told-facts';
import {
  digest,
  type BookedFile,
  type CapsuleRow,
  type CopyRow,
  type Members,
  type Whole,
  type WrongOfCapsule,
} from './whole-capsule';

const noMembers: Members = {
  ...{ units: 0, records: 0, events: 0, retired: 0, firstRetired: null, lastRetired: null },
};

const CAPSULES = `select id, run_id as run, buyer, product, month, number, units, records, events, state, delivery, manifest,
  events_manifest as "eventsManifest", planned_at as "plannedAt", made_at as "madeAt", abandoned_at as "abandonedAt",
  moved_at as "movedAt", erased_at as "erasedAt" from capsules order by id`;

/** Of what names the time first and then works through all units: planning and giving up, behind whoever has the locks. */
const SLOW_MS = 45 * 60_000;

/**
 * A19. What the rows say of capsules is what the streams of the runs tell: state, times, units, copies and files. Whoever makes
 * rows up to hide what was deleted has no event for them, or one whose chain does not hold (A1).
 */
export async function checkMoves(
  snapshot: Snapshot,
  events: RetentionEvents,
  { keys, versions }: { readonly keys: KeysOnRecord; readonly versions: readonly Version[] },
  findings: Findings,
): Promise<void> {
  const told = byCapsule(events);
  const parts: Parts = {
    told,
    members: await loadMembers(snapshot),
    copies: await loadCopies(snapshot),
    files: await loadCapsuleFiles(snapshot),
    keys,
    terms: { versions, closings: await loadClosings(snapshot, await erasedProducts(snapshot, told)) },
  };
  // Some at a time: each row has its manifests.
  for await (const rows of snapshot.batches<CapsuleRow>(CAPSULES))
    for (const row of rows) {
      checkCapsule(row, parts, (found, expected) =>
        findings.violation('A19', `capsule ${row.id}`, found, expected),
      );
      told.delete(row.id);
    }
  for (const id of told.keys())
    findings.violation('A19', `capsule ${id}`, 'events', 'the capsule that they tell of');
}

/** By the capsule's name. */
interface Parts {
  readonly told: Map<string, ToldOfRun[]>;
  readonly members: ReadonlyMap<string, Members>;
  readonly copies: ReadonlyMap<string, CopyRow[]>;
  readonly files: ReadonlyMap<string, BookedFile[]>;
  readonly keys: KeysOnRecord;
  readonly terms: ArchiveTerms;
}

async function erasedProducts(snapshot: Snapshot, told: ReadonlyMap<string, ToldOfRun[]>): Promise<string[]> {
  const erased = [...told].filter(([, events]) => events.some(({ type }) => type === 'capsuleErased'));
  const rows = await snapshot.rows<{ product: string }>(
    'select distinct product from capsules where id = any ($1)',
    [erased.map(([id]) => id)],
  );
  return rows.map(({ product }) => product);
}

function checkCapsule(
  row: CapsuleRow,
  { told, members, copies, files, keys, terms }: Parts,
  wrong: WrongOfCapsule,
): void {
  const { id, eventsManifest } = row;
  const whole: Whole = {
    row,
    members: members.get(id) ?? noMembers,
    copies: copies.get(id) ?? [],
    files: files.get(id) ?? [],
    told: told.get(id) ?? [],
    manifestSha256: eventsManifest === null ? null : digest(eventsManifest),
  };
  checkPlanned(whole, wrong);
  checkSteps(whole, wrong);
  checkErasure(whole, terms, wrong);
  checkDelivery(whole, wrong);
  checkMembers(whole, wrong);
  checkCopies(whole, wrong);
  checkCapsuleFiles(whole, keys, wrong);
}

async function loadMembers(snapshot: Snapshot): Promise<Map<string, Members>> {
  const rows = await snapshot.rows<Members & { id: string }>(
    `select capsule_id as id, count(*) as units, count(record_sha256) as records, sum(last_seq)::bigint as events,
       count(retired_at) as retired, min(retired_at) as "firstRetired", max(retired_at) as "lastRetired"
     from capsule_units group by capsule_id`,
  );
  return new Map(rows.map((row) => [row.id, row]));
}

function checkPlanned({ row, told }: Whole, wrong: WrongOfCapsule): void {
  const planned = onlyOne(told, 'capsulePlanned', wrong);
  if (planned === null) return wrong('a row', 'the event that planned it');
  const { id, run, buyer, product, month, number, units, records, events } = row;
  compare({ buyer, product, month, units, records, events }, planned.facts, wrong);
  if (planned.run !== run) wrong(`run ${run}`, `run ${planned.run}, by its event`);
  const name = [buyer ?? 'own', product, month, number].join('-');
  if (name !== id) wrong(`number ${number}`, 'the one in its name');
  checkTime('planned', row.plannedAt, planned, wrong, SLOW_MS);
}

interface StepOfCapsule {
  readonly state: string;
  readonly type: string;
  readonly at: 'madeAt' | 'abandonedAt' | 'movedAt' | 'erasedAt';
  /** How long before its event the time may be; the same moment unless given. */
  readonly slowMs?: number;
  readonly facts: (whole: Whole) => Facts;
}

/** In their order: the last one that is told is the capsule's state. */
const steps: readonly StepOfCapsule[] = [
  {
    ...{ state: 'made', type: 'capsuleMade', at: 'madeAt' },
    facts: ({ manifestSha256, files, row, told }) => ({
      ...{ manifestSha256, files: files.length },
      ...(namesKey(told) && { keyId: keyIdOf(row.manifest) }),
    }),
  },
  {
    ...{ state: 'abandoned', type: 'capsuleAbandoned', at: 'abandonedAt', slowMs: SLOW_MS },
    facts: ({ row: { units } }) => ({ units }),
  },
  {
    ...{ state: 'moved', type: 'capsuleMoved', at: 'movedAt' },
    facts: ({ row: { events, records, units } }) => ({ events, records, units }),
  },
  {
    ...{ state: 'erased', type: 'capsuleErased', at: 'erasedAt' },
    facts: ({ row: { units } }) => ({ units }),
  },
];

/** By the event: those of before did not tell it. */
function namesKey(told: readonly ToldOfRun[]): boolean {
  return told.some(({ type, facts }) => type === 'capsuleMade' && facts.keyId !== undefined);
}

function keyIdOf(manifest: string | null): unknown {
  return innerFacts(factsOf(readCanonical(manifest ?? '{}').value), 'signature').keyId;
}

function checkSteps(whole: Whole, wrong: WrongOfCapsule): void {
  let state = 'planned';
  for (const step of steps) {
    const event = onlyOne(whole.told, step.type, wrong);
    if (event) state = step.state;
    checkStep(whole, step, event, wrong);
  }
  if (whole.row.state !== state) wrong(whole.row.state, `${state}, by its events`);
}

function checkStep(
  whole: Whole,
  { state, type, at, facts, slowMs }: StepOfCapsule,
  event: ToldOfRun | null,
  wrong: WrongOfCapsule,
): void {
  const time = whole.row[at];
  checkDone({ what: state, type, slowMs }, time, event, wrong);
  if (event !== null && time !== null) compare(facts(whole), event.facts, wrong);
}

function checkDelivery(
  { row: { buyer, delivery, movedAt }, members: { retired }, told }: Whole,
  wrong: WrongOfCapsule,
): void {
  const targets = told
    .filter(({ type }) => type === 'capsuleDelivered')
    .map(({ facts }) => textFact(facts, 'target'));
  const arrived = targets.some((target) => target !== null);
  const none = buyer === null || targets.includes(null);
  const byEvents = arrived ? 'delivered' : none ? 'none' : 'due';
  // A server that was named later, and could not be reached, makes it due once more.
  const isDueAgain = delivery === 'due' && byEvents === 'none' && movedAt === null;
  if (delivery !== byEvents && !isDueAgain) wrong(`delivery ${delivery}`, `${byEvents}, by its events`);
  if (retired > 0 && byEvents === 'due') wrong(`${retired} units moved`, `brought to ${buyer} before`);
}

/** Units go only from these; some of them, or all. */
const MOVING = ['made', 'moved', 'erased'];

/** What was given up has no units; what is moved has none left here. */
function checkMembers({ row, members }: Whole, wrong: WrongOfCapsule): void {
  const { units, records, events, retired, lastRetired } = members;
  const isGivenUp = row.abandonedAt !== null;
  const expected = isGivenUp
    ? { units: 0, records: 0, events: 0 }
    : { units: row.units, records: row.records, events: row.events };
  const text = (of: typeof expected): string =>
    `${of.units} units with ${of.records} records and ${of.events} events`;
  if (text({ units, records, events }) !== text(expected))
    wrong(`${text({ units, records, events })} among its rows`, text(expected));
  if (retired > 0 && !MOVING.includes(row.state))
    wrong(
      `${retired} units moved, and it is ${row.state}`,
      'none moved from what is not made or was given up',
    );
  if (row.movedAt === null) return;
  if (retired !== units) wrong(`moved, and ${units - retired} units are not retired`, 'all of them');
  if (lastRetired !== null && isAfter(lastRetired, row.movedAt))
    wrong(`a unit retired at ${lastRetired}`, `before ${row.movedAt}, when it was moved`);
}
