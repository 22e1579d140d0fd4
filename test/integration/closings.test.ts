import { setTimeout as sleep } from 'node:timers/promises';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import type { Client } from '@temporalio/client';
import { createPackingActivities } from '../../activities/pack-by-hand';
import { openDatabase, type Database } from '../../adapters/postgres/database';
import { appendEvent } from '../../adapters/postgres/ledger';
import { closeShipment, createShipment, openCarton } from '../../adapters/postgres/shipments';
import { openHolds } from '../../adapters/postgres/holds';
import { buildLabelContent } from '../../domain/label-content';
import type { PackedUnit, PackingResult, PreparedPacking } from '../../domain/packing-desk';
import { audit } from '../../tools/audit/audit';
import { openRefusalScene, untilBlocked, type RefusalScene } from '../support/refusals';
import { openTestBatch, type TestBatch } from '../support/shop-floor';
import { sampleRecipe } from '../support/unit-facts';
import { standing, walkUnit, type WalkedUnit } from '../support/walk-unit';

/** Closings and moves by hand, where something comes in between: another closing, a crash, an order that was lowered. */
let scene: RefusalScene;
let office: Database;
/** How many signals fail before one arrives. */
let deaf = 0;
const told: string[] = [];

beforeAll(async () => {
  scene = await openRefusalScene();
  office = scene.floor.as('office');
});
afterAll(() => scene?.close());

const client = {
  workflow: {
    getHandle: (id: string) => ({
      signal: () => {
        if ((deaf -= 1) >= 0) return Promise.reject(new Error('gone'));
        told.push(id);
        return Promise.resolve();
      },
    }),
  },
} as unknown as Client;
const watermark = { check: () => Promise.resolve(), keep: () => Promise.resolve() };

let runs = 0;
/** As the workflow does it; the same id is a repeat. */
function packByHand(request: Partial<PreparedPacking>, id = `run-${(runs += 1)}`): Promise<PackingResult> {
  const { packByHand: work } = createPackingActivities({ db: office, client, watermark } as never);
  return new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') }).run(work, {
    id,
    request: { by: '17', reason: 'x', ...request } as PreparedPacking,
  });
}

let boxes = 0;
async function openBox(shipment: string): Promise<string> {
  const place = { buyer: 'acme', destination: 'DE', carrier: null, shipOn: null, by: '17' };
  const known = await office('shipments').where({ id: shipment }).first('id');
  if (!known) await createShipment(office, { id: shipment, batch: null, ...place });
  const sscc = `9506000${String((boxes += 1)).padStart(11, '0')}`;
  await openCarton(office, { sscc, shipment, capacity: null, by: '17', pallet: null });
  return sscc;
}

async function packInto(shipment: string, units: readonly WalkedUnit[]): Promise<string> {
  const carton = await openBox(shipment);
  const body = { by: '17', carton, shipment };
  for (const { unitId } of units) await appendEvent(office, unitId, 'packed', `packing/${shipment}/in`, body);
  return carton;
}

const lower = (batch: TestBatch, quantity: number) =>
  scene.floor
    .as('desk')
    .raw('select set_order_quantity(?, ?, ?, ?, ?)', [`PO-${batch.id}`, quantity, '17', 'fewer', 'l']);

test('two closings with units of the same two lowered orders wait for each other in one order, and both end', async () => {
  const [first, second] = [
    await openTestBatch(scene.floor, { quantity: 20 }),
    await openTestBatch(scene.floor, { quantity: 20 }),
  ];
  const next = (batch: TestBatch, index: number) => walkUnit(scene.floor, { batch, index, upTo: 'qc' });
  const [one, two] = [await next(first, 1), await next(second, 1)].sort((a, b) =>
    a.unitId < b.unitId ? -1 : 1,
  ) as [WalkedUnit, WalkedUnit];
  // In the one shipment a unit of one order comes first, in the other one a unit of the other.
  let [late, early] = [await next(one.batch, 2), await next(two.batch, 2)];
  for (let index = 3; early.unitId > late.unitId; index += 1)
    [late, early] = [await next(one.batch, index), await next(two.batch, index)];
  await packInto('SH-1', [one, two]);
  await packInto('SH-2', [late, early]);
  await Promise.all([first, second].map((batch) => lower(batch, 1)));
  const owner = openDatabase(scene.database.ownerUrl, { applicationName: 'test-owner', maxConnections: 2 });
  const orders = [first, second].map(({ id }) => `PO-${id}`).sort();
  const claims = await Promise.all(
    orders.map(async (id) => {
      const trx = await owner.transaction();
      await trx('orders').where({ id }).forNoKeyUpdate();
      return trx;
    }),
  );
  const closings = ['SH-1', 'SH-2'].map((id) => closeShipment(office, id, () => undefined));
  await untilBlocked(scene.database, 2);
  // One that had waited for the second order would have it now, and go on to want the first one.
  await claims[1]!.commit();
  await sleep(300);
  await untilBlocked(scene.database, 2);
  await claims[0]!.commit();
  await owner.destroy();
  const ended = (await Promise.all(closings)).flat();
  // One of each order has left, whoever came first.
  expect(ended.filter(({ obstacle }) => obstacle === null)).toHaveLength(2);
  expect(ended.filter(({ obstacle }) => /is for 1 units/.test(obstacle ?? ''))).toHaveLength(2);
});

test('a closing that finds nothing does not tell again what an earlier one had taken out', async () => {
  const batch = await openTestBatch(scene.floor, { quantity: 1 });
  const unit = await walkUnit(scene.floor, { batch, index: 1, upTo: 'qc' });
  await packInto('SH-3', [unit]);
  await openHolds(office, { hold: 'Q-1', by: '17', note: 'look' }, [unit.unitId]);
  const close = (id: string) => packByHand({ action: 'close', shipment: 'SH-3' }, id);
  const out = {
    closed: false,
    shipped: 0,
    takenOutCount: 1,
    takenOut: [{ serial: unit.serial, reason: 'on quality hold' }],
  };
  expect(await close('c-1')).toMatchObject(out);
  // A repeat of the same command, after a crash.
  expect(await close('c-1')).toMatchObject(out);
  expect(await close('c-2')).toMatchObject({ closed: false, takenOut: [], takenOutCount: 0 });
});

test('a wrong label holds the unit, and a crash before its workflow was told changes no word of that', async () => {
  const batch = await openTestBatch(scene.floor, { quantity: 1 });
  const unit = await walkUnit(scene.floor, { batch, index: 1, upTo: 'qc' });
  const carton = await openBox('SH-4');
  const { gtin } = sampleRecipe.product;
  const code = buildLabelContent({ gtin, serial: unit.serial, print: 7 });
  const scan = (id: string) => packByHand({ action: 'add', shipment: 'SH-4', carton, codes: [code] }, id);
  deaf = 1;
  await expect(scan('s-1')).rejects.toMatchObject({ code: 'TEMPORAL_UNAVAILABLE' });
  expect((await standing(scene.floor, unit)).state).toBe('AwaitingEngineer');
  const expected: Partial<PackedUnit> = {
    outcome: 'held',
    why: expect.stringMatching(/^LABEL_MISMATCH: .* print 7/) as never,
  };
  expect((await scan('s-1')).units).toMatchObject([expected]);
  expect(told).toEqual([`unit:${unit.serial}`]);
  // Another scan of it finds a unit that is held.
  expect((await scan('s-2')).units).toMatchObject([
    { outcome: 'refused', why: expect.stringContaining('AwaitingEngineer') },
  ]);
  expect(await office('unit_events').where({ stream: `unit:${unit.unitId}`, type: 'held' })).toHaveLength(1);
});

test('a packed unit that is one too many is not moved, and the order remembers it', async () => {
  const batch = await openTestBatch(scene.floor, { quantity: 2 });
  const walk = (index: number) => walkUnit(scene.floor, { batch, index, upTo: 'qc' });
  const [first, second] = [await walk(1), await walk(2)];
  await packInto('SH-5', [first, second]);
  const carton = await openBox('SH-5');
  await lower(batch, 1);
  const moved = await packByHand({ action: 'move', shipment: 'SH-5', carton, codes: [second.serial] });
  expect(moved.units).toMatchObject([{ outcome: 'refused', why: expect.stringContaining('is for 1 units') }]);
  expect((await standing(scene.floor, second)).state).toBe('Packed');
  const bodies = await office('unit_events')
    .where({ stream: `order:PO-${batch.id}`, type: 'overproductionRefused' })
    .pluck('body');
  expect(bodies.map((body) => JSON.parse(body as string) as unknown)).toMatchObject([
    { what: 'packed', serial: second.serial },
  ]);
});

test('the auditor finds every promise kept', async () => {
  expect((await audit(scene.database.urlOf('auditor'))).violations).toEqual([]);
});
