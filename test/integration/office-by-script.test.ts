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

/** An office that plans these capsules, and notes what it does. */
function officeOf(
  capsules: readonly (readonly [name: string, buyer: string])[],
  did: string[],
  bring: (capsule: string) => Promise<void>,
): Script {
  return {
    openRetention: async () => ({ run: 'R-2', clockTrusted: true, clockDoubt: null }),
    lookForDue: async () => [],
    planRetention: async () =>
      capsules.map(([name, buyer]) => ({
        ...{ capsule: name, buyer, units: 1, step: 'planned', problem: null },
      })),
    writeCapsule: async () => {},
    deliverCapsule: (input: { capsule: string }) => {
      did.push(`bring ${input.capsule}`);
      return bring(input.capsule);
    },
    readCapsuleBack: async () => {},
    moveCapsule: async (input: { capsule: string }) => void did.push(`move ${input.capsule}`),
    lookForErasable: async () => {
      did.push('erase');
      return { capsules: [], names: [] };
    },
    removeErased: async () => {},
    endRetention: async () => {},
  };
}

/** Of a run that asks for so long. */
async function reportOf(office: Script, workflowId: string, patience: string): Promise<RetentionReport> {
  return answered(office, () =>
    client.workflow.execute<(input: object) => Promise<RetentionReport>>('retention', {
      ...{ workflowId, taskQueue: taskQueues.workflows, args: [{ patience }] },
    }),
  );
}

const stepsOf = ({ capsules }: RetentionReport) =>
  capsules.map(({ capsule, step, problem }) => [capsule, step, problem]);

test('buyers whose servers do not answer keep back their own capsules alone, and those that answer later get theirs', async () => {
  const did: string[] = [];
  const bring = async (capsule: string): Promise<void> => {
    const again = did.filter((one) => one === `bring ${capsule}`).length > 1;
    if (capsule.startsWith('acme') || (capsule === 'delta-1' && !again))
      throw ApplicationFailure.create({ message: 'no answer.', type: 'SFTP_UNREACHABLE' });
    if (capsule.startsWith('eagle')) throw ApplicationFailure.nonRetryable('a stranger', 'SFTP_REFUSED');
  };
  const office = officeOf(
    [
      ...([
        ['acme-1', 'acme'],
        ['acme-2', 'acme'],
        ['delta-1', 'delta'],
      ] as const),
      ...([
        ['cobalt-1', 'cobalt'],
        ['delta-2', 'delta'],
        ['eagle-1', 'eagle'],
      ] as const),
    ],
    did,
    bring,
  );
  const report = await reportOf(office, 'retention-absent', '30 seconds');
  const rounds = [
    ...['bring acme-1', 'bring delta-1', 'bring cobalt-1', 'bring eagle-1', 'move cobalt-1'],
    ...['bring acme-2', 'bring delta-2', 'bring delta-1', 'move delta-1', 'move delta-2'],
  ];
  expect(did.slice(0, rounds.length)).toEqual(rounds);
  // Ten times, unless the tries themselves take long.
  expect(did.slice(rounds.length).join()).toMatch(/^(bring acme-1,){1,10}erase$/);
  const late = { code: 'OVERDUE', message: 'It took too long: no answer. The next run goes on with it.' };
  const refused = { code: 'SFTP_REFUSED', message: 'a stranger' };
  expect(stepsOf(report)).toEqual([
    ['acme-1', 'made', late],
    ['acme-2', 'made', late],
    ['delta-1', 'moved', null],
    ['cobalt-1', 'moved', null],
    ['delta-2', 'moved', null],
    ['eagle-1', 'made', refused],
  ]);
});

test('a capsule that can not be brought by itself keeps back no other of its buyer, and is tried behind them', async () => {
  const did: string[] = [];
  const bring = async (capsule: string): Promise<void> => {
    if (capsule === 'acme-1')
      throw ApplicationFailure.create({ message: 'none of its files is there', type: 'STORE_UNAVAILABLE' });
  };
  const capsules = ['acme-1', 'acme-2', 'acme-3'].map((name) => [name, 'acme'] as const);
  const report = await reportOf(officeOf(capsules, did, bring), 'retention-apart', '1 second');
  const first = ['bring acme-1', 'bring acme-2', 'bring acme-3', 'move acme-2', 'move acme-3'];
  expect(did.slice(0, first.length)).toEqual(first);
  const late = 'It took too long: none of its files is there. The next run goes on with it.';
  expect(stepsOf(report)).toEqual([
    ['acme-1', 'made', { code: 'OVERDUE', message: late }],
    ['acme-2', 'moved', null],
    ['acme-3', 'moved', null],
  ]);
});

test('where three capsules of a buyer fail by themselves, the rest is tried before them in the next round', async () => {
  const did: string[] = [];
  const bring = async (): Promise<void> => {
    if (!did.includes('bring acme-4'))
      throw ApplicationFailure.create({ message: 'away', type: 'STORE_UNAVAILABLE' });
  };
  const capsules = ['acme-1', 'acme-2', 'acme-3', 'acme-4'].map((name) => [name, 'acme'] as const);
  const report = await reportOf(officeOf(capsules, did, bring), 'retention-failing', '1 minute');
  const rounds = ['bring acme-1', 'bring acme-2', 'bring acme-3', 'bring acme-4', 'bring acme-1'];
  expect(did.slice(0, rounds.length)).toEqual(rounds);
  expect(stepsOf(report).map(([, step]) => step)).toEqual(['moved', 'moved', 'moved', 'moved']);
});

test('the patience counts what the tries take as well', async () => {
  const did: string[] = [];
  const bring = async (): Promise<void> => {
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    throw ApplicationFailure.create({ message: 'the line broke', type: 'SFTP_UNREACHABLE' });
  };
  const report = await reportOf(officeOf([['acme-1', 'acme']], did, bring), 'retention-slow', '1 second');
  expect(did).toEqual(['bring acme-1', 'erase']);
  expect(stepsOf(report)).toEqual([['acme-1', 'made', expect.objectContaining({ code: 'OVERDUE' })]]);
});
