import { newOrder, startTestLine, type TestLine, type TestUnit } from '../support/line';

let line: TestLine;

beforeAll(async () => {
  line = await startTestLine();
});

afterAll(() => line?.stop());

const slots = 8;
/** Shorter than a wait for a slot (20 s), longer than an act at the bench that gets no answer. */
const soonMs = 12_000;

/** Acts that were begun, less those that ended well or badly. */
async function openActs(unit: TestUnit): Promise<number> {
  const begun = await line.facts(unit, 'flashIntended', 'testIntended');
  const ended = await line.facts(unit, 'flashed', 'testPassed', 'stepFailed');
  return begun.length - ended.length;
}

test('workers that are told to stop end the acts under way and no wait for a slot; the next ones go on', async () => {
  const order = newOrder({ quantity: slots + 2 });
  const { batch } = order;
  await line.faults({ do: 'measure', fault: 'noAnswer', times: slots, batch });
  await line.startBatch(order);
  const inTest = (units: TestUnit[]): boolean => units.filter(({ step }) => step === 'test').length >= slots;
  await line.waitFor(batch, inTest);
  const began = Date.now();
  await line.stopWorkers();
  expect(Date.now() - began).toBeLessThan(soonMs);
  const stopped = await line.units(batch);
  expect(stopped.some(({ step }) => step === 'flash')).toBe(true);
  expect(await Promise.all(stopped.map(openActs))).toEqual(stopped.map(() => 0));
  await line.startWorkers();
  const units = await line.shipped(batch);
  expect(units.map(({ state }) => state)).toEqual(stopped.map(() => 'Shipped'));
  await line.audit();
});
