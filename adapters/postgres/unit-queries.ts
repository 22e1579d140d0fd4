import type { Knex } from 'knex';
import { canonicalJson } from '../../domain/canonical';
import { UnitrailError } from '../../domain/errors';
import { summariseEvent } from '../../domain/event-summary';
import { actorText } from '../../domain/plain-text';
import { asDraft, buildRecord, recordEventTypes, type RecordEvent } from '../../domain/record';
import { MAX_UNITS, type UnitFilter } from '../../domain/unit-filter';
import { endStates } from '../../domain/unit-lifecycle';
import type { UnitRow } from '../../domain/unit-row';
import type { Database } from './database';
import { mapped } from './errors';
import { unitsNamedBy, nobodyNamed, onlyOne, type LocatedUnit, type SealedRecord } from './located-unit';
import { newestMoved, type MovedBytes, type MovedEvent } from './moved-bytes';
import { loadRecordFacts } from './record-facts';
import { buyerOfUnit, destinationOfUnit, openHold, selectUnits, shippedAt, toUnitRow } from './unit-rows';

const PAGE_UNITS = 500;

/** One event of a unit, as a person reads it. */
export interface UnitEvent {
  readonly seq: number;
  readonly at: Date;
  readonly type: string;
  /** The database login that appended it. */
  readonly login: string;
  /** The person or station that the event names. */
  readonly by: string | null;
  readonly summary: string;
}

/** The record's text (RFC 8785): the bytes that were sealed, or what they would be today. */
export type UnitRecord = SealedRecord | { readonly sealed: false; readonly text: string };

/**
 * The units that the text names, as `locateUnit` reads it. More than one where two issuers gave the same serial: the
 * caller asks which is meant.
 * @throws UnitrailError NOT_FOUND, INPUT_INVALID; SERIAL_MALFORMED where the check characters of a scheme's serial are wrong
 */
export async function findUnit(db: Database, id: string): Promise<UnitRow[]> {
  const { sql, values } = unitsNamedBy(id);
  const query = selectUnits(db).whereRaw(`u.id in (${sql})`, values);
  const rows = await mapped(query.orderBy(['u.serial', 'u.issuer']));
  if (rows.length === 0) throw await nobodyNamed(db, id);
  return rows.map(toUnitRow);
}

/** The one unit that the text names. @throws UnitrailError INPUT_INVALID where it names several, NOT_FOUND */
export async function findOneUnit(db: Database, id: string): Promise<UnitRow> {
  return onlyOne(id, await findUnit(db, id));
}

/**
 * The units of the filter by serial, page by page: memory stays flat, and a list of a million holds no transaction
 * open. A unit that moves while the list is read is shown once, as it was when its page was read.
 */
export async function* listUnits(
  db: Database,
  filter: UnitFilter = {},
): AsyncGenerator<UnitRow, void, undefined> {
  // One more than the most that may be shown, so that the caller can tell that there is more.
  let left = Math.min(filter.limit ?? MAX_UNITS, MAX_UNITS + 1);
  let last: UnitRow | undefined;
  while (left > 0) {
    const page = await readPage(db, filter, Math.min(left, PAGE_UNITS), last);
    yield* page;
    if (page.length < PAGE_UNITS) return;
    left -= page.length;
    last = page.at(-1);
  }
}

/** All events of the unit, the oldest first: those that moved into the archive, and what came since. */
export async function unitHistory(db: Database, unitId: string, moved?: MovedBytes): Promise<UnitEvent[]> {
  const rows = await mapped(
    db('unit_events')
      .where({ stream: `unit:${unitId}` })
      .orderBy('seq')
      .select('seq', 'at', 'type', 'header', 'body'),
  );
  const events = [...(moved?.events ?? []), ...rows];
  if (events.length === 0) throw new UnitrailError('NOT_FOUND', `There is no unit ${unitId}.`);
  return events.map(toUnitEvent);
}

/** The sealed record, which comes with the unit, or a draft of it while the unit is in the house. */
export async function unitRecord(db: Database, unit: LocatedUnit, moved?: MovedBytes): Promise<UnitRecord> {
  const sealed = unit.record ?? sealedIn(moved);
  if (sealed) return sealed;
  // One snapshot: the row and the events that it points to belong together.
  return mapped(
    db.transaction((trx) => readRecord(trx, unit.unitId, moved), {
      isolationLevel: 'repeatable read',
      readOnly: true,
    }),
  );
}

/** The same inside a snapshot of the caller. @throws UnitrailError NOT_FOUND */
export async function readRecord(
  trx: Knex.Transaction,
  unitId: string,
  moved?: MovedBytes,
): Promise<UnitRecord> {
  const inCapsule = sealedIn(moved);
  if (inCapsule) return inCapsule;
  const sealed = await trx('records').where({ unit_id: unitId }).first('body', 'sha256', 'sealed_at');
  if (sealed) return { sealed: true, text: sealed.body, sha256: sealed.sha256, sealedAt: sealed.sealed_at };
  const [facts] = await loadRecordFacts(trx, [unitId]);
  const events = moved ? { events: moved.events.flatMap(toRecordEvent) } : {};
  return { sealed: false, text: canonicalJson(asDraft(buildRecord({ ...facts!, ...events }))) };
}

/** It was sealed in the transaction of its `shipped` event. */
function sealedIn(moved: MovedBytes | undefined): SealedRecord | null {
  const sealedAt = newestMoved(moved, ['shipped'])?.at;
  return moved?.record && sealedAt ? { sealed: true, ...moved.record, sealedAt } : null;
}

async function readPage(
  db: Database,
  filter: UnitFilter,
  size: number,
  last: UnitRow | undefined,
): Promise<UnitRow[]> {
  const query = selectUnits(db)
    .modify((q) => narrow(q, filter))
    .orderBy(['u.serial', 'u.issuer'])
    .limit(size);
  if (last) void query.whereRaw('(u.serial, u.issuer) > (?, ?)', [last.serial, last.issuer]);
  return (await mapped(query)).map(toUnitRow);
}

function narrow(query: Knex.QueryBuilder, filter: UnitFilter): void {
  narrowState(query, filter.state);
  if (filter.step) void query.where('u.step', filter.step);
  if (filter.batch) void query.where('u.batch_id', filter.batch);
  if (filter.order) void query.where('b.order_id', filter.order);
  if (filter.product) void query.where('u.product', filter.product);
  // What is in the flash is the release that the unit is pinned to: the database refuses any other.
  if (filter.firmware) void query.where('u.firmware_version', filter.firmware);
  narrowReported(query, filter);
  if (filter.boardLot) void query.where('u.board_lot', filter.boardLot);
  if (filter.componentLot) void query.whereRaw(holdsLot, [filter.componentLot]);
  if (filter.buyer) void query.whereRaw(`${buyerOfUnit} = ?`, [filter.buyer]);
  if (filter.destination) void query.whereRaw(`${destinationOfUnit} = ?`, [filter.destination]);
  if (filter.failureCode) void query.where('u.failure_code', filter.failureCode);
  if (filter.shippedAfter) void query.whereRaw(`${shippedAt} >= ?`, [filter.shippedAfter]);
  if (filter.shippedBefore) void query.whereRaw(`${shippedAt} < ?`, [filter.shippedBefore]);
}

/** What devices said: `f` is the newest report of each. */
function narrowReported(query: Knex.QueryBuilder, filter: UnitFilter): void {
  const { reportedFirmware: reported, runningFirmware: running } = filter;
  if (reported) void query.whereRaw(`${hasReported} and f.version = ?`, [reported, reported]);
  if (running) {
    const shipped = 'f.version is null and u.firmware_version = ?';
    void query.whereRaw(`((${shipped}) or (${hasReported} and f.version = ?))`, [running, running, running]);
  }
  if (filter.firmwareDiffers)
    void query.whereRaw('(f.version <> u.firmware_version or f.firmware_sha256 <> u.flashed_sha256)');
}

/** Found by the index; that it is the newest one is asked beside it. */
const hasReported = 'u.id in (select r.unit_id from field_reports r where r.version = ?)';

const holdsLot = 'u.id in (select l.unit_id from unit_lots l where l.lot = ?)';

/** The state that is shown: a hold hides every state but the last. */
function narrowState(query: Knex.QueryBuilder, state: UnitFilter['state']): void {
  if (!state) return;
  if (state === 'OnHold') void query.whereNotIn('u.state', endStates).whereRaw(openHold);
  else void query.where('u.state', state);
  if (state !== 'OnHold' && !endStates.includes(state)) void query.whereRaw(`not ${openHold}`);
}

function toRecordEvent({ seq, at, type, body }: MovedEvent): RecordEvent[] {
  const known = recordEventTypes.find((one) => one === type);
  const event = { seq, at: at.toISOString(), body: JSON.parse(body) as RecordEvent['body'] };
  return known ? [{ ...event, type: known }] : [];
}

function toUnitEvent(row: {
  seq: string | number;
  at: Date;
  type: string;
  header: string;
  body: string;
}): UnitEvent {
  const body = JSON.parse(row.body) as Record<string, unknown>;
  return {
    seq: Number(row.seq),
    at: row.at,
    type: row.type,
    // v1|stream|seq|type|key|login|time: no part may hold the separator.
    login: row.header.split('|')[5] ?? '',
    by: actorText(body.by),
    summary: summariseEvent(row.type, body),
  };
}

/** How the unit is called in workflow ids: its serial, with the buyer before it where the number is the buyer's own. */
export async function unitNameOf(db: Database, unitId: string): Promise<string> {
  const row = await mapped(db('units as u').where({ id: unitId }).first(db.raw('unit_name(u) as name')));
  return (row as { name: string }).name;
}
