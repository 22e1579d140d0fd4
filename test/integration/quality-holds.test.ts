import type { FaultEntry } from '../../domain/bench-protocol';
import type { Order } from '../../domain/order-document';
import type { ResolveResult } from '../../domain/resolution';
import type { Progress } from '../../workflows/unit-messages';
import { bareEnvironment, runCli, toldCommand, type CliAnswer } from '../support/cli';
import { newOrder, startTestLine, type TestLine, type TestUnit } from '../support/line';
import { isHeld, until } from '../support/line-units';

let line: TestLine;

const missesLimit: Omit<FaultEntry, 'batch'> = {
  do: 'measure',
  fault: 'outOfLimits',
  name: 'vcc_3v3',
  index: 1,
};
const atStation: Order = newOrder({ quantity: 1 });
const ready: Order = newOrder({ quantity: 3 });

beforeAll(async () => {
  line = await startTestLine();
  await line.faults({ ...missesLimit, batch: atStation.batch }, { ...missesLimit, batch: ready.batch });
  await line.startBatch(atStation);
  await line.startBatch(ready);
});
afterAll(() => line?.stop());

const type = (...args: string[]): Promise<CliAnswer> =>
  runCli(args, {
    ...bareEnvironment,
    UNITRAIL_DATABASE_URL: line.database.urlOf('desk'),
    UNITRAIL_HOME: line.home,
    TEMPORAL_ADDRESS: line.temporal.connectionOptions.address ?? '',
    TEMPORAL_NAMESPACE: line.temporal.namespace,
  });

async function progressOf(unit: TestUnit): Promise<Progress> {
  return line.unitRun(unit).query<Progress>('progress');
}

async function shows(unit: TestUnit, state: string): Promise<void> {
  const isSo = async (): Promise<boolean> => {
    const { searchAttributes } = await line.unitRun(unit).describe();
    return searchAttributes.UnitState?.[0] === state;
  };
  if (!(await until(isSo))) throw new Error(`${unit.serial} never showed ${state}`);
}

const by = ['--by', '17', '--note', 'suspect reel'];

test('a unit at a station waits on hold without its slot, until the last of its holds is released, and goes on', async () => {
  const unit = await line.held(atStation.batch);
  const first = await type('unit', 'hold', unit.serial, ...by, '--hold', 'Q-1');
  expect(first).toMatchObject({ code: 0, err: '' });
  expect(first.out).toContain(`Unit ${unit.serial} is on quality hold Q-1.`);
  await shows(unit, 'OnHold');
  expect((await type('unit', 'hold', unit.serial, ...by, '--hold', 'Q-2')).code).toBe(0);

  await line.send(unit, 'retryStep', { by: '17' });
  expect(await until(async () => (await progressOf(unit)).state === 'InProgress')).toBe(true);
  expect(await progressOf(unit)).toMatchObject({ hold: 'Q-1: suspect reel', failure: null, step: 'test' });
  expect(await line.db('slots').where({ unit_id: unit.unitId, state: 'leased' })).toEqual([]);

  const which = await type('unit', 'release', unit.serial, ...by);
  expect(which).toMatchObject({
    code: 2,
    err: expect.stringContaining('--hold: (missing) is not allowed; one of Q-1, Q-2'),
  });
  expect((await type(...toldCommand(first.out, '...'))).err).toMatch(
    /--note: .*the reason in words, in place of the dots/,
  );
  expect((await type(...toldCommand(first.out, 'seen'))).out).toContain('still on Q-2');
  expect(await until(async () => (await progressOf(unit)).hold === 'Q-2: suspect reel')).toBe(true);
  expect((await type('unit', 'release', unit.serial, ...by)).out).toContain('it is on no other');
  const [shipped] = await line.shipped(atStation.batch);
  expect(shipped!.state).toBe('Shipped');
  expect(await line.facts(shipped!, 'held')).toHaveLength(1);
});

test('a bulk hold takes every open unit, ready ones too, keeps them in the house, and its release lets them ship', async () => {
  await line.waitFor(ready.batch, (units) => units.filter(isReady).length === 2 && units.some(isHeld));
  const select = ['--by', '17', '--batch', ready.batch, '--json'];
  const answer = await type('units', 'resolve', '--action', 'hold', ...select, '--note', 'suspect reel');
  expect(answer.code).toBe(0);
  const held = JSON.parse(answer.out) as ResolveResult;
  expect(held).toMatchObject({
    action: 'hold',
    selected: 3,
    counts: { done: 3 },
    hold: expect.stringMatching(/^QH-/),
  });
  const units = await line.units(ready.batch);
  for (const unit of units) await shows(unit, 'OnHold');
  await line.send(units.find(isHeld)!, 'scrap', { by: '17', reason: 'burnt' });
  expect((await line.units(ready.batch)).filter(isReady)).toHaveLength(2);

  const listed = await type('units', 'resolved', held.resolution, '--json');
  expect(
    listed.out
      .trim()
      .split('\n')
      .map((text) => JSON.parse(text)),
  ).toEqual(units.map(({ serial }) => ({ serial, outcome: 'done', why: null })));
  const released = await type(
    'units',
    'resolve',
    '--action',
    'release',
    ...select,
    '--note',
    'measured',
    '--hold',
    held.hold!,
  );
  expect(JSON.parse(released.out)).toMatchObject({ selected: 2, counts: { done: 2 } });
  const ended = await line.shipped(ready.batch);
  expect(ended.map(({ state }) => state).sort()).toEqual(['Scrapped', 'Shipped', 'Shipped']);
});

test('what was written of all of it holds', async () => {
  await line.audit();
});

function isReady({ state }: TestUnit): boolean {
  return state === 'ReadyToShip';
}
