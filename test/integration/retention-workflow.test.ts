import { mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newSiteKey } from '../../adapters/keys/site-keys';
import { openDatabase, type Database } from '../../adapters/postgres/database';
import { exportKeys } from '../../adapters/postgres/exports';
import { applyPlant, requirePlant } from '../../adapters/postgres/plant-store';
import { defaultExportSettings } from '../../domain/export-schema';
import type { SftpTarget } from '../../domain/export-settings';
import type { PlantDocument } from '../../domain/plant-document';
import type { RetentionReport } from '../../domain/retention';
import { retentionScheduleId, taskQueues } from '../../domain/workflow-ids';
import { audit } from '../../tools/audit/audit';
import { verifyFiles } from '../../workers/retention-parts';
import { openInbox, type Inbox } from '../../tools/inbox/inbox';
import type { ExportDesk } from '../../workflows/export-details';
import { reconcileRetentionSchedule } from '../../workers/retention-schedule';
import { bareEnvironment, runCli, type CliAnswer } from '../support/cli';
import { withSuperuser } from '../support/database';
import { newOrder, startTestLine, type TestLine } from '../support/line';
import { until } from '../support/line-units';
import { planned } from '../support/retention';

let line: TestLine;
let desk: Database;
let inbox: Inbox;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'unitrail-retention-workflow-'));
  await writeFile(join(folder, 'export.pem'), newSiteKey().secret, { mode: 0o600 });
  inbox = await openInbox(join(folder, 'inbox'));
  line = await startTestLine();
  desk = openDatabase(line.database.urlOf('desk'), { applicationName: 'test-desk' });
  await apply(inbox.target);
});

afterAll(async () => {
  await line?.stop();
  await desk?.destroy();
  await inbox?.close();
  await rm(folder, { recursive: true, force: true });
});

/** The sample plant: acme gets its files by SFTP, or by hand, has no schedule, and what has shipped is due at once. */
async function apply(sftp: SftpTarget | null, more: Partial<PlantDocument> = {}): Promise<void> {
  const plant = await requirePlant(desk);
  const settings = { ...defaultExportSettings(), sftp };
  const buyers = plant.buyers.map((buyer) => (buyer.id === 'acme' ? { ...buyer, export: settings } : buyer));
  const manufacturer = { ...plant.manufacturer, exportKey: `file:${join(folder, 'export.pem')}` };
  const retentionPolicies = plant.retentionPolicies.map((policy) => ({ ...policy, databaseMonths: 0 }));
  // What is kept of a plant file has no persons.
  const operators = [{ number: 17, name: 'Ada Lindqvist' }];
  await applyPlant(desk, { ...plant, operators, manufacturer, buyers, retentionPolicies, ...more });
}

async function shipUnits(quantity: number): Promise<void> {
  const { batch } = await line.startBatch(newOrder({ quantity }));
  await line.waitFor(
    batch,
    (units) => units.length === quantity && units.every(({ state }) => state === 'Shipped'),
  );
}

const start = (id: string, input: object = {}) =>
  line.client.workflow.start('retention', {
    workflowId: `${retentionScheduleId}-${id}`,
    taskQueue: taskQueues.workflows,
    args: [input],
  });

/** Of what has shipped and not moved: all of it at once. */
async function monthShipped(): Promise<string> {
  const { body } = (await desk('records').first<{ body: string }>('body'))!;
  return (JSON.parse(body) as { shipment: { at: string } }).shipment.at.slice(0, 7);
}

/** That of the units that moved first. */
let month: string;
const store = (): string => join(line.home, 'store');
const judged = async () => (await audit(line.database.urlOf('auditor'), { store: store() })).violations;

test('one run, with no export schedule, ends with export and capsule in the folder of the buyer, both good', async () => {
  await shipUnits(2);
  month = await monthShipped();
  const report = (await (await start('first')).result()) as RetentionReport;
  const capsule = `acme-EUDV-${month}-1`;
  expect(report).toMatchObject({
    clockTrusted: true,
    due: [{ buyer: 'acme', product: 'EUDV', month, units: 2, held: 0, undelivered: 0 }],
    blocked: [],
    capsules: [{ capsule, units: 2, step: 'moved', problem: null }],
    erased: [],
  });
  expect(await readdir(inbox.folder)).toEqual(
    expect.arrayContaining(['acme-000001.manifest.json', 'capsules']),
  );
  const delivered = join(inbox.folder, 'capsules', capsule);
  const publicKeys = (await exportKeys(desk)).map(({ publicKey }) => publicKey);
  const [logKey] = await desk('log_keys').pluck<string[]>('key');
  expect(await verifyFiles(delivered, { publicKeys, logKeys: [logKey!] })).toMatchObject({
    ok: true,
    counts: { records: 2, events: 0 },
  });
  expect(await readdir(delivered)).not.toContain('events.jsonl');
  expect(await desk('records').count()).toEqual([{ count: '0' }]);
  expect(await desk('unit_events').whereLike('stream', 'unit:%').count()).toEqual([{ count: '0' }]);
  expect(await judged()).toEqual([]);
});

test('a buyer whose server can not be reached keeps back its own units, and the next run moves them', async () => {
  await shipUnits(1);
  const later = await monthShipped();
  const capsule = `acme-EUDV-${later}-${later === month ? 2 : 1}`;
  await apply({ ...inbox.target, hostKeys: [`SHA256:${'A'.repeat(43)}`] });
  const report = (await (await start('stranger', { patience: '5 seconds' })).result()) as RetentionReport;
  expect(report).toMatchObject({ blocked: [{ buyer: 'acme', undelivered: 1 }], capsules: [] });
  expect(await desk('records').count()).toEqual([{ count: '1' }]);
  const [id] = await running();
  const waiting = line.client.workflow.getHandle(id!);
  // On a busy machine it may still be on its way to the stranger.
  const waits = async () => (await waiting.query<ExportDesk>('exportProgress')).failure !== null;
  expect(await until(waits)).toBe(true);
  await apply(inbox.target);
  await waiting.executeUpdate('tryAgain');
  const next = (await (await start('mended')).result()) as RetentionReport;
  expect(next).toMatchObject({ blocked: [], capsules: [{ capsule, step: 'moved' }] });
});

async function running(): Promise<string[]> {
  const ids: string[] = [];
  const query = `WorkflowType = 'export' and ExecutionStatus = 'Running'`;
  await until(async () => {
    ids.length = 0;
    for await (const { workflowId } of line.client.workflow.list({ query })) ids.push(workflowId);
    return ids.length > 0;
  });
  return ids;
}

test('while the content store is away a run waits, and goes on when it is back', async () => {
  await shipUnits(1);
  await rename(store(), `${store()}-away`);
  await writeFile(store(), '');
  const handle = await start('away');
  const failures = async (): Promise<string[]> => {
    const { raw } = await handle.describe();
    const messages = (raw.pendingActivities ?? []).map(({ lastFailure }) => lastFailure?.message ?? '');
    const exports = line.client.workflow.list({
      query: `WorkflowType = 'export' and ExecutionStatus = 'Running'`,
    });
    for await (const { workflowId } of exports) {
      const child = await line.client.workflow.getHandle(workflowId).describe();
      messages.push(
        ...(child.raw.pendingActivities ?? []).map(({ lastFailure }) => lastFailure?.message ?? ''),
      );
    }
    return messages;
  };
  const isTold = async () => (await failures()).some((message) => message.includes("can't be used"));
  expect(await until(isTold)).toBe(true);
  expect(await desk('records').count()).toEqual([{ count: '1' }]);
  await rm(store());
  await rename(`${store()}-away`, store());
  expect(await handle.result()).toMatchObject({ capsules: [{ step: 'moved' }] });
  expect(await judged()).toEqual([]);
});

test('the schedule is that of the plant file, and a run of it judges by the time that it names', async () => {
  await reconcileRetentionSchedule(line.client, { schedule: '0 2 1 * *', timeZone: 'UTC' });
  const schedule = line.client.schedule.getHandle(retentionScheduleId);
  const first = new Date('2026-11-01T02:00:00Z');
  await schedule.backfill({
    start: new Date(first.getTime() - 1_000),
    end: new Date(first.getTime() + 1_000),
  });
  const handle = line.client.workflow.getHandle(`${retentionScheduleId}-2026-11-01T02:00:00Z`);
  expect(await until(async () => (await handle.describe().catch(() => null)) !== null)).toBe(true);
  expect(await handle.result()).toMatchObject({ asOf: first.toISOString(), capsules: [] });
  await reconcileRetentionSchedule(line.client, undefined);
  await expect(schedule.describe()).rejects.toThrow();
});

/** As a user types it, on the servers of this test. */
const type = (...args: string[]): Promise<CliAnswer> =>
  runCli(args, {
    ...bareEnvironment,
    UNITRAIL_DATABASE_URL: line.database.urlOf('desk'),
    TEMPORAL_ADDRESS: line.temporal.connectionOptions.address!,
    TEMPORAL_NAMESPACE: line.temporal.namespace,
    UNITRAIL_HOME: line.home,
  });
const typeRun = (...args: string[]): Promise<CliAnswer> => type('retention', 'run', ...args);
const runsSoFar = async () => Number((await desk('retention_runs').count({ runs: '*' }).first())!.runs);

test('a run that is typed prints its report: with exit 1 while a buyer is blocked, and 0 once all is moved', async () => {
  await shipUnits(1);
  await apply(null);
  const blocked = await typeRun();
  expect(blocked).toMatchObject({ code: 1, err: '' });
  expect(blocked.out).toMatch(/^\*\*Retention \d{8}-\d+\*\*, as of 20/);
  expect(blocked.out).toContain(
    "- **acme: nothing moves**, 1 units are not in the buyer's hands. `unitrail export list acme` shows why.",
  );
  await apply(inbox.target);
  const whole = await typeRun('--json');
  expect(whole).toMatchObject({ code: 0, err: '' });
  expect(JSON.parse(whole.out)).toMatchObject({
    ...{ dryRun: false, clockTrusted: true, blocked: [] },
    capsules: [{ buyer: 'acme', units: 1, step: 'moved', problem: null }],
  });
  expect(await desk('records').count()).toEqual([{ count: '0' }]);
});

test.each([
  [
    'a time to come',
    ['--as-of', '2099-01-01'],
    '--as-of: "2099-01-01T00:00:00.000Z" is not allowed; nothing later',
  ],
  ['no time', ['--as-of', 'someday'], '--as-of: "someday" is not allowed; a day YYYY-MM-DD'],
  [
    'a clock that nobody confirms',
    ['--confirm-clock'],
    '--by: (missing) is not allowed; the operator number',
  ],
  ['a clock that a stranger confirms', ['--confirm-clock', '--by', '99'], 'by: there is no operator 99'],
])('a run by %s is refused before it begins', async (_what, args, words) => {
  const before = await runsSoFar();
  expect(await typeRun(...args)).toEqual({
    ...{ code: 2, out: '' },
    err: expect.stringContaining(`unitrail: ${words}`) as string,
  });
  expect(await runsSoFar()).toBe(before);
});

/** Planned, and no more: a run that broke off. */
async function planOne(): Promise<string> {
  await apply(inbox.target);
  await shipUnits(1);
  await line.client.workflow.execute('export', {
    ...{ workflowId: `export-${Date.now()}`, taskQueue: taskQueues.workflows, args: [{ buyer: 'acme' }] },
  });
  const office = openDatabase(line.database.urlOf('office'), { applicationName: 'test-office' });
  try {
    return (await planned(office)).capsules[0]!;
  } finally {
    await office.destroy();
  }
}

test('what is left on a legal hold ends a run that is typed with 1, and moves once it is released', async () => {
  const capsule = await planOne();
  const [unit] = await desk('capsule_units').where({ capsule_id: capsule }).pluck<string[]>('serial');
  const signed = ['--reason', 'a claim of the buyer', '--by', '17'];
  await type('legal-hold', 'add', '--unit', unit!, '--hold', 'LH-1', ...signed);
  const held = await typeRun();
  expect(held.code).toBe(1);
  expect(held.out).toContain(
    `- ${capsule}: 1 units, planned; **NOT_ALLOWED**: A unit of it is on legal hold LH-1.`,
  );
  await type('legal-hold', 'release', 'LH-1', ...signed);
  const moved = await typeRun();
  expect(moved.code).toBe(0);
  expect(moved.out).toContain(`- ${capsule}: 1 units, moved`);
});

test('by a clock in doubt a run that is typed makes what was planned and moves nothing, as its dry run says, until a person confirms the clock', async () => {
  const capsule = await planOne();
  const mark = `insert into clock_marks (at) values (now() - interval '20 days')`;
  await withSuperuser((client) => client.query(mark), line.database.superuserUrl);
  const foretold = await typeRun('--dry-run');
  expect(foretold.code).toBe(0);
  expect(foretold.out).toContain('**The clock is not trusted: ');
  expect(foretold.out).toContain(`- ${capsule}: 1 units, planned, would be made and stay in the database`);
  const doubted = await typeRun();
  expect(doubted.code).toBe(1);
  expect(doubted.out).toContain('Nothing is moved or erased.');
  expect(doubted.out).toContain(`- ${capsule}: 1 units, verified`);
  expect(await desk('records').count()).toEqual([{ count: '1' }]);
  expect((await typeRun('--dry-run')).out).toContain(
    `- ${capsule}: 1 units, made, would stay in the database`,
  );
  const confirmed = await typeRun('--confirm-clock', '--by', '17');
  expect(confirmed).toMatchObject({ code: 0, err: '' });
  expect(confirmed.out).toContain(
    'Somebody has confirmed the clock, although the clock of the database went',
  );
  expect(confirmed.out).toContain(`- ${capsule}: 1 units, moved`);
  expect(
    (await desk('retention_runs').orderBy('opened_at', 'desc').first('clock_confirmed_by as by'))!.by,
  ).toBe('17');
  expect(await judged()).toEqual([]);
});
