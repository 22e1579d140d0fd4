import { Context } from '@temporalio/activity';
import type { Client } from '@temporalio/client';
import type { Database } from '../adapters/postgres/database';
import {
  cancelShipment,
  changeShipment,
  closeShipment,
  closingOf,
  createShipment,
  findShipment,
  openCarton,
  openPallet,
  placeCarton,
} from '../adapters/postgres/shipments';
import { requirePlant } from '../adapters/postgres/plant-store';
import type { Watermark } from '../adapters/registry/watermark';
import { UnitrailError } from '../domain/errors';
import type { PlantDocument } from '../domain/plant';
import type { PackedUnit, PackingResult, PreparedPacking } from '../domain/packing-desk';
import { parsePackingRequest } from '../domain/packing-request';
import { alive } from './act';
import { packCode } from './pack-code';
import { otherDestinations } from './prepare-batch';
import { createSsccSource } from './sscc-source';

/** Step 7 by hand: a planner composes a shipment, a packer scans units into its cartons, and it is closed. */
export function createPackingActivities(deps: { db: Database; client: Client; watermark: Watermark }) {
  const { db, watermark } = deps;
  const newSscc = createSsccSource(deps);
  return {
    /** Judges the input, and opens what it wants new. After a crash a box that stays empty may be left over. */
    async preparePacking({ id, input }: { id: string; input: unknown }): Promise<PreparedPacking> {
      const request = parsePackingRequest(input);
      // The beginning of a run's id is a clock: two that begin in the same minute would share a name.
      const shipment = request.shipment ?? `SH-${id.slice(-8)}`;
      if (request.action === 'create') {
        requireDestination(await requirePlant(db), request);
        return { ...request, shipment };
      }
      await requireOpen(shipment, request.action === 'close' || request.action === 'cancel');
      return plainly(() => withBoxes({ ...request, shipment }));
    },

    async packByHand({ id, request }: { id: string; request: PreparedPacking }): Promise<PackingResult> {
      return alive(() => plainly(() => perform(id, request)));
    },
  };

  async function requireOpen(shipment: string, orClosed: boolean): Promise<void> {
    const found = await findShipment(db, shipment);
    if (!found)
      throw new UnitrailError(
        'NOT_FOUND',
        `There is no shipment ${shipment}. \`unitrail shipment list\` shows those that are.`,
      );
    if (found.closedAt === null || orClosed) return;
    const [how, when] = [found.cancelled ? 'cancelled' : 'closed', found.closedAt.toISOString()];
    throw new UnitrailError(
      'NOT_ALLOWED',
      `Shipment ${shipment} was ${how} at ${when}: nothing about it changes.`,
    );
  }

  async function withBoxes(request: PreparedPacking): Promise<PreparedPacking> {
    const { shipment, by } = request;
    const wantsNew = request.carton === 'new' || request.pallet === 'new';
    if (wantsNew) await watermark.check();
    let pallet = request.pallet;
    if (pallet === 'new') {
      pallet = await newSscc();
      await openPallet(db, { shipment, by, sscc: pallet, capacity: request.palletSize ?? null });
    }
    let carton = request.carton;
    if (carton === 'new') {
      carton = await newSscc();
      const box = { shipment, by, sscc: carton, capacity: request.cartonSize ?? null };
      await openCarton(db, { ...box, pallet: pallet ?? null });
    }
    return { ...request, ...(pallet !== undefined && { pallet }), ...(carton !== undefined && { carton }) };
  }

  async function perform(id: string, request: PreparedPacking): Promise<PackingResult> {
    const { action, by, shipment, carrier = null, shipOn = null, reason = '' } = request;
    switch (action) {
      case 'create':
        await createShipment(db, {
          ...{ id: shipment, batch: null, by, carrier, shipOn },
          ...{ buyer: request.buyer!, destination: request.destination! },
        });
        return resultOf(request);
      case 'set':
        await changeShipment(db, { id: shipment, carrier, shipOn, by, change: id });
        return resultOf(request);
      case 'pallet':
        return placeCartons(id, request);
      case 'cancel':
        await cancelShipment(db, shipment, by, reason);
        return resultOf(request);
      case 'close':
        await closeShipment(db, shipment, () => Context.current().heartbeat(), { by, id });
        await watermark.keep();
        return { ...resultOf(request), ...(await closingOf(db, shipment, id)) };
      default:
        return { ...resultOf(request), units: await packCodes(id, request) };
    }
  }

  async function placeCartons(id: string, request: PreparedPacking): Promise<PackingResult> {
    const pallet = request.pallet === 'none' ? null : request.pallet!;
    for (const carton of request.cartons!) {
      const place = { shipment: request.shipment, carton, pallet, by: request.by, change: id };
      await placeCarton(db, place);
    }
    return resultOf(request);
  }

  /** One after the other, as they were scanned: the last place of a carton is the first one's. */
  async function packCodes(id: string, request: PreparedPacking): Promise<PackedUnit[]> {
    const units: PackedUnit[] = [];
    for (const code of request.codes!) units.push(await packCode(deps, { id, request, code }));
    return units;
  }
}

function resultOf({ action, shipment, carton, pallet }: PreparedPacking): PackingResult {
  const nothing = { units: [], closed: false, shipped: 0, takenOut: [], takenOutCount: 0 };
  return { action, shipment, carton: carton ?? null, pallet: pallet ?? null, ...nothing };
}

/** What the database finds changed since somebody looked is for that person to see, not to be tried again for ever. */
async function plainly<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof UnitrailError && error.detail.sqlState === 'UT001')
      throw new UnitrailError('NOT_ALLOWED', `Not done: ${error.message}.`, {}, { cause: error });
    throw error;
  }
}

/** As an order for the same is judged. The database knows whether there is such a buyer. */
function requireDestination(
  { buyers }: PlantDocument,
  { buyer, destination }: { readonly buyer?: string; readonly destination?: string },
): void {
  const allowed = otherDestinations(
    buyers.find(({ id }) => id === buyer),
    destination,
  );
  if (allowed === null) return;
  throw new UnitrailError(
    'INPUT_INVALID',
    `destination: ${JSON.stringify(destination)} is not allowed; ${allowed}`,
  );
}
