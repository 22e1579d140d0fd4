import { compare, type Business } from './business';
import type { Census } from './census';
import type { BoxRow } from './plant';
import { compareSets } from './projection';
import { numberFact, textFact, type Facts, type ReadEvent } from './stored-event';

/** A5. A shipment's row, its cartons and its pallets are what its events say. */
export function checkShipmentStream(business: Business, census: Census): void {
  const { id, opened, events, plant, name, findings } = business;
  const closing = events.find((event) => event.type === 'shipmentClosed');
  if (closing) census.closedWith.set(id, numberFact(closing.facts, 'units'));
  const cancelled = events.some((event) => event.type === 'shipmentCancelled');
  const { batch, buyer, carton, destination } = opened;
  const { carrier, shipOn } = events.findLast((event) => event.type === 'shipmentChanged')?.facts ?? opened;
  const expected = { ...{ batch, buyer, carton, destination, carrier, shipOn, cancelled } };
  compare(
    business,
    { ...plant.shipments.get(id) },
    { ...expected, closed: cancelled || closing !== undefined },
  );
  const { cartons, pallets } = census.boxesOf(id, plant);
  compareSets(
    'cartons',
    cartons.map(boxText),
    [...cartonsTold(opened, events).entries()].map(toldText),
    name,
    findings,
  );
  compareSets(
    'pallets',
    pallets.map(boxText),
    [...palletsTold(events).entries()].map(toldText),
    name,
    findings,
  );
}

interface Told {
  readonly pallet: string | null;
  readonly capacity: number | null;
}

function cartonsTold(opened: Facts, events: readonly ReadEvent[]): Map<string, Told> {
  const first = textFact(opened, 'carton');
  const told = new Map<string, Told>(first === null ? [] : [[first, { pallet: null, capacity: null }]]);
  for (const { type, facts } of events) {
    const sscc = textFact(facts, 'carton') ?? '';
    const pallet = textFact(facts, 'pallet');
    if (type === 'cartonOpened') told.set(sscc, { pallet, capacity: numberFact(facts, 'capacity') });
    if (type === 'cartonPlaced') told.set(sscc, { pallet, capacity: told.get(sscc)?.capacity ?? null });
  }
  return told;
}

function palletsTold(events: readonly ReadEvent[]): Map<string, Told> {
  const opened = events.filter(({ type }) => type === 'palletOpened');
  return new Map(
    opened.map(({ facts }) => [
      textFact(facts, 'pallet') ?? '',
      { pallet: null, capacity: numberFact(facts, 'capacity') },
    ]),
  );
}

const boxText = ({ id, pallet, capacity }: BoxRow): string =>
  `${id} on ${pallet ?? 'no pallet'}, for ${capacity ?? 'any number'}`;

const toldText = ([id, { pallet, capacity }]: [string, Told]): string =>
  boxText({ id, shipment: '', pallet, capacity });
