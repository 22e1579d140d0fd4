import { generateKeyPairSync } from 'node:crypto';
import { cp, readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openDatabase, type Database } from '../../adapters/postgres/database';
import { recordDelivery } from '../../adapters/postgres/deliveries';
import { openExport } from '../../adapters/postgres/exports';
import { applyPlant, requirePlant } from '../../adapters/postgres/plant-store';
import { UnitrailError } from '../../domain/errors';
import type { SftpTarget } from '../../domain/export-settings';
import { audit } from '../../tools/audit/audit';
import { openInbox, type Inbox } from '../../tools/inbox/inbox';
import { openCliScene, startCli, type CliAnswer, type CliScene } from '../support/cli';
import { asOf, shipBatch, testLook } from '../support/exports';
import { untilBlocked } from '../support/refusals';
import { openShopFloor, type ShopFloor } from '../support/shop-floor';
import { TcpProxy } from '../support/tcp-proxy';
import { sampleRecipe } from '../support/unit-facts';

/** `unitrail export …` and `unitrail keys`, as a planner types them. */
let scene: CliScene;
let floor: ShopFloor;
let out: string;

beforeAll(async () => {
  scene = await openCliScene({});
  floor = openShopFloor(scene.database);
  out = join(scene.folder, 'out');
  const { privateKey } = generateKeyPairSync('ed25519');
  await scene.file('key.pem', privateKey.export({ format: 'pem', type: 'pkcs8' }) as string);
  expect((await type('apply', await plantFile())).code).toBe(0);
  // The units of the test's shop floor have another chip than those of the sample.
  const owner = openDatabase(scene.database.ownerUrl, { applicationName: 'test-owner', maxConnections: 1 });
  await owner('issuers').insert({ id: sampleRecipe.product.chipFamily, kind: 'chip-family' });
  await owner.destroy();
});
afterAll(async () => {
  await floor?.close();
  await scene?.close();
});

async function plantFile(): Promise<string> {
  const sample = join(__dirname, '../../sample');
  await cp(sample, join(scene.folder, 'sample'), { recursive: true });
  const text = await readFile(join(sample, 'plant.yaml'), 'utf8');
  const named = text
    .replace('issuer: unitrail', `issuer: unitrail\n  exportKey: file:${join(scene.folder, 'key.pem')}`)
    .replace(
      'Acme Test Buyer, test: true',
      'Acme Test Buyer, test: true, export: { formats: [csv, records] }',
    );
  const path = join(scene.folder, 'sample', 'plant.yaml');
  await writeFile(path, named);
  return path;
}

const type = (...args: string[]): Promise<CliAnswer> => scene.run(args);
const json = async (...args: string[]): Promise<any> => JSON.parse((await type(...args, '--json')).out); // eslint-disable-line @typescript-eslint/no-explicit-any -- each command's own

test('from what is due to files in a folder, and what was delivered when', async () => {
  await shipBatch(floor, 2);
  const due = { units: 2, amendments: 0, numbers: 0 };
  expect(await json('export', 'run', 'acme', '--dry-run')).toEqual({
    dryRun: true,
    buyer: 'acme',
    due,
    undelivered: [],
  });
  expect(await json('export', 'list', 'acme')).toEqual({
    exports: [],
    due: [{ buyer: 'acme', ...due, undelivered: [] }],
  });
  const run = await type('export', 'run', 'acme', '--to', out);
  expect(run.out).toContain('acme-000001: 2 units, 0 amendments, 0 numbers; delivered');
  expect(await readdir(out)).toEqual(
    expect.arrayContaining(['acme-000001.csv', 'acme-000001.manifest.json']),
  );
  expect(await readdir(out)).toHaveLength(11);
  expect((await type('export', 'run', 'acme', '--to', out)).out).toBe('Nothing new is due to acme.\n');
  const listed = await json('export', 'list');
  expect(listed.exports).toMatchObject([
    { export: 'acme-000001', state: 'delivered', deliveries: [{ outcome: 'delivered' }] },
  ]);
  expect(listed.due).toContainEqual({ buyer: 'acme', units: 0, amendments: 0, numbers: 0, undelivered: [] });
});

test('what was made and did not arrive is due, and each failed try stands there with its cause', async () => {
  await shipBatch(floor, 1);
  expect((await type('export', 'run', 'acme')).out).toContain(
    'acme-000002: 1 units, 0 amendments, 0 numbers; made',
  );
  const office = openDatabase(scene.database.urlOf('office'), {
    applicationName: 'test-office',
    maxConnections: 1,
  });
  const failing = recordDelivery(
    office,
    { exportId: 'acme-000002', target: 'sftp://unitrail@acme:22/in' },
    () => Promise.reject(new UnitrailError('STORE_UNAVAILABLE', 'the disk is full')),
  );
  await expect(failing).rejects.toThrow('the disk is full');
  await office.destroy();
  const { out: told } = await type('export', 'list', 'acme');
  expect(told).toMatch(
    /acme-000002 .* sftp:\/\/unitrail@acme:22\/in {2}failed: STORE_UNAVAILABLE: the disk is full/,
  );
  expect(told).toContain('acme: not delivered: acme-000002');
  await shipBatch(floor, 1);
  const { exports } = await json('export', 'run', 'acme', '--to', out);
  expect(exports.map((one: { export: string; state: string }) => [one.export, one.state])).toEqual([
    ['acme-000002', 'delivered'],
    ['acme-000003', 'delivered'],
  ]);
});

test('the keys that signed find the folder good, and a reissue and an extract beside it', async () => {
  const columns = 'serial=S/N,macs';
  const told = ['--columns', columns, '--formats', 'csv'];
  const reissue = await json('export', 'reissue', 'acme-000001', ...told, '--to', out);
  expect(reissue).toMatchObject({
    export: 'acme-000001-r1',
    kind: 'reissue',
    reissueOf: 'acme-000001',
    units: 2,
  });
  expect((await readFile(join(out, 'acme-000001-r1.csv'), 'utf8')).split('\r\n')[0]).toBe('\ufeffS/N,macs');
  // All that was sealed here, also on either side of a midnight.
  const sealed = await floor.as('office')('records').orderBy('sealed_at').pluck<Date[]>('sealed_at');
  const [from, until] = [sealed[0]!, sealed.at(-1)!].map((at) => at.toISOString().slice(0, 10));
  const extract = await json('export', 'extract', 'acme', '--from', from!, '--until', until!, '--to', out);
  expect(extract).toMatchObject({ export: 'acme-x0001', kind: 'extract', number: null, units: 4 });
  const keys = await type('keys');
  await scene.file('keys.txt', keys.out);
  const verified = await scene.run(
    ['export', 'verify', out, '--key', join(scene.folder, 'keys.txt')],
    noServers,
  );
  expect(verified).toMatchObject({ code: 0, err: '' });
  expect(verified.out).toContain('Verified: 5 exports, complete and as signed.');
  await writeFile(join(out, 'acme-000002.csv'), 'tampered');
  const wrong = await scene.run(
    ['export', 'verify', out, '--key', join(scene.folder, 'keys.txt')],
    noServers,
  );
  expect(wrong.code).toBe(1);
  expect(wrong.out).toContain('WRONG  acme-000002.csv: was changed');
});

const noServers = { UNITRAIL_DATABASE_URL: '', TEMPORAL_ADDRESS: '' };

test.each<[string, string[], string]>([
  ['a buyer of nobody', ['export', 'run', 'zeus'], 'buyer: "zeus" is not allowed; one of acme, nordlicht'],
  ['an export of nobody', ['export', 'reissue', 'acme-000099'], 'There is no export acme-000099.'],
  [
    'a column of nobody',
    ['export', 'reissue', 'acme-000001', '--columns', 'colour'],
    '--columns[0].field: "colour" is not allowed',
  ],
  [
    'days in the wrong order',
    ['export', 'extract', 'acme', '--from', '2026-02-01', '--until', '2026-01-31'],
    '--until: "2026-01-31"',
  ],
  ['a folder of nobody', ['export', 'verify', '/nowhere'], 'folder: "/nowhere" is not allowed'],
])('%s is refused', async (_, args, told) => {
  const answer = await type(...args);
  expect(answer.err).toContain(told);
  expect(answer.code).toBe(2);
});

test('a login that is not the office opens nothing', async () => {
  await shipBatch(floor, 1);
  const answer = await scene.run(['export', 'run', 'acme'], { UNITRAIL_LOGINS: '' });
  expect(answer.err).toContain('UNITRAIL_LOGINS');
  expect(await json('export', 'list', 'acme')).toMatchObject({ due: [{ units: 1, undelivered: [] }] });
});

test('an export that can’t be made as it was to look gets another look, on record, and the sequence goes on', async () => {
  const office = openDatabase(scene.database.urlOf('office'), { applicationName: 'test-office' });
  const look = testLook({ columns: [{ field: 'gone' }] });
  const id = (await openExport(office, 'acme', { request: 'gone', asOf, look }))!;
  expect((await type('export', 'run', 'acme', '--to', out)).code).not.toBe(0);
  const options = ['--note', 'that column is no more', '--by', '17'];
  expect(await type('export', 'look', id, ...options)).toMatchObject({ code: 0 });
  expect((await json('export', 'run', 'acme', '--to', out)).exports).toMatchObject([
    { export: id, state: 'delivered' },
  ]);
  const again = await type('export', 'look', id, ...options);
  expect(again.err).toContain(`Export ${id} is made`);
  expect(again.code).not.toBe(0);
  const types: string[] = await office('unit_events')
    .where({ stream: `export:${id}` })
    .orderBy('seq')
    .pluck('type');
  expect(types).toEqual(['exportOpened', 'exportLookPinned', 'exportMade', 'exportDelivered']);
  await office.destroy();
  const { violations } = await audit(scene.database.urlOf('auditor'));
  expect(violations.filter(({ invariant }) => invariant === 'A17')).toEqual([]);
});

describe('with a server of the buyer’s', () => {
  let inbox: Inbox;
  let proxy: TcpProxy;
  let desk: Database;
  beforeAll(async () => {
    inbox = await openInbox(join(scene.folder, 'inbox'), false);
    proxy = await TcpProxy.before(inbox.target.port);
    desk = openDatabase(scene.database.urlOf('desk'), { applicationName: 'test-desk' });
    await pin(inbox.target);
  });
  afterAll(async () => {
    await desk?.destroy();
    await proxy?.close();
    await inbox?.close();
  });

  async function pin(sftp: SftpTarget): Promise<void> {
    const plant = await requirePlant(desk);
    const buyers = plant.buyers.map((buyer) =>
      buyer.id === 'acme' ? { ...buyer, export: { ...buyer.export!, sftp } } : buyer,
    );
    await applyPlant(desk, { ...plant, buyers });
  }

  const looked = async (): Promise<unknown[]> =>
    ((await json('doctor')) as { check: string; status: string; found: string }[])
      .filter(({ check }) => check === 'SFTP')
      .map(({ status, found }) => [status, found]);

  test('doctor tries it as a delivery would, and leaves nothing there', async () => {
    expect(await looked()).toEqual([
      ['ok', expect.stringMatching(/^acme: .* the login works, .* takes files/)],
    ]);
    expect(await readdir(inbox.folder)).toEqual([]);
    await pin({ ...inbox.target, hostKeys: [`SHA256:${'A'.repeat(43)}`] });
    expect(await looked()).toEqual([['fail', expect.stringContaining('shows the host key')]]);
    await pin({ ...inbox.target, folder: '/nowhere' });
    expect(await looked()).toEqual([['fail', expect.stringContaining('has nothing at /nowhere')]]);
    const before = proxy.connections;
    await pin({ ...inbox.target, port: proxy.ownPort, password: 'env:NOT_HERE' });
    expect(await looked()).toEqual([['warn', expect.stringContaining('env:NOT_HERE (missing)')]]);
    expect(proxy.connections).toBe(before);
    await pin(inbox.target);
  });

  test('a reissue is brought there, with the try on record', async () => {
    await pin({ ...inbox.target, port: proxy.ownPort });
    const reissue = await json('export', 'reissue', 'acme-000001', '--formats', 'records', '--deliver');
    expect(reissue).toMatchObject({ export: 'acme-000001-r2', state: 'delivered' });
    expect(await readdir(inbox.folder)).toContain('acme-000001-r2.manifest.json');
    const { exports } = await json('export', 'list', 'acme');
    expect(exports.find((one: { export: string }) => one.export === 'acme-000001-r2')).toMatchObject({
      deliveries: [{ outcome: 'delivered', target: expect.stringMatching(/^sftp:/) }],
    });
    expect((await type('export', 'reissue', 'nordlicht-000001', '--deliver')).code).toBe(2);
  });

  test('a reissue whose delivery breaks off is gone on with, and no other one is opened', async () => {
    // What the client sent for the same files before.
    proxy.cutAfterBytes = Math.floor(proxy.mostBytes * 0.7);
    const broken = await type('export', 'reissue', 'acme-000001', '--formats', 'records', '--deliver');
    expect(broken.code).toBe(1);
    expect(broken.err).toContain('`unitrail export deliver acme-000001-r3` goes on.');
    proxy.cutAfterBytes = Infinity;
    expect(await json('export', 'deliver', 'acme-000001-r3')).toMatchObject({
      ...{ export: 'acme-000001-r3', state: 'delivered', to: null },
    });
    const arrived = (await readdir(inbox.folder)).filter((name) => name.includes('-r3'));
    expect(arrived).toContain('acme-000001-r3.manifest.json');
    expect(arrived.filter((name) => name.endsWith('.part'))).toEqual([]);
    const { exports } = await json('export', 'list', 'acme');
    expect(exports[0]).toMatchObject({
      export: 'acme-000001-r3',
      deliveries: [{ outcome: 'failed', code: 'SFTP_UNREACHABLE' }, { outcome: 'delivered' }],
    });
    expect((await type('export', 'deliver', 'acme-000001-r3')).err).toMatch(
      /delivered before, to sftp:.*: nothing is sent again/,
    );
    const elsewhere = join(scene.folder, 'elsewhere');
    expect((await type('export', 'deliver', 'acme-000001-r3', '--to', elsewhere)).code).toBe(0);
    expect(await readdir(elsewhere)).toEqual(arrived);
    const owed = await type('export', 'deliver', 'acme-000001');
    expect([owed.code, owed.err]).toEqual([2, expect.stringContaining('`unitrail export run acme`')]);
  });

  test('Ctrl-C ends it at once while the files are made', async () => {
    const owner = openDatabase(scene.database.ownerUrl, { applicationName: 'test-owner', maxConnections: 1 });
    const held = await owner.transaction();
    await held.raw('lock table export_files in share mode');
    const child = startCli(['export', 'reissue', 'acme-000001', '--deliver'], scene.env);
    const ended = new Promise((resolve) => child.once('close', resolve));
    await untilBlocked(scene.database);
    child.kill('SIGINT');
    expect(await ended).toBe(130);
    await held.rollback();
    await owner.destroy();
  });
});
