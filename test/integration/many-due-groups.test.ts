import { ApplicationFailure } from '@temporalio/common';
import type { Client } from '@temporalio/client';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { createRetentionActivities, type RetentionDeps } from '../../activities/retention';
import { findRun } from '../../adapters/postgres/retention';
import {
  retentionText,
  type CapsuleReport,
  type DueGroup,
  type DueReport,
  type RetentionReport,
} from '../../domain/retention';
import { retentionScheduleId, taskQueues } from '../../domain/workflow-ids';
import { connectClient } from '../../workers/temporal-client';
import { bareEnvironment, runCli } from '../support/cli';
import { createTestDatabase, withSuperuser, type TestDatabase } from '../support/database';
import { applyPolicy } from '../support/retention';
import { applySmallPlant, openShopFloor, type ShopFloor } from '../support/shop-floor';
import { createNamespace } from '../support/temporal-namespace';
import { sampleRecipe } from '../support/unit-facts';
import { testBundle } from '../support/workflow-bundle';

/** Five years of fifty buyers, one unit of each a month. The last two lack all of theirs; whose ids begin them come last. */
const [buyers, months] = [50, 60];
const late = ['b49', 'b50'];
const all = buyers * months;
const due = all - late.length * months;
const product = sampleRecipe.product.code;

const units = `
  set session_replication_role = replica;
  create temporary table made as
    select 'b' || lpad(b::text, 2, '0') as buyer, m as month, gen_random_uuid() as unit_id,
      timestamp '2015-01-15' + make_interval(months => m) as at
    from generate_series(1, ${buyers}) b, generate_series(0, ${months - 1}) m;
  insert into buyers (id, name, test) select distinct buyer, buyer, true from made;
  insert into shipments (id, buyer, destination, opened_at, closed_at)
    select buyer || '-' || month, buyer, 'DE', at, at from made;
  insert into units (id, batch_id, batch_index, issuer, serial, product, recipe_sha256, firmware_version, firmware_sha256, state, step,
      flashed_seq, tested_seq, provisioned_seq, label_seq, qc_seq, rework_seq, trial, shipment_id, seq, head, updated_at)
    select unit_id, buyer, month, 'house', buyer || '-' || month, '${product}', '', '1', '', 'Shipped', 'ship',
      1, 2, 3, 4, 5, 0, false, buyer || '-' || month, 6, sha256(''), at from made;
  insert into exports (id, buyer, kind, number, request, as_of, look, records, amendments, numbers, state, made_at, delivered_at, manifest)
    select buyer, buyer, 'sequence', 1, buyer, now(), '', count(*), 0, 0, 'delivered', now(), now(), '' from made
    where buyer < '${late[0]}' group by buyer;
  insert into export_items (export_id, kind, issuer, identifier, value, unit_id)
    select buyer, 'record', 'house', 'serial', buyer || '-' || month, unit_id from made where buyer < '${late[0]}';
  reset session_replication_role;
  analyze`;

let database: TestDatabase;
let floor: ShopFloor;
let activities: ReturnType<typeof createRetentionActivities>;
let client: Client;
let connection: NativeConnection;

beforeAll(async () => {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  database = await createTestDatabase();
  floor = openShopFloor(database);
  await applySmallPlant(floor);
  await applyPolicy(floor);
  await withSuperuser((superuser) => superuser.query(units), database.superuserUrl);
  const temporal = await createNamespace(process.env.UNITRAIL_TEST_TEMPORAL_ADDRESS!);
  client = await connectClient(temporal);
  connection = await NativeConnection.connect({ address: temporal.connectionOptions.address! });
  activities = createRetentionActivities({ db: floor.as('office'), client } as unknown as RetentionDeps);
});
afterAll(async () => {
  await connection?.close();
  await client?.connection.close();
  await floor?.close();
  await database?.drop();
});

const blocked = late.map((buyer) => ({ buyer, undelivered: months }));

test('of three thousand groups 500 are told and the others counted, and who is blocked is judged by all', async () => {
  const look = (bounded: object): Promise<unknown> =>
    new MockActivityEnvironment().run(activities.lookForDue, { asOf: new Date().toISOString(), ...bounded });
  const report = (await look({ bounded: true })) as DueReport;
  expect(report).toMatchObject({ dueLater: all - 500, blocked });
  expect(report.due).toHaveLength(500);
  expect(JSON.stringify(report).length).toBeLessThan(200_000);
  // A workflow of the version before takes groups alone.
  const groups = (await look({})) as DueGroup[];
  expect(groups).toHaveLength(all);
});

let foretold: string[] = [];

test('a dry run tells as much, and the first capsules of each buyer in turn', async () => {
  const environment = {
    ...bareEnvironment,
    UNITRAIL_DATABASE_URL: database.urlOf('desk'),
    TEMPORAL_ADDRESS: process.env.UNITRAIL_TEST_TEMPORAL_ADDRESS!,
  };
  const { code, out, err } = await runCli(['retention', 'run', '--dry-run', '--json'], environment);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  const report = JSON.parse(out) as RetentionReport;
  expect(report).toMatchObject({ dueLater: all - 500, blocked });
  foretold = report.capsules.map(({ capsule }) => capsule);
  expect(foretold).toHaveLength(500);
});

test('a run over all of them exports to whoever lacks any, plans what the others have, and takes of each buyer the oldest capsules', async () => {
  const exported: string[] = [];
  const taken: CapsuleReport[] = [];
  const office = {
    ...activities,
    openExport: async ({ buyer }: { buyer: string }) => {
      exported.push(buyer);
      throw ApplicationFailure.nonRetryable('nobody can sign', 'CONFIGURATION_INVALID');
    },
    planRetention: async (input: { run: string }) => {
      taken.push(...(await activities.planRetention(input)));
      return [];
    },
    lookForErasable: async () => ({ capsules: [], names: [] }),
    removeErased: async () => {},
  };
  const report = await answered(office, () =>
    client.workflow.execute<(input: object) => Promise<RetentionReport>>('retention', {
      ...{ workflowId: `${retentionScheduleId}-many`, taskQueue: taskQueues.workflows },
      args: [{ patience: '1 second' }],
    }),
  );
  expect(exported.sort()).toEqual(late);
  expect(report).toMatchObject({ dueLater: all - 500, blocked });
  expect(retentionText(report)).toContain(
    `\n- ${all - 500} more groups of buyer, product and month are due.\n`,
  );
  expect((await findRun(floor.as('office'), report.run!)).report).toEqual(report);
  const planned = await floor.as('office')('capsules').select('id', 'buyer').orderBy('month');
  expect(planned).toHaveLength(due);
  expect(planned.filter(({ buyer }) => late.includes(buyer as string))).toEqual([]);
  expect(taken.map(({ capsule }) => capsule).sort()).toEqual(foretold.sort());
  for (const buyer of new Set(planned.map((one) => one.buyer as string))) {
    const turns = taken.filter((one) => one.buyer === buyer).map(({ capsule }) => capsule);
    const own = planned.filter((one) => one.buyer === buyer).map(({ id }) => id as string);
    // 500 in turns of 48.
    expect([10, 11]).toContain(turns.length);
    expect(turns).toEqual(own.slice(0, turns.length));
  }
});

async function answered<Result>(office: object, work: () => Promise<Result>): Promise<Result> {
  const { namespace } = client.options;
  const workers = [
    await Worker.create({
      ...{ connection, namespace, taskQueue: taskQueues.workflows },
      workflowBundle: await testBundle(),
    }),
    await Worker.create({ connection, namespace, taskQueue: taskQueues.office, activities: office }),
  ];
  const running = workers.map((worker) => worker.run());
  try {
    return await work();
  } finally {
    workers.forEach((worker) => worker.shutdown());
    await Promise.all(running);
  }
}
