import { tsToMs } from '@temporalio/common/lib/time';
import { newOrder, startTestLine, type TestLine, type TestUnit } from '../support/line';
import { until } from '../support/line-units';

let line: TestLine;

beforeAll(async () => {
  line = await startTestLine();
});

afterAll(() => line?.stop());

const slots = 8;
/** How long a unit waits for a slot where nobody ends the wait: WAIT_MS of activities/slot.ts. */
const waitMs = 20_000;

/** Acts that were begun, less those that ended well or badly. */
async function openActs(unit: TestUnit): Promise<number> {
  const begun = await line.facts(unit, 'flashIntended', 'testIntended');
  const ended = await line.facts(unit, 'flashed', 'testPassed', 'stepFailed');
  return begun.length - ended.length;
}

/** When each wait for a slot began that is under way, the last one last. */
async function waitsOf(units: readonly TestUnit[]): Promise<number[]> {
  const runs = await Promise.all(units.map((unit) => line.unitRun(unit).describe()));
  const pending = runs.flatMap(({ raw }) => raw.pendingActivities ?? []);
  const waits = pending.filter(
    ({ activityType, lastStartedTime }) => activityType?.name === 'acquireSlot' && lastStartedTime,
  );
  return waits.map(({ lastStartedTime }) => tsToMs(lastStartedTime)).sort((one, other) => one - other);
}

/** Waits for slots, once each slot has its unit, one of which is measured, and the others wait. */
async function waitsOnceBusy(batch: string, others: number): Promise<number[]> {
  let waits: number[] = [];
  const isBusy = async (): Promise<boolean> => {
    const units = await line.units(batch);
    const leased = await line.db('slots').where({ station: 'line-1', state: 'leased' });
    if (leased.length < slots || !units.some(({ step }) => step === 'test')) return false;
    waits = await waitsOf(units);
    return waits.length === others;
  };
  expect(await until(isBusy)).toBe(true);
  return waits;
}

test('workers that are told to stop end the acts under way and no wait for a slot; the next ones go on', async () => {
  const order = newOrder({ quantity: slots + 2 });
  const { batch } = order;
  // Once for each unit: one that gets no answer three times is held.
  const silent = { do: 'measure', fault: 'noAnswer', batch } as const;
  await line.faults(...Array.from({ length: order.quantity }, (_, at) => ({ ...silent, index: at + 1 })));
  await line.startBatch(order);
  const waits = await waitsOnceBusy(batch, order.quantity - slots);
  await line.stopWorkers();
  // A wait that nobody ended would have kept them for its whole time.
  expect(Date.now()).toBeLessThan(waits.at(-1)! + waitMs);
  const stopped = await line.units(batch);
  expect(await Promise.all(stopped.map(openActs))).toEqual(stopped.map(() => 0));
  await line.startWorkers();
  const units = await line.shipped(batch);
  expect(units.map(({ state }) => state)).toEqual(stopped.map(() => 'Shipped'));
  await line.audit();
});
