import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAssignActivities } from '../../activities/assign';
import { claimBatchUnits } from '../../activities/claim-units';
import { prepareBatch } from '../../activities/prepare-batch';
import { readPlantFile } from '../../adapters/plant/plant-file';
import { readOrderFile } from '../../adapters/plant/order-file';
import { openBatch } from '../../adapters/postgres/batch-ledger';
import type { Database } from '../../adapters/postgres/database';
import { applyPlant } from '../../adapters/postgres/plant-store';
import { findOneUnit } from '../../adapters/postgres/unit-queries';
import { createContentStore } from '../../adapters/store/content-store';
import type { MacAddress } from '../../domain/brands';
import { parseOrder } from '../../domain/order';
import type { MacPool, PlantDocument } from '../../domain/plant';
import { audit } from '../../tools/audit/audit';
import { createTestDatabase, type TestDatabase } from '../support/database';
import { applySamplePlant, sampleOrder, samplePlant } from '../support/plant';
import { openShopFloor, type ShopFloor } from '../support/shop-floor';
import { testWatermark } from '../support/watermark';

/** The sample plant with pools of its own, its batches opened and its units assigned by the real activities. */
let database: TestDatabase;
let floor: ShopFloor;
let office: Database;
let folder: string;
let plant: PlantDocument;

beforeAll(async () => {
  database = await createTestDatabase();
  floor = openShopFloor(database);
  office = floor.as('office');
  folder = await mkdtemp(join(tmpdir(), 'unitrail-pools-'));
  await applySamplePlant(database, folder);
  plant = (await readPlantFile(samplePlant)).document;
});

afterAll(async () => {
  await floor?.close();
  await database?.drop();
  if (folder) await rm(folder, { recursive: true, force: true });
});

const mac = (text: string) => text as MacAddress;
const block = '70:B3:D5:00:00:00/36';

/** Loads the plant with this pool; the product takes a run of `count` addresses from it. */
async function applyPool(
  pool: Omit<MacPool, 'block'> & { block?: string },
  count: 1 | 2 | 4 | 8,
): Promise<void> {
  const others = plant.macPools.filter(({ name }) => name !== pool.name);
  const products = plant.products.map((product) =>
    product.code === 'EUDV' ? { ...product, macs: { pool: pool.name, count } } : product,
  );
  plant = { ...plant, products, macPools: [...others, { block, ...pool }] };
  await applyPlant(floor.as('desk'), plant);
}

/** Opens a batch and assigns its first units; their addresses. */
async function assignUnits(
  id: string,
  quantity: number,
  assigned = Math.min(2, quantity),
): Promise<string[][]> {
  const order = parseOrder({
    ...(await readOrderFile(sampleOrder)),
    batch: id,
    order: `PO-${id}`,
    quantity,
    orderQuantity: quantity,
  });
  const prepared = await prepareBatch({ db: office, store: createContentStore({ folder }) }, order);
  await openBatch(office, { order, ...prepared!, workflowId: `batch:${id}`, by: '17' });
  const deps = { db: office, watermark: testWatermark(office) };
  const units = await claimBatchUnits(deps, id, { from: 1, to: assigned });
  const { assign } = createAssignActivities({ db: office });
  for (const { unitId } of units) await assign({ unitId } as never);
  return Promise.all(units.map(async ({ serial }) => [...(await findOneUnit(office, serial)).macs]));
}

async function rangeOf(batch: string): Promise<[first: number, end: number]> {
  const answer = await office.raw<{ rows: { first: string; end: string }[] }>(
    `select lower(b.numbers) as first, upper(b.numbers) as end from blocks b join number_spaces s on s.id = b.space_id
     where b.batch_id = ? and s.kind = 'mac'`,
    [batch],
  );
  return [Number(answer.rows[0]!.first), Number(answer.rows[0]!.end)];
}

test('a pool of EUI-64 gives aligned runs of its own range, and each address finds its unit', async () => {
  await applyPool(
    { name: 'radio', block: '70:B3:D5:F0:00:00/28', eui: 64, reserveFirst: 5, reserveLast: 0 },
    4,
  );
  expect(await assignUnits('B64', 2)).toEqual([
    [
      '70:B3:D5:F0:00:00:00:08',
      '70:B3:D5:F0:00:00:00:09',
      '70:B3:D5:F0:00:00:00:0A',
      '70:B3:D5:F0:00:00:00:0B',
    ],
    [
      '70:B3:D5:F0:00:00:00:0C',
      '70:B3:D5:F0:00:00:00:0D',
      '70:B3:D5:F0:00:00:00:0E',
      '70:B3:D5:F0:00:00:00:0F',
    ],
  ]);
  const found = await findOneUnit(floor.as('desk'), '70b3.d5f0.0000.000d');
  expect([found.batch, found.batchIndex]).toEqual(['B64', 2]);
});

test('the batches of a half-used block collide with nothing that was used before', async () => {
  const used = [
    { from: mac('70:B3:D5:00:00:00'), to: mac('70:B3:D5:00:00:0E') },
    { from: mac('70:B3:D5:00:00:20'), to: mac('70:B3:D5:00:00:20') },
    { from: mac('70:B3:D5:00:00:42'), to: mac('70:B3:D5:00:00:4F') },
  ];
  await applyPool({ name: 'main', reserveFirst: 4, reserveLast: 4, used }, 2);
  expect((await assignUnits('B-1', 8))[0]).toEqual(['70:B3:D5:00:00:10', '70:B3:D5:00:00:11']);
  // 32 was used, and of the next run of two 33 alone is free.
  await assignUnits('B-2', 16);
  await assignUnits('B-3', 2);
  expect([await rangeOf('B-1'), await rangeOf('B-2'), await rangeOf('B-3')]).toEqual([
    [16, 32],
    [34, 66],
    [80, 84],
  ]);
});

test('what was granted can not be declared used, and nothing of that plant is in force then', async () => {
  const before = plant;
  const [pool] = plant.macPools.filter(({ name }) => name === 'main');
  const used = [...pool!.used!, { from: mac('70:B3:D5:00:00:12'), to: mac('70:B3:D5:00:00:12') }];
  const versions = await office('plant_versions').max('id as newest').first();
  await expect(applyPool({ ...pool!, used }, 2)).rejects.toMatchObject({
    code: 'PLANT_INVALID',
    message: expect.stringContaining('70:B3:D5:00:00:10 to 70:B3:D5:00:00:1F were granted to batch B-1'),
  });
  // The database says the same to whoever goes round the command.
  const declare = (...ranges: [first: number, end: number][]) =>
    floor
      .as('desk')
      .raw('select declare_used_ranges(?::jsonb)', [JSON.stringify([{ name: 'main', ranges }])]);
  const declared: [number, number][] = [
    [0, 15],
    [32, 33],
    [66, 80],
  ];
  await expect(declare(...declared, [18, 19])).rejects.toMatchObject({
    code: 'UT007',
    message: expect.stringContaining('[18,19) of pool main are not allowed; they were granted to batch B-1'),
  });
  expect(await office('plant_versions').max('id as newest').first()).toEqual(versions);
  plant = before;
  // Nor does it take back what was declared; to say it once more changes nothing.
  await expect(declare()).rejects.toMatchObject({
    code: 'UT007',
    message: expect.stringContaining('stay so'),
  });
  await expect(declare([0, 15], [32, 33])).rejects.toMatchObject({ code: 'UT007' });
  await declare(...declared);
  expect(await office('used_ranges').where({ name: 'main' })).toHaveLength(3);
});

test('what turns out later to have been used before is skipped from then on', async () => {
  const [pool] = plant.macPools.filter(({ name }) => name === 'main');
  const used = [...pool!.used!, { from: mac('70:B3:D5:00:00:56'), to: mac('70:B3:D5:00:0F:D8') }];
  await applyPool({ ...pool!, used }, 2);
  await assignUnits('B-4', 1);
  await assignUnits('B-5', 1);
  expect([await rangeOf('B-4'), await rangeOf('B-5')]).toEqual([
    [84, 86],
    [4_058, 4_060],
  ]);
});

test('a batch that fits into no gap is refused, and grants nothing', async () => {
  await expect(assignUnits('B-6', 17)).rejects.toMatchObject({
    code: 'SCHEME_EXHAUSTED',
    message: 'main has no 34 numbers in a row left, apart from those that were used before',
  });
  expect(await office('batches').where({ id: 'B-6' })).toEqual([]);
  await assignUnits('B-7', 16);
  expect(await rangeOf('B-7')).toEqual([4_060, 4_092]);
});

test('the auditor finds all of it in order', async () => {
  const report = await audit(database.urlOf('auditor'));
  expect(report.violations).toEqual([]);
});
