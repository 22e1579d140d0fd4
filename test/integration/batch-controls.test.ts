import { openDatabase } from '../../adapters/postgres/database';
import { applyPlant, loadPlant } from '../../adapters/postgres/plant-store';
import type { BatchControls } from '../../domain/batch-control';
import { usualPace, type Pace } from '../../domain/pace';
import type { Order } from '../../domain/order-document';
import { batchWorkflowId, partitionWorkflowId, taskQueues } from '../../domain/workflow-ids';
import { bareEnvironment, runCli, type CliAnswer } from '../support/cli';
import { newOrder, startTestLine, type TestLine } from '../support/line';
import { isHeld, until, type TestUnit } from '../support/line-units';

/** A batch in small parts, and people who change their minds while it runs. */
let line: TestLine;

beforeAll(async () => {
  line = await startTestLine();
});
afterAll(() => line?.stop());

async function start(changes: Partial<Order>, pace: Partial<Pace> = {}): Promise<Order> {
  const order = newOrder(changes);
  await line.client.workflow.start('batch', {
    workflowId: batchWorkflowId(order.batch),
    taskQueue: taskQueues.workflows,
    args: [order, { pace: { ...usualPace, ...pace } }],
  });
  return order;
}

const send = ({ batch }: Order, update: string, input?: unknown): Promise<BatchControls> =>
  line.batchRun(batch).executeUpdate<BatchControls, [unknown]>(update, { args: [input] as [unknown] });

const result = ({ batch }: Order): Promise<Record<string, number>> => line.batchRun(batch).result();

async function eventsOf({ batch }: Order): Promise<{ type: string; body: Record<string, unknown> }[]> {
  const rows: { type: string; body: string }[] = await line
    .db('unit_events')
    .where({ stream: `batch:${batch}` })
    .orderBy('seq')
    .select('type', 'body');
  return rows.map(({ type, body }) => ({ type, body: JSON.parse(body) as Record<string, unknown> }));
}

const typesOf = async (order: Order): Promise<string[]> => (await eventsOf(order)).map(({ type }) => type);

/** What the ledger holds of the batch's numbers, by account. */
async function ledgerOf({ batch }: Order): Promise<Record<string, number>> {
  const rows: { account: string; numbers: string }[] = await line
    .db('movements')
    .join('blocks', 'blocks.id', 'movements.block_id')
    .join('number_spaces', 'number_spaces.id', 'blocks.space_id')
    .where({ 'blocks.batch_id': batch, 'number_spaces.kind': 'serial' })
    .groupBy('to_account')
    .select('to_account as account')
    .sum({ numbers: 'movements.quantity' });
  return Object.fromEntries(rows.map(({ account, numbers }) => [account, Number(numbers)]));
}

/** As a planner types it. */
async function unitrail(...args: string[]): Promise<CliAnswer> {
  return runCli(args, {
    ...bareEnvironment,
    UNITRAIL_DATABASE_URL: line.database.urlOf('desk'),
    TEMPORAL_ADDRESS: line.temporal.connectionOptions.address!,
    TEMPORAL_NAMESPACE: line.temporal.namespace,
    UNITRAIL_HOME: line.home,
  });
}

describe('a batch in parts of five units, each going on as a new run after two starts', () => {
  let order: Order;
  let units: TestUnit[];

  beforeAll(async () => {
    order = await start(
      { quantity: 12, trial: true },
      { partitionSize: 5, partitionsAtOnce: 2, startsOfRun: 2, window: 4, claimChunk: 3 },
    );
    await result(order);
    units = await line.units(order.batch);
  });

  test('makes every unit once, at an index of its own', () => {
    expect(units.map(({ index }) => index)).toEqual(Array.from({ length: 12 }, (_, at) => at + 1));
    expect(new Set(units.map(({ serial }) => serial)).size).toBe(12);
    expect(new Set(units.map(({ state }) => state))).toEqual(new Set(['ReadyToShip']));
  });

  test('runs as batch:ID/1 to /3, and its parts have gone on as new runs', async () => {
    for (const number of [1, 2, 3]) {
      const run = line.client.workflow.getHandle(partitionWorkflowId(order.batch, number));
      const { events } = await run.fetchHistory();
      const started = events![0]!.workflowExecutionStartedEventAttributes!;
      // Five units, two starts a run: the last run is the third, and of the two last units the only one.
      expect(Boolean(started.continuedExecutionRunId)).toBe(number < 3);
    }
  });
});

test('units that are held free their places, and a batch ends around them', async () => {
  const order = newOrder({ quantity: 8, trial: true });
  await line.faults(
    ...[1, 2, 3, 4].map((index) => ({
      do: 'measure' as const,
      fault: 'outOfLimits' as const,
      batch: order.batch,
      index,
      name: 'vcc_3v3',
    })),
  );
  await start(order, { window: 2 });
  expect(await result(order)).toEqual({ AwaitingEngineer: 4, ReadyToShip: 4 });
});

describe('a batch that is paused', () => {
  test('starts no further unit until it goes on, and finishes those under way', async () => {
    const order = await start({ quantity: 6, trial: true }, { window: 1, claimChunk: 1 });
    await line.waitFor(order.batch, (units) => units.length > 0);
    expect(await send(order, 'pause')).toMatchObject({ paused: true, cancelled: false });
    const part = line.client.workflow.getHandle(partitionWorkflowId(order.batch, 1));
    expect(
      await until(async () => (await part.query<{ open: number }>('partitionProgress')).open === 0),
    ).toBe(true);
    const begun = (await line.units(order.batch)).length;
    expect(begun).toBeLessThan(6);
    await send(order, 'setWindow', { by: '17', window: 3 });
    expect((await line.units(order.batch)).length).toBe(begun);
    expect(await send(order, 'resume', { by: '17', note: 'the reel is here' })).toMatchObject({
      paused: false,
      window: 3,
    });
    expect(await result(order)).toEqual({ ReadyToShip: 6 });
    const events = (await eventsOf(order)).filter(({ type }) => type !== 'batchOpened');
    expect(events).toEqual([
      { type: 'batchPaused', body: { by: 'unidentified' } },
      { type: 'windowSet', body: { by: '17', window: 3 } },
      { type: 'batchResumed', body: { by: '17', note: 'the reel is here' } },
      { type: 'batchCompleted', body: { quantity: 6 } },
    ]);
  });
});

describe('a batch that is cancelled', () => {
  /** One unit at the bench, others claimed ahead, and a paused line behind it. */
  async function cancelled(how: (order: Order) => Promise<unknown>): Promise<Order> {
    const order = await start({ quantity: 9, trial: true }, { window: 1, claimChunk: 4 });
    await line.waitFor(order.batch, (units) => units.some(({ step }) => step !== 'assign'));
    await how(order);
    await result(order);
    return order;
  }

  const ways: readonly [what: string, how: (order: Order) => Promise<unknown>, by: string][] = [
    [
      'by the update',
      (order) => send(order, 'cancel', { by: '17', note: 'the buyer has changed his mind' }),
      '17',
    ],
    ['by Cancel in the web UI', ({ batch }) => line.batchRun(batch).cancel(), 'unidentified'],
    [
      'by Cancel of one of its parts',
      ({ batch }) => line.client.workflow.getHandle(partitionWorkflowId(batch, 1)).cancel(),
      'unidentified',
    ],
  ];

  test.each([...ways])(
    '%s finishes what is under way, voids what has no identity, and gives the other numbers back',
    async (_what, how, by) => {
      const order = await cancelled(how);
      const units = await line.units(order.batch);
      const states = new Set(units.map(({ state }) => state));
      expect([...states].sort()).toEqual(['ReadyToShip', 'Void']);
      expect(units.length).toBeLessThan(9);
      expect(units.filter(({ state }) => state === 'Void').every(({ step }) => step === 'assign')).toBe(true);
      expect(await ledgerOf(order)).toMatchObject({ returned: 9 - units.length });
      const events = await eventsOf(order);
      expect(events.find(({ type }) => type === 'batchCancelled')!.body).toMatchObject({ by });
      expect((await typesOf(order)).slice(-2)).toEqual(['numbersReturned', 'batchCompleted']);
    },
  );

  test('gives its place in the order back, and none of its numbers to another batch', async () => {
    const order = `PO-${newOrder().batch}`;
    const first = await start({ order, quantity: 4, orderQuantity: 4 }, { window: 1, claimChunk: 1 });
    await line.waitFor(first.batch, (units) => units.length > 0);
    await send(first, 'cancel', { by: '17', note: 'wrong reel' });
    const states = await result(first);
    const alive = states.ReadyToShip ?? 0;
    const second = await start({ order, quantity: 4 - alive });
    expect(await result(second)).toMatchObject({ ReadyToShip: 4 - alive });
    const serials = [...(await line.units(first.batch)), ...(await line.units(second.batch))].map(
      ({ serial }) => serial,
    );
    expect(new Set(serials).size).toBe(serials.length);
  });

  test('can neither go on nor be topped up', async () => {
    const order = await cancelled((batch) => send(batch, 'cancel', { by: '17', note: 'enough' }));
    const { code, err } = await unitrail(
      ...['batch', 'top-up', order.batch, '--quantity', '1', '--by', '17', '--note', 'one more'],
    );
    expect({ code, err }).toEqual({ code: 2, err: expect.stringMatching(/was cancelled/) });
  });
});

test('what stands in the box of the web UI is refused by field, and nothing is recorded', async () => {
  const order = await start({ quantity: 3, trial: true }, { window: 1, claimChunk: 1 });
  // It must not end while it is asked.
  await send(order, 'pause', { by: '17' });
  const wrong: [string, unknown, RegExp][] = [
    ['cancel', undefined, /cancel needs \{"by": operator number, "note": text/],
    ['cancel', { by: '17' }, /cancel needs/],
    ['pause', { by: 'a|b' }, /by: "a\|b" is not allowed/],
    ['pause', { note: 7 }, /note: at most 500 characters of text/],
    ['topUp', { by: '17', note: 'n', quantity: 0 }, /quantity: 0 is not allowed; a whole number from 1/],
    ['setWindow', { by: '17', window: 1001 }, /window: 1001 is not allowed; a whole number from 1 to 1000/],
    ['setPriority', { by: '17', priority: 0.5 }, /priority: 0.5 is not allowed/],
  ];
  for (const [update, input, message] of wrong)
    await expect(send(order, update, input)).rejects.toMatchObject({
      cause: { message: expect.stringMatching(message) },
    });
  await send(order, 'resume', { by: '17' });
  await result(order);
  expect(await typesOf(order)).toEqual(['batchOpened', 'batchPaused', 'batchResumed', 'batchCompleted']);
});

test('an order has its priority from the start, on record, until somebody changes it', async () => {
  const order = await start({ quantity: 1, trial: true, priority: 3 });
  expect(await send(order, 'setPriority', { by: '17', priority: -1 })).toMatchObject({ priority: -1 });
  await result(order);
  expect((await eventsOf(order)).filter(({ type }) => type === 'prioritySet')).toEqual([
    { type: 'prioritySet', body: { by: 'planner', note: 'as the order says', priority: 3 } },
    { type: 'prioritySet', body: { by: '17', priority: -1 } },
  ]);
  // The batch is begun again, as by `unitrail resume`: what was decided since stays.
  await start(order);
  await result(order);
  expect(await line.db('batch_controls').where({ batch_id: order.batch }).pluck('priority')).toEqual([-1]);
});

describe('a batch that has lost a unit', () => {
  let order: Order;

  beforeAll(async () => {
    order = newOrder({ quantity: 3, trial: true });
    await line.faults({ do: 'measure', fault: 'outOfLimits', batch: order.batch, index: 2, name: 'vcc_3v3' });
    await start(order);
    await result(order);
    const held = (await line.units(order.batch)).find(isHeld)!;
    await line.send(held, 'scrap', { by: '17', reason: 'burnt' });
  });

  test('is topped up after its end, with a number of a further block, up to the ceiling of the order', async () => {
    const topUp = (quantity: string) =>
      unitrail(
        ...[
          'batch',
          'top-up',
          order.batch,
          '--quantity',
          quantity,
          '--by',
          '17',
          '--note',
          'for the burnt one',
        ],
      );
    expect(await topUp('2')).toMatchObject({
      code: 2,
      err: expect.stringMatching(
        /quantity: 2 is not allowed; at most 1: order .* of 3 units has no room for more/,
      ),
    });
    expect(await topUp('1')).toMatchObject({ code: 0 });
    expect(await result(order)).toEqual({ ReadyToShip: 3, Scrapped: 1 });
    const units = await line.units(order.batch);
    expect(units.map(({ index }) => index)).toEqual([1, 2, 3, 4]);
    expect(new Set(units.map(({ serial }) => serial)).size).toBe(4);
    expect(await typesOf(order)).toEqual([
      'batchOpened',
      'batchCompleted',
      'batchToppedUp',
      'batchCompleted',
    ]);
  });
});

test('two batches of one product at once make all their units, each number once', async () => {
  const both = await Promise.all([start({ quantity: 4, trial: true }), start({ quantity: 4, trial: true })]);
  for (const order of both) expect(await result(order)).toEqual({ ReadyToShip: 4 });
  const serials = (await Promise.all(both.map(({ batch }) => line.units(batch))))
    .flat()
    .map(({ serial }) => serial);
  expect(new Set(serials).size).toBe(8);
});

test('a release that half the units of a batch have can not be withdrawn, and another batch makes the rest with another release', async () => {
  const order = `PO-${newOrder().batch}`;
  const first = await start(
    { order, orderQuantity: 4, quantity: 4, firmware: '1.4.1' },
    { window: 1, claimChunk: 1 },
  );
  await line.waitFor(first.batch, (units) => units.length > 1);
  await send(first, 'pause', { by: '17', note: 'the release is bad' });
  const desk = openDatabase(line.database.urlOf('desk'), { applicationName: 'test-desk', maxConnections: 1 });
  try {
    const plant = (await loadPlant(desk))!;
    const firmwareReleases = plant.firmwareReleases.filter(({ version }) => version !== '1.4.1');
    await expect(applyPlant(desk, { ...plant, firmwareReleases })).rejects.toThrow(
      /units or batches name EUDV\/1\.4\.1; keep the release/,
    );
  } finally {
    await desk.destroy();
  }
  await send(first, 'cancel', { by: '17', note: 'the release is bad' });
  const { ReadyToShip: made = 0 } = await result(first);
  const second = await start({ order, quantity: 4 - made, firmware: '1.4.2' });
  await result(second);
  const versions = await line
    .db('units')
    .join('batches', 'batches.id', 'units.batch_id')
    .where({ order_id: order })
    .whereNot({ state: 'Void' })
    .orderBy('units.firmware_version')
    .pluck<string[]>('units.firmware_version');
  expect(versions).toEqual([...Array<string>(made).fill('1.4.1'), ...Array<string>(4 - made).fill('1.4.2')]);
  expect(made).toBeGreaterThan(0);
});

test('the auditor finds every promise kept', () => line.audit());
