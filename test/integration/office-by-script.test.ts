import { ApplicationFailure } from '@temporalio/common';
import { WorkflowFailedError, type Client } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { retentionText, type RetentionReport } from '../../domain/retention';
import { nothingChecked, type StoreReport } from '../../domain/store-check';
import { taskQueues } from '../../domain/workflow-ids';
import { connectClient } from '../../workers/temporal-client';
import { createNamespace } from '../support/temporal-namespace';
import { testBundle } from '../support/workflow-bundle';

/** The real workflows on the real server; the office answers by a script, because no folder locks a content. */
let client: Client;
let connection: NativeConnection;

beforeAll(async () => {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  const temporal = await createNamespace(process.env.UNITRAIL_TEST_TEMPORAL_ADDRESS!);
  client = await connectClient(temporal);
  connection = await NativeConnection.connect({ address: temporal.connectionOptions.address! });
});
afterAll(async () => {
  await connection?.close();
  await client?.connection.close();
});

type Script = Record<string, (input: never) => Promise<unknown>>;

async function answered<Result>(office: Script, work: () => Promise<Result>): Promise<Result> {
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

test('a content that its place has locked is told in the report, and keeps neither names nor the report back', async () => {
  const ended: RetentionReport[] = [];
  const office: Script = {
    openRetention: async () => ({ run: 'R-1', clockTrusted: true, clockDoubt: null }),
    lookForDue: async () => [],
    planRetention: async () => [],
    lookForErasable: async () => ({ capsules: [], names: ['17'] }),
    removeErased: () => Promise.reject(ApplicationFailure.nonRetryable('locked until 2037', 'NOT_ALLOWED')),
    erasePersonalNames: async () => 1,
    endRetention: async ({ report }: { report: RetentionReport }) => void ended.push(report),
  };
  const report = await answered(office, () =>
    client.workflow.execute<() => Promise<RetentionReport>>('retention', {
      ...{ workflowId: 'retention-locked', taskQueue: taskQueues.workflows },
    }),
  );
  const leftInStore = { code: 'NOT_ALLOWED', message: 'locked until 2037' };
  expect(report).toMatchObject({ leftInStore, names: ['17'] });
  expect(ended).toMatchObject([{ leftInStore, names: ['17'] }]);
  expect(retentionText(report)).toContain(
    '- Not all that is erased left the content store; **NOT_ALLOWED**: locked until 2037\n',
  );
});

test('what is lost is told before the locks are made longer, and these are made longer all the same', async () => {
  const did: string[] = [];
  const report: StoreReport = { ...nothingChecked, checked: 1, lost: 1 };
  const office: Script = {
    checkStorePart: async () => ({ report, after: null }),
    endStoreCheck: async () => {
      did.push('told');
      throw ApplicationFailure.nonRetryable('1 contents are whole in no place', 'CONTENT_LOST');
    },
    protectArchive: async () => did.push('locked'),
  };
  const search = answered(office, () =>
    client.workflow.execute<() => Promise<StoreReport>>('storeCheck', {
      ...{ workflowId: 'store-check', taskQueue: taskQueues.workflows },
    }),
  );
  const failure: unknown = await search.catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(WorkflowFailedError);
  expect((failure as WorkflowFailedError).cause?.cause).toMatchObject({ type: 'CONTENT_LOST' });
  expect(did).toEqual(['told', 'locked']);
});

test('a run that finds a loss fails by it, also where the locks can not be made longer', async () => {
  const report: StoreReport = { ...nothingChecked, checked: 1, lost: 1 };
  const failing = (code: string) => () => Promise.reject(ApplicationFailure.nonRetryable('no', code));
  const office: Script = {
    checkStorePart: async () => ({ report, after: null }),
    endStoreCheck: failing('CONTENT_LOST'),
    protectArchive: failing('CONTENT_NOT_LOCKED'),
  };
  const failureOf = async (script: Script, workflowId: string): Promise<unknown> => {
    const start = { workflowId, taskQueue: taskQueues.workflows };
    const run = () => client.workflow.execute<() => Promise<StoreReport>>('storeCheck', start);
    const failure: unknown = await answered(script, run).catch((error: unknown) => error);
    return (failure as WorkflowFailedError).cause?.cause;
  };
  expect(await failureOf(office, 'store-check-both')).toMatchObject({ type: 'CONTENT_LOST' });
  const whole: Script = { ...office, endStoreCheck: async () => undefined };
  expect(await failureOf(whole, 'store-check-unlocked')).toMatchObject({ type: 'CONTENT_NOT_LOCKED' });
});

test('buyers whose servers do not answer keep back their own capsules alone, and those that answer later get theirs', async () => {
  const did: string[] = [];
  const bring = async (capsule: string): Promise<void> => {
    did.push(`bring ${capsule}`);
    const again = did.filter((one) => one === `bring ${capsule}`).length > 1;
    if (capsule.startsWith('acme') || (capsule === 'delta-1' && !again))
      throw ApplicationFailure.create({ message: 'no answer', type: 'SFTP_UNREACHABLE' });
    if (capsule.startsWith('eagle')) throw ApplicationFailure.nonRetryable('a stranger', 'SFTP_REFUSED');
  };
  const capsule = (name: string, buyer: string) => ({
    ...{ capsule: name, buyer, units: 1, step: 'planned', problem: null },
  });
  const note =
    (what: string) =>
    async (input: { capsule: string }): Promise<void> =>
      void did.push(`${what} ${input.capsule}`);
  const office: Script = {
    openRetention: async () => ({ run: 'R-2', clockTrusted: true, clockDoubt: null }),
    lookForDue: async () => [],
    planRetention: async () => [
      ...[capsule('acme-1', 'acme'), capsule('acme-2', 'acme'), capsule('delta-1', 'delta')],
      ...[capsule('cobalt-1', 'cobalt'), capsule('delta-2', 'delta'), capsule('eagle-1', 'eagle')],
    ],
    writeCapsule: async () => {},
    deliverCapsule: (input: { capsule: string }) => bring(input.capsule),
    readCapsuleBack: async () => {},
    moveCapsule: note('move'),
    lookForErasable: async () => {
      did.push('erase');
      return { capsules: [], names: [] };
    },
    removeErased: async () => {},
    endRetention: async () => {},
  };
  const report = await answered(office, () =>
    client.workflow.execute<(input: object) => Promise<RetentionReport>>('retention', {
      ...{
        workflowId: 'retention-absent',
        taskQueue: taskQueues.workflows,
        args: [{ patience: '1 second' }],
      },
    }),
  );
  const rounds = [
    ...['bring acme-1', 'bring delta-1', 'bring cobalt-1', 'bring eagle-1', 'move cobalt-1'],
    ...['bring acme-1', 'bring delta-1', 'bring delta-2', 'move delta-1', 'move delta-2'],
  ];
  expect(did.slice(0, rounds.length)).toEqual(rounds);
  expect(did.slice(rounds.length)).toEqual([...Array.from({ length: 10 }, () => 'bring acme-1'), 'erase']);
  const late = { code: 'OVERDUE', message: 'It took too long: no answer. The next run goes on with it.' };
  const refused = { code: 'SFTP_REFUSED', message: 'a stranger' };
  expect(report.capsules.map(({ capsule: name, step, problem }) => [name, step, problem])).toEqual([
    ['acme-1', 'made', late],
    ['acme-2', 'made', late],
    ['delta-1', 'moved', null],
    ['cobalt-1', 'moved', null],
    ['delta-2', 'moved', null],
    ['eagle-1', 'made', refused],
  ]);
});
