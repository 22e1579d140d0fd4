import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openCliScene, toldCommand, type CliAnswer, type CliScene } from '../support/cli';
import { withSuperuser } from '../support/database';
import { shipBatch } from '../support/exports';
import { applyPolicy, handOut, planned } from '../support/retention';
import { applySmallPlant, openShopFloor, type ShopFloor } from '../support/shop-floor';
import type { WalkedUnit } from '../support/walk-unit';

/** `unitrail retention …` and `unitrail legal-hold …`, as a quality engineer types them. */
let scene: CliScene;
let floor: ShopFloor;
let units: WalkedUnit[];

beforeAll(async () => {
  scene = await openCliScene();
  floor = openShopFloor(scene.database);
  await applySmallPlant(floor);
  await applyPolicy(floor, { databaseMonths: 0, archiveYears: 10 });
  ({ units } = await shipBatch(floor, 2));
});
afterAll(async () => {
  await floor?.close();
  await scene?.close();
});

const type = (...args: string[]): Promise<CliAnswer> => scene.run(args);
const json = async (...args: string[]): Promise<any> => JSON.parse((await type(...args, '--json')).out); // eslint-disable-line @typescript-eslint/no-explicit-any -- each command's own
const signed = ['--reason', 'a claim of the buyer', '--by', '17'];

test('a hold is added on what is known, listed with its units, and released on record', async () => {
  const { serial } = units[0]!;
  const added = await type('legal-hold', 'add', '--unit', serial, '--hold', 'LH-1', ...signed);
  expect(added.out).toContain(`Added: legal hold LH-1 on unit ${serial}.`);
  expect(await json('legal-hold', 'add', '--lot', 'MCU-LOT-7731', '--hold', 'LH-2', ...signed)).toMatchObject(
    {
      ...{ hold: 'LH-2', kind: 'lot', value: 'MCU-LOT-7731', added: true },
    },
  );
  const listed = await json('legal-hold', 'list');
  expect(listed.holds.map(({ id, units: held }: { id: string; units: number }) => [id, held])).toEqual([
    ['LH-2', 2],
    ['LH-1', 1],
  ]);
  expect(await json('legal-hold', 'release', 'LH-2', ...signed)).toEqual({ hold: 'LH-2', released: true });
  expect(await json('legal-hold', 'release', 'LH-2', ...signed)).toEqual({ hold: 'LH-2', released: false });
});

test('what a new hold is ended by is told as a command that works, once the reason stands in it', async () => {
  const { out } = await type('legal-hold', 'add', '--lot', 'MCU-LOT-7731', '--hold', 'LH-3', ...signed);
  expect(await type(...toldCommand(out, '...'))).toMatchObject({
    code: 2,
    err: expect.stringMatching(/--reason: .*the reason in words, in place of the dots/) as string,
  });
  expect(await type(...toldCommand(out, 'settled'))).toMatchObject({
    code: 0,
    out: expect.stringContaining('Legal hold LH-3 is released.') as string,
  });
});

test('a hold on nothing, on two things or on what nobody knows is wrong input', async () => {
  const wrong = [
    ['add', ...signed],
    ['add', '--batch', 'B1', '--lot', 'L1', ...signed],
    ['add', '--batch', 'no-such-batch', ...signed],
    ['add', '--unit', 'EUDV2647-999999', ...signed],
    ['release', 'no-such-hold', ...signed],
  ];
  for (const args of wrong) expect([args, (await type('legal-hold', ...args)).code]).toEqual([args, 2]);
});

test('a dry run says what is due, what is held and whose move waits, and does nothing', async () => {
  const report = await json('retention', 'run', '--dry-run');
  expect(report).toMatchObject({
    ...{ run: null, dryRun: true, capsules: [], erased: [], names: [] },
    due: [{ buyer: 'acme', product: 'EUDV', units: 2, held: 1, undelivered: 2 }],
    blocked: [{ buyer: 'acme', undelivered: 2 }],
  });
  expect(await json('retention', 'report')).toEqual({ runs: [] });
  const past = await json('retention', 'run', '--dry-run', '--as-of', '2020-01-01');
  expect(past).toMatchObject({ asOf: '2020-01-01T00:00:00.000Z', due: [] });
  expect((await type('retention', 'run', '--dry-run', '--as-of', 'someday')).code).toBe(2);
  expect((await type('retention', 'run', '--confirm-clock')).code).toBe(2);
  for (const more of [[], ['--dry-run']]) {
    const byNobody = await type('retention', 'run', '--confirm-clock', '--by', 'nobody1', ...more);
    expect(byNobody).toMatchObject({
      code: 2,
      err: expect.stringContaining('by: there is no operator nobody1'),
    });
  }
  expect((await type('retention', 'report', 'no-such-run')).code).toBe(2);
});

test('a dry run refuses a time that is not reached, and says what a run would think of the clock', async () => {
  const future = await type('retention', 'run', '--dry-run', '--as-of', '2099-01-01');
  expect([future.code, future.err]).toEqual([
    2,
    expect.stringMatching(
      /--as-of: "2099-01-01T00:00:00.000Z" is not allowed; nothing later than the clock of the database, 20/,
    ),
  ]);
  expect(await json('retention', 'run', '--dry-run')).toMatchObject({ clockTrusted: true, clockDoubt: null });
  const mark = 'insert into clock_marks (at) values (now() - make_interval(days => $1))';
  await withSuperuser((client) => client.query(mark, [20]), scene.database.superuserUrl);
  const doubted = await json('retention', 'run', '--dry-run');
  expect(doubted).toMatchObject({
    clockTrusted: false,
    clockDoubt: expect.any(String),
    blocked: [],
    capsules: [],
  });
  expect((await type('retention', 'run', '--dry-run')).out).toContain(
    'The clock is not trusted: the clock of',
  );
  const confirmed = await json('retention', 'run', '--dry-run', '--confirm-clock', '--by', '17');
  expect(confirmed).toMatchObject({ clockTrusted: true, clockDoubt: expect.stringContaining('at once') });
  await withSuperuser((client) => client.query(mark, [0]), scene.database.superuserUrl);
  await floor.as('office').raw(`select open_retention_run('confirmed', now(), '17')`);
  expect((await type('retention', 'report')).out).toMatch(/Clock.*\n(.*\n)*.*confirmed/);
});

test('a dry run names the capsules that a run then plans, and those that an earlier run has left, held ones last', async () => {
  const home = await mkdtemp(join(tmpdir(), 'unitrail-dry-run-'));
  await handOut(floor.as('office'), 'acme', home);
  await rm(home, { recursive: true });
  const { capsules } = await json('retention', 'run', '--dry-run');
  const first = await planned(floor.as('office'));
  expect(capsules).toEqual([
    { capsule: first.capsules[0], buyer: 'acme', units: 1, step: 'due', problem: null },
  ]);
  await type('legal-hold', 'release', 'LH-1', ...signed);
  await type('legal-hold', 'add', '--unit', units[1]!.serial, '--hold', 'LH-4', ...signed);
  const held = await json('retention', 'run', '--dry-run');
  expect(held.capsules).toEqual([
    { capsule: expect.any(String), buyer: 'acme', units: 1, step: 'due', problem: null },
    {
      ...{ capsule: first.capsules[0], buyer: 'acme', units: 1, step: 'planned' },
      problem: { code: 'NOT_ALLOWED', message: 'A unit of it is on legal hold LH-4.' },
    },
  ]);
  await type('legal-hold', 'release', 'LH-4', ...signed);
  const later = await json('retention', 'run', '--dry-run');
  expect(later.capsules).toEqual([
    { capsule: first.capsules[0], buyer: 'acme', units: 1, step: 'planned', problem: null },
    { capsule: expect.any(String), buyer: 'acme', units: 1, step: 'due', problem: null },
  ]);
  expect((await planned(floor.as('office'))).capsules).toEqual([later.capsules[1].capsule]);
});

test('the policy is shown with the versions that count, and two persons approve it', async () => {
  expect((await type('retention', 'policy')).out).toContain('approved by nobody');
  const { version: read } = await json('retention', 'policy');
  expect((await type('retention', 'policy', '--approve', read)).code).toBe(2);
  // Another version is applied between the reading and the word of whoever has read it.
  await applyPolicy(floor, { databaseMonths: 0, archiveYears: 10 });
  const { version } = await json('retention', 'policy');
  expect(version).not.toBe(read);
  const wrong = [
    [read, `--approve: "${read}" is not allowed; the version in force, ${version}`],
    ['--by', '--approve: "--by" is not allowed; the number of the version in force'],
  ];
  for (const [approved, words] of wrong)
    expect(await type('retention', 'policy', '--approve', approved!, '--by', '17')).toMatchObject({
      code: 2,
      err: expect.stringContaining(words!),
    });
  expect((await json('retention', 'policy')).approvedBy).toEqual([]);
  await type('retention', 'policy', '--approve', version, '--by', '17');
  const policy = await json('retention', 'policy', '--approve', version, '--by', '23');
  expect(policy.approvedBy).toEqual(['17', '23']);
  expect(policy.versionsThatCount).toEqual([policy.version]);
  expect(policy.terms).toContainEqual({
    ...{ product: 'EUDV', buyer: 'acme', policies: ['test'] },
    ...{ databaseMonths: 0, archiveYears: 10, supportEnds: '2020-01-01' },
  });
});
