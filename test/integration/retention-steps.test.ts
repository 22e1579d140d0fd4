import { existsSync } from 'node:fs';
import { chmod, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { deliverCapsule } from '../../activities/deliver-capsule';
import { makeCapsule } from '../../activities/make-capsule';
import { removeErased } from '../../activities/remove-erased';
import { verifyCopy } from '../../activities/verify-capsule';
import { writeParquet } from '../../adapters/capsule/write-parquet';
import { capsuleFiles, findCapsule, retireSome } from '../../adapters/postgres/capsules';
import { deliveryTurn } from '../../adapters/postgres/deliveries';
import {
  approveRetention,
  dueGroups,
  endRun,
  erasableCapsules,
  eraseCapsule,
  openRun,
  planCapsules,
  retentionInForce,
} from '../../adapters/postgres/retention';
import { inTurn } from '../../adapters/postgres/turn';
import { createContentStore } from '../../adapters/store/content-store';
import type { ContentStore } from '../../adapters/store/port';
import { defaultExportSettings } from '../../domain/export-schema';
import { audit } from '../../tools/audit/audit';
import { moveAll, planRun } from '../support/capsule-run';
import type { Interference } from '../support/database-proxy';
import { shipBatch } from '../support/exports';
import { applyPolicy, handOut } from '../support/retention';
import { applySmallPlant } from '../support/shop-floor';
import { openStruckRetention, tried, type StruckRetention } from '../support/struck-retention';

/** What is left of the steps of a run when a worker dies in one, the disk is full, or a file is not what it was. */
let scene: StruckRetention;
let { database, proxy, floor, office, retention, home, deps } = {} as StruckRetention;
let store: ContentStore;

beforeAll(async () => {
  scene = await openStruckRetention();
  ({ database, proxy, floor, office, retention, home, deps } = scene);
  ({ store } = deps);
  await applySmallPlant(floor);
  await applyPolicy(floor);
});
afterAll(() => scene?.close());

let runs = 0;

/** The steps of the workflow, each tried until it is done. */
async function runAll(): Promise<string> {
  const request = { request: `steps-${(runs += 1)}`, asOf: new Date(), confirmedBy: null };
  const run = await tried(() => openRun(office, request));
  const asOf = request.asOf.toISOString();
  await tried(() => planCapsules(office, run.id));
  const ids = await tried(() =>
    office('capsules').whereIn('state', ['planned', 'made']).pluck<string[]>('id'),
  );
  for (const id of ids) {
    await tried(() => makeCapsule(deps, id, run));
    await tried(() => verifyCopy(deps, id, run.id));
    await tried(() => deliverCapsule({ db: office, store, secrets: {} }, id, run.id));
    while ((await tried(() => retireSome(retention, id, run.id))) > 0);
  }
  const report = { ...{ run: run.id, asOf, dryRun: false, clockTrusted: true, due: [], blocked: [] } };
  await tried(() => endRun(office, run.id, { ...report, capsules: [], erased: [], names: [] }));
  return run.id;
}

const durable = [
  ...['open_retention_run', 'plan_capsules', 'capsule_made', 'capsule_delivered', 'copy_verified'],
  ...['retire', 'end_retention_run', 'sequence_leaves', 'book_checkpoint'],
];

/** Each durable statement loses its worker once. */
function killEachOnce(when: Interference['when']): Set<string> {
  const struck = new Set<string>();
  proxy.interfere = ({ sql }) => {
    const call = durable.find((name) => sql.includes(`${name}(`));
    if (call === undefined || struck.has(call)) return null;
    struck.add(call);
    return { when, then: 'cut' };
  };
  return struck;
}

const leftEvents = async (ids: readonly string[]): Promise<number> =>
  Number(
    (
      await floor
        .as('office')('unit_events')
        .whereIn(
          'stream',
          ids.map((id) => `unit:${id}`),
        )
        .count('* as count')
    )[0]!.count,
  );

test.each(['before', 'after'] as const)(
  'a worker that dies right %s each durable step leaves a run that the next one ends: nothing is lost, nothing moves twice',
  async (when) => {
    const { units } = await shipBatch(floor, 3);
    await handOut(floor.as('office'), 'acme', home);
    const ids = units.map(({ unitId }) => unitId);
    const sealed = await floor
      .as('office')('records')
      .whereIn('unit_id', ids)
      .orderBy('serial')
      .pluck('body');
    const struck = killEachOnce(when);
    const run = await runAll();
    proxy.interfere = () => null;
    expect([...struck].sort()).toEqual([...durable].sort());
    const [capsule] = await office('capsules').where({ run_id: run }).pluck<string[]>('id');
    expect(await findCapsule(office, capsule!)).toMatchObject({ state: 'moved', units: 3 });
    expect(await leftEvents(ids)).toBe(0);
    expect((await linesOf(capsule!)).sort()).toEqual(sealed.sort());
    const types = await office('unit_events')
      .where({ stream: `retention:${run}` })
      .pluck<string[]>('type');
    expect(types).toHaveLength(new Set(types).size);
    const report = await audit(database.urlOf('auditor'), { store: join(home, 'store') });
    expect(report.violations).toEqual([]);
    // What was read back, or written and not booked, does not lie about.
    expect(await readdir(join(home, 'work'))).toEqual([]);
  },
);

async function linesOf(capsule: string): Promise<string[]> {
  const file = (await capsuleFiles(office, capsule)).find(({ role }) => role === 'records')!;
  const text = await readFile(pathOf(file.sha256), 'utf8');
  return text.trimEnd().split('\n');
}

const pathOf = (sha256: string): string => join(home, 'store', 'sha256', sha256.slice(0, 2), sha256);

/** A run with one capsule planned, of units of its own. */
async function plannedCapsule(): Promise<{
  run: { id: string; asOf: Date };
  capsule: string;
  ids: string[];
}> {
  const { units } = await shipBatch(floor, 1);
  await handOut(floor.as('office'), 'acme', home);
  const run = await openRun(office, { request: `steps-${(runs += 1)}`, asOf: new Date(), confirmedBy: null });
  await planCapsules(office, run.id);
  const [capsule] = await office('capsules').where({ run_id: run.id }).pluck<string[]>('id');
  return { run, capsule: capsule!, ids: units.map(({ unitId }) => unitId) };
}

test('a full disk, wherever it is met, is tried again, and has booked and removed nothing', async () => {
  const { run, capsule, ids } = await plannedCapsule();
  const before = await leftEvents(ids);
  const full = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
  const inWork = makeCapsule({ ...deps, write: () => Promise.reject(full) }, capsule, run);
  await expect(inWork).rejects.toMatchObject({
    code: 'STORE_UNAVAILABLE',
    message: expect.stringContaining('ENOSPC'),
  });
  // The same from DuckDB, which writes the Parquet file: it knows words only.
  const records = join(__dirname, '../golden/capsule-1/records.jsonl');
  const inParquet = makeCapsule(
    { ...deps, write: () => writeParquet(records, '/dev/full').then(() => []) },
    ...([capsule, run] as const),
  );
  await expect(inParquet).rejects.toMatchObject({
    code: 'STORE_UNAVAILABLE',
    message: expect.stringContaining('ENOSPC'),
  });
  // A file where the store's folder should be: it can't be written, as a share that is away can't.
  await writeFile(join(home, 'away'), '');
  const away = createContentStore({ folder: join(home, 'away') });
  const inStore = makeCapsule({ ...deps, store: away }, capsule, run);
  await expect(inStore).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  expect(await findCapsule(office, capsule)).toMatchObject({ state: 'planned', manifest: null });
  expect(await leftEvents(ids)).toBe(before);
  await makeCapsule(deps, capsule, run);
  const unread = verifyCopy({ ...deps, store: away }, capsule, run.id);
  await expect(unread).rejects.toMatchObject({ code: expect.stringMatching(/STORE_UNAVAILABLE|NOT_FOUND/) });
  expect(await findCapsule(office, capsule)).toMatchObject({ verifiedIn: [] });
});

/** The units of a capsule that was given up, moved by a further run. */
async function movedByNext(ids: readonly string[]): Promise<string> {
  const next = await planRun(office);
  await moveAll(deps, retention, next);
  expect(await leftEvents(ids)).toBe(0);
  return next.capsules[0]!;
}

const fileOf = async (capsule: string, role: string): Promise<string> =>
  pathOf((await capsuleFiles(office, capsule)).find((file) => file.role === role)!.sha256);

test('a file that changed before it was read back stops its capsule, and nothing of it is removed; the next run makes another one', async () => {
  const { run, capsule, ids } = await plannedCapsule();
  await makeCapsule(deps, capsule, run);
  const before = await leftEvents(ids);
  const path = await fileOf(capsule, 'events');
  await chmod(path, 0o600);
  await writeFile(path, (await readFile(path, 'utf8')).replace('PASS', 'FAIL'));
  await expect(verifyCopy(deps, capsule, run.id)).rejects.toMatchObject({ code: 'CAPSULE_DAMAGED' });
  await expect(retireSome(retention, capsule, run.id)).rejects.toMatchObject({ code: 'NOT_ALLOWED' });
  expect(await leftEvents(ids)).toBe(before);
  const further = await movedByNext(ids);
  expect(await findCapsule(office, capsule)).toMatchObject({ state: 'abandoned', units: 1 });
  // The auditor tells a change after the move, each time.
  const judged = async () =>
    (await audit(database.urlOf('auditor'), { store: join(home, 'store') })).violations;
  expect(await judged()).toEqual([]);
  const moved = await fileOf(further, 'events');
  const bytes = await readFile(moved);
  await chmod(moved, 0o600);
  await writeFile(moved, bytes.toString('utf8').replace('PASS', 'FAIL'));
  expect((await judged()).map(({ invariant, subject }) => [invariant, subject])).toEqual([
    ['A19', `capsule ${further}, events.jsonl`],
  ]);
  await rm(moved);
  expect((await judged()).map(({ found }) => found)).toEqual(['no such file in the content store']);
  await writeFile(moved, bytes);
  expect(await dueGroups(office, new Date())).toEqual([]);
});

test('what an earlier run read back is read again before anything goes: a disk forgets while a hold lasts', async () => {
  const { run, capsule, ids } = await plannedCapsule();
  await makeCapsule(deps, capsule, run);
  await verifyCopy(deps, capsule, run.id);
  await deliverCapsule({ db: office, store, secrets: {} }, capsule, run.id);
  const before = await leftEvents(ids);
  const { run: next } = await planRun(office);
  await expect(retireSome(retention, capsule, next.id)).rejects.toMatchObject({ code: 'NOT_ALLOWED' });
  const path = await fileOf(capsule, 'records');
  await chmod(path, 0o600);
  await writeFile(path, (await readFile(path)).subarray(1));
  await expect(verifyCopy(deps, capsule, next.id)).rejects.toMatchObject({ code: 'CAPSULE_DAMAGED' });
  expect(await leftEvents(ids)).toBe(before);
  expect(await findCapsule(office, capsule)).toMatchObject({ state: 'abandoned', verifiedIn: [run.id] });
  await movedByNext(ids);
});

test('a capsule is brought to its buyer in the one turn of all its deliveries, which its exports have as well', async () => {
  const { run, capsule } = await plannedCapsule();
  await makeCapsule(deps, capsule, run);
  await verifyCopy(deps, capsule, run.id);
  const target = { host: '127.0.0.1', port: 9, user: 'acme', folder: 'inbox', hostKeys: [], key: 'env:NONE' };
  await applyPolicy(floor, {}, { ...defaultExportSettings(), sftp: target });
  const bring = () => deliverCapsule({ db: office, store, secrets: {} }, capsule, run.id);
  await inTurn(office, await deliveryTurn(office, 'acme'), () =>
    expect(bring()).rejects.toMatchObject({ code: 'TURN_TAKEN' }),
  );
  expect(await office('capsule_deliveries').where({ capsule_id: capsule })).toEqual([]);
  await applyPolicy(floor);
  await bring();
  await verifyCopy(deps, capsule, run.id);
  while ((await retireSome(retention, capsule, run.id)) > 0);
});

test('at its end the archive of a capsule goes, with what no other capsule needs, and the auditor still balances', async () => {
  const { run, capsule } = await plannedCapsule();
  await makeCapsule(deps, capsule, run);
  await deliverCapsule({ db: office, store, secrets: {} }, capsule, run.id);
  await verifyCopy(deps, capsule, run.id);
  while ((await retireSome(retention, capsule, run.id)) > 0);
  await expect(eraseCapsule(retention, capsule, run.id)).rejects.toMatchObject({ code: 'NOT_ALLOWED' });
  await applyPolicy(floor, { archiveYears: -1 });
  const { version } = await retentionInForce(floor.as('desk'));
  for (const by of ['17', '23']) await approveRetention(floor.as('desk'), version, by);
  const due = await erasableCapsules(office, new Date(), 10);
  expect(due.capsules).toContainEqual({ capsule, keptUntil: expect.any(String), problem: null });
  await eraseCapsule(retention, capsule, run.id);
  await removeErased({ retentionDb: retention, store }, run.id);
  const files = await capsuleFiles(office, capsule);
  const left = files.filter(({ sha256 }) => existsSync(pathOf(sha256))).map(({ name }) => name);
  // What tells of no unit is the same in every capsule (of the statements: none), and stays.
  expect(left.sort()).toEqual(['checkpoint', 'index.html', 'schema.json', 'statements.jsonl']);
  expect((await audit(database.urlOf('auditor'), { store: join(home, 'store') })).violations).toEqual([]);
});
