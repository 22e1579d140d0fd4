import { randomBytes } from 'node:crypto';
import { sealedText } from '../../domain/record';
import type { Database } from './database';
import { mapped, toUnitrailError } from './errors';
import { loadRecordFacts } from './record-facts';

const SEAL_CHUNK = 200;

export interface ShipmentRow {
  readonly id: string;
  readonly carton: string;
  readonly closedAt: Date | null;
}

/** The shipments that were opened for the batch, the first one first. */
export async function shipmentsOfBatch(db: Database, batch: string): Promise<ShipmentRow[]> {
  return mapped(
    db('shipments')
      .where({ batch_id: batch })
      .orderBy('opened_at')
      .select('id', 'carton', 'closed_at as closedAt'),
  );
}

/** Opens the shipment, or finds it; returns the carton that it has. */
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

/**
 * One transaction: what is packed is shipped, each unit's record is built from what the same transaction reads, and
 * sealed. The database refuses the commit of a shipped unit without its record.
 */
export async function shipAndSeal(db: Database, shipment: string, heartbeat: () => void): Promise<void> {
  try {
    await db.transaction(async (trx) => {
      await trx.raw('set local statement_timeout = 600000');
      const shipped = await trx.raw<{ rows: { unit_id: string }[] }>('select unit_id from ship_units(?)', [
        shipment,
      ]);
      const unitIds = shipped.rows.map((row) => row.unit_id);
      for (let from = 0; from < unitIds.length; from += SEAL_CHUNK) {
        await seal(trx, unitIds.slice(from, from + SEAL_CHUNK));
        heartbeat();
      }
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
