import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ScheduleNotFoundError, type ScheduleHandle } from '@temporalio/client';
import { newSiteKey } from '../../adapters/keys/site-keys';
import { openDatabase, type Database } from '../../adapters/postgres/database';
import { deliveryTurn, listDeliveries } from '../../adapters/postgres/deliveries';
import { inTurn } from '../../adapters/postgres/turn';
import { applyPlant, requirePlant } from '../../adapters/postgres/plant-store';
import { defaultExportSettings } from '../../domain/export-schema';
import type { ExportSettings } from '../../domain/export-settings';
import { exportScheduleId, logScheduleId, taskQueues } from '../../domain/workflow-ids';
import { openInbox, type Inbox } from '../../tools/inbox/inbox';
import { buyerSchedules, reconcileExportSchedules } from '../../workers/export-schedules';
import type { ExportDesk } from '../../workflows/export-details';
import type { ExportResult } from '../../workflows/export';
import { newOrder, startTestLine, type TestLine } from '../support/line';
import { until } from '../support/line-units';

let line: TestLine;
let desk: Database;
let office: Database;
let inbox: Inbox;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'unitrail-export-workflow-'));
  await writeFile(join(folder, 'export.pem'), newSiteKey().secret, { mode: 0o600 });
  inbox = await openInbox(join(folder, 'inbox'));
  line = await startTestLine();
  desk = openDatabase(line.database.urlOf('desk'), { applicationName: 'test-desk' });
  office = openDatabase(line.database.urlOf('office'), { applicationName: 'test-office' });
  await applyExport({});
});

afterAll(async () => {
  await line?.stop();
  await Promise.all([desk?.destroy(), office?.destroy()]);
  await inbox?.close();
  await rm(folder, { recursive: true, force: true });
});

/** The sample plant, with exports to acme. */
async function applyExport(changes: Partial<ExportSettings>): Promise<void> {
  const plant = await requirePlant(desk);
  const settings = { ...defaultExportSettings(), schedule: '0 6 * * MON', sftp: inbox.target, ...changes };
  const buyers = plant.buyers.map((buyer) => (buyer.id === 'acme' ? { ...buyer, export: settings } : buyer));
  const manufacturer = { ...plant.manufacturer, exportKey: `file:${join(folder, 'export.pem')}` };
  await applyPlant(desk, { ...plant, manufacturer, buyers });
}

async function shipUnits(quantity: number): Promise<void> {
  const { batch } = await line.startBatch(newOrder({ quantity }));
  await line.waitFor(
    batch,
    (units) => units.length === quantity && units.every(({ state }) => state === 'Shipped'),
  );
}

const arrived = async (): Promise<string[]> => (await readdir(inbox.folder)).sort();

/** Ids of the runs that the schedule has started of late. */
async function startedBy(schedule: ScheduleHandle): Promise<string[]> {
  const { info } = await schedule.describe();
  return info.recentActions.map(
    ({ action }) => (action as { workflow: { workflowId: string } }).workflow.workflowId,
  );
}

async function run(workflowId: string): Promise<ExportResult> {
  return (await line.client.workflow.execute('export', {
    workflowId,
    taskQueue: taskQueues.workflows,
    args: [{ buyer: 'acme' }],
  })) as ExportResult;
}

test('a scheduled export arrives whole, for the time that the schedule names, and a repeat sends nothing', async () => {
  await shipUnits(2);
  await reconcileExportSchedules(line.client, await buyerSchedules(desk));
  const schedule = line.client.schedule.getHandle(exportScheduleId('acme'));
  // A Monday at six, long past: what a planner asks for from the web UI.
  const monday = new Date('2026-11-23T06:00:00Z');
  await schedule.backfill({
    start: new Date(monday.getTime() - 1_000),
    end: new Date(monday.getTime() + 1_000),
  });

  await until(async () => (await arrived()).includes('acme-000001.manifest.json'));
  const id = 'export:acme-2026-11-23T06:00:00Z';
  expect(await until(async () => (await startedBy(schedule)).includes(id))).toBe(true);
  expect(await line.client.workflow.getHandle(id).result()).toEqual({
    ...{ buyer: 'acme', asOf: monday.toISOString(), opened: 'acme-000001', delivered: ['acme-000001'] },
  });
  const { files } = JSON.parse(await readFile(join(inbox.folder, 'acme-000001.manifest.json'), 'utf8')) as {
    files: { name: string }[];
  };
  const first = [...files.map(({ name }) => name), 'acme-000001.manifest.json'].sort();
  expect(await arrived()).toEqual(first);

  expect(await run('export:acme-again')).toMatchObject({ opened: null, delivered: [] });
  expect(await arrived()).toEqual(first);
});

test('what only a person can mend is shown and waits, and goes on when it was mended', async () => {
  await shipUnits(1);
  const before = await arrived();
  const stranger = `SHA256:${'A'.repeat(43)}`;
  await applyExport({ sftp: { ...inbox.target, hostKeys: [stranger] } });
  const handle = await line.client.workflow.start('export', {
    workflowId: 'export:acme-stranger',
    taskQueue: taskQueues.workflows,
    args: [{ buyer: 'acme' }],
  });
  const progress = (): Promise<ExportDesk> => handle.query('exportProgress');
  await until(async () => (await progress()).failure !== null);
  expect(await progress()).toMatchObject({
    under: 'acme-000002',
    failure: { code: 'SFTP_HOST_KEY_MISMATCH', message: expect.stringContaining(stranger) },
  });
  expect(await arrived()).toEqual(before);

  await applyExport({});
  expect(await handle.executeUpdate('tryAgain')).toBe('acme-000002 is tried again.');
  expect(await handle.result()).toMatchObject({ opened: 'acme-000002', delivered: ['acme-000002'] });
  expect(await arrived()).toContain('acme-000002.manifest.json');
  const tries = await listDeliveries(desk, ['acme-000002']);
  expect(tries.map(({ outcome, code }) => [outcome, code])).toEqual([
    ['failed', 'SFTP_HOST_KEY_MISMATCH'],
    ['delivered', null],
  ]);
});

test('one delivery to a buyer at a time: another run waits for its turn', async () => {
  await shipUnits(1);
  let result: Promise<ExportResult> | undefined;
  const turn = await deliveryTurn(office, 'acme');
  const isHeld = async (key: string) => {
    const { rows } = await office.raw<{ rows: object[] }>(
      `select from pg_locks where locktype = 'advisory' and objid::bigint = hashtext(?)::bigint & 4294967295
       and database = (select oid from pg_database where datname = current_database())`,
      [`unitrail.${key}`],
    );
    return rows.length > 0;
  };
  await inTurn(office, turn, async () => {
    // Everybody sees which locks are held.
    expect([await isHeld(turn.key), await isHeld(turn.name)]).toEqual([true, false]);
    result = run('export:acme-waits');
    await until(async () => (await desk('exports').where({ id: 'acme-000003', state: 'made' })).length === 1);
    // The try is refused before anything is on record.
    expect(await listDeliveries(desk, ['acme-000003'])).toEqual([]);
  });
  expect(await result).toMatchObject({ delivered: ['acme-000003'] });
  await expect(inTurn(office, 'x', () => inTurn(office, 'x', () => Promise.resolve()))).rejects.toMatchObject(
    { code: 'TURN_TAKEN' },
  );
});

test('schedules are those of the plant file: changed, and taken away, and a pause of the web UI stays', async () => {
  const schedule = line.client.schedule.getHandle(exportScheduleId('acme'));
  await schedule.pause('the buyer moves house');
  await applyExport({ schedule: '30 5 * * *', timeZone: 'Europe/Berlin' });
  await reconcileExportSchedules(line.client, await buyerSchedules(desk));
  const told = await schedule.describe();
  expect(told.state).toMatchObject({ paused: true, note: 'the buyer moves house' });
  expect(told.spec.timezone).toBe('Europe/Berlin');

  await applyExport({ schedule: null });
  expect(await reconcileExportSchedules(line.client, await buyerSchedules(desk))).toEqual(['acme']);
  await expect(schedule.describe()).rejects.toThrow(ScheduleNotFoundError);
});

test('a buyer without exports is refused by name', async () => {
  await expect(
    line.client.workflow.execute('export', {
      workflowId: 'export:nobody',
      taskQueue: taskQueues.workflows,
      args: [{ buyer: 'nobody' }],
    }),
  ).rejects.toMatchObject({
    cause: { cause: { type: 'INPUT_INVALID', message: expect.stringContaining('"nobody"') } },
  });
});

test('the log grows by its schedule, and its schedule is made by the office', async () => {
  const schedule = line.client.schedule.getHandle(logScheduleId);
  expect((await schedule.describe()).spec.intervals).toMatchObject([{ every: 600_000 }]);
  await shipUnits(1);
  // It comes by itself as well: what it began before knows nothing of this unit, and while that runs it begins nothing else.
  const before = await startedBy(schedule);
  for (const id of before) await line.client.workflow.getHandle(id).result();
  await schedule.trigger();
  const begun = async () => (await startedBy(schedule)).find((id) => !before.includes(id));
  expect(await until(async () => (await begun()) !== undefined)).toBe(true);
  const growth = line.client.workflow.getHandle((await begun())!);
  const result = (await growth.result()) as { origin: string; size: number };
  expect(result.origin).toBe('unitrail.log/unitrail/W1');
  const waiting = await office.raw<{ rows: { count: string }[] }>(
    'select count(*) as count from log_pending',
  );
  expect(waiting.rows).toEqual([{ count: '0' }]);
  const booked = await office('log_checkpoints').where({ origin: result.origin }).pluck('size');
  expect(booked.map(Number)).toContain(result.size);
});
