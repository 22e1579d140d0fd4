import { packingRule, shipsItself } from '../../domain/packing';
import { parsePackingRequest } from '../../domain/packing-request';
import type { Order } from '../../domain/order-document';
import { newOrder } from '../support/line';

const add = { action: 'add', by: 17, shipment: 'SH-1', carton: 'new', codes: ['EUDV2648-000001'] };

test('a request is taken as a form gives it: the operator may be a number, a code may hold separators', () => {
  const scanned = '010950600013435221EUDV2648-000001\u001d911';
  expect(parsePackingRequest({ ...add, codes: [scanned] })).toEqual({ ...add, by: '17', codes: [scanned] });
});

test.each<[string, object, string]>([
  ['with another word for a carton', { ...add, carton: 'old' }, 'carton: "old"'],
  ['with a carton whose check digit is wrong', { ...add, carton: '095060000000000019' }, 'carton: "0950'],
  [
    'with the size of a carton that is there',
    { ...add, carton: '095060000000000015', cartonSize: 4 },
    'cartonSize: 4',
  ],
  ['without codes', { ...add, codes: undefined }, 'codes: (missing)'],
  ['with the same code twice', { ...add, codes: ['A', 'A'] }, 'codes'],
  ['with a code of control characters', { ...add, codes: ['A\u0007'] }, 'codes'],
  ['with what another action takes', { ...add, buyer: 'acme' }, 'with add only shipment, carton, codes'],
  ['without a reason', { action: 'remove', by: '17', shipment: 'SH-1', codes: ['A'] }, 'reason: (missing)'],
  ['that sets nothing', { action: 'set', by: '17', shipment: 'SH-1' }, 'carrier or shipOn'],
  [
    'for a country that there is not',
    { action: 'create', by: '17', buyer: 'acme', destination: 'XX' },
    'destination: "XX"',
  ],
  [
    'on a day that there is not',
    { action: 'set', by: '17', shipment: 'SH-1', shipOn: '2026-02-30' },
    'shipOn',
  ],
  ['by nobody', { ...add, by: undefined }, 'by: (missing)'],
])('a request %s is refused with field, value and what is allowed', (_what, request, told) => {
  expect(() => parsePackingRequest(request)).toThrow(told);
});

test('the order says how it is packed, and what it does not say the product does', () => {
  const product = { cartonSize: 10, palletSize: 4 } as Parameters<typeof packingRule>[1];
  expect(packingRule({ cartonSize: 2 }, product)).toEqual({ cartonSize: 2, palletSize: 4 });
  expect(packingRule({})).toEqual({ cartonSize: null, palletSize: null });
});

test('a batch ships by itself where it is known to whom, and nobody wants it by hand', () => {
  expect(shipsItself(newOrder())).toBe(true);
  expect(shipsItself(newOrder({ ship: 'byItself' }))).toBe(true);
  expect(shipsItself(newOrder({ ship: 'byHand' }))).toBe(false);
  expect(shipsItself(newOrder({ trial: true }))).toBe(false);
  const unknown = Object.entries(newOrder()).filter(([name]) => name !== 'destination');
  expect(shipsItself(Object.fromEntries(unknown) as unknown as Order)).toBe(false);
});
