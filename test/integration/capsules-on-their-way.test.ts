import { createHash } from 'node:crypto';
import { chmod, copyFile, cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { deliverCapsule } from '../../activities/deliver-capsule';
import { createRetentionActivities, type RetentionDeps } from '../../activities/retention';
import { readLogKey } from '../../adapters/keys/log-key';
import {
  abandonCapsule,
  bookCapsuleDelivery,
  capsuleFiles,
  findCapsule,
  unmovedCapsules,
} from '../../adapters/postgres/capsules';
import { openDatabase, type Database } from '../../adapters/postgres/database';
import { addLegalHold, releaseLegalHold } from '../../adapters/postgres/legal-holds';
import { bookCheckpoint, bookedCheckpoint } from '../../adapters/postgres/log';
import { readMetrics } from '../../adapters/postgres/metric-queries';
import { approveRetention, retentionInForce } from '../../adapters/postgres/retention';
import { createContentStore } from '../../adapters/store/content-store';
import { openStore } from '../../adapters/store/open-store';
import { defaultExportSettings } from '../../domain/export-schema';
import type { SftpTarget } from '../../domain/export-settings';
import { audit } from '../../tools/audit/audit';
import { openInbox, type Inbox } from '../../tools/inbox/inbox';
import { capsuleDeps, planRun, storePath, type CapsuleDeps } from '../support/capsule-run';
import { createTestDatabase, type TestDatabase } from '../support/database';
import { shipBatch } from '../support/exports';
import { sqlStateOf } from '../support/refusals';
import { applyPolicy, handOut, one, openRun, retire } from '../support/retention';
import { applySmallPlant, openShopFloor, type ShopFloor } from '../support/shop-floor';
import { flipBit } from '../support/store-contract';

/** Capsules between their planning and their move, by the activities of a run: what stops one, and where it goes on. */
let database: TestDatabase;
let floor: ShopFloor;
let office: Database;
let home: string;
let inbox: Inbox;
let deps: CapsuleDeps;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'unitrail-capsules-'));
  inbox = await openInbox(join(home, 'inbox'));
  database = await createTestDatabase();
  floor = openShopFloor(database);
  office = floor.as('office');
  deps = await capsuleDeps(office, home);
  await applySmallPlant(floor);
});
afterAll(async () => {
  await floor?.close();
  await inbox?.close();
  await database?.drop();
  await rm(home, { recursive: true, force: true });
});
/** Each test leaves nothing that is still to be moved. */
afterEach(async () => {
  expect(await unmovedCapsules(office, 10)).toEqual([]);
});

/** One step of a run, as its worker does it. */
async function act<Name extends keyof ReturnType<typeof createRetentionActivities>>(
  name: Name,
  input: { run: string; capsule?: string; asOf?: string },
  changes: Partial<RetentionDeps> = {},
): Promise<unknown> {
  const activities = createRetentionActivities({
    ...{ ...deps, client: undefined as never, secrets: {}, ...changes },
    exportKey: () => Promise.resolve(deps.key),
    log: changes.log ?? (() => Promise.resolve(deps.log)),
    retentionDb: () => Promise.resolve(floor.as('retention')),
  });
  const work = activities[name] as (given: typeof input) => Promise<unknown>;
  return new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') }).run(work, input);
}

const serverOf = (sftp: SftpTarget | null) =>
  applyPolicy(floor, {}, sftp === null ? undefined : { ...defaultExportSettings(), sftp });

interface OfRun {
  readonly run: string;
  readonly capsule: string;
}

/** A capsule of units of its own whose files are in the store. The plant file names the buyer's server, unless it is told otherwise. */
async function madeCapsule(units = 1, sftp: SftpTarget | null = inbox.target): Promise<OfRun> {
  await serverOf(null);
  await shipBatch(floor, units);
  await handOut(office, 'acme', home);
  await serverOf(sftp);
  const { run, capsules } = await planRun(office);
  const made = { run: run.id, capsule: capsules[0]! };
  await act('writeCapsule', { ...made, asOf: run.asOf.toISOString() });
  return made;
}

/** What a further run plans, and takes through all its steps. */
async function moveByNextRun(): Promise<string> {
  const { run, capsules } = await planRun(office);
  const next = { run: run.id, capsule: capsules[0]! };
  await act('writeCapsule', { ...next, asOf: run.asOf.toISOString() });
  for (const step of ['deliverCapsule', 'readCapsuleBack', 'moveCapsule'] as const) await act(step, next);
  return next.capsule;
}

const atBuyer = (capsule: string): Promise<string[]> =>
  readdir(join(inbox.folder, 'capsules', capsule)).catch(() => []);
const pathOf = async (capsule: string, role: string): Promise<string> => {
  const file = (await capsuleFiles(office, capsule)).find((one) => one.role === role)!;
  return storePath(home, file.sha256);
};
/** Of whose files in the store the bytes are not what was booked, by their names. */
async function damagedFiles(capsule: string): Promise<string[]> {
  const damaged: string[] = [];
  for (const { name, sha256 } of await capsuleFiles(office, capsule)) {
    const bytes = await readFile(storePath(home, sha256)).catch(() => null);
    if (bytes === null || createHash('sha256').update(bytes).digest('hex') !== sha256) damaged.push(name);
  }
  return damaged;
}
const nextName = (capsule: string): string => capsule.replace(/\d+$/, (number) => String(Number(number) + 1));
const eventsOf = (run: string): Promise<string[]> =>
  office('unit_events')
    .where({ stream: `retention:${run}` })
    .orderBy('seq')
    .pluck('type');

test('nothing of a capsule goes to its buyer before the second reader has found it good', async () => {
  const made = await madeCapsule();
  const { run, capsule } = made;
  const problems = [{ where: 'records.jsonl', what: 'is not what it should be' }];
  const report = { ok: false, problems, capsule, manifestSha256: null, keyId: null, found: 1, notes: [] };
  const counts = { records: 0, statements: 0, proofs: 0, events: 0 };
  const verify = () => Promise.resolve({ ...report, counts });
  await expect(act('deliverCapsule', made, { verify })).rejects.toMatchObject({ code: 'CAPSULE_DAMAGED' });
  const alone = deliverCapsule({ db: office, store: deps.store, secrets: {} }, capsule, run);
  await expect(alone).rejects.toMatchObject({ code: 'NOT_ALLOWED' });
  expect(await atBuyer(capsule)).toEqual([]);
  await act('deliverCapsule', made);
  expect(await atBuyer(capsule)).toContain('manifest.json');
  // Read once in a run: the step behind it finds that.
  await act('readCapsuleBack', made, { verify });
  expect((await eventsOf(run)).slice(-2)).toEqual(['copyVerified', 'capsuleDelivered']);
  await act('moveCapsule', made);
});

test.each<[string, (path: string) => Promise<unknown>]>([
  [
    'changed',
    async (path) => {
      await chmod(path, 0o600);
      await writeFile(path, (await readFile(path, 'utf8')).replace('PASS', 'FAIL'));
    },
  ],
  ['gone', (path) => rm(path)],
])(
  'a capsule of which a file is %s before its move is given up, and its units go into another one',
  async (_how, damage) => {
    const made = await madeCapsule();
    const { capsule } = made;
    await act('deliverCapsule', made);
    const delivered = await readFile(join(inbox.folder, 'capsules', capsule, 'manifest.json'), 'utf8');
    await damage(await pathOf(capsule, 'records'));
    const later = { run: await openRun(office), capsule };
    await act('deliverCapsule', later);
    await expect(act('readCapsuleBack', later)).rejects.toMatchObject({
      code: 'CAPSULE_DAMAGED',
      message: expect.stringMatching(/records\.jsonl (was changed|is missing).* was given up/),
    });
    expect(await findCapsule(office, capsule)).toMatchObject({ state: 'abandoned' });
    const told = await office('unit_events')
      .where({ stream: `retention:${later.run}` })
      .orderBy('seq', 'desc')
      .first<{ type: string; body: string }>();
    expect(told).toMatchObject({ type: 'capsuleAbandoned', body: expect.stringContaining('records.jsonl') });
    await expect(act('readCapsuleBack', later)).rejects.toMatchObject({ code: 'NOT_ALLOWED' });
    // The next run makes another one, of files that the first has as well; what the buyer has stays as it is.
    const remove = () => Promise.reject(new Error('a run that plans removes nothing'));
    await act('planRetention', { run: await openRun(office) }, { store: { ...deps.store, remove } });
    const [planned] = await unmovedCapsules(office, 10);
    expect(planned).toMatchObject({ id: nextName(capsule), units: 1 });
    const again = { run: await openRun(office), capsule: planned!.id };
    await act('writeCapsule', { ...again, asOf: new Date().toISOString() });
    for (const step of ['deliverCapsule', 'readCapsuleBack', 'moveCapsule'] as const) await act(step, again);
    expect(await atBuyer(again.capsule)).toContain('manifest.json');
    expect(await readFile(join(inbox.folder, 'capsules', capsule, 'manifest.json'), 'utf8')).toBe(delivered);
    for (const step of ['planRetention', 'removeErased'] as const) await act(step, again);
    expect(await damagedFiles(again.capsule)).toEqual([]);
    expect(await damagedFiles(capsule)).toEqual([]);
  },
);

test('one of which units have moved is not given up: only the backup of the store has their bytes', async () => {
  const made = await madeCapsule(2, null);
  const { run, capsule } = made;
  await act('deliverCapsule', made);
  await act('readCapsuleBack', made);
  expect(await retire(floor, run, capsule, 1)).toBe('1');
  const path = await pathOf(capsule, 'events');
  const bytes = await readFile(path);
  await rm(path);
  const later = { run: await openRun(office), capsule };
  await expect(act('readCapsuleBack', later)).rejects.toMatchObject({
    code: 'CAPSULE_DAMAGED',
    message: expect.stringContaining('from its backup'),
  });
  expect(await findCapsule(office, capsule)).toMatchObject({ state: 'made' });
  const owner = openDatabase(database.ownerUrl, { applicationName: 'test-owner', maxConnections: 1 });
  const byHand = `update capsules set state = 'abandoned', abandoned_at = now() where id = ?`;
  expect(await sqlStateOf(owner.raw(byHand, [capsule]))).toBe('42501');
  await owner.destroy();
  await writeFile(path, bytes);
  await act('readCapsuleBack', later);
  await act('moveCapsule', later);
});

test('a file that rots between the reading back and the move keeps the units here', async () => {
  const made = await madeCapsule();
  const { capsule } = made;
  const unitIds = await office('capsule_units').where({ capsule_id: capsule }).pluck<string[]>('unit_id');
  for (const step of ['deliverCapsule', 'readCapsuleBack'] as const) await act(step, made);
  await rm(await pathOf(capsule, 'events'));
  await expect(act('moveCapsule', made)).rejects.toMatchObject({
    code: 'CAPSULE_DAMAGED',
    message: expect.stringMatching(/events\.jsonl is missing.* was given up/),
  });
  expect(await office('records').whereIn('unit_id', unitIds).pluck('unit_id')).toEqual(unitIds);
  expect(await moveByNextRun()).toBe(nextName(capsule));
});

test('a file of its own that rots in the first place is mended from the second copy, and nothing is given up for it', async () => {
  const made = await madeCapsule();
  const [first, copy] = [join(home, 'store'), join(home, 'second')];
  await cp(first, copy, { recursive: true });
  const places = {
    first: { kind: 'folder', folder: first },
    copy: { kind: 'folder', folder: copy },
  } as const;
  const store = openStore(places, { cacheBytes: 0 });
  await flipBit(await pathOf(made.capsule, 'records'));
  for (const step of ['deliverCapsule', 'readCapsuleBack'] as const) await act(step, made, { store });
  expect(await damagedFiles(made.capsule)).toEqual([]);
  await flipBit(await pathOf(made.capsule, 'events'));
  // A lock holds the bytes that are there when it is set, so these have to be the mended ones.
  const locked: string[][] = [];
  const protect = async (): Promise<boolean> => locked.push(await damagedFiles(made.capsule)) > 0;
  await agreeOnPolicy();
  await act('moveCapsule', made, { store: { ...store, protect } });
  expect(locked.length).toBeGreaterThan(0);
  expect(locked.flat()).toEqual([]);
  expect(await damagedFiles(made.capsule)).toEqual([]);
});

async function agreeOnPolicy(): Promise<void> {
  const { version } = await retentionInForce(floor.as('desk'));
  for (const by of ['17', '23']) await approveRetention(floor.as('desk'), version, by);
}

test('a damaged file that all capsules have is written anew, and nothing is given up for it', async () => {
  const made = await madeCapsule();
  await act('deliverCapsule', made);
  for (const role of ['page', 'checkpoint'] as const) {
    const path = await pathOf(made.capsule, role);
    await chmod(path, 0o600);
    await writeFile(path, 'rotten');
  }
  for (const role of ['schema', 'statements'] as const) await rm(await pathOf(made.capsule, role));
  const later = { ...made, run: await openRun(office) };
  await act('readCapsuleBack', later);
  expect(await damagedFiles(made.capsule)).toEqual([]);
  await act('moveCapsule', later);
});

test('where the store has nothing that only this capsule has it is the store that is away: nothing is given up', async () => {
  const made = await madeCapsule();
  // A share that is not mounted: what a newer capsule wrote is there, and of that much is the same.
  const newer = await madeCapsule();
  const away = join(home, 'away');
  for (const { sha256 } of await capsuleFiles(office, newer.capsule)) {
    const path = storePath(home, sha256);
    const copy = path.replace(join(home, 'store'), away);
    await mkdir(dirname(copy), { recursive: true });
    await copyFile(path, copy);
  }
  const store = createContentStore({ folder: away });
  await expect(act('readCapsuleBack', made, { store })).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  expect(await findCapsule(office, made.capsule)).toMatchObject({ state: 'made' });
  for (const one of [made, newer])
    for (const step of ['deliverCapsule', 'readCapsuleBack', 'moveCapsule'] as const) await act(step, one);
});

test('a capsule that was made before the key of the log was changed is read back by the key before', async () => {
  const made = await madeCapsule();
  const manufacturer = { issuer: 'unitrail', name: 'Unitrail', companyPrefix: '061414112' };
  const after = async (env: Record<string, string>) => {
    const key = await readLogKey({ env, manufacturer, home: join(home, 'next') });
    return { log: () => Promise.resolve({ ...deps.log, key }) };
  };
  await expect(act('readCapsuleBack', made, await after({}))).rejects.toMatchObject({
    code: 'CAPSULE_DAMAGED',
    message: expect.stringContaining("as the log's key"),
  });
  // A key that nobody has named is no damage of a file.
  expect(await findCapsule(office, made.capsule)).toMatchObject({ state: 'made' });
  const named = await after({ UNITRAIL_LOG_KEYS_BEFORE: deps.log.key.text });
  await act('readCapsuleBack', made, named);
  for (const step of ['deliverCapsule', 'moveCapsule'] as const) await act(step, made);
});

/** The log as an office with another `logOrigin` in its plant file has it. */
async function logAnew(env: Record<string, string> = {}) {
  const manufacturer = { issuer: 'unitrail', name: 'Unitrail', companyPrefix: '061414112' };
  const place = { env, manufacturer: { ...manufacturer, logOrigin: 'log.example.com/anew' } };
  const key = await readLogKey({ ...place, home: join(home, 'anew') });
  return { key, log: () => Promise.resolve({ ...deps.log, key }) };
}

test('a capsule whose proofs are of a log that is over is given up, where another one has begun', async () => {
  const made = await madeCapsule(1, null);
  const { key, log } = await logAnew();
  // A slip of the pen in the plant file begins no log.
  await expect(act('readCapsuleBack', made, { log })).rejects.toMatchObject({
    code: 'CONFIGURATION_INVALID',
    message: expect.stringContaining('manufacturer.logOrigin'),
  });
  expect(await findCapsule(office, made.capsule)).toMatchObject({ state: 'made' });
  const booked = await bookedCheckpoint(office, deps.log.key.origin);
  await bookCheckpoint(office, key.checkpoint(booked!), key.text);
  await expect(act('readCapsuleBack', made, { log })).rejects.toMatchObject({
    code: 'NOT_ALLOWED',
    message: expect.stringMatching(/log\.example\.com\/anew by now\. It was given up/),
  });
  expect(await moveByNextRun()).toBe(nextName(made.capsule));
});

test('a capsule of a log that is over, of which units have moved, is read back by the key of that log', async () => {
  const made = await madeCapsule(2, null);
  const { run, capsule } = made;
  for (const step of ['deliverCapsule', 'readCapsuleBack'] as const) await act(step, made);
  expect(await retire(floor, run, capsule, 1)).toBe('1');
  const later = { run: await openRun(office), capsule };
  await expect(act('readCapsuleBack', later, await logAnew())).rejects.toMatchObject({
    code: 'NOT_ALLOWED',
    message: expect.stringContaining('UNITRAIL_LOG_KEYS_BEFORE'),
  });
  await act('readCapsuleBack', later, await logAnew({ UNITRAIL_LOG_KEYS_BEFORE: deps.log.key.text }));
  await act('moveCapsule', later);
});

test('a capsule that is planned only is not read back', async () => {
  await shipBatch(floor, 1);
  await handOut(office, 'acme', home);
  const { run, capsules } = await planRun(office);
  const made = { run: run.id, capsule: capsules[0]! };
  await expect(act('readCapsuleBack', made)).rejects.toMatchObject({ code: 'NOT_ALLOWED' });
  await act('writeCapsule', { ...made, asOf: run.asOf.toISOString() });
  for (const step of ['deliverCapsule', 'readCapsuleBack', 'moveCapsule'] as const) await act(step, made);
});

test('what reaches its buyer although its capsule has moved or was given up meanwhile is on record', async () => {
  // It moves as one that nobody is to be brought, while a slower run is at its delivery.
  const moved = await madeCapsule(1, null);
  for (const step of ['deliverCapsule', 'readCapsuleBack', 'moveCapsule'] as const) await act(step, moved);
  const target = 'sftp://late';
  await bookCapsuleDelivery(office, moved.capsule, moved.run, { target, failure: null });
  // One that was moved before its turn has come is not brought at all.
  await serverOf(inbox.target);
  const verified = { run: moved.run, capsule: moved.capsule };
  await act('deliverCapsule', verified);
  expect(await atBuyer(moved.capsule)).toEqual([]);
  const given = await madeCapsule();
  const trouble = { code: 'CAPSULE_DAMAGED', message: 'why' };
  await abandonCapsule(office, given.capsule, given.run, trouble);
  await bookCapsuleDelivery(office, given.capsule, given.run, { target, failure: null });
  const told = await office('capsule_deliveries').where({ target }).orderBy('id').pluck('capsule_id');
  expect(told).toEqual([moved.capsule, given.capsule]);
  expect(await findCapsule(office, moved.capsule)).toMatchObject({ state: 'moved', delivery: 'none' });
  const { retention } = await readMetrics(office);
  expect(retention.givenUpCapsules).toBe(await countGivenUp());
  await moveByNextRun();
});

const countGivenUp = (): Promise<number> =>
  one(office, `(select count(*)::integer from capsules where state = 'abandoned')`);

test('a capsule on legal hold takes no place of a newer one, and the report says who holds it', async () => {
  const held = await madeCapsule(1, null);
  const [{ unit_id: unitId, serial }] = (await office('capsule_units').where({
    capsule_id: held.capsule,
  })) as [{ unit_id: string; serial: string }];
  const hold = { id: 'H-1', kind: 'unit', value: serial, unitId, reason: 'a claim', by: '17' } as const;
  await addLegalHold(floor.as('desk'), hold);
  const free = await madeCapsule(1, null);
  expect(await unmovedCapsules(office, 1)).toMatchObject([{ id: free.capsule, hold: null }]);
  expect(await act('planRetention', free)).toEqual([
    expect.objectContaining({ capsule: free.capsule, problem: null }),
    expect.objectContaining({
      capsule: held.capsule,
      problem: { code: 'NOT_ALLOWED', message: expect.stringContaining('H-1') as string },
    }),
  ]);
  await releaseLegalHold(floor.as('desk'), { id: 'H-1', reason: 'settled', by: '17' });
  for (const one of [free, { ...held, run: free.run }])
    for (const step of ['deliverCapsule', 'readCapsuleBack', 'moveCapsule'] as const) await act(step, one);
});

test('a name that another capsule has at the buyer is left to it: the units go into one of the next number', async () => {
  const made = await madeCapsule();
  const folder = join(inbox.folder, 'capsules', made.capsule);
  await mkdir(folder, { recursive: true });
  // As before the database was restored: the same name, and other bytes.
  await writeFile(join(folder, 'manifest.json'), '{"capsule":"of another time"}');
  await expect(act('deliverCapsule', made)).rejects.toMatchObject({
    code: 'SFTP_FILE_CONFLICT',
    message: expect.stringContaining('given up'),
  });
  expect(await readdir(folder)).toEqual(['manifest.json']);
  expect(await findCapsule(office, made.capsule)).toMatchObject({ state: 'abandoned' });
  const next = await moveByNextRun();
  expect(next).toBe(nextName(made.capsule));
  expect(await atBuyer(next)).toContain('manifest.json');
});

test('a file that is in the way, and is no other capsule, is for a person to look at', async () => {
  const made = await madeCapsule();
  const folder = join(inbox.folder, 'capsules', made.capsule);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'README.txt'), 'mine');
  await expect(act('deliverCapsule', made)).rejects.toMatchObject({ code: 'SFTP_FILE_CONFLICT' });
  expect(await findCapsule(office, made.capsule)).toMatchObject({ state: 'made', delivery: 'due' });
  await rm(join(folder, 'README.txt'));
  for (const step of ['deliverCapsule', 'readCapsuleBack', 'moveCapsule'] as const) await act(step, made);
});

test('a server that the plant file names later gets a capsule that has not moved, and one that is gone keeps none back', async () => {
  const made = await madeCapsule(1, null);
  const { capsule } = made;
  const deliveryOf = async (): Promise<string> => (await findCapsule(office, capsule)).delivery;
  await act('deliverCapsule', made);
  await act('deliverCapsule', made);
  expect(await deliveryOf()).toBe('none');
  // It can't be reached yet: until it is, nothing moves.
  await serverOf({ ...inbox.target, hostKeys: [`SHA256:${'A'.repeat(43)}`] });
  await expect(act('deliverCapsule', made)).rejects.toMatchObject({ code: 'SFTP_HOST_KEY_MISMATCH' });
  expect(await deliveryOf()).toBe('due');
  await expect(act('moveCapsule', made)).rejects.toMatchObject({ code: 'NOT_ALLOWED' });
  await serverOf(null);
  await act('deliverCapsule', made);
  expect(await deliveryOf()).toBe('none');
  await serverOf(inbox.target);
  await act('deliverCapsule', made);
  expect(await deliveryOf()).toBe('delivered');
  expect(await atBuyer(capsule)).toContain('manifest.json');
  await serverOf(null);
  await act('deliverCapsule', made);
  expect(await deliveryOf()).toBe('delivered');
  await act('moveCapsule', made);
});

test('units leave a capsule only where it is given up, and nothing takes it up again', async () => {
  const made = await madeCapsule(1, null);
  const { capsule, run } = made;
  const owner = openDatabase(database.ownerUrl, { applicationName: 'test-owner', maxConnections: 1 });
  const refused = async (sql: string) =>
    expect([sql, await sqlStateOf(owner.raw(sql, [capsule]))]).toEqual([sql, '42501']);
  await refused('delete from capsule_units where capsule_id = ?');
  await act('deliverCapsule', made);
  await act('readCapsuleBack', made);
  await act('moveCapsule', made);
  expect(await one(office, `abandon_capsule(?, ?, 'CAPSULE_DAMAGED', 'why')`, [capsule, run])).toBe(false);
  await refused(`update capsules set state = 'abandoned', abandoned_at = now() where id = ?`);
  await refused('delete from capsule_units where capsule_id = ?');
  await owner.destroy();
});

test('after all of that every promise is kept: the auditor knows what was given up', async () => {
  const states = await office('capsules').distinct('state').orderBy('state').pluck('state');
  expect(states).toEqual(['abandoned', 'moved']);
  const { violations } = await audit(database.urlOf('auditor'), { store: join(home, 'store') });
  expect(violations).toEqual([]);
});
