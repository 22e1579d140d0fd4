import type { Knex } from 'knex';
import { UnitrailError } from '../../domain/errors';
import type { Recipe } from '../../domain/recipe';
import { testOutcome } from '../../domain/record';
import type { RecordTest, RecordV1 } from '../../domain/record-document';
import { entranceTypes, type UnitRow } from '../../domain/unit-row';
import { termsOf, type UnitTerms } from '../../domain/unit-terms';
import { amendmentsIn, amendmentsOf, type AmendmentRow } from './amendments';
import type { Database } from './database';
import { mapped } from './errors';
import { logStanding, type LogStanding } from './log';
import { newestMoved, type MovedBytes } from './moved-bytes';
import { loadPlant } from './plant-store';
import { secondaryIdentifiers, type RecordedIdentifier } from './secondary-identifiers';
import { readRecord } from './unit-queries';
import { selectUnits, toUnitRow } from './unit-rows';

/** What stays of a unit for ever, whatever became of its record and its history. */
export interface LastingDetails {
  readonly unit: UnitRow;
  /** What others number it by. */
  readonly identifiers: readonly RecordedIdentifier[];
  /** What was said of it after its record was sealed: corrections of the record, returns. */
  readonly amendments: readonly AmendmentRow[];
  /** Where its record stands in the transparency log; null before it is sealed. */
  readonly log: LogStanding | null;
  readonly terms: UnitTerms;
}

/** All that the page of one unit shows, read in one snapshot. */
export interface UnitDetails extends LastingDetails {
  /** Since when the unit is in its state, or in this attempt of its step. */
  readonly since: Date;
  readonly failure: UnitFailure | null;
  readonly holds: readonly OpenHold[];
  /** The newest final test, whatever its verdict; the record has only one that passed and is in force. */
  readonly lastTest: RecordTest | null;
  readonly record: RecordV1;
  /** Null while the record is a draft. */
  readonly sealed: { readonly sha256: string; readonly sealedAt: Date } | null;
}

export interface UnitFailure {
  readonly at: Date;
  readonly code: string;
  readonly message: string;
}

export interface OpenHold {
  readonly hold: string;
  readonly reason: string;
  readonly since: Date;
}

interface EventRow {
  readonly seq: string;
  readonly at: Date;
  readonly body: string;
}

const snapshot = { isolationLevel: 'repeatable read', readOnly: true } as const;

/** @throws UnitrailError NOT_FOUND */
export async function unitDetails(db: Database, unitId: string, moved?: MovedBytes): Promise<UnitDetails> {
  return mapped(db.transaction((trx) => readDetails(trx, unitId, moved), snapshot));
}

/** Of a unit whose capsule was erased there is no more: of its amendments those since the move. @throws UnitrailError NOT_FOUND */
export async function lastingDetails(db: Database, unitId: string): Promise<LastingDetails> {
  return mapped(db.transaction((trx) => readLasting(trx, unitId), snapshot));
}

async function readLasting(trx: Knex.Transaction, unitId: string): Promise<LastingDetails> {
  const row = await selectUnits(trx).where('u.id', unitId).first();
  if (!row) throw new UnitrailError('NOT_FOUND', `There is no unit ${unitId}.`);
  const unit = toUnitRow(row);
  return {
    unit,
    identifiers: await secondaryIdentifiers(trx, unitId),
    amendments: await amendmentsOf(trx, unitId),
    log: await logStanding(trx, unitId),
    terms: await readTerms(trx, unit),
  };
}

async function readDetails(trx: Knex.Transaction, unitId: string, moved?: MovedBytes): Promise<UnitDetails> {
  const lasting = await readLasting(trx, unitId);
  const { unit, amendments } = lasting;
  const entrances = entranceTypes(unit.stateBeneath);
  const entrance = newestMoved(moved, entrances) ?? (await newestOf(trx, unitId, entrances));
  const record = await readRecord(trx, unitId, moved);
  return {
    ...lasting,
    since: entrance?.at ?? unit.updatedAt,
    failure: await readFailure(trx, unit, Number(entrance?.seq ?? 0)),
    holds: await readHolds(trx, unitId),
    lastTest: await readLastTest(trx, unitId, moved),
    record: JSON.parse(record.text) as RecordV1,
    sealed: record.sealed ? { sha256: record.sha256, sealedAt: record.sealedAt } : null,
    amendments: [...amendmentsIn(moved), ...amendments],
  };
}

/** Why it is held; or, while it is still at work, the newest try that failed in this attempt. */
async function readFailure(
  trx: Knex.Transaction,
  unit: UnitRow,
  sinceSeq: number,
): Promise<UnitFailure | null> {
  const types: Partial<Record<string, string>> = { AwaitingEngineer: 'held', InProgress: 'stepFailed' };
  const type = types[unit.stateBeneath];
  const event = type === undefined ? undefined : await newestOf(trx, unit.unitId, [type]);
  if (!event || Number(event.seq) < sinceSeq) return null;
  const { code, message } = JSON.parse(event.body) as { code?: unknown; message?: unknown };
  return { at: event.at, code: String(code ?? '?'), message: String(message ?? '') };
}

async function readHolds(trx: Knex.Transaction, unitId: string): Promise<OpenHold[]> {
  return trx('holds as h')
    .join('unit_events as e', (on) => on.on('e.seq', 'h.opened_seq').andOnVal('e.stream', `unit:${unitId}`))
    .where('h.unit_id', unitId)
    .whereNull('h.released_seq')
    .orderBy('h.opened_seq')
    .select<OpenHold[]>('h.hold_id as hold', 'h.reason', 'e.at as since');
}

async function readLastTest(
  trx: Knex.Transaction,
  unitId: string,
  moved?: MovedBytes,
): Promise<RecordTest | null> {
  const types = ['testPassed', 'testFailed', 'testErred'];
  const event = newestMoved(moved, types) ?? (await newestOf(trx, unitId, types));
  if (!event) return null;
  return testOutcome({ at: event.at.toISOString(), body: JSON.parse(event.body) as Record<string, unknown> });
}

async function readTerms(trx: Knex.Transaction, { unitId, product, shippedAt }: UnitRow): Promise<UnitTerms> {
  const recipe = await trx('units as u')
    .join('recipes as r', 'r.sha256', 'u.recipe_sha256')
    .where('u.id', unitId)
    .first<{ body: string }>('r.body');
  const last = await trx('shipments as s')
    .whereRaw('s.closed_at is not null and not s.cancelled')
    .whereRaw('exists (select from units u where u.shipment_id = s.id and u.product = ?)', [product])
    .orderBy('s.closed_at', 'desc')
    .first<{ at: Date } | undefined>('s.closed_at as at');
  const inForce = (await loadPlant(trx))?.products?.find(({ code }) => code === product);
  const promised = (JSON.parse(recipe.body) as Recipe).product;
  return termsOf(promised, inForce, shippedAt, last?.at ?? null);
}

function newestOf(
  trx: Knex.Transaction,
  unitId: string,
  types: readonly string[],
): PromiseLike<EventRow | undefined> {
  return trx('unit_events')
    .where({ stream: `unit:${unitId}` })
    .whereIn('type', types)
    .orderBy('seq', 'desc')
    .first<EventRow | undefined>('seq', 'at', 'body');
}
