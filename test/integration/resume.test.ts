import type { FaultEntry } from '../../domain/bench-protocol';
import type { Order } from '../../domain/order-document';
import { bareEnvironment, runCli } from '../support/cli';
import { DatabaseProxy, type Interference } from '../support/database-proxy';
import { durableStatement } from '../support/durable-statements';
import { newOrder, startTestLine, type TestLine } from '../support/line';
import { until, type TestUnit } from '../support/line-units';
import { OwnTemporalServer } from '../support/temporal-server';

let temporal: OwnTemporalServer;
let proxy: DatabaseProxy;
let line: TestLine;

beforeAll(async () => {
  temporal = await OwnTemporalServer.start();
  proxy = await DatabaseProxy.before(process.env.UNITRAIL_TEST_OWNER_URL!);
  line = await startTestLine({ temporal: temporal.address, through: (url) => withoutEnd(proxy.urlFor(url)) });
});

/** A statement that stands still is not given up: the act would be tried again, and go on, while other units are on their way. */
function withoutEnd(url: string): string {
  const patient = new URL(url);
  patient.searchParams.set('query_timeout', '3600000');
  return patient.href;
}

afterAll(async () => {
  await line?.stop();
  await proxy?.close();
  await temporal?.stop();
});

/** As a user types it, on the servers of this test. */
async function resume(): Promise<unknown> {
  const { code, out, err } = await runCli(['resume', '--json'], {
    ...bareEnvironment,
    UNITRAIL_DATABASE_URL: line.database.urlOf('desk'),
    TEMPORAL_ADDRESS: line.temporal.connectionOptions.address!,
    TEMPORAL_NAMESPACE: line.temporal.namespace,
    UNITRAIL_HOME: line.home,
  });
  expect({ code, err }).toEqual({ code: 0, err: expect.any(String) });
  return JSON.parse(out);
}

describe('when the state of Temporal is lost and the database is kept', () => {
  /** Where each unit stands still, by its batch index: the statement that does not get through, or its answer. */
  const standstills: readonly [what: string, when: Interference['when'], of: string][] = [
    ['step 1, claimed and not assigned', 'before', 'assigned'],
    ['step 2, its board written and the result not recorded', 'before', 'flashed'],
    ['step 3, measured and the result not recorded', 'before', 'testPassed'],
    ['step 4, its certificate numbered and not signed', 'after', 'certificateIntended'],
    ['step 4, its certificate signed and not recorded', 'before', 'certificateIssued'],
    ['step 5, its print intended and never sent', 'after', 'printIntended'],
    ['step 5, its print sent and not recorded', 'before', 'printed'],
    ['step 5, its print sent to a printer that forgot it', 'before', 'stepFailed'],
    ['step 6, checked and the result not recorded', 'before', 'qualityPassed'],
  ];
  const [forgotten, failedTest, inQuestion, ready, quantity] = [8, 10, 11, 12, 12];
  const order = newOrder({ quantity, orderQuantity: quantity });
  /** Its shipment stands still in the middle of the one transaction that ships and seals. */
  const shipping = newOrder({ quantity: 2 });
  let before: TestUnit[];

  const faults: readonly FaultEntry[] = [
    { do: 'print', fault: 'printerForgets', printed: false, index: forgotten },
    { do: 'measure', fault: 'outOfLimits', index: failedTest },
    { do: 'print', fault: 'printerForgets', printed: false, index: inQuestion },
  ];

  /** Those that stand still. An act of the office is tried again after half a minute, and stands still once more. */
  const still = new Set<string>();

  function standStill(): void {
    const indexes = new Map<string, Promise<number>>();
    const indexOf = async (unitId: string): Promise<number> => {
      const row = await line
        .db('units')
        .where({ id: unitId, batch_id: order.batch })
        .first('batch_index as index');
      return row?.index ?? 0;
    };
    proxy.interfere = async (statement) => {
      const durable = durableStatement(statement);
      if (durable?.what === 'commit') return freeze('commit', 'before');
      if (!durable?.unitId) return null;
      const { unitId, what } = durable;
      if (!indexes.has(unitId)) indexes.set(unitId, indexOf(unitId));
      const [, when, of] = standstills[(await indexes.get(unitId)!) - 1] ?? [];
      return when && what === of ? freeze(what, when) : null;
    };
  }

  function freeze(what: string, when: Interference['when']): Interference {
    still.add(what);
    return { when, then: 'freeze' };
  }

  beforeAll(async () => {
    standStill();
    await line.faults(...faults.map((fault) => ({ ...fault, batch: order.batch })));
    await line.startBatch(order);
    await line.startBatch(shipping);
    await line.held(order.batch, failedTest);
    await line.held(order.batch, inQuestion);
    await line.waitFor(order.batch, (units) => units[ready - 1]?.state === 'ReadyToShip');
    await line.waitFor(shipping.batch, (units) => units.length === 2 && units.every(isPacked));
    const all = standstills.length + 1;
    expect(await until(async () => still.size === all && proxy.frozen >= all)).toBe(true);
    before = await line.units(order.batch);
    const stopped = line.stopWorkers();
    proxy.cutFrozen();
    await stopped;
    temporal = await temporal.loseState();
    await line.moveTo(temporal.address);
    proxy.interfere = () => null;
  });

  test('units are open in every step, held, in question, ready, and packed in a shipment that was closing', async () => {
    expect(before.map(({ state, step }) => `${state}/${step}`)).toEqual([
      ...[
        'InProgress/assign',
        'InProgress/flash',
        'InProgress/test',
        'InProgress/provision',
        'InProgress/provision',
      ],
      ...['InProgress/label', 'InProgress/label', 'InProgress/label', 'InProgress/qc'],
      ...['AwaitingEngineer/test', 'AwaitingEngineer/label', 'ReadyToShip/ship'],
    ]);
    expect(before.map(({ openPrint }) => openPrint)).toEqual([
      ...Array(5).fill(null),
      1,
      1,
      1,
      null,
      null,
      1,
      null,
    ]);
    expect((await line.units(shipping.batch)).map(({ state }) => state)).toEqual(['Packed', 'Packed']);
    expect(await line.units()).toEqual([...before, ...(await line.units(shipping.batch))].sort(byBatch));
  });

  test('`unitrail resume` ends them all: what was held waits for its engineer again, the rest ships', async () => {
    await line.startWorkers();
    const resumed = await resume();
    expect(resumed).toHaveLength(2);
    expect(resumed).toContainEqual({
      batch: order.batch,
      started: true,
      open: quantity,
      unitsStarted: 0,
      ofLostEpoch: false,
    });
    expect(resumed).toContainEqual({
      batch: shipping.batch,
      started: true,
      open: 2,
      unitsStarted: 0,
      ofLostEpoch: false,
    });
    await line.shipped(shipping.batch);
    // The new run of a unit may not have read its row yet when the engineer's word comes.
    await retry(failedTest, { by: '17', note: 'reseated the board' });
    await retry(inQuestion, { by: '17', label: 'none' });
    expect(await line.held(order.batch, forgotten)).toMatchObject({ failureCode: 'PRINT_UNKNOWN' });
    await retry(forgotten, { by: '17', label: 'none' });
    const units = await line.shipped(order.batch);
    expect(units.map(({ state }) => state)).toEqual(Array(quantity).fill('Shipped'));
  });

  async function retry(index: number, input: object): Promise<void> {
    const unit = before[index - 1]!;
    expect(await until(async () => isOpen(unit))).toBe(true);
    await line.send(unit, 'retryStep', input);
  }

  test('no serial was given twice, and each unit kept its own', async () => {
    const after = await line.units(order.batch);
    expect(after.map(({ unitId, serial }) => [unitId, serial])).toEqual(
      before.map(({ unitId, serial }) => [unitId, serial]),
    );
    const serials = await line.db('identifiers').where({ kind: 'serial' });
    expect(serials).toHaveLength(quantity + shipping.quantity);
  });

  test('no certificate was issued twice', async () => {
    const units = await line.units();
    expect(await line.certificates()).toHaveLength(units.length);
    for (const unit of units) expect(await line.facts(unit, 'certificateIssued')).toHaveLength(1);
  });

  test('no unit has two labels, and each has the one that is on record', async () => {
    const units = await line.units();
    for (const unit of units) expect(await line.labels(unit)).toEqual([`${unit.serial}/${unit.labelPrint}`]);
    const prints = units.filter(({ batch }) => batch === order.batch).map(({ labelPrint }) => labelPrint);
    expect(prints).toEqual([1, 1, 1, 1, 1, 2, 1, 2, 1, 1, 2, 1]);
  });

  test('a second `unitrail resume` finds nothing to do', async () => {
    expect(await until(async () => !(await isOpen(before[0]!)))).toBe(true);
    expect(await resume()).toEqual([]);
  });
});

async function isOpen(unit: TestUnit): Promise<boolean> {
  const description = await line
    .unitRun(unit)
    .describe()
    .catch(() => null);
  return description?.status.name === 'RUNNING';
}

function isPacked({ state }: TestUnit): boolean {
  return state === 'Packed';
}

function byBatch(a: TestUnit, b: TestUnit): number {
  return a.batch < b.batch ? -1 : a.batch > b.batch ? 1 : a.index - b.index;
}

describe('when somebody ends workflows in the web UI', () => {
  let order: Order;

  test('a unit that is cancelled in the middle of a step is held by its workflow, which waits; one that is terminated stays as it is', async () => {
    order = newOrder();
    await line.faults(
      { do: 'measure', fault: 'noAnswer', times: 3, batch: order.batch, index: 1 },
      { do: 'measure', fault: 'outOfLimits', batch: order.batch, index: 2 },
    );
    await line.startBatch(order);
    const [cancelled] = await line.waitFor(order.batch, ([first]) => first?.step === 'test');
    expect(await until(async () => (await line.facts(cancelled!, 'testIntended')).length > 0)).toBe(true);
    await line.unitRun(cancelled!).cancel();
    expect(await line.held(order.batch, 1)).toMatchObject({ step: 'test', failureCode: 'CANCELLED' });
    const terminated = await line.held(order.batch, 2);
    await line.unitRun(terminated).terminate('a mistake');
    expect(await until(async () => !(await isOpen(terminated)))).toBe(true);
    expect(await isOpen(cancelled!)).toBe(true);
    expect(await line.unit(terminated.serial)).toEqual(terminated);
  });

  test('`unitrail resume` starts what was terminated, and an engineer sends both on', async () => {
    await line.faults();
    const units = await line.units(order.batch);
    const listed = async (): Promise<number> =>
      (
        await line.client.workflow.count(
          `WorkflowType="unit" AND ExecutionStatus="Running" AND BatchId="${order.batch}"`,
        )
      ).count;
    expect(await until(async () => (await listed()) === 1)).toBe(true);
    expect(await resume()).toMatchObject([{ batch: order.batch, open: 2 }]);
    for (const unit of units) {
      expect(await until(async () => isOpen(unit))).toBe(true);
      await line.send(unit, 'retryStep', { by: '17' });
    }
    expect((await line.shipped(order.batch)).map(({ state }) => state)).toEqual(['Shipped', 'Shipped']);
  });
});

test('the auditor finds every promise kept', () => line.audit());
