import type { Order } from '../../domain/order-document';
import type { RecordV1 } from '../../domain/record-document';
import { bareEnvironment, runCli, type CliAnswer } from '../support/cli';
import { newOrder, startTestLine, type TestLine } from '../support/line';
import { until, type TestUnit } from '../support/line-units';
import { tamper } from '../support/tamper';

/** What a person does with one unit beside a retry: stop it, lose it, find it, give it other firmware. */
let line: TestLine;
beforeAll(async () => {
  line = await startTestLine();
});
afterAll(() => line?.stop());

const missesLimit = { do: 'measure', fault: 'outOfLimits', name: 'vcc_3v3' } as const;

async function started(changes: Partial<Order> = {}): Promise<Order> {
  return line.startBatch(newOrder({ quantity: 1, ...changes }));
}

async function heldAtTest(changes: Partial<Order> = {}): Promise<TestUnit> {
  const order = newOrder({ quantity: 1, ...changes });
  await line.faults({ ...missesLimit, batch: order.batch });
  await line.startBatch(order);
  return line.held(order.batch);
}

/** As a user types it, on the servers of this test. */
async function type(command: string): Promise<CliAnswer> {
  return runCli(command.split(' '), {
    ...bareEnvironment,
    UNITRAIL_DATABASE_URL: line.database.urlOf('desk'),
    TEMPORAL_ADDRESS: line.temporal.connectionOptions.address!,
    TEMPORAL_NAMESPACE: line.temporal.namespace,
    UNITRAIL_HOME: line.home,
  });
}

/** The sentence that the engineer reads where an update is refused. */
async function refusalOf(update: Promise<unknown>): Promise<string> {
  const error = (await update.then(
    () => new Error('the update was taken'),
    (reason: unknown) => reason,
  )) as { message: string; cause?: { message: string } };
  return error.cause?.message ?? error.message;
}

/** What the activities that are tried again and again last failed with. */
const makeTrial = ({ unitId }: TestUnit, trial: boolean): Promise<unknown> =>
  tamper(line.database, (superuser) =>
    superuser.query('update units set trial = $1 where id = $2', [trial, unitId]),
  );

const statusOf = async (unit: TestUnit): Promise<string> => (await line.unitRun(unit).describe()).status.name;

describe('Cancel in the web UI', () => {
  test('parks a unit in the run that goes on, and again after it was sent on', async () => {
    const order = newOrder({ quantity: 1 });
    await line.faults(
      { do: 'measure', fault: 'noAnswer', times: 2, batch: order.batch },
      { ...missesLimit, batch: order.batch },
    );
    await line.startBatch(order);
    const [unit] = await line.waitFor(order.batch, ([first]) => first?.step === 'test');
    expect(await until(async () => (await line.facts(unit!, 'testIntended')).length > 0)).toBe(true);
    const { runId } = await line.unitRun(unit!).describe();
    await line.unitRun(unit!).cancel();
    expect(await line.held(order.batch)).toMatchObject({ step: 'test', failureCode: 'CANCELLED' });
    expect(await line.unitRun(unit!).describe()).toMatchObject({ runId, status: { name: 'RUNNING' } });
    expect(await line.db('slots').where({ unit_id: unit!.unitId, state: 'leased' })).toEqual([]);
    await line.send(unit!, 'retryStep', { by: '17', note: 'pressed by mistake' });
    // A new run, because Temporal takes one cancel of each.
    expect(await until(async () => (await line.unitRun(unit!).describe()).runId !== runId)).toBe(true);
    await line.waitFor(order.batch, ([one]) => one?.failureCode === 'TEST_FAILED');
    await line.unitRun(unit!).cancel();
    await line.send(unit!, 'retryStep', { by: '17' });
    expect(await line.shipped(order.batch)).toMatchObject([{ state: 'Shipped' }]);
  });

  test('parks a unit that is ready, which then does not ship before somebody says so', async () => {
    const order = newOrder({ quantity: 2 });
    await line.faults({ ...missesLimit, batch: order.batch, index: 2 });
    await line.startBatch(order);
    const other = await line.held(order.batch, 2);
    const [ready] = await line.waitFor(order.batch, ([first]) => first?.state === 'ReadyToShip');
    await line.unitRun(ready!).cancel();
    expect(await line.held(order.batch, 1)).toMatchObject({ step: 'ship', failureCode: 'CANCELLED' });
    await line.send(other, 'retryStep', { by: '17' });
    await line.waitFor(order.batch, ([, second]) => second?.state === 'ReadyToShip');
    await line.send(ready!, 'retryStep', { by: '17' });
    expect((await line.shipped(order.batch)).map(({ state }) => state)).toEqual(['Shipped', 'Shipped']);
  });
});

describe('a unit that nobody can find', () => {
  const lastSeen = '--last-seen rack-4 --at 2026-01-31T14:30:00Z';

  test('is declared missing with place and time; its batch ends, its certificate is revoked, and a scan holds it', async () => {
    const order = newOrder({ quantity: 2 });
    await line.faults({ ...missesLimit, batch: order.batch, index: 2 });
    await line.startBatch(order);
    const stuck = await line.held(order.batch, 2);
    const [lost] = await line.waitFor(order.batch, ([first]) => first?.state === 'ReadyToShip');
    const missing = { by: '17', reason: 'gone', lastSeen: 'rack-4' };
    expect(await refusalOf(line.send(lost!, 'missing', { ...missing, lastSeenAt: 'today' }))).toContain(
      'lastSeenAt: "today" is not allowed; a time with its zone',
    );
    expect(
      await refusalOf(line.send(lost!, 'missing', { ...missing, lastSeenAt: '2126-01-31T14:30:00Z' })),
    ).toContain('a time that is not in the future');
    expect(await type(`unit missing ${lost!.serial} --by 17 --note gone ${lastSeen}`)).toMatchObject({
      code: 0,
    });
    expect(await line.facts(lost!, 'missing')).toMatchObject([
      { by: '17', reason: 'gone', lastSeen: 'rack-4', lastSeenAt: '2026-01-31T14:30:00Z' },
    ]);
    expect(
      await line.db('revocations').where({ unit_id: lost!.unitId }).select('certificate_sha256'),
    ).toEqual([{ certificate_sha256: lost!.certificateSha256 }]);
    expect(await until(async () => (await statusOf(lost!)) === 'COMPLETED')).toBe(true);
    await line.send(stuck, 'retryStep', { by: '17' });
    await line.waitFor(order.batch, ([, second]) => second?.state === 'Shipped');
    // The scan comes when its workflow has long ended.
    expect(await type(`unit found ${lost!.serial} --by 17 --place rack-9`)).toMatchObject({ code: 0 });
    expect(await line.held(order.batch, 1)).toMatchObject({ step: 'ship', failureCode: null });
    expect(await until(async () => (await statusOf(lost!)) === 'RUNNING')).toBe(true);
    expect(await refusalOf(line.send(lost!, 'retryStep', { by: '17' }))).toContain(
      'its certificate was revoked while it was missing',
    );
    await line.send(lost!, 'rework', { by: '17', reason: 'found again', step: 'provision' });
    expect(await line.waitFor(order.batch, ([first]) => first?.step === 'ship')).toMatchObject([
      { certificateSha256: expect.not.stringMatching(lost!.certificateSha256!) },
      {},
    ]);
  });

  test('can not be found where other units took its place, and is scrapped then', async () => {
    const order = newOrder({ quantity: 1, orderQuantity: 1 });
    await line.faults({ ...missesLimit, batch: order.batch });
    await line.startBatch(order);
    const lost = await line.held(order.batch);
    expect(await type(`unit missing ${lost.serial} --by 17 --note gone ${lastSeen}`)).toMatchObject({
      code: 0,
    });
    // Planned is taken, also before the first unit is claimed: the ceiling counts what open batches will make.
    const other = await started({ order: order.order, trial: true });
    expect(await until(async () => (await line.db('batches').where({ id: other.batch })).length === 1)).toBe(
      true,
    );
    expect(await type(`unit found ${lost.serial} --by 17 --place rack-9`)).toMatchObject({
      code: 2,
      err: expect.stringContaining('is full: other units took its place; scrap it'),
    });
    expect(await type(`unit scrap ${lost.serial} --by 17 --note replaced --code lost`)).toMatchObject({
      code: 0,
    });
    expect(await line.unit(lost.serial)).toMatchObject({ state: 'Scrapped' });
    expect(await line.facts(lost, 'scrapped')).toMatchObject([{ code: 'lost', reason: 'replaced' }]);
  });
});

describe('a rework', () => {
  test('with another release pins that unit to it, and its record says what was flashed', async () => {
    const held = await heldAtTest();
    const rework = { by: '17', reason: 'x', step: 'flash' };
    expect(await refusalOf(line.send(held, 'rework', { ...rework, firmware: '9.9.9' }))).toBe(
      'firmware: "9.9.9" is not allowed; a release of EUDV in the plant in force: 1.4.1, 1.4.2',
    );
    expect(await refusalOf(line.send(held, 'rework', { ...rework, step: 'test', firmware: '1.4.1' }))).toBe(
      'step: "test" is not allowed; flash, where firmware is given',
    );
    expect(await refusalOf(line.send(held, 'scrap', { by: '17', reason: 'x', code: 'boredom' }))).toContain(
      'code: "boredom" is not allowed; one of test, damaged',
    );
    const typed = await type(`unit rework ${held.serial} --by 17 --note x --step flash --firmware 1.4.1`);
    expect(typed).toMatchObject({ code: 0, err: '' });
    const [shipped] = await line.shipped(held.batch);
    const row = await line.db('records').where({ unit_id: shipped!.unitId }).first('body');
    expect((JSON.parse(row.body) as RecordV1).firmware).toMatchObject({ version: '1.4.1' });
    expect((await line.facts(shipped!, 'flashed')).map(({ firmwareVersion }) => firmwareVersion)).toEqual([
      '1.4.2',
      '1.4.1',
    ]);
  });
});

test('a trial unit that is ready is scrapped, although its workflow has ended', async () => {
  const { batch } = await started({ trial: true });
  const [ready] = await line.waitFor(batch, ([one]) => one?.state === 'ReadyToShip');
  expect(await until(async () => (await statusOf(ready!)) === 'COMPLETED')).toBe(true);
  expect(await type(`unit scrap ${ready!.serial} --by 17 --note opened --code other`)).toMatchObject({
    code: 0,
  });
  expect(await line.unit(ready!.serial)).toMatchObject({ state: 'Scrapped' });
});

test('a unit that may not go to its buyer is held with the reason, and the others of its batch ship', async () => {
  const order = newOrder({ quantity: 2 });
  await line.faults({ ...missesLimit, batch: order.batch, index: 2 });
  await line.startBatch(order);
  const stuck = await line.held(order.batch, 2);
  const [ready] = await line.waitFor(order.batch, ([first]) => first?.state === 'ReadyToShip');
  // Any obstacle does: what a line of real and virtual stations, or a mistake of ours, may leave behind.
  await makeTrial(ready!, true);
  await line.send(stuck, 'retryStep', { by: '17' });
  await line.waitFor(order.batch, ([, second]) => second?.state === 'Shipped');
  expect(await line.held(order.batch, 1)).toMatchObject({ step: 'ship', failureCode: 'STEP_ORDER_REFUSED' });
  expect((await line.facts(ready!, 'held'))[0]!.message).toContain(
    'a unit of a trial batch stays in the house',
  );
  await makeTrial(ready!, false);
  await line.send(ready!, 'retryStep', { by: '17' });
  expect((await line.shipped(order.batch)).map(({ state }) => state)).toEqual(['Shipped', 'Shipped']);
});

test('the auditor finds every promise kept', () => line.audit());
