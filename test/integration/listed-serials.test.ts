import { prepareBatch } from '../../activities/prepare-batch';
import { openBatch, serialBlocks } from '../../adapters/postgres/batch-ledger';
import { createContentStore } from '../../adapters/store/content-store';
import { openDatabase } from '../../adapters/postgres/database';
import type { RecordV1 } from '../../domain/record-document';
import { unitWorkflowId } from '../../domain/workflow-ids';
import { runCli, bareEnvironment, type CliAnswer } from '../support/cli';
import { sqlStateOf } from '../support/refusals';
import { newOrder, startTestLine, type TestLine } from '../support/line';
import { failureOfRun } from '../support/web-ui';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Units whose serials are the buyer's own: from a file of numbers to the sealed record. */
let line: TestLine;

beforeAll(async () => {
  line = await startTestLine();
});

afterAll(() => line?.stop());

async function type(...args: string[]): Promise<CliAnswer> {
  return runCli(args, {
    ...bareEnvironment,
    UNITRAIL_DATABASE_URL: line.database.urlOf('desk'),
    TEMPORAL_ADDRESS: process.env.UNITRAIL_TEST_TEMPORAL_ADDRESS!,
    TEMPORAL_NAMESPACE: line.temporal.namespace,
    UNITRAIL_HOME: line.home,
  });
}

async function importNumbers(list: string, ...numbers: string[]): Promise<void> {
  const file = join(line.home, `${list}.csv`);
  await writeFile(file, ['serial', ...numbers, ''].join('\n'));
  const answer = await type('import', 'serials', file, '--issuer', 'acme', '--list', list, '--by', '17');
  expect(answer).toMatchObject({ code: 0 });
}

test('a batch takes its serials from the list in its order, leading zeros kept, and ships under the buyer’s name', async () => {
  await importNumbers('first', '000417', '000418', '000420', '000421');
  const { batch } = await line.startBatch({ quantity: 3, serials: 'first' });
  const units = await line.shipped(batch);
  expect(units.map(({ serial, state }) => [serial, state])).toEqual([
    ['000417', 'Shipped'],
    ['000418', 'Shipped'],
    ['000420', 'Shipped'],
  ]);
  await line.batchRun(batch).result();
  const run = line.client.workflow.getHandle(unitWorkflowId('acme:000417'));
  expect(await run.result()).toMatchObject({ serial: '000417', state: 'Shipped' });
  const row = await line.db('records').where({ unit_id: units[0]!.unitId }).first('body');
  expect(JSON.parse(row.body) as RecordV1).toMatchObject({ issuer: 'acme', serial: '000417' });
  const shown = await type('unit', 'show', 'acme:000417', '--json');
  expect(JSON.parse(shown.out)).toMatchObject({ serial: '000417', issuer: 'acme' });
});

test('the buyer’s balance says what became of every number that it gave us', async () => {
  const { code, out } = await type('balance', '--buyer', 'acme', '--scheme', 'first', '--json');
  expect(code).toBe(0);
  expect(JSON.parse(out)).toMatchObject({
    ...{ scheme: 'first', buyer: 'acme', granted: 4, shipped: 3, balanced: true },
    balance: 'granted 4: 3 shipped, 1 unused',
  });
});

test('a held unit with a buyer’s number is decided about by command as any other', async () => {
  await importNumbers('second', 'A-1');
  const order = newOrder({ quantity: 1, serials: 'second' });
  await line.faults({ do: 'measure', fault: 'outOfLimits', name: 'vcc_3v3', batch: order.batch });
  await line.startBatch(order);
  await line.held(order.batch);
  const retried = await type('unit', 'retry', 'A-1', '--by', '17', '--note', 'mended');
  expect(retried).toMatchObject({ code: 0, out: expect.stringContaining('InProgress at test') });
  expect((await line.shipped(order.batch))[0]).toMatchObject({ serial: 'A-1', state: 'Shipped' });
});

test.each([
  [
    'a list that is not there',
    { serials: 'nowhere' },
    /serials: "nowhere" is not allowed; scheme, or a list of acme/,
  ],
  [
    'more units than numbers',
    { serials: 'first', quantity: 2 },
    /serials: "first" is not allowed; a list with 2 numbers left; this one of 4 has 1/,
  ],
  ['a trial', { serials: 'first', quantity: 1, trial: true }, /scheme: a trial takes no number of a buyer/],
  ['a list of another buyer', { serials: 'first', quantity: 1, buyer: 'northwind' }, /is not allowed/],
])('an order for %s is refused, and takes no number', async (_what, changes, message) => {
  const before = await line.db('number_spaces').where({ name: 'first' }).first('next_number');
  const { batch } = await line.startBatch(changes);
  const failure = await failureOfRun(line.batchRun(batch));
  expect(failure).toMatchObject({ nonRetryable: true, message: expect.stringMatching(message) });
  expect(await line.db('number_spaces').where({ name: 'first' }).first('next_number')).toEqual(before);
});

test('the database gives out nothing that does not stand in the list', async () => {
  await importNumbers('third', 'B-1', 'B-2');
  const office = openDatabase(line.database.urlOf('office'), { applicationName: 'test-office' });
  try {
    const order = newOrder({ quantity: 2, serials: 'third' });
    const store = createContentStore({ folder: join(line.home, 'store') });
    const prepared = await prepareBatch({ db: office, store }, order);
    // Whatever pattern the office gives the block: the list decides.
    const grants = prepared!.grants.map((grant) =>
      grant.kind === 'serial' ? { ...grant, pattern: 'X-{seq:6}' } : grant,
    );
    await openBatch(office, { order, ...prepared!, grants, workflowId: `batch:${order.batch}`, by: '17' });
    const [block] = await serialBlocks(office, order.batch);
    const claim = (ordinal: number, value: string) =>
      sqlStateOf(
        office.raw('select claim_units(?, ?::jsonb)', [
          order.batch,
          JSON.stringify([{ index: ordinal + 1, block: block!.id, ordinal, value }]),
        ]),
      );
    expect(await claim(0, 'B-9')).toBe('UT002');
    expect(await claim(0, 'B-2')).toBe('UT002');
    expect(await line.units(order.batch)).toEqual([]);
    expect(await claim(0, 'B-1')).toBe('allowed');
  } finally {
    await office.destroy();
  }
});

test('in a buyer’s namespace only an import makes a space of numbers', async () => {
  const office = openDatabase(line.database.urlOf('office'), { applicationName: 'test-office' });
  try {
    const order = newOrder({ quantity: 1 });
    const store = createContentStore({ folder: join(line.home, 'store') });
    const prepared = await prepareBatch({ db: office, store }, order);
    const grants = prepared!.grants.map((grant) =>
      grant.kind === 'serial' ? { ...grant, issuer: 'acme' } : grant,
    );
    const open = openBatch(office, {
      order,
      ...prepared!,
      grants,
      workflowId: `batch:${order.batch}`,
      by: '17',
    });
    await expect(open).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: expect.stringContaining('import it first'),
    });
  } finally {
    await office.destroy();
  }
});

test('the auditor finds every promise kept', () => line.audit());
