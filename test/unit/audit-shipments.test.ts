import { Census } from '../../tools/audit/census';
import { Findings } from '../../tools/audit/findings';
import { newUnit, type FoldedUnit } from '../../tools/audit/folded-unit';
import type { BoxRow, Plant, ShipmentRow } from '../../tools/audit/plant';
import { checkBoxes, checkShippedUnit } from '../../tools/audit/shipments';

const box = (id: string, changes: Partial<BoxRow> = {}): BoxRow => ({
  ...{ id, shipment: 'SH-1', pallet: null, capacity: null },
  ...changes,
});

const shipment: ShipmentRow = {
  ...{ id: 'SH-1', batch: null, buyer: 'acme', destination: 'DE', carton: null, carrier: null, shipOn: null },
  ...{ closed: true, cancelled: false, testBuyer: true },
};

function plantOf(changes: { cartons?: BoxRow[]; pallets?: BoxRow[]; buyer?: string }): Plant {
  const { cartons = [box('C1')], pallets = [], buyer = 'acme' } = changes;
  const byId = <Row extends { id: string }>(rows: readonly Row[]) =>
    new Map(rows.map((row) => [row.id, row]));
  return {
    shipments: byId([shipment]),
    cartons: byId(cartons),
    pallets: byId(pallets),
    batches: new Map([['B1', { id: 'B1', buyer }]]),
  } as unknown as Plant;
}

/** A unit that shipped in carton C1 of SH-1, with the label that QC saw. */
function shippedUnit(packed: object = {}): FoldedUnit {
  const unit = newUnit('u1');
  Object.assign(unit.row, { state: 'Shipped', shipment: 'SH-1', carton: 'C1', batch: 'B1' });
  const facts = { shipment: 'SH-1', carton: 'C1', buyer: 'acme', destination: 'DE' };
  const event = (body: object) => ({ facts: body }) as never;
  unit.newest.set('shipped', event(facts));
  unit.newest.set('packed', event(packed));
  unit.newest.set('qualityPassed', event({ statement: { label: { serial: 'S1', print: 1 } } }));
  return unit;
}

function found(check: (findings: Findings) => void): string[] {
  const findings = new Findings();
  check(findings);
  return findings.report({}).violations.map((violation) => `${violation.subject}: ${violation.found}`);
}

const boxesOf = (plant: Plant, inC1 = 0): string[] => {
  const census = new Census();
  census.unitsOfCarton.set('C1', inC1);
  return found((findings) => checkBoxes(plant, census, findings));
};

const unitOf = (unit: FoldedUnit, plant: Plant): string[] =>
  found((findings) => checkShippedUnit(unit, plant, 'unit S1', findings));

test('what is as it should be is no finding', () => {
  expect(unitOf(shippedUnit({ label: { print: 1, serial: 'S1' } }), plantOf({}))).toEqual([]);
  expect(unitOf(shippedUnit(), plantOf({}))).toEqual([]);
  expect(boxesOf(plantOf({ cartons: [box('C1', { capacity: 2 })] }), 2)).toEqual([]);
});

test('a carton or a pallet that holds more than it takes is named, and an SSCC that is two things', () => {
  expect(boxesOf(plantOf({ cartons: [box('C1', { capacity: 2 })] }), 3)).toEqual(['carton C1: 3 in it']);
  const cartons = [box('C1', { pallet: 'P1' }), box('C2', { pallet: 'P1' })];
  expect(boxesOf(plantOf({ cartons, pallets: [box('P1', { capacity: 1 })] }))).toEqual([
    'pallet P1: 2 in it',
  ]);
  expect(boxesOf(plantOf({ pallets: [box('C1')] }))).toEqual(['carton C1: a pallet of that number']);
});

test('a unit in a carton of another shipment, for another buyer or under another label is named', () => {
  expect(unitOf(shippedUnit(), plantOf({ cartons: [box('C1', { shipment: 'SH-2' })] }))).toEqual([
    'unit S1: carton C1',
  ]);
  expect(unitOf(shippedUnit(), plantOf({ buyer: 'borealis' }))).toEqual([
    'unit S1: made for borealis, shipped to acme',
  ]);
  expect(unitOf(shippedUnit({ label: { serial: 'S1', print: 2 } }), plantOf({}))).toEqual([
    'unit S1: packed with label {"print":2,"serial":"S1"}',
  ]);
});
