import { randomUUID } from 'node:crypto';
import { newOrder, startTestLine, type TestLine } from '../support/line';
import { until, type TestUnit } from '../support/line-units';

/**
 * Reset in the web UI: the run begins again behind a workflow task of the past, and its activities run again under a new
 * run id. Whatever Temporal forgets, the unit goes on where its row stands.
 */
let line: TestLine;
const order = newOrder({ quantity: 3 });
const [ready, slow, held] = [0, 1, 2];

beforeAll(async () => {
  line = await startTestLine();
  await line.faults(
    { do: 'measure', fault: 'noAnswer', times: 2, batch: order.batch, index: slow + 1 },
    { do: 'measure', fault: 'outOfLimits', batch: order.batch, index: held + 1 },
  );
  await line.startBatch(order);
});
afterAll(() => line?.stop());

const firstRuns = new Map<string, string>();

/** Back to behind the last workflow task before the activity was begun, or behind the first one. Returns the new run. */
async function reset(unit: TestUnit, activity: string | null): Promise<string> {
  const newest = (await line.unitRun(unit).describe()).runId;
  // The first run has it all; it is open until its first reset, and closed from then on.
  const runId = firstRuns.get(unit.serial) ?? newest;
  firstRuns.set(unit.serial, runId);
  const run = line.client.workflow.getHandle(`unit:${unit.serial}`, runId);
  const { events } = await run.fetchHistory();
  const begun = events?.findIndex(
    (event) => event.activityTaskScheduledEventAttributes?.activityType?.name === activity,
  );
  if (activity !== null) expect(begun).toBeGreaterThan(0);
  const tasks = events!
    .slice(0, activity === null ? undefined : begun)
    .filter((event) => event.workflowTaskCompletedEventAttributes);
  const answer = await line.client.workflowService.resetWorkflowExecution({
    namespace: line.temporal.namespace,
    workflowExecution: { workflowId: `unit:${unit.serial}`, runId },
    reason: 'somebody pressed Reset',
    requestId: randomUUID(),
    workflowTaskFinishEventId: (activity === null ? tasks[0]! : tasks.at(-1)!).eventId!,
  });
  expect(answer.runId).not.toBe(newest);
  return answer.runId;
}

/** The new run has read the row. */
async function progressOf(unit: TestUnit): Promise<{ state: string; step: string; done: string[] }> {
  let progress = { state: '', step: '', done: [] as string[] };
  const isRead = async (): Promise<boolean> => {
    progress = await line.unitRun(unit).query('progress');
    return progress.done.length > 0;
  };
  expect(await until(() => isRead().catch(() => false))).toBe(true);
  return progress;
}

const unitAt = async (at: number): Promise<TestUnit> => (await line.units(order.batch))[at]!;

test('a unit in the middle of a step goes on in its new run, and the old run’s act counts for nothing', async () => {
  await line.waitFor(order.batch, (units) => units[slow]?.step === 'test');
  const unit = await unitAt(slow);
  expect(await until(async () => (await line.facts(unit, 'testIntended')).length > 0)).toBe(true);
  await reset(unit, 'flash');
  await line.waitFor(order.batch, (units) => units[slow]?.state === 'ReadyToShip');
});

test('a unit that is held is held again, with its page, and takes a decision in the new run', async () => {
  const unit = await line.held(order.batch, held + 1);
  await reset(unit, null);
  expect(await progressOf(unit)).toMatchObject({
    state: 'AwaitingEngineer',
    step: 'test',
    done: ['assign', 'flash'],
  });
  expect(await line.facts(unit, 'held')).toHaveLength(1);
});

test.each([[null], ['flash'], ['installCertificate'], ['verifyLabel']])(
  'a unit that is ready and reset to before %s waits for its shipment again',
  async (activity) => {
    await line.waitFor(order.batch, (units) => units[ready]?.state === 'ReadyToShip');
    const before = await unitAt(ready);
    const events = await line.events(before);
    await reset(before, activity);
    // What is behind the point of the reset is run again, finds its result, and changes nothing.
    expect(await until(async () => (await progressOf(before)).step === 'ship')).toBe(true);
    expect(await line.events(before)).toEqual(events);
  },
);

test('a unit that has shipped can not be walked again, from whatever point', async () => {
  await line.send(await unitAt(held), 'retryStep', { by: '17', note: 'cleaned the fixture' });
  const units = await line.shipped(order.batch);
  expect(units.map(({ state }) => state)).toEqual(['Shipped', 'Shipped', 'Shipped']);
  const histories = await Promise.all(units.map((unit) => line.events(unit)));
  for (const unit of units) {
    await line.unitRun(unit).result();
    await reset(unit, null);
    expect(await line.unitRun(unit).result()).toMatchObject({ state: 'Shipped' });
  }
  for (const activity of ['flash', 'issueCertificate', 'verifyLabel', 'checkQuality']) {
    await reset(units[ready]!, activity);
    expect(await line.unitRun(units[ready]!).result()).toMatchObject({ state: 'Shipped' });
  }
  expect(await Promise.all(units.map((unit) => line.events(unit)))).toEqual(histories);
});

test('no serial, certificate, label or shipment is there twice', async () => {
  const units = await line.units(order.batch);
  expect(await line.db('identifiers').where({ kind: 'serial' })).toHaveLength(units.length);
  expect(await line.certificates()).toHaveLength(units.length);
  for (const unit of units) {
    expect(await line.labels(unit)).toEqual([`${unit.serial}/1`]);
    expect(await line.facts(unit, 'certificateIssued')).toHaveLength(1);
    expect(await line.facts(unit, 'shipped')).toHaveLength(1);
  }
  expect(await line.db('shipments')).toHaveLength(1);
});

test('the auditor finds every promise kept', () => line.audit());
