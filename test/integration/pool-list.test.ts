import { applyPlant } from '../../adapters/postgres/plant-store';
import { readPlantFile } from '../../adapters/plant/plant-file';
import { register } from '../../cli/pool-list';
import { createTestDatabase, type TestDatabase } from '../support/database';
import { samplePlant } from '../support/plant';
import { openShopFloor, openTestBatch, type ShopFloor } from '../support/shop-floor';
import { tamper } from '../support/tamper';
import { typeCommand } from '../support/type-command';

/** The sample's pool and the small plant's scheme, with two batches in them. */
let database: TestDatabase;
let floor: ShopFloor;

const type = (line: string) => typeCommand(database, [register], line);

beforeAll(async () => {
  database = await createTestDatabase();
  floor = openShopFloor(database);
});
afterAll(async () => {
  await floor?.close();
  await database?.drop();
});

test('before a plant was applied it says what to do', async () => {
  expect(await type('pool list')).toMatchObject({ code: 2, err: expect.stringContaining('unitrail apply') });
});

test('a pool and a scheme are told with what is granted, free and forecast', async () => {
  await applyPlant(floor.as('desk'), (await readPlantFile(samplePlant)).document);
  expect((await type('pool list')).text).toMatch(/^mac +main +- +0 +4088 +not enough history +0 +- /m);
  await openTestBatch(floor, { quantity: 500 });
  await openTestBatch(floor, { quantity: 40 });
  const { code, text, err } = await type('pool list --json');
  expect([code, err]).toEqual([0, '']);
  const rows = text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as object);
  expect(rows).toMatchObject([
    {
      ...{ kind: 'mac', name: 'main', scope: null, block: '70:B3:D5:00:00:00/36', eui: 48, size: 4_096 },
      ...{ granted: 1_080, byRun: { 2: 1_080 }, forecast: 'not enough history', runsOutOn: null },
      needsMore: false,
    },
    { kind: 'serial', name: 'eudv', scope: '2026W47', granted: 540, free: 999_459, byRun: { 1: 540 } },
  ]);
});

test('the forecast is that of the last ninety days, and a pool that is nearly full asks for more', async () => {
  await openTestBatch(floor, { quantity: 1_400 });
  await tamper(database, async (superuser) => {
    await superuser.query(`update blocks set granted_at = now() - interval '200 days' where id <= 2`);
    await superuser.query(`update blocks set granted_at = now() - interval '80 days' where id > 2`);
  });
  const { text, err } = await type('pool list --json');
  const [pool] = text
    .split('\n')
    .map((line) => (line === '' ? {} : (JSON.parse(line) as Record<string, unknown>)));
  expect(pool).toMatchObject({ granted: 3_880, grantedADay: 32, needsMore: true });
  expect(pool!.forecast).toMatch(/^20\d\d-\d\d-\d\d, at 32 a day$/);
  expect(err).toMatch(/^MAC pool main is 94\.\d % used, \d+ are left: ask the IEEE for a further block now/);
});
