import type { Census } from './census';
import type { Findings } from './findings';
import type { FoldedUnit } from './folded-unit';
import type { Plant } from './plant';

/** A10. One shipped unit: into a closed shipment that is what its event says, and allowed to go there. */
export function checkShippedUnit(unit: FoldedUnit, plant: Plant, name: string, findings: Findings): void {
  if (unit.row.state !== 'Shipped') return;
  const facts = unit.newest.get('shipped')?.facts ?? {};
  const shipment = plant.shipments.get(unit.row.shipment ?? '');
  const wrong = (found: string, expected: string): void => findings.violation('A10', name, found, expected);
  if (!shipment?.closed)
    wrong(`shipped in ${unit.row.shipment ?? 'no shipment'}`, 'a shipment that exists and is closed');
  for (const field of ['buyer', 'destination', 'carton'] as const) {
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
