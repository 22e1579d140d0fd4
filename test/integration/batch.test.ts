import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import { changeLots } from '../../adapters/postgres/batch-queries';
import { openDatabase } from '../../adapters/postgres/database';
import { parseLabelContent } from '../../domain/label-content';
import type { Order } from '../../domain/order-document';
import type { RecordV1 } from '../../domain/record-document';
import { batchWorkflowId } from '../../domain/workflow-ids';
import { newOrder, startTestLine, type TestLine } from '../support/line';
import { type TestUnit } from '../support/line-units';
import { failureOfRun, startFromForm } from '../support/web-ui';

let line: TestLine;

beforeAll(async () => {
  line = await startTestLine();
});

afterAll(() => line?.stop());

const startAgain = (order: Order) =>
  startFromForm(line.client, {
    type: 'batch',
    id: batchWorkflowId(order.batch),
    json: JSON.stringify(order),
  });

function without(order: Order, ...fields: (keyof Order)[]): Order {
  return Object.fromEntries(
    Object.entries(order).filter(([name]) => !fields.includes(name as keyof Order)),
  ) as unknown as Order;
}

async function recordOf(unit: TestUnit): Promise<RecordV1> {
  const row = await line.db('records').where({ unit_id: unit.unitId }).first('body');
  return JSON.parse(row.body) as RecordV1;
}

async function counts(): Promise<Record<string, number>> {
  const tables = [
    'unit_events',
    'units',
    'identifiers',
    'batches',
    'orders',
    'blocks',
    'movements',
    'shipments',
  ];
  const rows = await Promise.all(tables.map((table) => line.db(table).count('* as count').first()));
  return Object.fromEntries(tables.map((table, at) => [table, Number(rows[at]!.count)]));
}

/** RFC 3339, UTC, with milliseconds. */
const instant = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
const sha256 = expect.stringMatching(/^[0-9a-f]{64}$/);

describe('a batch of twelve units', () => {
  let order: Order;
  let units: TestUnit[];

  beforeAll(async () => {
    order = await line.startBatch({ quantity: 12 });
    units = await line.shipped(order.batch);
    await line.batchRun(order.batch).result();
  });

  test('goes from the order to the shipment, and every unit has a serial of its own', () => {
    expect(units).toHaveLength(12);
    expect(units.map(({ state }) => state)).toEqual(Array(12).fill('Shipped'));
    expect(new Set(units.map(({ serial }) => serial)).size).toBe(12);
    expect(units[0]!.serial).toMatch(/^EUDV\d{4}-\d{6}$/);
  });

  test('leaves a sealed record for every unit that says who it is, what it is made of and whom it went to', async () => {
    const boards = await line.boards();
    for (const unit of units) {
      const board = boards.find(({ uid }) => uid === unit.chipUid)!;
      const record = await recordOf(unit);
      expect(record).toMatchObject({
        ...{ format: 'unitrail.record/1', issuer: 'unitrail', serial: unit.serial, product: 'EUDV' },
        ...{ gtin: '09506000134352', macs: board.identity!.macs, chipUid: board.uid, batch: order.batch },
        ...{ boardBatch: 'PB-118', boardLot: 'PCB-2646-17', order: order.order, buyerPart: 'AC-77-B' },
        components: [
          { position: 'U1', lots: ['MCU-LOT-7731'] },
          { position: 'U7', lots: ['RADIO-LOT-0092'] },
        ],
        attributes: { revision: 'C' },
        origin: 'built',
        simulated: true,
        firmware: { version: '1.4.2', sha256 },
        provisioning: {
          at: instant,
          certificateSha256: unit.certificateSha256,
          chainNotAfter: expect.any(String),
        },
        test: {
          plan: 'EUDV-final',
          planSha256: sha256,
          verdict: 'PASS',
          attempt: 1,
          at: instant,
          station: 'line-1',
        },
        qc: { at: instant, by: 'station label-1', statementSha256: sha256 },
        shipment: { id: `SH-${order.batch}`, at: instant, buyer: 'acme', destination: 'DE' },
        history: { events: (await line.events(unit)).length, head: sha256 },
      });
      expect(record.macs).toHaveLength(1);
      expect(record.test!.results).toHaveLength(6);
      expect(record.test!.results.every(({ value, verdict }) => value !== null && verdict === 'PASS')).toBe(
        true,
      );
    }
  });

  test('leaves exactly one label on each unit, and its symbol says the serial and the print number', async () => {
    for (const unit of units) {
      const { labels } = await recordOf(unit);
      expect(labels).toMatchObject([
        { place: 'housing', symbology: 'gs1datamatrix', material: 'polyester', print: 1 },
      ]);
      expect(parseLabelContent(labels[0]!.content!)).toEqual({
        gtin: '09506000134352',
        serial: unit.serial,
        print: 1,
      });
      expect(await line.labels(unit)).toEqual([`${unit.serial}/1`]);
    }
  });

  test('packs all of it into one carton with a valid SSCC', async () => {
    const records = await Promise.all(units.map(recordOf));
    const cartons = new Set(records.map(({ shipment }) => shipment!.carton));
    expect(cartons.size).toBe(1);
    expect([...cartons][0]).toMatch(/^09506000\d{10}$/);
  });

  test('is a no-op when the same order comes again, whether it was said with its defaults or without', async () => {
    const before = await counts();
    const run = await startAgain(without(order, 'serials', 'trial'));
    expect(await run.result()).toEqual({ Shipped: 12 });
    expect(await counts()).toEqual(before);
  });
});

test('two starts of the same order at once are one batch', async () => {
  const order = newOrder({ quantity: 2 });
  await startAgain(order);
  await expect(
    line.client.workflow.start('batch', {
      workflowId: batchWorkflowId(order.batch),
      taskQueue: 'unitrail.workflows',
      args: [order],
    }),
  ).rejects.toBeInstanceOf(WorkflowExecutionAlreadyStartedError);
  expect(await line.shipped(order.batch)).toHaveLength(2);
});

describe('a wrong order from the web form', () => {
  const wrong: readonly [what: string, input: unknown, message: RegExp][] = [
    ['no order at all', null, /is not allowed; /],
    ['text instead of an object', 'B2647-01', /"B2647-01" is not allowed; /],
    [
      'an unknown product',
      newOrder({ product: 'EUXX' }),
      /product: "EUXX" is not allowed; one of EUDV, EUBT/,
    ],
    [
      'a quantity of 0',
      newOrder({ quantity: 0 }),
      /quantity: 0 is not allowed; a whole number from 1 to 1000000/,
    ],
    ['a quantity of ten million', newOrder({ quantity: 10_000_000 }), /quantity: 10000000 is not allowed; /],
    ['a field that nobody knows', { ...newOrder(), colour: 'red' }, /colour: "red" is not allowed; /],
    ['a field too few', { ...newOrder(), boardLot: undefined }, /boardLot: .* is not allowed; /],
    [
      'a buyer that is not in the plant',
      newOrder({ buyer: 'globex' }),
      /buyer: "globex" is not allowed; one of acme, nordlicht/,
    ],
    [
      'a country that the buyer does not take',
      newOrder({ buyer: 'nordlicht', destination: 'FR' }),
      /destination: "FR" is not allowed; a country of buyer nordlicht: DE, AT, CH, DK/,
    ],
    ['a country that does not exist', newOrder({ destination: 'XX' }), /destination: "XX" is not allowed; /],
    [
      'a firmware that was not released',
      newOrder({ firmware: '9.9.9' }),
      /firmware: "9.9.9" is not allowed; a release of EUDV: 1.4.1, 1.4.2/,
    ],
    [
      'a critical component without lots',
      newOrder({ components: { U1: ['L1'] } }),
      /components\.U7: .* is not allowed; the lots of each critical component of EUDV: U1, U7/,
    ],
    [
      'an order smaller than its batch',
      newOrder({ quantity: 5, orderQuantity: 4 }),
      /orderQuantity: 4 is not allowed; a whole number from 5/,
    ],
  ];

  test.each(wrong)(
    'with %s fails the run for good, and says field, value and what is allowed',
    async (_what, input, message) => {
      const before = await counts();
      const { batch = 'B-NONE' } = (input ?? {}) as { batch?: string };
      const run = await startFromForm(line.client, {
        type: 'batch',
        id: batchWorkflowId(batch),
        json: JSON.stringify(input),
      });
      const failure = await failureOfRun(run);
      expect(failure).toMatchObject({ type: 'ORDER_INVALID', nonRetryable: true });
      expect(failure.message).toMatch(message);
      expect(await counts()).toEqual(before);
    },
  );

  test('of which several fields are wrong names them all at once', async () => {
    const order = newOrder({ quantity: 0, destination: 'XX' });
    const run = await startAgain(order);
    const failure = await failureOfRun(run);
    expect(failure.message).toMatch(/quantity: 0/);
    expect(failure.message).toMatch(/destination: "XX"/);
    // The page tells it as well: the run's result is JSON.
    const { currentDetails } = await run.query<{ currentDetails: string }>('__temporal_workflow_metadata');
    expect(currentDetails).toContain('### The batch was not opened\n\n**ORDER_INVALID**');
    expect(currentDetails).toMatch(/^- quantity: 0 is not allowed; a whole number/m);
    expect(currentDetails).toMatch(/^- destination: "XX" is not allowed; /m);
  });

  test('under the id of another batch fails the run and names both', async () => {
    const order = newOrder();
    const run = await startFromForm(line.client, {
      type: 'batch',
      id: 'batch:B-OTHER',
      json: JSON.stringify(order),
    });
    const failure = await failureOfRun(run);
    expect(failure).toMatchObject({ type: 'ORDER_INVALID', nonRetryable: true });
    expect(failure.message).toBe(
      `workflow id: "batch:B-OTHER" is not allowed; batch ${order.batch} runs as batch:${order.batch}`,
    );
  });

  test('with a batch id that was used before for other content fails the run and says in what they differ', async () => {
    const order = await line.startBatch({ quantity: 1 });
    await line.shipped(order.batch);
    await line.batchRun(order.batch).result();
    const before = await counts();
    const failure = await failureOfRun(await startAgain({ ...order, quantity: 2, boardLot: 'PCB-9' }));
    expect(failure).toMatchObject({ type: 'BATCH_CONFLICT', nonRetryable: true });
    expect(failure.message).toMatch(
      new RegExp(
        `^batch: "${order.batch}" is not allowed; a new batch id, .*they differ in .*quantity.*boardLot|boardLot.*quantity`,
      ),
    );
    expect(await counts()).toEqual(before);
  });

  test('whose firmware image is not the one that was applied fails before any unit starts', async () => {
    const release = '7f8a7a0a17cd24947fc28ae83c76e5f53788f3325e27f91324e35340d40af66a'; // 1.4.1
    const stored = await storedFile(release);
    const bytes = await readFile(stored);
    await overwrite(stored, Buffer.concat([bytes.subarray(0, -1), Buffer.from([0x5a])]));
    try {
      const order = newOrder({ firmware: '1.4.1' });
      const failure = await failureOfRun(await startAgain(order));
      expect(failure).toMatchObject({ type: 'ORDER_INVALID', nonRetryable: true });
      expect(failure.message).toMatch(
        'firmware: "1.4.1" is not allowed; a release whose image is in the store',
      );
      expect(failure.message).toMatch(release.slice(0, 12));
      expect(await line.units(order.batch)).toEqual([]);
    } finally {
      await overwrite(stored, bytes);
    }
  });
});

async function storedFile(digest: string): Promise<string> {
  const store = join(line.home, 'store');
  const names = (await readdir(store, { recursive: true })).filter((name) =>
    name.replaceAll('/', '').includes(digest),
  );
  return join(store, names.at(-1)!);
}

async function overwrite(file: string, bytes: Uint8Array): Promise<void> {
  await rm(file);
  await writeFile(file, bytes);
}

test('a trial batch ends with units that are ready, have serials of the trial scheme, and never ship', async () => {
  const order = await line.startBatch({ trial: true });
  expect(await line.batchRun(order.batch).result()).toEqual({ ReadyToShip: 2 });
  const units = await line.units(order.batch);
  for (const unit of units) {
    expect(unit.serial).toMatch(/^TRIAL-EUDV\d{4}-\d{5}$/);
    expect(await line.unitRun(unit).result()).toMatchObject({ state: 'ReadyToShip' });
  }
  expect(await line.db('shipments').where({ batch_id: order.batch })).toEqual([]);
});

test('a batch without buyer and destination ends with units that are ready and wait for a shipment', async () => {
  const order = without(newOrder(), 'buyer', 'destination');
  const run = await startAgain(order);
  expect(await run.result()).toEqual({ ReadyToShip: 2 });
  const [unit] = await line.units(order.batch);
  expect(await line.unitRun(unit!).query('progress')).toMatchObject({ state: 'ReadyToShip', step: 'ship' });
});

test('two batches of one order are built up to its quantity, and a third is refused and leaves nothing', async () => {
  const order = `PO-${newOrder().batch}`;
  const first = await line.startBatch({ order, orderQuantity: 3, quantity: 2 });
  await line.batchRun(first.batch).result();
  const second = await line.startBatch({ order, quantity: 1 });
  await line.batchRun(second.batch).result();
  const third = await line.startBatch({ order, quantity: 1 });
  const failure = await failureOfRun(line.batchRun(third.batch));
  expect(failure).toMatchObject({ type: 'ORDER_QUANTITY_EXCEEDED', nonRetryable: true });
  expect(failure.message).toBe(
    `quantity: 1 is not allowed; at most 0: order ${order} of 3 units has no room for more`,
  );
  expect(await line.units(third.batch)).toEqual([]);
  expect(await line.db('batches').where({ id: third.batch })).toEqual([]);
});

test('a later batch that gives the order another quantity is refused', async () => {
  const order = `PO-${newOrder().batch}`;
  const first = await line.startBatch({ order, orderQuantity: 3, quantity: 1 });
  await line.batchRun(first.batch).result();
  const second = await line.startBatch({ order, orderQuantity: 4, quantity: 1 });
  const failure = await failureOfRun(line.batchRun(second.batch));
  expect(failure).toMatchObject({ type: 'ORDER_INVALID', nonRetryable: true });
  expect(failure.message).toBe(`orderQuantity: 4 is not allowed; 3, the quantity of order ${order}`);
});

test('lots that change in the middle of a batch are recorded by the units whose boards enter a slot later', async () => {
  const order = newOrder();
  await line.faults({ do: 'present', fault: 'refuse', batch: order.batch, index: 2, times: 3 });
  await startAgain(order);
  const late = await line.held(order.batch, 2);
  const desk = openDatabase(line.database.urlOf('desk'), { applicationName: 'test-desk', maxConnections: 1 });
  await changeLots(desk, {
    id: 'reel-2',
    batch: order.batch,
    by: '17',
    lots: { U7: ['RADIO-LOT-0093', 'RADIO-LOT-0094'] },
  });
  await desk.destroy();
  await line.send(late, 'retryStep', { by: '17', note: 'a new reel' });
  const units = await line.shipped(order.batch);
  const records = await Promise.all(units.map(recordOf));
  expect(records.map(({ components }) => components)).toEqual([
    [
      { position: 'U1', lots: ['MCU-LOT-7731'] },
      { position: 'U7', lots: ['RADIO-LOT-0092'] },
    ],
    [
      { position: 'U1', lots: ['MCU-LOT-7731'] },
      { position: 'U7', lots: ['RADIO-LOT-0093', 'RADIO-LOT-0094'] },
    ],
  ]);
});

test('the auditor finds every promise kept', () => line.audit());
