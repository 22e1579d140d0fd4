import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { recordReturn } from '../../adapters/postgres/amendments';
import { applyPlant, requirePlant } from '../../adapters/postgres/plant-store';
import { approveRetention, eraseNames, retentionInForce } from '../../adapters/postgres/retention';
import { createTestDatabase, withSuperuser, type TestDatabase } from '../support/database';
import { shipBatch } from '../support/exports';
import { applySamplePlant } from '../support/plant';
import { applyPolicy, bookMade, handOut, openRun, planned } from '../support/retention';
import { applySmallPlant, openShopFloor, type ShopFloor } from '../support/shop-floor';
import { decide, walkUnit } from '../support/walk-unit';

/** Where the name of a person stands: in one table, and after its time nowhere. */
const FIRST = 'Grace Hopper';
const MARRIED = 'Grace Murray Hopper';

let database: TestDatabase;
let floor: ShopFloor;
let home: string;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'unitrail-names-'));
  database = await createTestDatabase();
  floor = openShopFloor(database);
});
afterAll(async () => {
  await floor?.close();
  await database?.drop();
  await rm(home, { recursive: true, force: true });
});

/** Every table that has the text in any column, whatever its type. */
async function tablesWith(text: string): Promise<string[]> {
  const found: string[] = [];
  await withSuperuser(async (client) => {
    const { rows } = await client.query<{ name: string }>(
      `select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname = 'public' order by 1`,
    );
    for (const { name } of rows) {
      const sql = `select from ${name} t where t::text like $1 limit 1`;
      if ((await client.query(sql, [`%${text}%`])).rowCount) found.push(name);
    }
  }, database.superuserUrl);
  return found;
}

async function filesWith(text: string): Promise<string[]> {
  const entries = await readdir(home, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const contents = await Promise.all(paths.map((path) => readFile(path)));
  expect(paths).not.toEqual([]);
  return paths.filter((_, at) => contents[at]!.includes(text));
}

test('a name stands in one table, whatever its person did and however it was changed, and is erased there', async () => {
  const [office, desk] = [floor.as('office'), floor.as('desk')];
  await applySamplePlant(database, join(home, 'store'));
  const plant = await requirePlant(desk);
  for (const name of [FIRST, MARRIED])
    await applyPlant(desk, {
      ...plant,
      operators: [
        { number: 17, name: 'Ada Lovelace' },
        { number: 23, name },
      ],
    });
  // Stations and numbers of a shop floor that needs no workers.
  await applySmallPlant(floor, { operators: {} });
  await applyPolicy(floor, { operatorNamesMonths: 0 });
  const { version } = await retentionInForce(desk);
  for (const by of ['17', '23']) await approveRetention(desk, version, by);
  const [unit] = (await shipBatch(floor, 1)).units;
  await decide(floor, await walkUnit(floor, { upTo: 'claim' }), 'scrapped', { code: 'test', by: '23' });
  await recordReturn(desk, unit!.unitId, { rma: 'R1', condition: 'dead', reason: 'no power', by: '23' });
  await desk.raw(`select add_legal_hold('H', 'batch', ?, null, 'a claim', '23')`, [unit!.batch.id]);
  await desk.raw(`select release_legal_hold('H', 'settled', '23')`);
  await handOut(office, 'acme', home);
  const { run, capsules } = await planned(office);
  for (const capsule of capsules) await bookMade(office, run, capsule);
  expect(await tablesWith(MARRIED)).toEqual(['public.operators']);
  expect(await tablesWith(FIRST)).toEqual([]);
  expect(await filesWith('Hopper')).toEqual([]);
  await desk.raw('select note_operators(?)', [['17']]);
  expect(await eraseNames(floor.as('retention'), await openRun(office))).toBeGreaterThan(0);
  expect(await tablesWith('Hopper')).toEqual([]);
  // A plant file that names the person again brings no name back.
  await applySmallPlant(floor, { operators: { '23': MARRIED } });
  expect(await tablesWith('Hopper')).toEqual([]);
});
