import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { capsuleProofs } from '../../activities/capsule-proofs';
import { deliverCapsule } from '../../activities/deliver-capsule';
import { makeCapsule } from '../../activities/make-capsule';
import { protectArchive } from '../../activities/protect-archive';
import { verifyCopy } from '../../activities/verify-capsule';
import { writeCapsule } from '../../adapters/capsule/write-capsule';
import { capsuleFiles, retireSome } from '../../adapters/postgres/capsules';
import { openDatabase, type Database } from '../../adapters/postgres/database';
import { approveRetention, retentionInForce } from '../../adapters/postgres/retention';
import { questionsOfSearch, wantedContents } from '../../adapters/postgres/wanted-contents';
import { checkStore } from '../../adapters/store/check-store';
import { openSides, openStore } from '../../adapters/store/open-store';
import type { ContentStore } from '../../adapters/store/port';
import { parseSha256Hex, type Sha256Hex } from '../../domain/brands';
import type { StoreSetting } from '../../domain/store-place';
import { register as show } from '../../cli/unit-show';
import { audit } from '../../tools/audit/audit';
import { verifyFiles } from '../../workers/retention-parts';
import { createTestDatabase, type TestDatabase } from '../support/database';
import { makeDeps, shipBatch } from '../support/exports';
import { applyPolicy, bookMade, handOut, planned } from '../support/retention';
import { credentials, hasS3, itWithS3, S3Server } from '../support/s3-server';
import { flipBit } from '../support/store-contract';
import { typeCommand, type Register } from '../support/type-command';
import { applySmallPlant, openShopFloor, type ShopFloor } from '../support/shop-floor';

/** An archive in a bucket with object lock, and a second copy in a folder: moved, read, audited, mended and locked. */
let database: TestDatabase;
let floor: ShopFloor;
let office: Database;
let home: string;
let server: S3Server;
let store: ContentStore;
let setting: StoreSetting;
let serial: string;
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
  const { units } = await shipBatch(floor, 3);
  ({ serial } = units[0]!);
  await handOut(office, 'acme', home);
  const { run, capsules } = await planned(office);
  capsule = capsules[0]!;
  if (hasS3()) await moveIntoBucket(run);
  else await bookMade(office, run, capsule);
  const files = await capsuleFiles(office, capsule);
  manifest = parseSha256Hex(files.find(({ role }) => role === 'manifest')!.sha256);
});
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

/** Each step of a retention run, with the bucket as the store. */
async function moveIntoBucket(run: string): Promise<void> {
  server = await S3Server.start();
  await server.makeBucket('locked', { lock: true });
  setting = { first: server.placeOf('locked'), copy: { kind: 'folder', folder: join(home, 'copy') } };
  store = openStore(setting, { cacheBytes: 0 });
  const made = { ...(await makeDeps(office, home)), store };
  const { text, origin } = made.log.key;
  const trusted = { publicKeys: [made.key.publicKey], logKeys: [text], logOrigin: origin };
  const deps = { ...made, write: writeCapsule, verify: verifyFiles, trusted };
  const proofs = () => capsuleProofs(office, made.log);
  await makeCapsule({ ...deps, proofs }, capsule, { id: run, asOf: new Date() });
  await verifyCopy(deps, capsule, run);
  await deliverCapsule({ db: office, store, secrets: {} }, capsule, run);
  while ((await retireSome(floor.as('retention'), capsule, run)) > 0);
}

const shown = async (): Promise<string> => {
  const config = () => ({ store: setting });
  const withStore: Register = (program, context) =>
    show(program, { ...(context as object), config } as never);
  return (await typeCommand(database, [withStore], `unit show ${serial}`)).text;
};
const judged = async () => (await audit(database.urlOf('auditor'), { store: setting.first })).violations;

itWithS3('a unit is shown from the bucket, and the auditor reads it there', async () => {
  expect(await shown()).toMatch(new RegExp(`From +archive ${capsule}`));
  expect(await judged()).toEqual([]);
  const { events } = Object.fromEntries(
    (await capsuleFiles(office, capsule)).map(({ role, sha256 }) => [role, sha256]),
  );
  await flipBit(server.fileOf('locked', events!));
  expect((await judged()).map(({ invariant, subject }) => [invariant, subject])).toEqual([
    ['A19', `capsule ${capsule}, events.jsonl`],
  ]);
  const deps = { ...openSides(setting), ...questionsOfSearch(office), workFolder: join(home, 'work') };
  const { report } = await checkStore(deps);
  // What was exported lies in the folder of the test alone.
  expect(report.findings.filter(({ outcome }) => outcome === 'mended')).toEqual([
    { sha256: events, first: 'damaged', copy: 'whole', outcome: 'mended' },
  ]);
  expect(await judged()).toEqual([]);
  expect(await shown()).toMatch(/From +archive/);
});

const yearOf = async (): Promise<number | undefined> => (await store.lockedUntil(manifest))?.getUTCFullYear();

itWithS3('what a capsule has is locked until the end of its archive, which erasure respects', async () => {
  // The plant before had no policy: until two persons agree, its capsules are kept until further notice.
  expect(await protectArchive({ db: office, store }, capsule)).toBe(0);
  const files = (await capsuleFiles(office, capsule)).length;
  await agreeOnPolicy();
  expect(await protectArchive({ db: office, store }, capsule)).toBe(files);
  // Ten years after the last unit was placed on the market, which was just now.
  const year = await yearOf();
  expect(year).toBeGreaterThanOrEqual(new Date().getUTCFullYear() + 9);
  await expect(store.remove(manifest)).rejects.toMatchObject({ code: 'NOT_ALLOWED' });
  expect(await store.get(manifest)).not.toHaveLength(0);

  await applyPolicy(floor, { archiveYears: 25 });
  expect(await protectArchive({ db: office, store }, null)).toBe(files);
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
  const archived = (await capsuleFiles(office, capsule)).map(({ sha256 }) => sha256);
  expect(wanted).toEqual([...new Set([...exported, ...archived])].sort());
  const later: string[] = [];
  for await (const sha256 of wantedContents(office, parseSha256Hex(wanted[0]!))) later.push(sha256);
  expect(later).toEqual(wanted.slice(1));
});
