import { cp, readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { prepareBatch } from '../../activities/prepare-batch';
import { openBatch } from '../../adapters/postgres/batch-ledger';
import { openDatabase, type Database } from '../../adapters/postgres/database';
import { readOrderFile } from '../../adapters/plant/order-file';
import { createContentStore } from '../../adapters/store/content-store';
import { openCliScene, type CliScene } from '../support/cli';
import { sampleOrder, samplePlant } from '../support/plant';

let scene: CliScene;
let office: Database;
let plant: string;

beforeAll(async () => {
  scene = await openCliScene();
  office = openDatabase(scene.database.urlOf('office'), {
    applicationName: 'test-office',
    maxConnections: 2,
  });
  plant = await readFile(samplePlant, 'utf8');
  // The plant file names its firmware by paths beside it.
  await cp(join(dirname(samplePlant), 'firmware'), join(scene.folder, 'firmware'), { recursive: true });
});

afterAll(async () => {
  await office?.destroy();
  await scene?.close();
});

const versions = (): Promise<number[]> =>
  office('plant_versions')
    .orderBy('id')
    .pluck('id')
    .then((ids) => ids.map(Number));
const changed = (right: string, wrong: string): Promise<string> =>
  scene.file('changed.yaml', plant.replace(right, wrong));

test('a dry run shows the whole difference and changes nothing', async () => {
  const { code, out, err } = await scene.run(`apply ${samplePlant} --dry-run`);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  expect(out.split('\n')).toEqual(
    expect.arrayContaining([
      '+ product EUDV added',
      '+ station line-1 added',
      'Dry run: 25 added; nothing was changed.',
    ]),
  );
  expect(await versions()).toEqual([]);
  await expect(stat(scene.env.UNITRAIL_HOME!)).rejects.toMatchObject({ code: 'ENOENT' });
});

test('the plant is in force with its files in the store, and applying it again changes nothing', async () => {
  const first = await scene.run(`apply ${samplePlant} --json`);
  const again = await scene.run(`apply ${samplePlant}`);
  expect(JSON.parse(first.out)).toMatchObject({
    applied: true,
    version: 1,
    dryRun: false,
    changes: expect.arrayContaining([{ change: 'added', kind: 'product', name: 'EUDV', fields: [] }]),
  });
  expect(again).toEqual({ code: 0, out: 'No change: this is what is in force.\n', err: '' });
  expect(await versions()).toEqual([1]);
  const store = createContentStore({ folder: join(scene.env.UNITRAIL_HOME!, 'store') });
  expect(await store.has('0153beaf78212a71eb19b86d35c64e39f25b1dd22e6ae970716eee97c37b913f' as never)).toBe(
    true,
  );
});

test('a change is shown field by field, before and after', async () => {
  const file = await changed('low: 3.2, high: 3.4, nominal: 3.3', 'low: 3.25, high: 3.4, nominal: 3.3');
  const { code, out } = await scene.run(`apply ${file}`);
  expect({ code, out }).toEqual({
    code: 0,
    out: '~ testPlan EUDV-final changed\n    measurements[0].low: 3.2 → 3.25\nApplied as version 2: 1 changed.\n',
  });
  expect(await versions()).toEqual([1, 2]);
});

test('what would break issued serials is refused whole, with every reason in one message', async () => {
  const db = office;
  const order = await readOrderFile(sampleOrder);
  const prepared = await prepareBatch(
    { db, store: createContentStore({ folder: join(scene.env.UNITRAIL_HOME!, 'store') }) },
    order,
  );
  await openBatch(db, { order, ...prepared!, workflowId: `batch:${order.batch}`, by: 'planner' });
  const file = await scene.file(
    'breaking.yaml',
    plant
      .replace("'EUDV{yy}{ww}-{seq:6}'", "'EUDV{yy}{ww}-{seq:7}'")
      .replace("gtin: '09506000134352'", "gtin: '09506000134376'"),
  );
  const refused = await Promise.all([scene.run(`apply ${file}`), scene.run(`apply ${file} --dry-run`)]);
  for (const { code, out, err } of refused) {
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain(
      'scheme EUDV/1: this change is not allowed; serials of EUDV/1 were issued; keep the entry as it was and add EUDV/2',
    );
    expect(err).toContain(
      'product EUDV: this change is not allowed; units of EUDV carry the GTIN 09506000134352',
    );
  }
  expect(await versions()).toEqual([1, 2]);
});

test.each([
  [
    'a digest that is not the image’s',
    'sha256: 0153beaf',
    'sha256: 0153bead',
    'firmwareReleases[1].image.sha256: "0153bead',
  ],
  [
    'a file that is not there',
    'firmware/eudv-1.4.2.bin',
    'firmware/nowhere.bin',
    'firmwareReleases[1].image.file: "firmware/nowhere.bin" is not allowed; a readable file',
  ],
  ['an unknown field', 'country: DE', 'contry: DE', 'products[0].contry: "DE" is not allowed'],
  ['bad YAML', 'products:', 'products: [', 'is not good YAML at line'],
])('%s is refused', async (_, right, wrong, message) => {
  const { code, out, err } = await scene.run(`apply ${await changed(right, wrong)}`);
  expect({ code, out }).toEqual({ code: 2, out: '' });
  expect(err).toContain(message);
  expect(await versions()).toEqual([1, 2]);
});
