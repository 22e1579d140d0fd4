import { ScheduleNotFoundError } from '@temporalio/client';
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Webhook as Verifier } from 'standardwebhooks';
import { parse } from 'yaml';
import { createNoticeActivities } from '../../activities/notices';
import { openDatabase } from '../../adapters/postgres/database';
import { noticeDelivered, noticeTried, undeliveredNotices } from '../../adapters/postgres/notices';
import { noticesScheduleId, taskQueues } from '../../domain/workflow-ids';
import { newOrder, startTestLine, type TestLine, type TestUnit } from '../support/line';
import { until } from '../support/line-units';
import { tamper } from '../support/tamper';
import { removeNoticeSchedule } from '../../workers/notice-schedule';
import { startWebhookReceiver, type WebhookReceiver } from '../support/webhook-receiver';

const secret = `whsec_${Buffer.from('twenty-four bytes of key').toString('base64')}`;
const monitoring = join(__dirname, '..', '..', 'docs', 'monitoring');

let line: TestLine;
let receiver: WebhookReceiver;
let held: TestUnit;

beforeAll(async () => {
  receiver = await startWebhookReceiver();
  process.env.UNITRAIL_TEST_HOOK = `${receiver.url}/hook`;
  process.env.UNITRAIL_TEST_HOOK_SECRET = secret;
  line = await startTestLine({
    config: {
      metricsAddress: '127.0.0.1:0',
      webhook: { url: 'env:UNITRAIL_TEST_HOOK', secret: 'env:UNITRAIL_TEST_HOOK_SECRET' },
      heldTooLongMinutes: 0,
    },
  });
  // Its runs are made by hand here, one at a time: one that it began before is over first.
  const schedule = line.client.schedule.getHandle(noticesScheduleId);
  await schedule.pause();
  for (const { action } of (await schedule.describe()).info.recentActions)
    await line.client.workflow
      .getHandle((action as { workflow: { workflowId: string } }).workflow.workflowId)
      .result();
  const order = newOrder({ quantity: 3 });
  await line.faults({ do: 'measure', fault: 'outOfLimits', batch: order.batch });
  await line.startBatch(order);
  const units = await line.waitFor(
    order.batch,
    (rows) =>
      rows.length === 3 && rows.every(({ state }) => ['AwaitingEngineer', 'ReadyToShip'].includes(state)),
  );
  held = units.find(({ state }) => state === 'AwaitingEngineer')!;
});

afterAll(async () => {
  await line?.stop();
  await receiver?.close();
});

const ask = (path: string): Promise<Response> => fetch(new URL(path, line.metricsUrl));
/** Where the SDK's part does not answer in time, ours comes alone. */
async function scrape(): Promise<string> {
  let text = '';
  await until(async () => (text = await (await ask('/metrics')).text()).includes('\ntemporal_'));
  return text;
}

function valueOf(text: string, name: string, labels: Readonly<Record<string, string>>): number | undefined {
  const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
  const found = text
    .split('\n')
    .find((row) => row.startsWith(`${name}{`) && wanted.every((one) => row.includes(one)));
  return found === undefined ? undefined : Number(found.slice(found.lastIndexOf(' ')));
}

interface Run {
  readonly raised: number;
  readonly delivered: number;
  readonly failed: number;
}

let runs = 0;
const runNotices = (): Promise<Run> =>
  line.client.workflow.execute('notices', {
    taskQueue: taskQueues.workflows,
    workflowId: `notices-test-${(runs += 1)}`,
  }) as Promise<Run>;

test('a scrape tells units, held units by code and age, slots, durations, failures, and the SDK’s own', async () => {
  const text = await scrape();
  expect(valueOf(text, 'unitrail_units', { state: 'AwaitingEngineer', step: 'test' })).toBe(1);
  expect(valueOf(text, 'unitrail_units', { state: 'ReadyToShip', step: 'ship' })).toBe(2);
  expect(valueOf(text, 'unitrail_held_units', { code: 'TEST_FAILED', age: 'under 1 h' })).toBe(1);
  expect(valueOf(text, 'unitrail_station_slots', { station: 'line-1', state: 'free' })).toBeGreaterThan(0);
  const ofTest = { activity: 'test', step: 'test' };
  expect(
    valueOf(text, 'unitrail_activity_failures_total', { ...ofTest, code: 'TEST_FAILED', reaction: 'park' }),
  ).toBe(1);
  expect(valueOf(text, 'unitrail_activity_duration_seconds_count', { ...ofTest, outcome: 'done' })).toBe(2);
  expect(valueOf(text, 'unitrail_activity_attempts_sum', { activity: 'flash', step: 'flash' })).toBe(3);
  expect(valueOf(text, 'unitrail_promises_broken_total', { code: 'DUPLICATE_SERIAL' })).toBe(0);
  expect(text.split('\n')).toContain('unitrail_database_up 1');
  expect(valueOf(text, 'temporal_worker_task_slots_used', { task_queue: 'station.line-1' })).toBe(0);
});

test('no series is by serial, batch or buyer', async () => {
  const text = await scrape();
  for (const unwanted of [held.serial, held.batch, 'acme', held.unitId]) expect(text).not.toContain(unwanted);
});

test('a process that works is live and ready', async () => {
  expect(await (await ask('/livez')).json()).toEqual({ workers: 'ok' });
  // What does not answer within three seconds is told, and asked again.
  let ready: unknown;
  const isReady = async (): Promise<boolean> => {
    const answer = await ask('/readyz');
    ready = await answer.json();
    return answer.status === 200;
  };
  expect(await until(isReady)).toBe(true);
  expect(ready).toEqual({ workers: 'ok', database: 'ok', temporal: 'ok' });
  expect((await ask('/else')).status).toBe(404);
});

/** Only there once it has happened, and nothing here makes it happen. */
const rareSdkMetrics = ['temporal_workflow_task_execution_failed'];

test('every metric that the alert rules and the dashboard name is in a scrape', async () => {
  const there = new Set([...(await scrape()).matchAll(/^([a-z_]+)(?:\{| )/gm)].map(([, name]) => name!));
  const rules = parse(await readFile(join(monitoring, 'alerts.yaml'), 'utf8')) as {
    groups: { rules: { alert: string; expr: string; annotations: { summary: string; action: string } }[] }[];
  };
  const dashboard = JSON.parse(await readFile(join(monitoring, 'dashboard.json'), 'utf8')) as {
    panels: { targets: { expr: string }[] }[];
  };
  const alerts = rules.groups.flatMap((group) => group.rules);
  const expressions = [
    ...alerts.map(({ expr }) => expr),
    ...dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)),
  ];
  const named = expressions.flatMap((expr) => expr.match(/\b(?:unitrail|temporal|process)_[a-z_]+/g) ?? []);
  expect(named.length).toBeGreaterThan(expressions.length - 1);
  expect([...new Set(named)].filter((name) => !there.has(name) && !rareSdkMetrics.includes(name))).toEqual(
    [],
  );
  expect(alerts.every(({ annotations }) => annotations.summary && annotations.action)).toBe(true);
});

test('a receiver that is away loses nothing: the notice waits, and the run after takes it there', async () => {
  process.env.UNITRAIL_TEST_HOOK = 'http://127.0.0.1:1/hook';
  expect(await runNotices()).toEqual({ raised: 1, delivered: 0, failed: 1 });
  expect(await line.db('notices').whereNull('delivered_at').pluck('unit_id')).toEqual([held.unitId]);
  process.env.UNITRAIL_TEST_HOOK = `${receiver.url}/hook`;
  receiver.next.push((response) => response.writeHead(500).end());
  expect(await runNotices()).toEqual({ raised: 0, delivered: 1, failed: 0 });
  const ids = receiver.received.map(({ headers }) => headers['webhook-id']);
  expect(ids).toEqual(
    await line
      .db('notices')
      .pluck('id')
      .then(([id]) => [id, id]),
  );
  const { body, headers } = receiver.received.at(-1)!;
  expect(new Verifier(secret).verify(body, headers as Record<string, string>)).toMatchObject({
    type: 'unit.held.too.long',
    data: { serial: held.serial, step: 'test', failureCode: 'TEST_FAILED' },
  });
});

test('a notice that the receiver never takes holds up no newer one', async () => {
  const office = openDatabase(line.database.urlOf('office'), { applicationName: 'test-office' });
  const told = await line.db('notices').first('*');
  const never = { ...told, id: randomUUID(), held_seq: 9_001, delivered_at: null, tried_at: null };
  const newer = {
    ...never,
    id: randomUUID(),
    held_seq: 9_002,
    raised_at: new Date(never.raised_at.getTime() + 1),
  };
  await tamper(line.database, async (superuser) => {
    for (const notice of [newer, never])
      await superuser.query('insert into notices select * from json_populate_record(null::notices, $1)', [
        JSON.stringify(notice),
      ]);
  });
  expect(await undeliveredNotices(office, 1)).toEqual([never.id]);
  await noticeTried(office, never.id);
  expect(await undeliveredNotices(office, 1)).toEqual([newer.id]);
  for (const { id } of [newer, never]) await noticeDelivered(office, id);
  expect(await undeliveredNotices(office, 1)).toEqual([]);
  await tamper(line.database, (superuser) => superuser.query('delete from notices where held_seq > 9000'));
  await office.destroy();
});

test('without a webhook the schedule goes, and nothing is raised', async () => {
  await removeNoticeSchedule(line.client);
  await removeNoticeSchedule(line.client);
  await expect(line.client.schedule.getHandle(noticesScheduleId).describe()).rejects.toThrow(
    ScheduleNotFoundError,
  );
  expect(await createNoticeActivities({ db: line.db, heldTooLongMinutes: 0 }).raiseNotices()).toEqual({
    ...{ raised: 0, undelivered: [] },
  });
});

test('a hold is told once, and the next hold of the same unit again', async () => {
  const before = receiver.received.length;
  expect(await runNotices()).toEqual({ raised: 0, delivered: 0, failed: 0 });
  await line.faults({ do: 'measure', fault: 'outOfLimits', batch: held.batch });
  await line.send(held, 'retryStep', { by: '17' });
  await line.waitFor(held.batch, (units) =>
    units.some(({ state, attempt }) => state === 'AwaitingEngineer' && attempt === 2),
  );
  expect(await runNotices()).toEqual({ raised: 1, delivered: 1, failed: 0 });
  expect(receiver.received).toHaveLength(before + 1);
  await line.audit();
});
