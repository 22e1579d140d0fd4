import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { claimBatchUnits } from '../../activities/claim-units';
import { prepareBatch } from '../../activities/prepare-batch';
import { readOrderFile } from '../../adapters/plant/order-file';
import { readPlantFile } from '../../adapters/plant/plant-file';
import { openBatch } from '../../adapters/postgres/batch-ledger';
import { openDatabase, type Database } from '../../adapters/postgres/database';
import { applyPlant } from '../../adapters/postgres/plant-store';
import { createContentStore } from '../../adapters/store/content-store';
import { parseOrder } from '../../domain/order';
import type { PlantDocument } from '../../domain/plant';
import { audit } from '../../tools/audit/audit';
import { createTestDatabase, type TestDatabase } from '../support/database';
import { openFaultyClient } from '../support/faulty-client';
import { applySamplePlant, sampleOrder, samplePlant } from '../support/plant';
import { openShopFloor, type ShopFloor } from '../support/shop-floor';
import { testWatermark } from '../support/watermark';

/** What may happen around a batch: the clock, the plant file and the connection are not what they were. */
let database: TestDatabase;
let floor: ShopFloor;
let office: Database;
let folder: string;
let plant: PlantDocument;

beforeAll(async () => {
  database = await createTestDatabase();
  floor = openShopFloor(database);
  office = floor.as('office');
  folder = await mkdtemp(join(tmpdir(), 'unitrail-situations-'));
  await applySamplePlant(database, folder);
  plant = (await readPlantFile(samplePlant)).document;
});
afterEach(() => jest.restoreAllMocks());
afterAll(async () => {
  await floor?.close();
  await database?.drop();
  if (folder) await rm(folder, { recursive: true, force: true });
});

const setClock = (date: string): void => void jest.spyOn(Date, 'now').mockReturnValue(Date.parse(date));

async function applyChanged(changes: Partial<PlantDocument>): Promise<void> {
  plant = { ...plant, ...changes };
  await applyPlant(floor.as('desk'), plant);
}

/** Orders and opens a batch by the plant in force, at the time that the clock shows. */
async function openOrdered(id: string, quantity: number): Promise<void> {
  const order = parseOrder({
    ...(await readOrderFile(sampleOrder)),
    ...{ batch: id, order: `PO-${id}`, quantity, orderQuantity: quantity },
  });
  const prepared = await prepareBatch({ db: office, store: createContentStore({ folder }) }, order);
  await openBatch(office, { order, ...prepared!, workflowId: `batch:${id}`, by: '17' });
}

async function claimed(batch: string, from: number, to: number, db = office): Promise<string[]> {
  const units = await claimBatchUnits({ db, watermark: testWatermark(office) }, batch, { from, to });
  return units.map(({ serial }) => serial);
}

async function opened(date: string, id: string): Promise<string[]> {
  setClock(date);
  await openOrdered(id, 2);
  return claimed(id, 1, 2);
}

test('a clock that jumps back over a year’s end goes on with the counter of the old week, and repeats nothing', async () => {
  expect(await opened('2027-01-05T08:00:00Z', 'B-new-year')).toEqual(['EUDV2701-000001', 'EUDV2701-000002']);
  expect(await opened('2026-12-29T08:00:00Z', 'B-jumped')).toEqual(['EUDV2653-000001', 'EUDV2653-000002']);
  expect(await opened('2026-12-30T08:00:00Z', 'B-still')).toEqual(['EUDV2653-000003', 'EUDV2653-000004']);
  expect(await opened('2027-01-05T08:05:00Z', 'B-mended')).toEqual(['EUDV2701-000003', 'EUDV2701-000004']);
});

test('a batch ends with the version of its scheme that it began with, and the next one takes the new version', async () => {
  setClock('2027-02-02T08:00:00Z');
  await openOrdered('B-old-version', 4);
  expect(await claimed('B-old-version', 1, 2)).toEqual(['EUDV2705-000001', 'EUDV2705-000002']);
  const [old] = plant.schemes.filter(({ name }) => name === 'EUDV');
  const next = { ...old!, version: 2, pattern: 'EUDV{yy}{ww}-{seq:7}' };
  await applyChanged({ schemes: [...plant.schemes, next] });
  expect(await claimed('B-old-version', 3, 4)).toEqual(['EUDV2705-000003', 'EUDV2705-000004']);
  await openOrdered('B-new-version', 1);
  expect(await claimed('B-new-version', 1, 1)).toEqual(['EUDV2705-0000005']);
});

test('a version with fewer digits than numbers were issued opens no batch that it could never claim for', async () => {
  setClock('2027-02-09T08:00:00Z');
  await openOrdered('B-wide', 12);
  const [widest] = plant.schemes.filter(({ name, version }) => name === 'EUDV' && version === 2);
  const narrow = { ...widest!, version: 3, pattern: 'EUDV{yy}{ww}.{seq:1}' };
  const before = plant;
  await applyChanged({ schemes: [...plant.schemes, narrow] });
  await expect(openOrdered('B-narrow', 1)).rejects.toMatchObject({
    code: 'SCHEME_EXHAUSTED',
    message: expect.stringContaining(
      'quantity: 1 is not allowed; at most 0: scheme EUDV/3 has no more numbers here',
    ),
  });
  expect(await office('batches').where({ id: 'B-narrow' })).toEqual([]);
  const wide = { ...widest!, version: 4, pattern: 'EUDV{yy}{ww}X-{seq:7}' };
  await applyChanged({ schemes: [...before.schemes, narrow, wide] });
});

test('a product that is renamed keeps its counter, and a batch that is open keeps the name that it began with', async () => {
  setClock('2027-03-02T08:00:00Z');
  await openOrdered('B-old-name', 2);
  const products = plant.products.map((product) =>
    product.code === 'EUDV' ? { ...product, name: `${product.name} II` } : product,
  );
  await applyChanged({ products });
  await openOrdered('B-new-name', 1);
  const [before, after] = [await claimed('B-old-name', 1, 2), await claimed('B-new-name', 1, 1)];
  expect([...before, ...after].map((serial) => Number(serial.slice(-7)))).toEqual([1, 2, 3]);
  expect([await nameIn('B-old-name'), await nameIn('B-new-name')]).toEqual([
    'Environmental sensor with radio',
    'Environmental sensor with radio II',
  ]);
});

/** What the product is called in the recipe to which the batch's units are pinned. */
async function nameIn(batch: string): Promise<string> {
  const row = await office('batches')
    .join('recipes', 'recipes.sha256', 'batches.recipe_sha256')
    .where({ 'batches.id': batch })
    .first('recipes.body');
  return (JSON.parse(row.body as string) as { product: { name: string } }).product.name;
}

test('a claim whose answer was lost after its commit is found as it was when it is asked again', async () => {
  await openOrdered('B-lost', 3);
  const superuser = openDatabase(database.superuserUrl, { applicationName: 'test-killer' });
  const client = await openFaultyClient(database, superuser, 'client-lost');
  try {
    // Blocks, claimed indexes, used places, taken values: the fifth statement claims.
    client.failAt({ statement: 5, fault: 'answer lost after its commit' });
    await expect(claimed('B-lost', 1, 3, client.db)).rejects.toMatchObject({ code: 'DATABASE_UNAVAILABLE' });
    const kept = await office('units').where({ batch_id: 'B-lost' }).orderBy('batch_index').pluck('serial');
    expect(kept).toHaveLength(3);
    expect(await claimed('B-lost', 1, 3, client.db)).toEqual(kept);
  } finally {
    await client.close();
    await superuser.destroy();
  }
});

test('the auditor finds every promise kept', async () => {
  expect((await audit(database.urlOf('auditor'))).violations).toEqual([]);
});
