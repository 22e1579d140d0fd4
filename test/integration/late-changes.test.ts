import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { createShipActivities } from '../../activities/ship';
import { openDatabase } from '../../adapters/postgres/database';
import { openHolds, releaseHolds } from '../../adapters/postgres/holds';
import { openShipment } from '../../adapters/postgres/shipments';
import { unitsWaitedFor } from '../../adapters/postgres/unit-standings';
import { pino } from 'pino';
import { StationReturn } from '../../workers/station-return';
import { tamper } from '../support/tamper';
import { testWatermark } from '../support/watermark';
import { newOrder, startTestLine, type TestLine } from '../support/line';

let line: TestLine;

beforeAll(async () => {
  line = await startTestLine();
});

afterAll(() => line?.stop());

const missesLimit = { do: 'measure', fault: 'outOfLimits', name: 'vcc_3v3' } as const;

test('a shipment whose only unit was reworked between its packing and the closing stays open, and takes all of them later', async () => {
  const { batch } = newOrder();
  await line.faults({ ...missesLimit, batch, index: 2 });
  await line.startBatch({ batch, quantity: 2 });
  const held = await line.held(batch, 2);
  await line.waitFor(batch, ([first]) => first?.state === 'ReadyToShip');
  // The shipment's workflow waits for the held unit. Meanwhile its own steps are done by hand, a rework between them.
  const db = openDatabase(line.database.urlOf('office'), { applicationName: 'test-office' });
  const ship = createShipActivities({ db, client: line.client, watermark: testWatermark(db) });
  const asActivity = new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') });
  expect(await asActivity.run(ship.pack, { batch })).toEqual({ shipment: `SH-${batch}`, packed: 1 });
  const [packed] = await line.units(batch);
  await line.send(packed!, 'rework', { by: '17', reason: 'scratched housing', step: 'label' });
  expect(await asActivity.run(ship.closeShipment, { shipment: `SH-${batch}` })).toEqual({ shipped: 0 });
  await db.destroy();
  await line.send(held, 'retryStep', { by: '17' });
  const units = await line.shipped(batch);
  expect(units.map(({ state }) => state)).toEqual(['Shipped', 'Shipped']);
  expect(await line.shipmentRun(batch).result()).toEqual([{ shipment: `SH-${batch}`, shipped: 2 }]);
});

test('a shipment whose units were all put on hold before they were packed waits for them, and is not closed empty', async () => {
  const { batch } = newOrder();
  await line.faults({ ...missesLimit, batch, index: 2 });
  await line.startBatch({ batch, quantity: 2 });
  const held = await line.held(batch, 2);
  const [first] = await line.waitFor(batch, ([one]) => one?.state === 'ReadyToShip');
  const db = openDatabase(line.database.urlOf('office'), { applicationName: 'test-office' });
  const whom = { buyer: 'acme', destination: 'DE', carton: `carton of ${batch}` };
  await openShipment(db, { id: `SH-${batch}`, batch, ...whom });
  await openHolds(db, { hold: 'Q-1', by: '17', note: 'suspect reel' }, [first!.unitId]);
  expect(await unitsWaitedFor(db, batch)).toEqual({ inProgress: 0, held: 1, onHold: 1 });
  const ship = createShipActivities({ db, client: line.client, watermark: testWatermark(db) });
  const packing = new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') });
  await expect(packing.run(ship.pack, { batch })).rejects.toMatchObject({ code: 'UNITS_UNDER_WAY' });
  await releaseHolds(db, { hold: 'Q-1', by: '17', note: 'looked at' }, [first!.unitId]);
  await db.destroy();
  await line.send(held, 'retryStep', { by: '17' });
  await line.shipped(batch);
  expect(await line.shipmentRun(batch).result()).toEqual([{ shipment: `SH-${batch}`, shipped: 2 }]);
});

test('a batch of which nothing is left opens no shipment', async () => {
  const { batch } = newOrder();
  await line.faults({ ...missesLimit, batch, index: 1 });
  await line.startBatch({ batch, quantity: 1 });
  const held = await line.held(batch);
  const db = openDatabase(line.database.urlOf('office'), { applicationName: 'test-office' });
  const ship = createShipActivities({ db, client: line.client, watermark: testWatermark(db) });
  const early = new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') }).run(ship.pack, {
    batch,
  });
  await expect(early).rejects.toMatchObject({ code: 'UNITS_UNDER_WAY' });
  await db.destroy();
  await line.send(held, 'scrap', { by: '17', reason: 'burnt' });
  await line.batchRun(batch).result();
  expect(await line.shipmentRun(batch).result()).toEqual([]);
  expect(await line.db('shipments').where({ batch_id: batch })).toEqual([]);
});

test('a station that comes back takes up its units without a new start of its worker', async () => {
  const { batch } = newOrder();
  await line.faults({ do: 'present', fault: 'refuse', batch, index: 1, times: 3 });
  await line.startBatch({ batch, quantity: 1 });
  const held = await line.held(batch);
  const db = openDatabase(line.database.urlOf('line-1'), { applicationName: 'test-station' });
  const station = { id: 'line-1', steps: ['flash'], slots: 1, virtual: true } as const;
  const devices = { driver: 'virtual-bench', address: line.bench.address } as const;
  const back = new StationReturn(
    { db, client: line.client, station: { ...station, devices }, log: pino({ level: 'silent' }) },
    100,
  );
  back.start();
  expect((await line.units(batch))[0]!.state).toBe('AwaitingEngineer');
  await tamper(line.database, (superuser) =>
    superuser.query(`update units set failure_code = 'STATION_OFFLINE' where id = $1`, [held.unitId]),
  );
  const [unit] = await line.shipped(batch);
  await back.stop();
  await db.destroy();
  expect(unit!.state).toBe('Shipped');
  expect(await line.facts(held, 'retried')).toMatchObject([{ by: 'line-1', note: 'the station is back' }]);
});

test('the auditor finds every promise kept', () => line.audit());
