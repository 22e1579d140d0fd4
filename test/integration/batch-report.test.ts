import { openHolds, releaseHolds } from '../../adapters/postgres/holds';
import { readBatchReport, unseenUnits } from '../../adapters/postgres/batch-report';
import { openRefusalScene, type RefusalScene } from '../support/refusals';
import { openTestBatch } from '../support/shop-floor';
import { tamper } from '../support/tamper';
import { walkUnit } from '../support/walk-unit';

let scene: RefusalScene;

beforeAll(async () => {
  scene = await openRefusalScene();
});
afterAll(() => scene?.close());

test('a hold makes no unit faster, and is no sight of it', async () => {
  const batch = await openTestBatch(scene.floor, { quantity: 2 });
  const early = await walkUnit(scene.floor, { upTo: 'qc', batch, index: 1 });
  await tamper(scene.database, async (superuser) => {
    const stream = `unit:${early.unitId}`;
    await superuser.query(`update unit_events set at = at - interval '2 days' where stream = $1`, [stream]);
    await superuser.query(`update units set updated_at = updated_at - interval '2 days' where id = $1`, [
      early.unitId,
    ]);
  });
  const office = scene.floor.as('office');
  await openHolds(office, { hold: 'Q-1', by: '17', note: 'suspect reel' }, [early.unitId]);
  await releaseHolds(office, { hold: 'Q-1', by: '17', note: 'looked at' }, [early.unitId]);
  expect(await readBatchReport(office, batch.id)).toMatchObject({ ready: 1, perHour: null });
  expect(await unseenUnits(office, batch.id, 24, 5)).toMatchObject([{ serial: early.serial, step: 'ship' }]);

  await walkUnit(scene.floor, { upTo: 'Packed', batch, index: 2 });
  expect((await readBatchReport(office, batch.id)).perHour).toBe(60);
  expect(await unseenUnits(office, batch.id, 0, 5)).toMatchObject([{ serial: early.serial }]);
});
