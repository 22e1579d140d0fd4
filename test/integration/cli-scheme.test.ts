import { join } from 'node:path';
import { prepareBatch } from '../../activities/prepare-batch';
import { openBatch, serialBlocks } from '../../adapters/postgres/batch-ledger';
import { openDatabase, type Database } from '../../adapters/postgres/database';
import { readOrderFile } from '../../adapters/plant/order-file';
import { readPlantFile } from '../../adapters/plant/plant-file';
import { applyPlant } from '../../adapters/postgres/plant-store';
import { createContentStore } from '../../adapters/store/content-store';
import { parsePattern, renderSerial, serialParts } from '../../domain/serial-scheme';
import { openCliScene, type CliScene } from '../support/cli';
import { applySamplePlant, sampleOrder, samplePlant } from '../support/plant';

let scene: CliScene;
let office: Database;

beforeAll(async () => {
  scene = await openCliScene();
  const options = { applicationName: 'test-office', maxConnections: 2 };
  office = openDatabase(scene.database.urlOf('office'), options);
  await applySamplePlant(scene.database, storeFolder());
});

afterAll(async () => {
  await office?.destroy();
  await scene?.close();
});

const storeFolder = () => join(scene.env.UNITRAIL_HOME!, 'store');

/** Opens the sample order's batch under another name, as the office does it. */
async function openAsOffice(batch: string): Promise<void> {
  const order = { ...(await readOrderFile(sampleOrder)), batch, order: `PO-${batch}` };
  const store = createContentStore({ folder: storeFolder() });
  const prepared = await prepareBatch({ db: office, store }, order);
  await openBatch(office, { order, ...prepared!, workflowId: `batch:${batch}`, by: 'planner' });
}

test('the schemes of the plant are listed with the products that use them', async () => {
  const { code, out } = await scene.run('scheme list --json');
  const rows = out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(code).toBe(0);
  expect(rows).toHaveLength(6);
  expect(rows[0]).toEqual({
    ...{ name: 'EUDV', version: 1, pattern: 'EUDV{yy}{ww}-{seq:6}', counter: 'week' },
    ...{ capacity: 999_999, trial: false, products: ['EUDV'] },
  });
  expect((await scene.run('scheme list')).out).toContain('{country}{site}-{yy}{ddd}-{seq:5}{check:37-2}');
});

test('the next serial of a preview is the first of the next batch', async () => {
  const read = async () => JSON.parse((await scene.run('scheme preview EUDV --json')).out) as Preview;
  const before = await read();
  await openAsOffice('B-1');
  const after = await read();
  expect(before).toMatchObject({ scheme: 'EUDV/1', next: before.first, left: 999_999 });
  const block = (await serialBlocks(office, 'B-1'))[0]!;
  const pattern = parsePattern(block.pattern);
  const serialAt = (index: number) => renderSerial(pattern, { facts: block.facts, number: index });
  expect(before.next).toBe(serialAt(block.firstNumber));
  expect(after).toMatchObject({ next: serialAt(block.firstNumber + 24), left: 999_975 });
});

test('a batch of a scheme that says more keeps its facts, and the preview counts in its scope', async () => {
  const db = openDatabase(scene.database.urlOf('desk'), { applicationName: 'test-desk', maxConnections: 1 });
  const { document } = await readPlantFile(samplePlant);
  const products = document.products.map((one) =>
    one.code === 'EUDV' ? { ...one, serialScheme: 'SHORT' } : one,
  );
  await applyPlant(db, { ...document, products });
  await db.destroy();
  await openAsOffice('B-2');
  const block = (await serialBlocks(office, 'B-2'))[0]!;
  expect(block).toMatchObject({
    ...{ firstNumber: 1, pattern: '{product}{yy}-{seq:4:base32}{check:37,36}' },
    facts: { country: 'DE', product: 'EUDV', site: 'W1', month: expect.any(Number) },
  });
  const { out } = await scene.run('scheme preview SHORT');
  const next = /^ {2}next +(\S+)$/m.exec(out)![1]!;
  expect(serialParts(parsePattern(block.pattern), next)).toMatchObject({ number: 25, product: 'EUDV' });
  expect(out).toContain('counter   one for each product; now EUDV/');
  expect(out).toContain('fits      GS1 AI 21 (12 of 20 characters), Code 39');
});

test('a plant file that is not applied is previewed without a database', async () => {
  const nowhere = { UNITRAIL_DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none' };
  const args = ['scheme', 'preview', 'CHECKED', '--plant', samplePlant, '--need', '100000'];
  const { code, out } = await scene.run(args, nowhere);
  expect(code).toBe(0);
  expect(out).toContain('next      not asked of the database');
  expect(out).toMatch(/- about 972\d\d serials are left for each year, and 100000 are needed/);
});

test.each([
  [
    'an unknown scheme',
    'scheme preview NOPE',
    'scheme: "NOPE" is not allowed; one of EUDV, EUDV-TRIAL, EUBT',
  ],
  ['an unknown version', 'scheme preview EUDV --version 7', '--version: 7 is not allowed; one of 1'],
  ['a version that is no number', 'scheme preview EUDV --version x', 'a whole number from 1 is needed'],
  [
    'an unknown product',
    'scheme preview EUDV --product X',
    '--product: "X" is not allowed; one of EUDV, EUBT',
  ],
])('%s is refused', async (_, line, message) => {
  const { code, out, err } = await scene.run(line);
  expect({ code, out }).toEqual({ code: 2, out: '' });
  expect(err).toContain(message);
});

interface Preview {
  readonly first: string;
  readonly next: string;
}

test('`unit show` tells a mistyped check character from a serial that nobody has', async () => {
  const wrong = await scene.run('unit show DEW1-26322-00123A');
  expect(wrong).toMatchObject({ code: 2, out: '' });
  expect(wrong.err).toMatch(
    /"DEW1-26322-00123A" is no serial: its check characters are wrong\. CHECKED\/1 \(.*\): \{check:37-2\} is A, and the rest gives (.)\./,
  );
  const [, right] = /the rest gives (.)\./.exec(wrong.err)!;
  expect((await scene.run(`unit show DEW1-26322-00123${right}`)).err).toContain('No unit has');
});
