import { ApplicationFailure } from '@temporalio/common';
import type { Client, WorkflowHandle } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { createRetentionActivities, type RetentionDeps } from '../../activities/retention';
import { RunningExports } from '../../activities/running-exports';
import type { RetentionReport } from '../../domain/retention';
import { exportScheduleId, retentionScheduleId, taskQueues } from '../../domain/workflow-ids';
import { connectClient } from '../../workers/temporal-client';
import { until } from '../support/line-units';
import { createNamespace } from '../support/temporal-namespace';
import { testBundle } from '../support/workflow-bundle';

/**
 * The real workflows on the real server, and the real look at which exports run; the rest of the office answers by a script:
 * what waits for a person here is every export of another buyer than acme.
 */
let client: Client;
let connection: NativeConnection;
let workers: Worker[];
let running: Promise<void>[];
const waiting: WorkflowHandle[] = [];
const delivered: string[] = [];

const office = {
  openExport: async ({ buyer }: { buyer: string }) => ({ opened: buyer, due: [buyer] }),
  makeExport: async () => {},
  deliverExport: async ({ export: id }: { export: string }) => {
    if (id !== 'acme') throw ApplicationFailure.nonRetryable('a stranger', 'SFTP_HOST_KEY_MISMATCH');
    delivered.push(id);
    return { to: 'sftp://test' };
  },
  openRetention: async () => ({ run: 'R-1', clockTrusted: true, clockDoubt: null }),
  lookForDue: async () => [
    {
      ...{ buyer: 'acme', product: 'EUDV', month: '2026-11', units: 1, held: 0, ready: delivered.length },
      undelivered: 1 - delivered.length,
    },
  ],
  planRetention: async () => [],
  lookForErasable: async () => ({ capsules: [], names: [], later: 0 }),
  removeErased: async () => {},
  endRetention: async () => {},
};

beforeAll(async () => {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  const temporal = await createNamespace(process.env.UNITRAIL_TEST_TEMPORAL_ADDRESS!);
  client = await connectClient(temporal);
  connection = await NativeConnection.connect({ address: temporal.connectionOptions.address! });
  const { namespace } = temporal;
  const { awaitExport } = createRetentionActivities({ client } as RetentionDeps);
  workers = [
    await Worker.create({
      ...{ connection, namespace, taskQueue: taskQueues.workflows },
      workflowBundle: await testBundle(),
    }),
    await Worker.create({
      ...{ connection, namespace, taskQueue: taskQueues.office },
      activities: { ...office, awaitExport },
    }),
  ];
  running = workers.map((worker) => worker.run());
});
afterAll(async () => {
  await Promise.all(waiting.map((handle) => handle.terminate('the test is over')));
  workers?.forEach((worker) => worker.shutdown());
  await Promise.all(running ?? []);
  await connection?.close();
  await client?.connection.close();
});

/** One that is under way, as the list of workflows shows it. */
async function exporting(buyer: string, workflowId: string): Promise<void> {
  const start = { workflowId, taskQueue: taskQueues.workflows, args: [{ buyer }] };
  waiting.push(await client.workflow.start('export', start));
  const query = `WorkflowId = '${workflowId}' and ExecutionStatus = 'Running'`;
  expect(await until(async () => (await client.workflow.count(query)).count > 0)).toBe(true);
}

/** Buyers whose ids begin as those of acme's own runs could. */
const neighbours = ['acme2', 'acme-eu', 'acme-000001', 'acme-retention'];

test('the hanging export of a buyer whose name begins with that of another one keeps back nothing of the other', async () => {
  for (const buyer of neighbours) await exporting(buyer, `${exportScheduleId(buyer)}-2026-11-23T06:00:00Z`);
  const report = await client.workflow.execute<(input: object) => Promise<RetentionReport>>('retention', {
    ...{ workflowId: `${retentionScheduleId}-neighbours`, taskQueue: taskQueues.workflows },
    args: [{ patience: '10 seconds' }],
  });
  expect(delivered).toEqual(['acme']);
  expect(report).toMatchObject({ blocked: [], due: [{ buyer: 'acme', undelivered: 0 }] });
});

test('an export is known by its buyer, under whatever id somebody has started it', async () => {
  const exports = new RunningExports(client);
  expect(await Promise.all(neighbours.map((buyer) => exports.isOf(buyer)))).toEqual([true, true, true, true]);
  expect(await exports.isOf('cobalt')).toBe(false);
  await exporting('cobalt', 'once more, by hand');
  expect(await exports.isOf('cobalt')).toBe(true);
  expect(await exports.isOf('acme')).toBe(false);
});

test("an export whose input nobody can read is nobody's, and keeps no other back", async () => {
  const workflowId = 'written by another program';
  await client.workflowService.startWorkflowExecution({
    ...{ namespace: client.options.namespace, workflowId, requestId: workflowId },
    workflowType: { name: 'export' },
    // Of a queue that nobody works on: its first task would fail for ever.
    taskQueue: { name: 'nobody' },
    input: {
      payloads: [
        { metadata: { encoding: Buffer.from('json/protobuf') }, data: Buffer.from('{"buyer":"amber"}') },
      ],
    },
  });
  waiting.push(client.workflow.getHandle(workflowId));
  const query = `WorkflowId = '${workflowId}' and ExecutionStatus = 'Running'`;
  expect(await until(async () => (await client.workflow.count(query)).count > 0)).toBe(true);
  expect(await new RunningExports(client).isOf('amber')).toBe(false);
});
