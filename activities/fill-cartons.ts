import type { Database } from '../adapters/postgres/database';
import { cartonsOf, openCarton, openPallet, palletsOf } from '../adapters/postgres/shipments';
import type { PackingRule } from '../domain/packing';
import type { SsccSource } from './sscc-source';

/**
 * A carton for each of `count` units: those of the shipment that have room first, then new ones. A repeat finds the
 * cartons that were opened before.
 */
export async function cartonsForUnits(
  { db, newSscc }: { db: Database; newSscc: SsccSource },
  shipment: string,
  count: number,
  rule: PackingRule,
): Promise<string[]> {
  const places: string[] = [];
  const fill = (carton: string, room: number): void => {
    for (let left = Math.min(room, count - places.length); left > 0; left -= 1) places.push(carton);
  };
  for (const { carton, capacity, units } of await cartonsOf(db, shipment))
    fill(carton, capacity === null ? count : capacity - units);
  while (places.length < count) {
    const sscc = await newSscc();
    const pallet = rule.palletSize === null ? null : await palletWithRoom(shipment, rule.palletSize);
    await openCarton(db, { shipment, sscc, pallet, capacity: rule.cartonSize, by: null });
    fill(sscc, rule.cartonSize ?? count);
  }
  return places;

  async function palletWithRoom(of: string, size: number): Promise<string> {
    const pallets = await palletsOf(db, of);
    const open = pallets.find(({ capacity, cartons }) => cartons < (capacity ?? size));
    if (open) return open.pallet;
    const sscc = await newSscc();
    await openPallet(db, { shipment: of, sscc, capacity: size, by: null });
    return sscc;
  }
}
