import { failedTasks } from '../support/failed-tasks';
import { startTestLine, type TestLine } from '../support/line';

let line: TestLine;

beforeAll(async () => {
  line = await startTestLine({ maxCachedWorkflows: 0 });
});

afterAll(() => line?.stop());

test('a batch ships where workers keep no workflow in memory, so that every task replays the whole history', async () => {
  // The first unit is repeated by itself, the second is held and retried: both go on from a replayed state.
  const order = await startFaultyBatch();
  const held = await line.held(order.batch, 2);
  await line.send(held, 'retryStep', { by: '17', note: 'cleaned the fixture' });
  const units = await line.shipped(order.batch);
  await line.batchRun(order.batch).result();
  expect(await line.shipmentRun(order.batch).result()).toMatchObject([{ shipped: 2 }]);
  for (const unit of units) {
    expect(await line.unitRun(unit).result()).toMatchObject({ state: 'Shipped' });
    expect(await line.labels(unit)).toEqual([`${unit.serial}/1`]);
  }
  const runs = [
    line.batchRun(order.batch),
    line.shipmentRun(order.batch),
    ...units.map((unit) => line.unitRun(unit)),
  ];
  expect(await failedTasks(runs)).toEqual([]);
  await line.audit();
});

async function startFaultyBatch() {
  const batch = 'B-UNCACHED';
  await line.faults(
    { batch, index: 1, do: 'writeImage', fault: 'brownOut' },
    { batch, index: 2, do: 'measure', fault: 'outOfLimits', name: 'vcc_3v3' },
  );
  return line.startBatch({ batch, quantity: 2 });
}
