import { randomBytes } from 'node:crypto';
import { canonicalJson } from '../../domain/canonical';
import { UnitrailError } from '../../domain/errors';
import type { TakenOut } from '../../domain/packing-desk';
import { sealedText } from '../../domain/record';
import type { Database } from './database';
import { mapped, toUnitrailError } from './errors';
import { rememberingRefusal } from './order-refusals';
import { loadRecordFacts } from './record-facts';

const SEAL_CHUNK = 200;

export interface ShipmentRow {
  readonly id: string;
  readonly closedAt: Date | null;
}

/** The shipments that were opened for the batch, the first one first. */
export async function shipmentsOfBatch(db: Database, batch: string): Promise<ShipmentRow[]> {
  return mapped(
    db('shipments').where({ batch_id: batch }).orderBy('opened_at').select('id', 'closed_at as closedAt'),
  );
}

/** What a shipment is opened with. Null: nobody said it. */
export interface NewShipment {
  readonly id: string;
  readonly batch: string | null;
  readonly buyer: string;
  readonly destination: string;
  readonly carrier: string | null;
  /** `YYYY-MM-DD` */
  readonly shipOn: string | null;
  readonly by: string | null;
}

/** Opens a shipment without cartons, or finds it: for another buyer or country it is refused. */
export async function createShipment(db: Database, s: NewShipment): Promise<void> {
  await mapped(
    db.raw('select create_shipment(?, ?, ?, ?, ?, ?::date, ?)', [
      s.id,
      s.batch as string,
      s.buyer,
      s.destination,
      s.carrier as string,
      s.shipOn as string,
      s.by as string,
    ]),
  );
}

/** Opens a batch's shipment with the one carton that it will have, or finds it; returns its carton. */
export async function openShipment(
  db: Database,
  s: { id: string; batch: string; buyer: string; destination: string; carton: string },
): Promise<string> {
  const answer = await mapped(
    db.raw<{ rows: { carton: string }[] }>('select open_shipment(?, ?, ?, ?, ?) as carton', [
      s.id,
      s.batch,
      s.buyer,
      s.destination,
      s.carton,
    ]),
  );
  return answer.rows[0]!.carton;
}

export interface CartonRow {
  readonly carton: string;
  readonly pallet: string | null;
  readonly capacity: number | null;
  readonly units: number;
}

/** The cartons of a shipment in the order in which they were opened, with what is in them. */
export async function cartonsOf(db: Database, shipment: string): Promise<CartonRow[]> {
  const answer = await mapped(
    db.raw<{ rows: CartonRow[] }>(
      `select c.sscc as carton, c.pallet, c.capacity, (select count(*)::integer from units u where u.carton = c.sscc) as units
       from cartons c where c.shipment_id = ? order by c.opened_at, c.sscc`,
      [shipment],
    ),
  );
  return answer.rows;
}

export interface PalletRow {
  readonly pallet: string;
  readonly capacity: number | null;
  readonly cartons: number;
}

export async function palletsOf(db: Database, shipment: string): Promise<PalletRow[]> {
  const answer = await mapped(
    db.raw<{ rows: PalletRow[] }>(
      `select p.sscc as pallet, p.capacity,
         (select count(*)::integer from cartons c where c.shipment_id = p.shipment_id and c.pallet = p.sscc) as cartons
       from pallets p where p.shipment_id = ? order by p.opened_at, p.sscc`,
      [shipment],
    ),
  );
  return answer.rows;
}

export interface Box {
  readonly sscc: string;
  readonly shipment: string;
  /** Units of a carton, cartons of a pallet; null: no end. */
  readonly capacity: number | null;
  readonly by: string | null;
}

export async function openCarton(db: Database, c: Box & { readonly pallet: string | null }): Promise<void> {
  await mapped(
    db.raw('select open_carton(?, ?, ?, ?, ?)', [
      c.shipment,
      c.sscc,
      c.pallet as string,
      c.capacity as number,
      c.by as string,
    ]),
  );
}

export async function openPallet(db: Database, p: Box): Promise<void> {
  await mapped(
    db.raw('select open_pallet(?, ?, ?, ?)', [p.shipment, p.sscc, p.capacity as number, p.by as string]),
  );
}

/** On a pallet of its shipment, or on none. A repeat changes nothing. */
export async function placeCarton(
  db: Database,
  place: { shipment: string; carton: string; pallet: string | null; by: string; change: string },
): Promise<void> {
  const { shipment, carton, pallet, by, change } = place;
  const known = await mapped(db('cartons').where({ sscc: carton, shipment_id: shipment }).first('sscc'));
  if (!known) throw new UnitrailError('NOT_FOUND', `Shipment ${shipment} has no carton ${carton}.`);
  await mapped(db.raw('select place_carton(?, ?, ?, ?)', [carton, pallet as string, by, change]));
}

/** Sets what is given. A repeat under the same change id changes nothing. */
export async function changeShipment(
  db: Database,
  s: { id: string; carrier: string | null; shipOn: string | null; by: string; change: string },
): Promise<void> {
  await mapped(
    db.raw('select change_shipment(?, ?, ?::date, ?, ?)', [
      s.id,
      s.carrier as string,
      s.shipOn as string,
      s.by,
      s.change,
    ]),
  );
}

/** Takes the unit out of its carton and puts it into another one. A repeat under the same id changes nothing. */
export async function repackUnit(
  db: Database,
  move: { unitId: string; body: Readonly<Record<string, unknown>>; reason: string; id: string },
): Promise<void> {
  const values = [move.unitId, canonicalJson(move.body), move.reason, move.id];
  const moving = mapped(db.raw('select repack_unit(?, ?, ?, ?)', values));
  await rememberingRefusal(db, move.unitId, 'packed', moving);
}

export async function findShipment(
  db: Database,
  id: string,
): Promise<{ closedAt: Date | null; cancelled: boolean } | null> {
  const row = await mapped(db('shipments').where({ id }).first('closed_at as closedAt', 'cancelled'));
  return row ?? null;
}

/**
 * What the closing under this id came to, as its event tells it; of a shipment that has left, what that closing came to.
 * One that found nothing has no event: what an earlier one had taken out is not told again.
 */
export async function closingOf(
  db: Database,
  shipment: string,
  id: string,
): Promise<{ closed: boolean; shipped: number; takenOut: TakenOut[]; takenOutCount: number }> {
  const row: { type: string; body: string } | undefined = await mapped(
    db('unit_events')
      .where({ stream: `shipment:${shipment}` })
      .whereIn('key', ['closed', `emptied/${id}`])
      .orderBy('seq', 'desc')
      .first('type', 'body'),
  );
  const body = JSON.parse(row?.body ?? '{}') as {
    units?: number;
    takenOut?: TakenOut[];
    takenOutCount?: number;
  };
  const { units = 0, takenOut = [], takenOutCount = 0 } = body;
  return { closed: row?.type === 'shipmentClosed', shipped: units, takenOut, takenOutCount };
}

/** Gives up a shipment that has nothing in it. A repeat changes nothing. */
export async function cancelShipment(
  db: Database,
  shipment: string,
  by: string | null,
  reason: string,
): Promise<void> {
  await mapped(db.raw('select cancel_shipment(?, ?, ?)', [shipment, by as string, reason]));
}

export async function nextCartonNumber(
  db: Database,
  companyPrefix: string,
  issuer: string,
  last: number,
): Promise<number> {
  const answer = await mapped(
    db.raw<{ rows: { number: string }[] }>('select next_carton_number(?, ?, ?) as number', [
      companyPrefix,
      issuer,
      last,
    ]),
  );
  return Number(answer.rows[0]!.number);
}

/** What came of one unit at the closing: null, and it shipped; or why it was taken out. */
export interface ClosedUnit {
  readonly serial: string;
  readonly obstacle: string | null;
}

/**
 * One transaction: what may not leave is taken out, the rest is shipped, each unit's record is built from what the same
 * transaction reads, and sealed. The database refuses the commit of a shipped unit without its record. Where nothing is
 * left to ship, the shipment stays open.
 */
export async function closeShipment(
  db: Database,
  shipment: string,
  heartbeat: () => void,
  { by, id }: { by: string | null; id: string | null } = { by: null, id: null },
): Promise<ClosedUnit[]> {
  try {
    return await db.transaction(async (trx) => {
      await trx.raw('set local statement_timeout = 600000');
      const sql = 'select unit_id as "unitId", serial, obstacle from close_shipment(?, ?, false, ?)';
      const { rows } = await trx.raw<{ rows: (ClosedUnit & { unitId: string })[] }>(sql, [
        shipment,
        by as string,
        id as string,
      ]);
      const shipped = rows.filter(({ obstacle }) => obstacle === null).map(({ unitId }) => unitId);
      for (let from = 0; from < shipped.length; from += SEAL_CHUNK) {
        await seal(trx, shipped.slice(from, from + SEAL_CHUNK));
        heartbeat();
      }
      return rows.map(({ serial, obstacle }) => ({ serial, obstacle }));
    });
  } catch (error) {
    throw toUnitrailError(error);
  }
}

async function seal(trx: Database, unitIds: readonly string[]): Promise<void> {
  for (const facts of await loadRecordFacts(trx, unitIds)) {
    await trx.raw('select seal_record(?, ?, ?)', [facts.unit.unitId, sealedText(facts), randomBytes(32)]);
  }
}

export async function countShipped(db: Database, shipment: string): Promise<number> {
  const row = await mapped(
    db('units').where({ shipment_id: shipment, state: 'Shipped' }).count('id as units').first(),
  );
  return Number(row?.units ?? 0);
}

/** Units of a shipment, in serial order, for telling their workflows. */
export async function unitsOfShipment(db: Database, shipment: string): Promise<{ name: string }[]> {
  return mapped(
    db('units as u')
      .where({ shipment_id: shipment })
      .orderBy('serial')
      .select(db.raw('unit_name(u) as name')),
  );
}

export async function hasUnits(db: Database, shipment: string): Promise<boolean> {
  return (await mapped(db('units').where({ shipment_id: shipment }).first('id'))) !== undefined;
}

export async function isOpenShipment(db: Database, shipment: string): Promise<boolean> {
  return (
    (await mapped(db('shipments').where({ id: shipment }).whereNull('closed_at').first('id'))) !== undefined
  );
}
