import type { Client } from '@temporalio/client';
import type { Database } from '../adapters/postgres/database';
import { appendEvent } from '../adapters/postgres/ledger';
import { repackUnit } from '../adapters/postgres/shipments';
import { loadUnitContext, newestEvent, type UnitContext } from '../adapters/postgres/unit-context';
import { findOneUnit, unitNameOf } from '../adapters/postgres/unit-queries';
import { canonicalJson } from '../domain/canonical';
import { UnitrailError, type ErrorCode } from '../domain/errors';
import { parseLabelContent, type LabelContent } from '../domain/label-content';
import type { PackedUnit, PreparedPacking } from '../domain/packing-desk';
import type { UnitRow } from '../domain/unit-row';
import { holdOnce } from './hold';
import type { FailureReport } from './types';
import { tellUnit } from './tell-unit';

interface Scan {
  /** The workflow's: the same events at a repeat. */
  readonly id: string;
  readonly request: PreparedPacking;
  readonly code: string;
}

type Came = Pick<PackedUnit, 'outcome' | 'why'>;

/** What the database may say of one unit: told of that unit, and the others go on. */
const ofOneUnit: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  ...(['NOT_FOUND', 'INPUT_INVALID', 'SERIAL_MALFORMED', 'NOT_ALLOWED'] as const),
  ...(['STEP_ORDER_REFUSED', 'ON_HOLD', 'ORDER_QUANTITY_EXCEEDED'] as const),
]);

/** Packs, moves or takes out the one unit that was scanned or typed. */
export async function packCode(deps: { db: Database; client: Client }, scan: Scan): Promise<PackedUnit> {
  const label = parseLabelContent(scan.code);
  let serial: string | null = null;
  try {
    const row = await findOneUnit(deps.db, label?.serial ?? scan.code);
    serial = row.serial;
    return { code: scan.code, serial, ...(await handle(deps, scan, row, label)) };
  } catch (error) {
    if (!isOfOneUnit(error)) throw error;
    return { code: scan.code, serial, outcome: 'refused', why: (error as Error).message };
  }
}

function isOfOneUnit(error: unknown): boolean {
  if (!(error instanceof UnitrailError)) return false;
  return ofOneUnit.has(error.code) || error.detail.sqlState === 'UT001';
}

async function handle(
  deps: { db: Database; client: Client },
  { id, request }: Scan,
  row: UnitRow,
  label: LabelContent | null,
): Promise<Came> {
  const { db } = deps;
  const { unitId } = row;
  const { action, by, shipment, carton, reason } = request;
  if (action === 'remove') {
    await appendEvent(db, unitId, 'unpacked', `packing/${id}/out`, { by, reason, shipment });
    return { outcome: 'removed', why: null };
  }
  const unit = await loadUnitContext(db, unitId);
  const heldHere = await heldByThisScan(db, unit, id, label);
  if (heldHere) return tellHeld(deps, unitId, heldHere);
  const isHere = unit.state === 'Packed' && row.carton === carton;
  if (!isHere) requirePlace(unit, row, action === 'move' ? 'Packed' : 'ReadyToShip');
  const mismatch = label && (await differenceFromQc(db, unit, label));
  if (mismatch) {
    // The scan's id: after a crash it is known again.
    const failure = { ...mismatch, detail: { ...mismatch.detail, scan: id } };
    await holdOnce(db, unit, failure);
    return tellHeld(deps, unitId, mismatch);
  }
  if (isHere) return { outcome: 'packed', why: null };
  const body = { by, carton, shipment, ...(label && { label }) };
  if (action === 'move') await repackUnit(db, { unitId, body, reason: reason!, id });
  else await appendEvent(db, unitId, 'packed', `packing/${id}/in`, body);
  return { outcome: 'packed', why: null };
}

async function tellHeld(
  { db, client }: { db: Database; client: Client },
  unitId: string,
  { code, message }: { readonly code: string; readonly message: string },
): Promise<Came> {
  await tellUnit(client, await unitNameOf(db, unitId));
  return { outcome: 'held', why: `${code}: ${message}` };
}

/** What held the unit, where it was this very scan, before a crash: its workflow may not have been told yet. */
async function heldByThisScan(
  db: Database,
  { unitId, state }: UnitContext,
  scan: string,
  label: LabelContent | null,
): Promise<{ code: string; message: string } | null> {
  if (label === null || state !== 'AwaitingEngineer') return null;
  const held = await newestEvent(db, unitId, 'held');
  const { code, message, detail } = (held?.body ?? {}) as Partial<FailureReport> & {
    detail?: { scan?: string };
  };
  return code === 'LABEL_MISMATCH' && detail?.scan === scan ? { code, message: message ?? '' } : null;
}

function requirePlace({ state, step }: UnitContext, row: UnitRow, wanted: 'Packed' | 'ReadyToShip'): void {
  if (state === wanted) return;
  const where =
    state === 'Packed'
      ? `in carton ${row.carton} of shipment ${row.shipment}: \`unitrail shipment move\` takes it from there`
      : `${state}${state === 'InProgress' || state === 'AwaitingEngineer' ? ` at ${step}` : ''}`;
  throw new UnitrailError('NOT_ALLOWED', `It is ${where}.`);
}

/** At packing the label on the unit has to be the one that QC saw. Both sides are shown to the engineer. */
async function differenceFromQc(db: Database, unit: UnitContext, scanned: LabelContent) {
  const passed = await newestEvent(db, unit.unitId, 'qualityPassed');
  const seen = (passed?.body.statement as { label?: LabelContent } | undefined)?.label ?? null;
  if (canonicalJson(seen) === canonicalJson(scanned)) return null;
  const text = (label: LabelContent | null): string =>
    label ? `serial ${label.serial}, GTIN ${label.gtin}, print ${label.print}` : 'no label';
  const message = `The label on the unit says ${text(scanned)}; QC saw ${text(seen)}. Find the other label, then rework the unit from label.`;
  return { code: 'LABEL_MISMATCH', message, detail: { scanned, seen } };
}
