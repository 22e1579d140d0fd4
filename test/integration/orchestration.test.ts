import { readPlantFile } from '../../adapters/plant/plant-file';
import type { Traveller } from '../../adapters/devices/ports';
import { samplePlant } from '../../cli/house';
import { usualPace } from '../../domain/pace';
import { parentRuns } from '../../bench/orchestration/histories';
import { NoOpBench } from '../../bench/orchestration/no-op-bench';
import { settingOf } from '../../bench/orchestration/plant';
import { outcomeOf, runRound, windowOf, type RoundInput } from '../../bench/orchestration/round';
import { newOrder, startTestLine, type TestLine } from '../support/line';
import { until } from '../support/line-units';

/** What bench/orchestration.ts measures with 20,000 units, in small. */
const [quantity, partitionSize, startsOfRun] = [200, 100, 40];
const pace = { ...usualPace, partitionSize, partitionsAtOnce: 2, window: 20, claimChunk: 25, startsOfRun };
/** The first fifteen of each part. */
const parked = 30;

let line: TestLine;
let input: RoundInput;
/** Of the window, while every unit that is not held stands still. */
let still: Awaited<ReturnType<typeof windowOf>>;

beforeAll(async () => {
  const { document } = await readPlantFile(samplePlant);
  const gate: { open?: () => void } = {};
  // Everything stands still from the last unit on that is to be held: later there may be none left that is not begun.
  const fails = ({ index }: Traveller): boolean => {
    const isParked = (index - 1) % partitionSize < parked / 2;
    if (isParked && bench.failed + 1 === parked) gate.open ??= bench.close();
    return isParked;
  };
  const bench = new NoOpBench(settingOf(document, 'EUDV', fails));
  line = await startTestLine({ devicesOf: () => bench.devices() });
  const order = newOrder({ quantity, trial: true });
  input = { client: line.client, db: line.db, bench, order, pace, everyMs: 200, parked };
  const round = runRound(input);
  round.catch(() => {});
  try {
    await until(async () => gate.open !== undefined);
    await until(async () => {
      still = await windowOf(input);
      return still !== null && still.taken === still.places;
    });
  } finally {
    gate.open?.();
  }
  await round;
}, 1_000_000);
afterAll(() => line?.stop());

test('two hundred units through two parts: nothing is lost, nothing is made twice', async () => {
  // The list of workflows comes a little later.
  await until(async () => (await outcomeOf(input)).unitWorkflows === quantity);
  expect(await outcomeOf(input)).toEqual({
    units: quantity,
    indexes: quantity,
    serials: quantity,
    states: { AwaitingEngineer: parked, ReadyToShip: quantity - parked },
    simulated: quantity,
    wrongPrints: 0,
    unitWorkflows: quantity,
  });
});

test('the window is full while more units are held than it has places', () => {
  expect(still).toEqual({ taken: 20, places: 20 });
});

test('no run of a parent starts more children than it may, and together they start each unit once', async () => {
  const runs = await parentRuns(line.client, input.order.batch, 2);
  const parts = runs.filter(({ workflowId }) => workflowId.includes('/'));
  expect(parts.length).toBeGreaterThan(2);
  // What is started at once with the last one that fits is started as well: a window's share at most.
  expect(Math.max(...parts.map(({ starts }) => starts))).toBeLessThan(startsOfRun + 10);
  expect(parts.reduce((sum, { starts }) => sum + starts, 0)).toBe(quantity);
});

test('the auditor finds every promise kept', () => line.audit());
