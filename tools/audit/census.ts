import type { FoldedUnit } from './folded-unit';
import { grouped } from './grouped';
import { MoveTotals } from './ledger';
import type { BoxRow, Plant } from './plant';
import { innerFacts, numberFact, type ReadEvent } from './stored-event';

/** A number that no unit gets. One that is taken has no registry row at its place: the value is somebody else's. */
export interface VoidNumber {
  readonly block: number;
  readonly ordinal: number;
  readonly value: string;
  readonly taken: boolean;
}

export interface CountedUnits {
  readonly batch: string;
  readonly carton: string | null;
  /** Of those that have shipped. */
  readonly shipment: string | null;
  readonly units: number;
}

/** What is counted while the units go by, and compared when all have been seen. A number a batch, never a row a unit. */
export class Census {
  readonly moves = new MoveTotals();
  /** Numbers that batches booked void and that somebody else has, by block: how many. */
  readonly takenOfBlock = new Map<number, number>();
  readonly claimedOfBatch = new Map<string, number>();
  readonly shippedOfShipment = new Map<string, number>();
  /** The number that the closing event of a shipment names. */
  readonly closedWith = new Map<string, number | null>();
  /** The highest fence that an event names, by `station/slot`. */
  readonly fences = new Map<string, number>();
  /** Streams of orders, batches and shipments that begin as they should. */
  readonly opened = new Set<string>();
  /** What an order was for when it was for the most. */
  readonly highestQuantity = new Map<string, number>();
  /** Units that the rows say are in a carton. */
  readonly unitsOfCarton = new Map<string, number>();
  private boxes: Boxes | undefined;
  units = 0;
  private voids: VoidNumber[] = [];

  addUnit(unit: FoldedUnit): void {
    this.units += 1;
    this.moves.add(unit.moves);
    increment(this.claimedOfBatch, unit.row.batch);
    if (unit.row.carton !== null) increment(this.unitsOfCarton, unit.row.carton);
    if (unit.row.state === 'Shipped') increment(this.shippedOfShipment, unit.row.shipment ?? '');
  }

  /** Units whose histories are not here any more, as their rows tell. */
  addCounted({ batch, carton, shipment, units }: CountedUnits): void {
    this.units += units;
    increment(this.claimedOfBatch, batch, units);
    if (carton !== null) increment(this.unitsOfCarton, carton, units);
    if (shipment !== null) increment(this.shippedOfShipment, shipment, units);
  }

  boxesOf(shipment: string, plant: Plant): { cartons: readonly BoxRow[]; pallets: readonly BoxRow[] } {
    this.boxes ??= { cartons: byShipment(plant.cartons), pallets: byShipment(plant.pallets) };
    return {
      cartons: this.boxes.cartons.get(shipment) ?? [],
      pallets: this.boxes.pallets.get(shipment) ?? [],
    };
  }

  addVoid(number: VoidNumber): void {
    this.voids.push(number);
    if (number.taken) increment(this.takenOfBlock, number.block);
    this.moves.add([{ block: number.block, from: 'reserved', to: 'void', quantity: 1 }]);
  }

  /** Those that were added since the last call. */
  takeVoids(): readonly VoidNumber[] {
    const { voids } = this;
    this.voids = [];
    return voids;
  }

  addPlace(event: ReadEvent): void {
    const place = innerFacts(event.facts, 'place');
    const fence = numberFact(place, 'fence');
    if (fence === null) return;
    const slot = `${String(place.station)}/${String(place.slot)}`;
    if (fence > (this.fences.get(slot) ?? 0)) this.fences.set(slot, fence);
  }
}

function increment<Key>(counts: Map<Key, number>, key: Key, by = 1): void {
  counts.set(key, (counts.get(key) ?? 0) + by);
}

interface Boxes {
  readonly cartons: ReadonlyMap<string, readonly BoxRow[]>;
  readonly pallets: ReadonlyMap<string, readonly BoxRow[]>;
}

function byShipment(boxes: ReadonlyMap<string, BoxRow>): Map<string, BoxRow[]> {
  return grouped(boxes.values(), ({ shipment }) => shipment);
}
