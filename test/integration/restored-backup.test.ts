import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createWatermark } from '../../adapters/registry/watermark';
import type { RegistryState } from '../../domain/watermark';
import { audit } from '../../tools/audit/audit';
import { bareEnvironment, runCli } from '../support/cli';
import { createTestDatabase, withSuperuser, type TestDatabase } from '../support/database';
import { applySmallPlant, openShopFloor, openTestBatch, type TestBatch } from '../support/shop-floor';
import { sqlStateOf } from '../support/refusals';
import { createNamespace } from '../support/temporal-namespace';

/** A database that was restored from a backup lags behind the file that was not: it issues nothing until it is told how. */
let folder: string;
let file: string;
let backup: TestDatabase;
let before: TestBatch;
let later: TestBatch;

beforeAll(async () => {
  folder = await mkdtemp(join(process.env.UNITRAIL_TEST_HOME!, 'restored-'));
  file = join(folder, 'watermark.json');
  const database = await createTestDatabase();
  try {
    let floor = openShopFloor(database);
    await applySmallPlant(floor);
    before = await openTestBatch(floor, { quantity: 3 });
    const kept = createWatermark({ db: floor.as('office'), file });
    await kept.renew();
    await kept.keep();
    await floor.close();
    backup = await database.clone();
    floor = openShopFloor(database);
    later = await openTestBatch(floor, { quantity: 5 });
    const watermark = createWatermark({ db: floor.as('office'), file });
    // Two workers at once: the file ends where the database is.
    await Promise.all([watermark.keep(), watermark.keep(), watermark.check()]);
    await floor.close();
  } finally {
    await database.drop();
  }
});

afterAll(async () => {
  await backup?.drop();
  await rm(folder, { recursive: true, force: true });
});

async function withOffice<T>(work: (office: ReturnType<typeof openShopFloor>) => Promise<T>): Promise<T> {
  const floor = openShopFloor(backup);
  try {
    return await work(floor);
  } finally {
    await floor.close();
  }
}

const check = (path = file): Promise<void> =>
  withOffice((floor) => createWatermark({ db: floor.as('office'), file: path }).check());

const environment = () => ({
  ...bareEnvironment,
  UNITRAIL_DATABASE_URL: backup.urlOf('desk'),
  TEMPORAL_ADDRESS: process.env.UNITRAIL_TEST_TEMPORAL_ADDRESS!,
  UNITRAIL_HOME: folder,
});

const type = (...args: string[]) => runCli(args, environment());

test('the restored database is refused, with the counter, where it would go on, what was issued and what to do', async () => {
  await expect(check()).rejects.toMatchObject({
    code: 'REGISTRY_LAGS',
    message: expect.stringMatching(
      /mac main goes on at 6, and 15 was issued; serial eudv 2026W47 goes on at 4, and 8 was issued.*restored from a backup.*unitrail registry advance/,
    ),
  });
  const keep = withOffice((floor) => createWatermark({ db: floor.as('office'), file }).keep());
  await expect(keep).rejects.toMatchObject({ code: 'REGISTRY_LAGS' });
});

test('`registry show` tells both sides, and exits 1 while the database lags', async () => {
  const { code, out } = await type('registry', 'show', '--json');
  expect(code).toBe(1);
  expect(JSON.parse(out)).toMatchObject({
    epoch: 1,
    lags: true,
    spaces: expect.arrayContaining([{ space: 'serial eudv 2026W47', database: 4, file: 9, last: 999_999 }]),
  });
});

test.each([
  ['no operator', ['--reason', 'x'], /required option '--by <operator>'/],
  ['no reason', ['--by', '17', '--reason', ''], /--reason: "" is not allowed/],
])('`registry advance` with %s is refused, and changes nothing', async (_what, args, message) => {
  const { code, err } = await type('registry', 'advance', ...args);
  expect(code).toBe(2);
  expect(err).toMatch(message);
  await expect(check()).rejects.toMatchObject({ code: 'REGISTRY_LAGS' });
});

test('an office may not move the counters, and nobody moves one beyond its last number', async () => {
  const space = {
    kind: 'serial',
    name: 'eudv',
    scope: '2026W47',
    issuer: 'unitrail',
    first: 1,
    last: 999_999,
  };
  await withOffice(async (floor) => {
    const advance = (login: 'office' | 'desk', next: number) =>
      sqlStateOf(
        floor
          .as(login)
          .raw('select advance_registry(?::jsonb, 1, ?, ?)', [
            JSON.stringify([{ ...space, next }]),
            '17',
            'x',
          ]),
      );
    expect(await advance('office', 9)).toBe('42501');
    expect(await advance('desk', 1_000_001)).toBe('UT007');
  });
});

test('`registry advance` passes over what was issued, and the next batch gets numbers that nobody has', async () => {
  const { code, out } = await type('registry', 'advance', '--by', '17', '--reason', 'disk failure', '--json');
  expect(code).toBe(0);
  expect(JSON.parse(out)).toEqual({
    epoch: 2,
    passed: expect.arrayContaining([{ space: 'serial eudv 2026W47', from: 4, to: 8 }]),
  });
  await check();
  const next = await withOffice((floor) => openTestBatch(floor, { quantity: 2 }));
  const known = [1, 2, 3].map(before.serialAt).concat([1, 2, 3, 4, 5].map(later.serialAt));
  expect(known).not.toContain(next.serialAt(1));
  expect(Number(next.serialAt(1).slice(-6))).toBe(9);
  expect((await audit(backup.urlOf('auditor'))).violations).toEqual([]);
  const again = await type('registry', 'advance', '--by', '17', '--reason', 'twice');
  expect(again).toMatchObject({ code: 0, out: expect.stringContaining('Nothing to do') });
});

test('a file of another registry, or one that can not be read, lets nothing be issued either', async () => {
  const kept = JSON.parse(await readFile(file, 'utf8')) as RegistryState;
  const other = join(folder, 'other.json');
  await writeFile(other, JSON.stringify({ ...kept, registry: '00000000-0000-4000-8000-000000000000' }));
  await expect(check(other)).rejects.toMatchObject({
    code: 'REGISTRY_LAGS',
    message: expect.stringContaining('is that of another registry'),
  });
  await writeFile(other, '{"format":"unitrail.watermark/1"');
  await expect(check(other)).rejects.toMatchObject({ code: 'CONFIGURATION_INVALID' });
});

test('what an older batch had not claimed is issued by nobody, and its place in the order is free again', async () => {
  await withOffice(async (floor) => {
    const claim = floor
      .as('office')
      .raw('select claim_units(?, ?::jsonb)', [before.id, JSON.stringify([before.claimAt(1)])]);
    expect(await sqlStateOf(claim)).toBe('UT014');
    const order = `PO-${before.id}`;
    await openTestBatch(floor, { order, quantity: 3 });
  });
});

test('`resume` does not start such a batch again, and says what to do', async () => {
  const { namespace } = await createNamespace(process.env.UNITRAIL_TEST_TEMPORAL_ADDRESS!);
  const env = { ...environment(), TEMPORAL_NAMESPACE: namespace };
  const told = await runCli(['resume', '--batch', before.id], env);
  expect(told).toMatchObject({ code: 0, out: expect.stringContaining('Open another batch for the rest.') });
  const { out } = await runCli(['resume', '--batch', before.id, '--json'], env);
  expect(JSON.parse(out)).toEqual([
    { batch: before.id, started: false, open: 0, unitsStarted: 0, ofLostEpoch: true },
  ]);
});

test('a database that lacks no grant, and only what was claimed since, is refused as well', async () => {
  const kept = JSON.parse(await readFile(file, 'utf8')) as RegistryState;
  const further = join(folder, 'further.json');
  await writeFile(further, JSON.stringify({ ...kept, movement: kept.movement + 100 }));
  await expect(check(further)).rejects.toMatchObject({
    code: 'REGISTRY_LAGS',
    message: expect.stringMatching(/its newest movement of a number is \d+, and there were \d+/),
  });
});

test('without its file a registry that has issued numbers issues no more, and a new one gets its file', async () => {
  await expect(check(join(folder, 'gone.json'))).rejects.toMatchObject({
    code: 'REGISTRY_LAGS',
    message: expect.stringContaining('is not there, and the registry has issued numbers'),
  });
  const fresh = await createTestDatabase();
  const floor = openShopFloor(fresh);
  const path = join(folder, 'fresh.json');
  await createWatermark({ db: floor.as('office'), file: path }).check();
  expect(JSON.parse(await readFile(path, 'utf8'))).toMatchObject({ epoch: 1, movement: 0, spaces: [] });
  await floor.close();
  await fresh.drop();
});

test('the epochs can not be rewritten', async () => {
  const rewrite = withSuperuser(
    (superuser) => superuser.query('update registry_epochs set epoch = 7'),
    backup.superuserUrl,
  );
  await expect(rewrite).rejects.toMatchObject({ code: '42501' });
});
