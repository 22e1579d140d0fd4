import { createHash } from 'node:crypto';
import type { Knex } from 'knex';
import { canonicalJson } from '../../domain/canonical';
import {
  recordedSelector,
  type RecallCount,
  type RecallOrder,
  type RecallSelector,
} from '../../domain/recall';
import { UnitrailError } from '../../domain/errors';
import { endStates } from '../../domain/unit-lifecycle';
import type { UnitRow } from '../../domain/unit-row';
import type { Database } from './database';
import { mapped } from './errors';
import { openHolds } from './holds';
import { namedUnits } from './named-units';
import { buyerOfUnit, destinationOfUnit, openHold, selectUnits, toUnitRow } from './unit-rows';

/** One transaction of holds: short, so that a shipment that closes waits for a moment only. */
const HOLD_UNITS = 100;
const PAGE_UNITS = 500;
/** Of ten seconds each: longer than a shipment may take to close. */
const LOCK_TRIES = 70;
/** A lock that was not had in time, a deadlock that was ended: nothing was done. */
const inEachOthersWay = ['55P03', '40P01'];

/** A recall with its serials found: each is read once. */
export interface Recall {
  readonly selector: RecallSelector;
  /** The units that its serials name; null where it names none. */
  readonly named: readonly string[] | null;
}

/** @throws UnitrailError INPUT_INVALID where a serial is no unit's, or that of several. */
export async function findRecalled(db: Database, selector: RecallSelector): Promise<Recall> {
  return { selector, named: await namedUnits(db, selector.serials) };
}

/** Whether a recall of this id is on record. */
export async function isRecallOpen(db: Database, id: string): Promise<boolean> {
  return (
    (await mapped(
      db('streams')
        .where({ stream: `recall:${id}` })
        .first('stream'),
    )) !== undefined
  );
}

/** Writes the recall into its own history, before anything is held. The same again is a no-op. */
export async function openRecall(db: Database, { id, by, note }: RecallOrder, recall: Recall): Promise<void> {
  const digest = (text: string): string => createHash('sha256').update(text).digest('hex');
  const selector = canonicalJson(recordedSelector(recall.selector, digest));
  await mapped(db.raw('select open_recall(?, ?, ?, ?)', [id, selector, note, by]));
}

/**
 * Puts every unit of the recall that has not ended on its quality hold, until a look finds none that is not: what was
 * claimed meanwhile as well. A unit that a shipment takes along in the same moment has shipped, and is not held. Returns
 * the names of the workflows that have to hear of it.
 */
export async function holdRecalled(
  db: Database,
  { id, by, note }: RecallOrder,
  recall: Recall,
  onHeld: (units: number) => void = () => undefined,
): Promise<string[]> {
  const names: string[] = [];
  for (;;) {
    const unitIds: string[] = await mapped(
      recalled(db, recall)
        .whereNotIn('u.state', endStates)
        .whereRaw('not exists (select from holds h where h.unit_id = u.id and h.hold_id = ?)', [id])
        .orderBy('u.id')
        .limit(HOLD_UNITS)
        .pluck('u.id'),
    );
    if (unitIds.length === 0) return names;
    const held = await onceUnlocked(() => openHolds(db, { hold: id, by, note }, unitIds));
    names.push(...held.filter(({ outcome }) => outcome === 'opened').map(({ name }) => name));
    onHeld(names.length);
  }
}

/** A shipment that is closing keeps its units locked, for minutes where it is large. Each try waits for ten seconds. */
async function onceUnlocked<T>(work: () => Promise<T>): Promise<T> {
  for (let triesLeft = LOCK_TRIES; ; triesLeft -= 1) {
    try {
      return await work();
    } catch (error) {
      const isLocked =
        error instanceof UnitrailError && inEachOthersWay.includes(String(error.detail.sqlState));
      if (!isLocked || triesLeft <= 1) throw error;
    }
  }
}

/** How its units stand, by state, buyer and country. */
export async function countRecalled(db: Database, recall: Recall): Promise<RecallCount[]> {
  const shown = `case when ${openHold} and u.state <> all (?) then 'OnHold' else u.state end`;
  return mapped(
    recalled(db, recall)
      .leftJoin('shipments as s', 's.id', 'u.shipment_id')
      .select(
        db.raw(`${shown} as state`, [[...endStates]]),
        db.raw(`${buyerOfUnit} as buyer`),
        db.raw(`${destinationOfUnit} as country`),
        db.raw('count(*)::integer as units'),
      )
      .groupByRaw('1, 2, 3')
      .orderByRaw('1, 2, 3'),
  );
}

/**
 * Units that shipped and fit all of the recall but station and time, which nobody can tell of them here: their tests have
 * moved into capsules. They are in none of its counts.
 */
export async function countUnjudged(db: Database, recall: Recall): Promise<number> {
  if (!asksForTests(recall.selector)) return 0;
  const moved = await mapped(
    fitting(db, recall)
      .join('capsule_units as c', 'c.unit_id', 'u.id')
      .whereNotNull('c.retired_at')
      .where('u.state', 'Shipped')
      .first<{ units: number }>(db.raw('count(*)::integer as units')),
  );
  return moved.units;
}

/** Writes down how the recall's units stand at the end of a run. */
export async function recordCounts(db: Database, id: string, counts: readonly RecallCount[]): Promise<void> {
  await mapped(db.raw('select count_recall(?, ?)', [id, canonicalJson({ counts })]));
}

/** The units that this buyer has, by serial, page by page. */
export async function* shippedTo(db: Database, recall: Recall, buyer: string): AsyncGenerator<UnitRow> {
  let last: UnitRow | undefined;
  for (;;) {
    const query = selectUnits(db)
      .whereIn('u.id', recalled(db, recall).select('u.id'))
      .where('u.state', 'Shipped')
      .where('s.buyer', buyer)
      .orderBy(['u.serial', 'u.issuer'])
      .limit(PAGE_UNITS);
    if (last) void query.whereRaw('(u.serial, u.issuer) > (?, ?)', [last.serial, last.issuer]);
    const page = (await mapped(query)).map(toUnitRow);
    yield* page;
    if (page.length < PAGE_UNITS) return;
    last = page.at(-1);
  }
}

/** What has it, and what is about to get it: a unit whose board is not bound yet will be of its batch's lots. */
function recalled(db: Database, recall: Recall): Knex.QueryBuilder {
  return tested(fitting(db, recall), recall.selector);
}

/** By all but station and time. */
function fitting(db: Database, { selector, named }: Recall): Knex.QueryBuilder {
  const { firmware, product, boardLot, componentLot } = selector;
  const query = db('units as u').join('batches as b', 'b.id', 'u.batch_id');
  if (named) void query.whereRaw('u.id = any (?::uuid[])', [[...named]]);
  if (product !== undefined) void query.where('u.product', product);
  if (firmware !== undefined) void query.whereRaw(runs, [firmware, firmware]);
  if (boardLot !== undefined) void query.whereRaw('coalesce(u.board_lot, b.board_lot) = ?', [boardLot]);
  if (componentLot !== undefined) void query.whereRaw(holdsLot, [componentLot, componentLot]);
  return query;
}

/** Pinned to the release, or with it in the flash although another one is pinned by now. */
const runs = `(u.firmware_version = ? or u.flashed_sha256 in (
  select r.body::jsonb #>> '{firmware,sha256}' from recipes r where r.body::jsonb #>> '{firmware,version}' = ?))`;
const holdsLot = `(u.id in (select l.unit_id from unit_lots l where l.lot = ?)
  or u.chip_uid is null and exists (select from batch_lots l where l.batch_id = b.id and ? = any (l.lots)))`;

const asksForTests = ({ station, from, to }: RecallSelector): boolean =>
  station !== undefined || from !== undefined || to !== undefined;

function tested(query: Knex.QueryBuilder, selector: RecallSelector): Knex.QueryBuilder {
  if (!asksForTests(selector)) return query;
  const { station, from, to } = selector;
  const tests = [
    `select substr(e.stream, 6)::uuid from unit_events e where e.type in ('testPassed', 'testFailed', 'testErred')`,
    ...(from === undefined ? [] : ['e.at >= ?']),
    ...(to === undefined ? [] : ['e.at < ?']),
    ...(station === undefined ? [] : [`e.body::jsonb #>> '{place,station}' = ?`]),
  ];
  const values = [from, to, station].filter((value) => value !== undefined);
  return query.whereRaw(`u.id in (${tests.join(' and ')})`, values);
}
