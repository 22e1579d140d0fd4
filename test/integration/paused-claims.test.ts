import type { Client, WorkflowHandle } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { usualPace, type Pace } from '../../domain/pace';
import { taskQueues } from '../../domain/workflow-ids';
import { connectClient } from '../../workers/temporal-client';
import type { Steering } from '../../workflows/batch-messages';
import { until } from '../support/line-units';
import { createNamespace } from '../support/temporal-namespace';
import { testBundle } from '../support/workflow-bundle';

/**
 * The real part of a batch, and its units, on the real server. The office answers by a script: a claim is under way for as
 * long as the test wants it to be, and a unit is ready as soon as it begins.
 */
let client: Client;
let connection: NativeConnection;
let workers: Worker[];
let running: Promise<void>[];

interface Claim {
  readonly batch: string;
  readonly from: number;
  readonly to: number;
}

/** In order; each waits for its answer. */
const claims: (Claim & { answer(): void })[] = [];
/** Ids of units that have begun. */
const begun: string[] = [];

const office = {
  claimUnits: async ({ batch, from, to }: Claim) => {
    await new Promise<void>((answer) => claims.push({ batch, from, to, answer }));
    return Array.from({ length: to - from + 1 }, (_, at) => {
      const name = `${batch}-${from + at}`;
      return { index: from + at, unitId: name, serial: name, name, state: 'InProgress' };
    });
  },
  loadUnit: async ({ unitId }: { unitId: string }) => {
    begun.push(unitId);
    const standing = { unitId, serial: unitId, state: 'ReadyToShip', step: 'ship', attempt: 1, seq: 9 };
    return { ...standing, batch: 'B', product: 'EUDV', trial: true };
  },
};

beforeAll(async () => {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  const temporal = await createNamespace(process.env.UNITRAIL_TEST_TEMPORAL_ADDRESS!);
  client = await connectClient(temporal);
  connection = await NativeConnection.connect({ address: temporal.connectionOptions.address! });
  const { namespace } = temporal;
  workers = [
    await Worker.create({
      ...{ connection, namespace, taskQueue: taskQueues.workflows },
      workflowBundle: await testBundle(),
    }),
    await Worker.create({ connection, namespace, taskQueue: taskQueues.office, activities: office }),
  ];
  running = workers.map((worker) => worker.run());
});
afterAll(async () => {
  for (const { answer } of claims) answer();
  workers?.forEach((worker) => worker.shutdown());
  await Promise.all(running ?? []);
  await connection?.close();
  await client?.connection.close();
});

const goesOn: Steering = { window: 4, paused: false, cancelled: false };
const paused: Steering = { ...goesOn, paused: true };
const cancelled: Steering = { ...goesOn, cancelled: true };

function begin(batch: string, units: number, pace: Partial<Pace>): Promise<WorkflowHandle> {
  const range = { number: 1, from: 1, to: units };
  return client.workflow.start('partition', {
    ...{ workflowId: `batch:${batch}/1`, taskQueue: taskQueues.workflows },
    args: [{ batch, product: 'EUDV', ...range, steering: goesOn, pace: { ...usualPace, ...pace } }],
  });
}

const claimsOf = (batch: string) => claims.filter((claim) => claim.batch === batch);
const begunOf = (batch: string) => begun.filter((unitId) => unitId.startsWith(`${batch}-`)).sort();

/** Says `steering` while the claim is under way, answers the claim, and waits until the part has taken note of both. */
async function sayDuring(part: WorkflowHandle, batch: string, at: number, steering: Steering): Promise<void> {
  expect(await until(async () => claimsOf(batch).length === at)).toBe(true);
  await part.signal('steer', steering);
  claimsOf(batch)[at - 1]!.answer();
  expect(await until(async () => (await sinceClaim(part)).some(isTaken))).toBe(true);
}

/** The part's events behind the answer to its newest claim; none while it waits for that. */
async function sinceClaim(part: WorkflowHandle) {
  const events = (await part.fetchHistory()).events ?? [];
  const answered = events.findLastIndex((event) => event.activityTaskCompletedEventAttributes);
  return answered < 0 ? [] : events.slice(answered + 1);
}

type HistoryEvent = Awaited<ReturnType<typeof sinceClaim>>[number];
const isTaken = (event: HistoryEvent) => Boolean(event.workflowTaskCompletedEventAttributes);
const isStart = (event: HistoryEvent) => Boolean(event.startChildWorkflowExecutionInitiatedEventAttributes);

test('a pause that comes while units are claimed lets none of them begin; when it is over they all do, and none is claimed twice', async () => {
  const part = await begin('PAUSED', 3, {});
  await sayDuring(part, 'PAUSED', 1, paused);
  expect((await sinceClaim(part)).filter(isStart)).toEqual([]);
  expect(await part.query('partitionProgress')).toMatchObject({ next: 1, open: 0 });
  await part.signal('steer', goesOn);
  await part.result();
  expect(begunOf('PAUSED')).toEqual(['PAUSED-1', 'PAUSED-2', 'PAUSED-3']);
  expect(claimsOf('PAUSED')).toMatchObject([{ from: 1, to: 3 }]);
});

test('the same in a run that goes on for another one: what that has started does not begin again, and the rest does', async () => {
  const part = await begin('CARRIED', 4, { startsOfRun: 2, claimChunk: 2 });
  expect(await until(async () => claimsOf('CARRIED').length === 1)).toBe(true);
  claimsOf('CARRIED')[0]!.answer();
  await sayDuring(part, 'CARRIED', 2, paused);
  expect((await sinceClaim(part)).filter(isStart)).toEqual([]);
  expect(await part.query('partitionProgress')).toMatchObject({ next: 3 });
  await part.signal('steer', goesOn);
  await part.result();
  expect(begunOf('CARRIED')).toEqual(['CARRIED-1', 'CARRIED-2', 'CARRIED-3', 'CARRIED-4']);
});

test('a window that is made narrower while units are claimed begins as many of them as it has places', async () => {
  const part = await begin('NARROW', 3, {});
  await sayDuring(part, 'NARROW', 1, { ...goesOn, window: 1 });
  expect((await sinceClaim(part)).filter(isStart).length).toBeGreaterThan(0);
  await part.result();
  expect(begunOf('NARROW')).toEqual(['NARROW-1', 'NARROW-2', 'NARROW-3']);
});

test.each([
  ['in the middle of it', 'CANCELLED', []],
  ['while it is paused with claimed units', 'STOPPED', [paused]],
] as const)(
  'a batch that is cancelled %s begins none of them, and its part ends before the first',
  async (_when, batch, before) => {
    const part = await begin(batch, 3, {});
    for (const steering of before) await sayDuring(part, batch, 1, steering);
    if (before.length > 0) await part.signal('steer', cancelled);
    else await sayDuring(part, batch, 1, cancelled);
    await part.result();
    const { events } = await part.fetchHistory();
    expect(events!.filter(isStart)).toEqual([]);
    expect(begunOf(batch)).toEqual([]);
    expect(claimsOf(batch)).toHaveLength(1);
  },
);
