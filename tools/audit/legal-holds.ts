import type { Findings } from './findings';
import { byRun, type RetentionEvents, type ToldOfRun } from './retention-events';
import type { Snapshot } from './snapshot';
import { textFact } from './stored-event';
import { checkDone, checkTime, compare, isAfter, onlyOne, type WrongOfRow } from './told-facts';

interface HoldRow {
  readonly id: string;
  readonly kind: string;
  readonly value: string;
  readonly unit: string | null;
  readonly reason: string;
  readonly addedBy: string;
  readonly addedAt: string;
  readonly releasedBy: string | null;
  readonly releasedReason: string | null;
  readonly releasedAt: string | null;
}

/** A hold as its events tell it. */
export interface ToldHold {
  readonly id: string;
  readonly added: ToldOfRun;
  readonly released: ToldOfRun | null;
}

const STREAM = 'hold-';
const TYPES = ['legalHoldAdded', 'legalHoldReleased'];

export type HoldEvents = ReadonlyMap<string, readonly ToldOfRun[]>;

export function holdsTold(byHold: HoldEvents): ToldHold[] {
  return [...byHold].flatMap(([id, told]) => {
    const added = told.find(({ type }) => type === 'legalHoldAdded');
    const released = told.find(({ type }) => type === 'legalHoldReleased') ?? null;
    return added ? [{ id, added, released }] : [];
  });
}

/** By the hold's id: each stream `retention:hold-<id>` is of one. */
export function holdEvents(events: RetentionEvents): HoldEvents {
  const ofHolds = events.filter(({ run, type }) => run.startsWith(STREAM) && TYPES.includes(type));
  return new Map([...byRun(ofHolds)].map(([run, told]) => [run.slice(STREAM.length), told]));
}

/** A19. Each legal hold is what its stream tells: what it is on, by whom, why and when it was added and released. */
export async function checkLegalHolds(
  snapshot: Snapshot,
  byHold: HoldEvents,
  holds: readonly ToldHold[],
  findings: Findings,
): Promise<void> {
  const told = new Map(byHold);
  const rows = await snapshot.rows<HoldRow>(
    `select id, kind, value, unit_id as unit, reason, added_by as "addedBy", added_at as "addedAt", released_by as "releasedBy",
       released_reason as "releasedReason", released_at as "releasedAt" from legal_holds order by id`,
  );
  for (const row of rows) {
    const wrong: WrongOfRow = (found, expected) =>
      findings.violation('A19', `legal hold ${row.id}`, found, expected);
    checkHold(row, told.get(row.id) ?? [], wrong);
    told.delete(row.id);
  }
  for (const id of told.keys())
    findings.violation('A19', `legal hold ${id}`, 'events', 'the hold that they tell of');
  for (const hold of holds) await checkHeld(snapshot, hold, findings);
}

function checkHold(row: HoldRow, told: readonly ToldOfRun[], wrong: WrongOfRow): void {
  const added = onlyOne(told, 'legalHoldAdded', wrong);
  if (added === null) wrong('a row', 'the event that added it');
  else {
    const { kind, value, unit, reason, addedBy: by } = row;
    compare({ kind, value, unit, reason, by }, added.facts, wrong);
    checkTime('added', row.addedAt, added, wrong);
  }
  const released = onlyOne(told, 'legalHoldReleased', wrong);
  checkDone({ what: 'released', type: 'legalHoldReleased' }, row.releasedAt, released, wrong);
  if (released !== null && row.releasedAt !== null)
    compare({ by: row.releasedBy, reason: row.releasedReason }, released.facts, wrong);
}

/**
 * Who lifts a hold by hand, and puts it back when a run has moved or erased what it was on, is told by what went meanwhile: of a unit
 * and of a batch, as what those cover is known for ever.
 */
async function checkHeld(
  snapshot: Snapshot,
  { id, added, released }: ToldHold,
  findings: Findings,
): Promise<void> {
  const covered = coveredBy(added);
  if (covered === null) return;
  const rows = await snapshot.rows<GoneRow>(
    `select u.serial, m.retired_at as "movedAt", c.moved_at as "wholeAt", c.erased_at as "erasedAt"
     from units u join capsule_units m on m.unit_id = u.id join capsules c on c.id = m.capsule_id
     where ${covered.sql} and (${['m.retired_at', 'c.moved_at', 'c.erased_at'].map(isWithin).join(' or ')}) order by u.serial limit 100`,
    [covered.value, added.at, released?.at ?? null],
  );
  for (const { serial, movedAt, wholeAt, erasedAt } of rows)
    for (const [what, at] of Object.entries({
      moved: movedAt,
      'in a capsule that moved': wholeAt,
      erased: erasedAt,
    }))
      if (at !== null && isOpenAt({ added, released }, at))
        findings.violation(
          'A19',
          `legal hold ${id}`,
          `unit ${serial} ${what} at ${at}`,
          'nothing while it is open',
        );
}

interface GoneRow {
  readonly serial: string;
  readonly movedAt: string;
  /** Its capsule had moved as a whole, which an event tells: no unit of it was held then. */
  readonly wholeAt: string | null;
  readonly erasedAt: string | null;
}

/** Units `u`, by the parameter $1; null where it is not known any more. */
export function coveredBy({ facts }: ToldOfRun): { sql: string; value: string } | null {
  const [unit, value] = [textFact(facts, 'unit'), textFact(facts, 'value')];
  if (facts.kind === 'unit' && unit !== null && UUID.test(unit))
    return { sql: 'u.id = $1::uuid', value: unit };
  return facts.kind === 'batch' && value !== null ? { sql: 'u.batch_id = $1', value } : null;
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Those that may be; which of them are is looked at by their times. */
function isWithin(column: string): string {
  return `${column} between $2::timestamptz and coalesce($3::timestamptz, 'infinity')`;
}

/** What moves and erases waits for who adds a hold. Its time is that of its beginning, which may be a moment before a release. */
export function isOpenAt({ added, released }: Pick<ToldHold, 'added' | 'released'>, at: string): boolean {
  return Date.parse(at) > Date.parse(added.at) && (released === null || isAfter(released.at, at));
}
