import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { removeErased } from '../../activities/remove-erased';
import type { Database } from '../../adapters/postgres/database';
import {
  approveRetention,
  endRun,
  eraseCapsule,
  erasableCapsules,
  retentionInForce,
} from '../../adapters/postgres/retention';
import { wantedContents } from '../../adapters/postgres/wanted-contents';
import type { ContentStore } from '../../adapters/store/port';
import { parseSha256Hex } from '../../domain/brands';
import { UnitrailError } from '../../domain/errors';
import { createTestDatabase, type TestDatabase } from '../support/database';
import { all, makeDeps, shipBatch } from '../support/exports';
import { untilBlocked } from '../support/refusals';
import { applyPolicy, handOut, one, openRun, planned, retire, type TestPolicy } from '../support/retention';
import { applySmallPlant, openShopFloor, openTestBatch, type ShopFloor } from '../support/shop-floor';
import { digest } from '../support/unit-acts';
import type { WalkedUnit } from '../support/walk-unit';

/** The archive's end in the content store: what goes, what stays, and what a broken run leaves to the next one. */
let database: TestDatabase;
let floor: ShopFloor;
let office: Database;
let desk: Database;
let retention: Database;
let home: string;
let store: ContentStore;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'unitrail-erasure-'));
  database = await createTestDatabase();
  floor = openShopFloor(database);
  [office, desk, retention] = [floor.as('office'), floor.as('desk'), floor.as('retention')];
  ({ store } = await makeDeps(office, home));
  await applySmallPlant(floor);
  await archiveFor(-1);
});
afterAll(async () => {
  await floor?.close();
  await database?.drop();
  await rm(home, { recursive: true, force: true });
});

/** A policy that counts at once, because two persons agree. */
async function archiveFor(archiveYears: NonNullable<TestPolicy['archiveYears']>): Promise<void> {
  await applyPolicy(floor, { archiveYears });
  const { version } = await retentionInForce(desk);
  for (const by of ['17', '23']) await approveRetention(desk, version, by);
}

let holds = 0;

/** Its id. */
async function addHold({ unitId, serial }: WalkedUnit): Promise<string> {
  const id = `H-${(holds += 1)}`;
  await desk.raw('select add_legal_hold(?, ?, ?, ?, ?, ?)', [id, 'unit', serial, unitId, 'a claim', '17']);
  return id;
}

const release = (id: string) => desk.raw('select release_legal_hold(?, ?, ?)', [id, 'settled', '23']);

/** Moves what is due, with made-up files: one of the capsule's own, one that tells of nothing, and what else is given. */
async function move(shared: string[] = []): Promise<string> {
  const { run, capsules } = await planned(office);
  const [capsule] = capsules as [string];
  const manifest = JSON.stringify({ capsule });
  const events = JSON.stringify({ manifestSha256: digest(manifest) });
  const contents = { manifest, page: 'the page', records: `records of ${capsule}`, proofs: '' };
  const texts = { ...contents, ...Object.fromEntries(shared.map((text, at) => [`shared${at}`, text])) };
  const files = Object.entries(texts).map(([role, text]) => ({
    ...{ name: role, role, ownOnly: false, sizeBytes: text.length, sha256: digest(text) },
  }));
  for (const text of Object.values(texts)) await store.put(Buffer.from(text));
  await office.raw('select capsule_made(?, ?, ?, ?, ?::jsonb)', [
    ...[capsule, run, manifest, events, JSON.stringify(files)],
  ]);
  await office.raw('select capsule_delivered(?, ?, ?, null, null)', [capsule, run, 'sftp://test']);
  await office.raw('select copy_verified(?, ?, ?, ?)', [capsule, run, 'store', digest(events)]);
  await retire(floor, run, capsule);
  return capsule;
}

const isKept = (text: string): Promise<boolean> => store.has(parseSha256Hex(digest(text)));

/** Names of the files of the newest export of acme that tell of anything, and are in the store. */
async function exportFilesKept(): Promise<string[]> {
  const id = await one<string>(
    office,
    `(select id from exports where buyer = 'acme' order by number desc limit 1)`,
  );
  const files = await office('export_files')
    .where({ export_id: id })
    .where('rows', '>', 0)
    .select('name', 'sha256');
  const kept: string[] = [];
  for (const { name, sha256 } of files as { name: string; sha256: string }[])
    if (await store.has(parseSha256Hex(sha256))) kept.push(name);
  return kept;
}

/** What the search for bit rot would call lost. */
async function lost(): Promise<string[]> {
  const wanted = await all(wantedContents(office, null));
  const kept = await Promise.all(wanted.map((sha256) => store.has(sha256)));
  return wanted.filter((_sha256, at) => !kept[at]);
}

const remove = async (): Promise<void> =>
  removeErased({ retentionDb: retention, store }, await openRun(office));

test('a run that broke off before, or while, it removed files is gone on with by the next one', async () => {
  await shipBatch(floor, 1);
  await handOut(office, 'acme', home);
  const capsule = await move();
  const [records, page] = [`records of ${capsule}`, 'the page'];
  const run = await openRun(office);
  await eraseCapsule(retention, capsule, run);
  const dying = { ...store, remove: () => Promise.reject(new Error('killed')) };
  await expect(removeErased({ retentionDb: retention, store: dying }, run)).rejects.toThrow('killed');
  const report = {
    ...{ run, asOf: '', dryRun: false, clockTrusted: true, due: [], blocked: [], capsules: [] },
  };
  await endRun(office, run, { ...report, erased: [], names: [] });
  // Nothing is left to be erased: only the files are.
  expect(await erasableCapsules(office, new Date())).toEqual([]);
  expect(await isKept(records)).toBe(true);
  expect(await exportFilesKept()).not.toEqual([]);
  await remove();
  expect(await isKept(records)).toBe(false);
  expect(await exportFilesKept()).toEqual([]);
  expect(await isKept(page)).toBe(true);
  expect(await office('erased_contents').count({ exported: '*' })).not.toEqual([{ exported: '0' }]);
  expect(await lost()).toEqual([]);
  expect(await office('erased_contents').whereNull('removed_at')).toEqual([]);
  const told = await office('unit_events')
    .where({ stream: `retention:${run}` })
    .orderBy('seq')
    .pluck<string[]>('type');
  expect(told).toEqual(['retentionOpened', 'capsuleErased', 'contentsErased', 'retentionEnded']);
});

test('what its place has locked stays and is tried again, and keeps back nothing else', async () => {
  await shipBatch(floor, 1);
  await handOut(office, 'acme', home);
  const capsule = await move();
  const records = digest(`records of ${capsule}`);
  const run = await openRun(office);
  await eraseCapsule(retention, capsule, run);
  const locked = new UnitrailError('NOT_ALLOWED', 'locked until 2037');
  const locking: ContentStore = {
    ...store,
    remove: (sha256) => (sha256 === records ? Promise.reject(locked) : store.remove(sha256)),
  };
  await expect(removeErased({ retentionDb: retention, store: locking }, run)).rejects.toBe(locked);
  const left = () => office('erased_contents').whereNull('removed_at').pluck('sha256');
  expect(await left()).toEqual([records]);
  await remove();
  expect(await left()).toEqual([]);
});

test('the files of an export stay as long as anybody holds one of its units, in whichever capsule that is', async () => {
  const [first, second] = (await shipBatch(floor, 2)).units as [WalkedUnit, WalkedUnit];
  await handOut(office, 'acme', home);
  const before = await addHold(second);
  const early = await move();
  await release(before);
  const late = await move();
  const onSecond = await addHold(second);
  const run = await openRun(office);
  await eraseCapsule(retention, early, run);
  await remove();
  expect(await isKept(`records of ${early}`)).toBe(false);
  const whole = await exportFilesKept();
  expect(whole).not.toEqual([]);
  await expect(eraseCapsule(retention, late, run)).rejects.toMatchObject({ code: 'NOT_ALLOWED' });
  // Now the unit whose capsule is erased is held: what the export tells of it is the last there is.
  const onFirst = await addHold(first);
  await release(onSecond);
  await eraseCapsule(retention, late, run);
  await remove();
  expect(await isKept(`records of ${late}`)).toBe(false);
  expect(await exportFilesKept()).toEqual(whole);
  await release(onFirst);
  await remove();
  expect(await exportFilesKept()).toEqual([]);
});

test('an export that tells of a number of no unit stays until the archive of what it was for is over', async () => {
  await shipBatch(floor, 1);
  const voided = await voidNumber();
  await handOut(office, 'acme', home);
  expect(
    await one(office, '(select count(*)::integer from export_items where value = ? and unit_id is null)', [
      voided,
    ]),
  ).toBe(1);
  const capsule = await move();
  await eraseCapsule(retention, capsule, await openRun(office));
  await archiveFor(10);
  await remove();
  expect(await isKept(`records of ${capsule}`)).toBe(false);
  expect(await exportFilesKept()).not.toEqual([]);
  await archiveFor(-1);
  await remove();
  expect(await exportFilesKept()).toEqual([]);
});

/** A number that the house skips, of a batch of the same buyer. */
async function voidNumber(): Promise<string> {
  const batch = await openTestBatch(floor, { quantity: 1 });
  const number = batch.claimAt(1);
  await office.raw('select void_numbers(?, ?::jsonb)', [
    batch.id,
    JSON.stringify([{ ...number, why: 'skipped' }]),
  ]);
  return number.value;
}

test('what another capsule needs stays, and two runs that remove at once decide one after the other', async () => {
  await shipBatch(floor, 1);
  await handOut(office, 'acme', home);
  const gone = await move(['in both']);
  await shipBatch(floor, 1);
  await handOut(office, 'acme', home);
  const kept = await move(['in both']);
  const runs = [await openRun(office), await openRun(office)];
  await eraseCapsule(retention, gone, runs[0]!);
  const deciding = await retention.transaction();
  await deciding.raw('select erase_contents(?)', [runs[0]!]);
  const other = removeErased({ retentionDb: retention, store }, runs[1]!);
  await untilBlocked(database);
  await deciding.commit();
  await other;
  expect([await isKept(`records of ${gone}`), await isKept(`records of ${kept}`)]).toEqual([false, true]);
  expect(await isKept('in both')).toBe(true);
  await eraseCapsule(retention, kept, runs[1]!);
  await remove();
  expect(await isKept('in both')).toBe(false);
});

/** A run that has decided what goes, and dies before any of it is gone. */
async function dieWhileRemoving(run: string): Promise<void> {
  const dying = { ...store, remove: () => Promise.reject(new Error('killed')) };
  await expect(removeErased({ retentionDb: retention, store: dying }, run)).rejects.toThrow('killed');
}

test('what was decided to go, and is not gone yet, stays where somebody holds it by now', async () => {
  const [unit] = (await shipBatch(floor, 1)).units as [WalkedUnit];
  await handOut(office, 'acme', home);
  const capsule = await move();
  const run = await openRun(office);
  await eraseCapsule(retention, capsule, run);
  await dieWhileRemoving(run);
  const hold = await addHold(unit);
  const whole = await exportFilesKept();
  expect(whole).not.toEqual([]);
  await remove();
  expect(await exportFilesKept()).toEqual(whole);
  await release(hold);
  await remove();
  expect(await exportFilesKept()).toEqual([]);
});

test('what was decided to go, and is not gone yet, stays where the same bytes were made once more', async () => {
  await shipBatch(floor, 1);
  await handOut(office, 'acme', home);
  const gone = await move(['made again']);
  const run = await openRun(office);
  await eraseCapsule(retention, gone, run);
  await dieWhileRemoving(run);
  await shipBatch(floor, 1);
  await handOut(office, 'acme', home);
  const kept = await move(['made again']);
  await remove();
  expect([await isKept('made again'), await isKept(`records of ${gone}`)]).toEqual([true, false]);
  expect(await all(wantedContents(office, null))).toContain(digest('made again'));
  expect(await lost()).toEqual([]);
  await eraseCapsule(retention, kept, await openRun(office));
  await remove();
  expect(await isKept('made again')).toBe(false);
});

test('a worker of the version before finds the view of its last step, and removes no file of an export by it', async () => {
  expect(await office('exports').count({ exports: '*' })).not.toEqual([{ exports: '0' }]);
  expect(await office('erased_exports').select('id')).toEqual([]);
});
