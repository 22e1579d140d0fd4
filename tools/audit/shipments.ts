import type { Census } from './census';
import type { Findings } from './findings';
import type { FoldedUnit } from './folded-unit';
import { canonicalText } from './canonical-check';
import type { Plant } from './plant';
import { innerFacts } from './stored-event';

/** A10. One shipped unit: into a closed shipment that is what its event says, and allowed to go there. */
export function checkShippedUnit(unit: FoldedUnit, plant: Plant, name: string, findings: Findings): void {
  if (unit.row.state !== 'Shipped') return;
  const facts = unit.newest.get('shipped')?.facts ?? {};
  const shipment = plant.shipments.get(unit.row.shipment ?? '');
  const wrong = (found: string, expected: string): void => findings.violation('A10', name, found, expected);
  if (!shipment?.closed)
    wrong(`shipped in ${unit.row.shipment ?? 'no shipment'}`, 'a shipment that exists and is closed');
  if (shipment?.cancelled) wrong(`shipped in ${shipment.id}`, 'a shipment that was not cancelled');
  const carton = String(facts.carton);
  if (plant.cartons.get(carton)?.shipment !== unit.row.shipment)
    wrong(`carton ${carton}`, `a carton of shipment ${unit.row.shipment}`);
  if (carton !== unit.row.carton) wrong(`carton ${carton}`, `${unit.row.carton}, in which it was packed`);
  const madeFor = plant.batches.get(unit.row.batch)?.buyer ?? null;
  if (shipment && madeFor !== null && madeFor !== shipment.buyer)
    wrong(`made for ${madeFor}, shipped to ${shipment.buyer}`, 'the buyer of its batch');
  for (const { found, expected } of labelProblems(unit)) wrong(found, expected);
  for (const field of ['buyer', 'destination'] as const) {
    if (shipment && facts[field] !== shipment[field]) {
      wrong(`${field} ${String(facts[field])}`, `${field} ${shipment[field]}, of shipment ${shipment.id}`);
    }
  }
  if (facts.shipment !== unit.row.shipment)
    wrong(`shipment ${String(facts.shipment)}`, `${unit.row.shipment}, in which it was packed`);
  if (unit.row.simulated && shipment && !shipment.testBuyer)
    wrong(`simulated, shipped to ${shipment.buyer}`, 'a test buyer');
  if (unit.row.trial) wrong('of a trial batch, shipped', 'trial units stay in the house');
  if (unit.holdsAtShipping.length > 0)
    wrong(`shipped on quality hold ${unit.holdsAtShipping.join(', ')}`, 'no open hold');
}

/** Where its label was scanned at packing: QC saw the same one. */
function labelProblems({ newest }: FoldedUnit): { found: string; expected: string }[] {
  const scanned = newest.get('packed')?.facts.label;
  const seen = innerFacts(newest.get('qualityPassed')?.facts ?? {}, 'statement').label;
  if (scanned === undefined || canonicalText(scanned) === canonicalText(seen)) return [];
  return [
    {
      found: `packed with label ${canonicalText(scanned)}`,
      expected: `${canonicalText(seen)}, which QC saw`,
    },
  ];
}

/** A10. No carton and no pallet holds more than it takes, and an SSCC is one thing only. */
export function checkBoxes(plant: Plant, census: Census, findings: Findings): void {
  const onPallet = new Map<string, number>();
  for (const { id, pallet, capacity } of plant.cartons.values()) {
    if (pallet !== null) onPallet.set(pallet, (onPallet.get(pallet) ?? 0) + 1);
    tooMany(`carton ${id}`, census.unitsOfCarton.get(id) ?? 0, capacity, findings);
    if (plant.pallets.has(id))
      findings.violation('A10', `carton ${id}`, 'a pallet of that number', 'an SSCC of its own');
  }
  for (const { id, capacity } of plant.pallets.values())
    tooMany(`pallet ${id}`, onPallet.get(id) ?? 0, capacity, findings);
}

function tooMany(name: string, inside: number, capacity: number | null, findings: Findings): void {
  if (capacity === null || inside <= capacity) return;
  findings.violation('A10', name, `${inside} in it`, `at most ${capacity}`);
}

/** A10. What the closing of a shipment said is what went out with it. */
export function checkShipments(plant: Plant, census: Census, findings: Findings): void {
  for (const shipment of plant.shipments.values()) {
    const shipped = census.shippedOfShipment.get(shipment.id) ?? 0;
    const said = census.closedWith.get(shipment.id);
    if (said === undefined || said === shipped) continue;
    findings.violation(
      'A10',
      `shipment ${shipment.id}`,
      `${shipped} units shipped`,
      `${said}, as its closing says`,
    );
  }
}
