import { Context } from '@temporalio/activity';
import type { Client } from '@temporalio/client';
import { requireBatch, type BatchRow } from '../adapters/postgres/batch-ledger';
import type { Watermark } from '../adapters/registry/watermark';
import type { Database } from '../adapters/postgres/database';
import { appendEvent } from '../adapters/postgres/ledger';
import { requirePlant } from '../adapters/postgres/plant-store';
import {
  cancelShipment,
  countShipped,
  createShipment,
  hasUnits,
  isOpenShipment,
  openShipment,
  closeShipment,
  shipmentsOfBatch,
  unitsOfShipment,
} from '../adapters/postgres/shipments';
import { loadUnitContext } from '../adapters/postgres/unit-context';
import { readyUnits, unitsWaitedFor, type ReadyUnit } from '../adapters/postgres/unit-standings';
import { UnitrailError } from '../domain/errors';
import type { Order } from '../domain/order-document';
import { packingRule, type PackingRule } from '../domain/packing';
import { alive } from './act';
import { cartonsForUnits } from './fill-cartons';
import { holdOnce } from './hold';
import { someAtOnce } from './some-at-once';
import { createSsccSource } from './sscc-source';
import { tellUnit } from './tell-unit';

/** Step 7. The automatic shipment of a batch: units are packed when all are ready, and shipped and sealed together. */
export function createShipActivities(deps: { db: Database; client: Client; watermark: Watermark }) {
  const { db } = deps;
  const newSscc = createSsccSource(deps);
  return {
    /** Ends when no unit of the batch can still become ready: held units are waited for, not left behind. */
    async awaitReady({ batch }: { batch: string }): Promise<void> {
      await requireNoneUnderWay(batch);
    },

    /**
     * 7.1 Packs what is ready into the batch's open shipment, or into a new one, as many in a carton as the packing rule
     * says; null where nothing is left to ship. A repeat finds the shipment, its cartons and the packed units.
     */
    async pack({ batch }: { batch: string }): Promise<{ shipment: string; packed: number } | null> {
      return alive(() => packReady(batch));
    },

    /**
     * 7.2 The one transaction that ships and seals. A repeat ships what is left, and counts what has shipped in all: none
     * where every unit had to be taken out, and then the shipment is still open.
     */
    async closeShipment({ shipment }: { shipment: string }): Promise<{ shipped: number }> {
      await alive(() => closeShipment(db, shipment, () => Context.current().heartbeat()));
      await deps.watermark.keep();
      return { shipped: await countShipped(db, shipment) };
    },

    /** 7.3 Tells the workflows to read their rows again. One that is gone has nothing left to do. */
    async notifyUnits({ shipment }: { shipment: string }): Promise<void> {
      const units = await unitsOfShipment(db, shipment);
      await alive(() => someAtOnce(units, ({ name }) => tellUnit(deps.client, name)));
    },
  };

  async function packReady(batch: string): Promise<{ shipment: string; packed: number } | null> {
    const known = await requireBatch(db, batch);
    const before = await shipmentsOfBatch(db, batch);
    const open = before.find(({ closedAt }) => closedAt === null)?.id;
    const ready = await readyUnits(db, batch);
    if (ready.length === 0 && !(open && (await hasUnits(db, open)))) {
      // A unit that was reworked a moment ago comes back: nothing is over yet.
      await requireNoneUnderWay(batch);
      if (open) await cancelShipment(db, open, null, 'nothing of the batch is left to ship');
      return null;
    }
    const rule = await packingOf(known);
    const shipment = open ?? (await openFor(known, rule, before.length));
    const cartons = await cartonsForUnits({ db, newSscc }, shipment, ready.length, rule);
    let packed = 0;
    await someAtOnce([...ready.entries()], async ([at, unit]) => {
      if (await packOne(unit, { carton: cartons[at]!, shipment })) packed += 1;
    });
    // A hold may have taken all of them in this moment: an empty shipment is not closed, it waits for them.
    if (!(await hasUnits(db, shipment))) await requireNoneLeft(batch);
    return { shipment, packed };
  }

  async function packingOf({ product, document }: BatchRow): Promise<PackingRule> {
    const { products } = await requirePlant(db);
    return packingRule(
      JSON.parse(document) as Order,
      products.find(({ code }) => code === product),
    );
  }

  /** Without a rule one carton takes all: then it is opened as the version before knows it. */
  async function openFor(batch: BatchRow, rule: PackingRule, shipmentsBefore: number): Promise<string> {
    const { id: batchId, buyer, destination } = batch;
    if (buyer === null || destination === null) {
      throw new UnitrailError(
        'ORDER_INVALID',
        `Batch ${batchId} has no buyer or no destination yet, so it can not ship by itself.`,
      );
    }
    const id = `SH-${batchId}${shipmentsBefore === 0 ? '' : `/${shipmentsBefore + 1}`}`;
    const shipment = { id, batch: batchId, buyer, destination };
    if (rule.cartonSize === null && rule.palletSize === null)
      await openShipment(db, { ...shipment, carton: await newSscc() });
    else await createShipment(db, { ...shipment, carrier: null, shipOn: null, by: null });
    return id;
  }

  /** False where the unit may not leave, whatever the others may: it is held with the reason, and they ship. */
  async function packOne(
    { unitId, seq, name }: ReadyUnit,
    place: { carton: string; shipment: string },
  ): Promise<boolean> {
    try {
      // The place in its history tells this packing from one before, which was undone.
      await appendEvent(db, unitId, 'packed', `${unitId}/packed/${place.shipment}/${seq}`, place);
      return true;
    } catch (error) {
      if (!(error instanceof UnitrailError)) throw error;
      // One that was put on quality hold a moment ago stays behind.
      if (error.code === 'ON_HOLD') return false;
      if (error.code !== 'STEP_ORDER_REFUSED' && error.code !== 'ORDER_QUANTITY_EXCEEDED') throw error;
      await requireOpen(place.shipment);
      const unit = await loadUnitContext(db, unitId);
      if (unit.state === 'ReadyToShip')
        await holdOnce(db, unit, { code: error.code, message: error.message });
      await tellUnit(deps.client, name);
      return false;
    }
  }

  /** A shipment that was closed meanwhile takes nobody: that says nothing about the unit. */
  async function requireOpen(shipment: string): Promise<void> {
    if (await isOpenShipment(db, shipment)) return;
    throw new UnitrailError('STATE_MOVED_ON', `Shipment ${shipment} was closed while it was packed.`);
  }

  async function requireNoneUnderWay(batch: string): Promise<void> {
    const { inProgress, held, onHold } = await unitsWaitedFor(db, batch);
    const waiting = inProgress + held + onHold;
    if (waiting === 0) return;
    throw new UnitrailError(
      'UNITS_UNDER_WAY',
      `The shipment of batch ${batch} waits for ${waiting} units: ${inProgress} in progress, ${held} held, ${onHold} on quality hold.`,
    );
  }

  /** Nor one whose hold was released since: it is packed at the next try. */
  async function requireNoneLeft(batch: string): Promise<void> {
    await requireNoneUnderWay(batch);
    const { length } = await readyUnits(db, batch);
    if (length === 0) return;
    throw new UnitrailError('UNITS_UNDER_WAY', `${length} units of batch ${batch} are ready again.`);
  }
}
