import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { protectArchive } from '../../activities/protect-archive';
import { capsuleFiles } from '../../adapters/postgres/capsules';
import { openDatabase, type Database } from '../../adapters/postgres/database';
import { approveRetention, retentionInForce } from '../../adapters/postgres/retention';
import { wantedContents } from '../../adapters/postgres/wanted-contents';
import { openStore } from '../../adapters/store/open-store';
import type { ContentStore } from '../../adapters/store/port';
import { parseSha256Hex, type Sha256Hex } from '../../domain/brands';
import { createTestDatabase, type TestDatabase } from '../support/database';
import { shipBatch } from '../support/exports';
import { applyPolicy, bookMade, handOut, planned } from '../support/retention';
import { credentials, hasS3, itWithS3, S3Server } from '../support/s3-server';
import { applySmallPlant, openShopFloor, type ShopFloor } from '../support/shop-floor';

/** Object lock of what is archived: until the policy's end, and for longer when that grows. */
let database: TestDatabase;
let floor: ShopFloor;
let office: Database;
let home: string;
let server: S3Server;
let store: ContentStore;
let capsule: string;
let manifest: Sha256Hex;

const before = { ...process.env };
beforeAll(async () => {
  Object.assign(process.env, credentials, { AWS_EC2_METADATA_DISABLED: 'true' });
  home = await mkdtemp(join(tmpdir(), 'unitrail-lock-'));
  database = await createTestDatabase();
  floor = openShopFloor(database);
  office = openDatabase(database.urlOf('office'), { applicationName: 'test-lock', maxConnections: 4 });
  await applySmallPlant(floor);
  await applyPolicy(floor);
  await shipBatch(floor, 1);
  await handOut(office, 'acme', home);
  const { run, capsules } = await planned(office);
  capsule = capsules[0]!;
  await bookMade(office, run, capsule);
  const [file] = await capsuleFiles(office, capsule);
  manifest = parseSha256Hex(file!.sha256);
  if (!hasS3()) return;
  server = await S3Server.start();
  await server.makeBucket('locked', { lock: true });
  const copy = { kind: 'folder', folder: join(home, 'copy') } as const;
  store = openStore({ first: server.placeOf('locked'), copy }, { cacheBytes: 0 });
  await store.put(Buffer.from(JSON.stringify({ capsule })));
}, 120_000);
afterAll(async () => {
  for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name];
  await Promise.all([office?.destroy(), floor?.close(), server?.stop()]);
  await database?.drop();
  await rm(home, { recursive: true, force: true });
});

async function agreeOnPolicy(): Promise<void> {
  const { version } = await retentionInForce(floor.as('desk'));
  for (const by of ['17', '23']) await approveRetention(floor.as('desk'), version, by);
}

const yearOf = async (): Promise<number | undefined> => (await store.lockedUntil(manifest))?.getUTCFullYear();

itWithS3('what a capsule has is locked until the end of its archive, which erasure respects', async () => {
  expect(await store.has(manifest)).toBe(true);
  // The plant before had no policy: until two persons agree, its capsules are kept until further notice.
  expect(await protectArchive({ db: office, store }, capsule)).toBe(0);
  await agreeOnPolicy();
  expect(await protectArchive({ db: office, store }, capsule)).toBe(1);
  // Ten years after the last unit was placed on the market, which was just now.
  const year = await yearOf();
  expect(year).toBeGreaterThanOrEqual(new Date().getUTCFullYear() + 9);
  await expect(store.remove(manifest)).rejects.toMatchObject({ code: 'NOT_ALLOWED' });
  expect(Buffer.from(await store.get(manifest)).toString()).toBe(JSON.stringify({ capsule }));

  await applyPolicy(floor, { archiveYears: 25 });
  expect(await protectArchive({ db: office, store }, null)).toBe(1);
  expect(await yearOf()).toBe(year! + 15);
  await applyPolicy(floor, { archiveYears: 1 });
  await agreeOnPolicy();
  await protectArchive({ db: office, store }, null);
  expect(await yearOf()).toBe(year! + 15);
});

it('the files of capsules and exports are what a search for bit rot asks for', async () => {
  const wanted: string[] = [];
  for await (const sha256 of wantedContents(office, null)) wanted.push(sha256);
  const exported = await office('export_files').distinct('sha256').pluck<string[]>('sha256');
  expect(exported.length).toBeGreaterThan(0);
  expect(wanted).toEqual([...new Set([...exported, manifest])].sort());
  const later: string[] = [];
  for await (const sha256 of wantedContents(office, parseSha256Hex(wanted[0]!))) later.push(sha256);
  expect(later).toEqual(wanted.slice(1));
});
