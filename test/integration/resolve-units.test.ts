import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { WorkflowFailedError, type WorkflowHandle } from '@temporalio/client';
import { ActivityFailure, type ApplicationFailure } from '@temporalio/common';
import { openDatabase } from '../../adapters/postgres/database';
import {
  countOutcomes,
  openResolution,
  settledUnits,
  settleUnits,
} from '../../adapters/postgres/resolutions';
import type { FaultEntry } from '../../domain/bench-protocol';
import type { Order } from '../../domain/order-document';
import type { ResolveResult } from '../../domain/resolution';
import { taskQueues } from '../../domain/workflow-ids';
import { bareEnvironment, runCli } from '../support/cli';
import { newOrder, startTestLine, type TestLine, type TestUnit } from '../support/line';
import { isHeld } from '../support/line-units';

let line: TestLine;

const missesLimit = { do: 'measure', fault: 'outOfLimits', name: 'vcc_3v3' } as const;
const many: Order = newOrder({ quantity: 40 });
const few: Order = newOrder({ quantity: 4 });
const renewed: Order = newOrder({ quantity: 2 });

const heldIn = ({ batch, quantity }: Order): FaultEntry[] =>
  Array.from({ length: quantity }, (_, at) => ({ ...missesLimit, batch, index: at + 1 }));

beforeAll(async () => {
  line = await startTestLine();
  await line.faults(
    // At each attempt: one that is measured again, because an answer was lost, misses it as well.
    ...heldIn(many).map((fault) => ({ ...fault, times: 10 })),
    ...heldIn(few),
    ...heldIn(renewed),
  );
  await line.startBatch(few);
  await line.startBatch(renewed);
  await line.startBatch(many);
});
afterAll(() => line?.stop());

async function start(input: unknown): Promise<WorkflowHandle> {
  return line.client.workflow.start('resolveUnits', {
    workflowId: `resolve:${randomUUID()}`,
    taskQueue: taskQueues.workflows,
    args: [input],
  });
}

async function resolve(input: unknown): Promise<ResolveResult> {
  return (await (await start(input)).result()) as ResolveResult;
}

/** The sentence that the engineer reads where the run fails. */
async function refusalOf(input: unknown): Promise<string> {
  const error: unknown = await resolve(input).catch((reason: unknown) => reason);
  if (!(error instanceof WorkflowFailedError && error.cause instanceof ActivityFailure)) throw error;
  expect((error.cause.cause as ApplicationFailure).nonRetryable).toBe(true);
  return error.cause.cause!.message;
}

/** To its beginning. */
async function reset(run: WorkflowHandle): Promise<WorkflowHandle> {
  const { runId } = await run.describe();
  const { events } = await run.fetchHistory();
  const first = events!.find((event) => event.workflowTaskCompletedEventAttributes)!;
  const answer: { runId?: string | null } = await line.client.workflowService.resetWorkflowExecution({
    namespace: line.client.options.namespace,
    workflowExecution: { workflowId: run.workflowId, runId },
    reason: 'test',
    workflowTaskFinishEventId: first.eventId!,
    requestId: randomUUID(),
  });
  return line.client.workflow.getHandle(run.workflowId, answer.runId!);
}

async function allHeld({ batch, quantity }: Order): Promise<TestUnit[]> {
  return line.waitFor(batch, (units) => units.length === quantity && units.every(isHeld));
}

test('wrong input fails the run with field, value and what is allowed, and nothing is done', async () => {
  const units = await allHeld(few);
  const retry = { action: 'retry', by: '17' };
  expect(await refusalOf(retry)).toContain(
    'selector: (missing) is not allowed; name at least one of state, step, batch',
  );
  expect(await refusalOf({ ...retry, by: 'Ada Lindqvist', batch: few.batch })).toContain(
    'by: "Ada Lindqvist" is not allowed',
  );
  expect(await refusalOf({ ...retry, action: 'mend', batch: few.batch })).toContain(
    'one of retry, rework, scrap, hold, release',
  );
  expect(await refusalOf({ action: 'scrap', by: '17', batch: few.batch })).toContain(
    'note: (missing) is not allowed; the reason',
  );
  expect(await refusalOf({ ...retry, bach: few.batch })).toContain('bach: ');
  expect(await refusalOf({ ...retry, serials: [units[0]!.serial, 'EUDV0000-000000'] })).toContain(
    'serials[1]: "EUDV0000-000000" is not allowed; the serial of a unit',
  );
  expect(await refusalOf(undefined)).toContain('is not valid');
  expect(await allHeld(few)).toEqual(units);
});

test('a dry run counts what it would tell, and tells nobody', async () => {
  const units = await allHeld(few);
  const result = await resolve({
    action: 'scrap',
    by: 17,
    batch: few.batch,
    failureCode: 'TEST_FAILED',
    dryRun: true,
  });
  expect(result).toMatchObject({ by: '17', dryRun: true, selected: 4, counts: { done: 0 }, done: [] });
  expect(result.groups).toEqual([
    { batch: few.batch, state: 'AwaitingEngineer', step: 'test', failureCode: 'TEST_FAILED', units: 4 },
  ]);
  expect(await allHeld(few)).toEqual(units);
});

test('a rework to another release pins each unit to it, and one that is no release is told before', async () => {
  const units = await allHeld(renewed);
  const rework = { action: 'rework', by: '17', note: 'new release', toStep: 'flash', batch: renewed.batch };
  expect(await refusalOf({ ...rework, toFirmware: '9.9.9' })).toBe(
    'toFirmware: "9.9.9" is not allowed; a release of EUDV in the plant in force: 1.4.1, 1.4.2',
  );
  expect(await refusalOf({ ...rework, toStep: 'test', toFirmware: '1.4.1' })).toContain(
    'toFirmware: "1.4.1" is not allowed; toFirmware with a rework to flash only',
  );
  expect(await allHeld(renewed)).toEqual(units);
  expect(await resolve({ ...rework, toFirmware: '1.4.1' })).toMatchObject({ counts: { done: 2 } });
  for (const unit of units) {
    expect(await line.facts(unit, 'reworked')).toMatchObject([{ step: 'flash', firmwareVersion: '1.4.1' }]);
  }
  for (const unit of await line.shipped(renewed.batch)) {
    const flashed = await line.facts(unit, 'flashed');
    expect(flashed.map(({ firmwareVersion }) => firmwareVersion)).toEqual(['1.4.2', '1.4.1']);
  }
});

test('forty held units go on by one decision, each once, and the result lists them', async () => {
  const units = await allHeld(many);
  const run = await start({
    ...{ action: 'retry', by: '17', note: 'cleaned the fixture', step: 'test', failureCode: 'TEST_FAILED' },
    ...{ batch: many.batch, station: 'line-1', firmware: '1.4.2', from: '2020-01-01' },
  });
  const result = (await run.result()) as ResolveResult;
  expect(result).toMatchObject({
    selected: 40,
    counts: { done: 40, refused: 0, unreached: 0 },
    notDone: [],
    more: null,
  });
  expect(result.done).toEqual(units.map(({ serial }) => serial));
  // Their boards miss the limit once more: each was measured again, and is held at its second attempt.
  const again = await line.waitFor(many.batch, (all) =>
    all.every((unit) => isHeld(unit) && unit.attempt === 2),
  );
  for (const unit of again) {
    expect(await line.facts(unit, 'retried')).toEqual([
      { by: '17', note: 'cleaned the fixture', step: 'test', attempt: 1 },
    ]);
  }
});

test('a unit whose workflow is gone, and one that is not held, are named with the reason', async () => {
  const [gone, other, ...rest] = await allHeld(few);
  await line.unitRun(gone!).terminate('an accident');
  await resolve({ action: 'scrap', by: '17', note: 'dropped', serials: [rest[0]!.serial] });
  const serials = [gone!, other!, rest[0]!].map(({ serial }) => serial);
  const result = await resolve({ action: 'scrap', by: '17', note: 'burnt', serials });
  expect(result).toMatchObject({
    selected: 2,
    counts: { done: 1, refused: 1, unreached: 1 },
    done: [other!.serial],
  });
  expect(result.notDone).toEqual([
    { serial: rest[0]!.serial, outcome: 'refused', why: expect.stringContaining('it is Scrapped at test') },
    {
      serial: gone!.serial,
      outcome: 'unreached',
      why: expect.stringContaining('no open workflow; `unitrail resume`'),
    },
  ]);
  expect(await line.unit(gone!.serial)).toMatchObject({ state: 'AwaitingEngineer' });
  expect(await line.unit(other!.serial)).toMatchObject({ state: 'Scrapped' });
  expect(await line.unit(rest[1]!.serial)).toMatchObject({ state: 'AwaitingEngineer' });
});

test('a unit that is named in vain stays on record with the reason, also when the run is reset later', async () => {
  const [, scrapped] = await line.units(few.batch);
  const serials = [scrapped!.serial];
  expect(await resolve({ action: 'retry', by: '17', serials, dryRun: true })).toMatchObject({
    ...{ selected: 0, counts: { done: 0, refused: 1 }, notDone: [{ serial: scrapped!.serial }] },
  });
  // To the command, counting is all that was asked for.
  const file = join(line.home, 'scrapped.txt');
  await writeFile(file, serials.join('\n'));
  expect(
    await runCli(['units', 'resolve', ...`--action retry --by 17 --serials ${file} --dry-run`.split(' ')], {
      ...bareEnvironment,
      UNITRAIL_DATABASE_URL: line.database.urlOf('desk'),
      TEMPORAL_ADDRESS: String(line.temporal.connectionOptions.address),
      TEMPORAL_NAMESPACE: line.temporal.namespace,
    }),
  ).toMatchObject({
    code: 0,
    out: expect.stringContaining('Named in vain, and refused from the start: 1.'),
  });
  const run = await start({ action: 'retry', by: '17', serials });
  const result = (await run.result()) as ResolveResult;
  expect(result).toMatchObject({ selected: 0, counts: { done: 0, refused: 1, unreached: 0 } });
  expect(await line.db('resolution_units').where({ resolution_id: result.resolution })).toMatchObject([
    { unit_id: scrapped!.unitId, outcome: 'refused', why: expect.stringContaining('it is Scrapped at test') },
  ]);
  expect(await (await reset(run)).result()).toEqual(result);
});

test('a unit that took its decision after it was given up counts as done', async () => {
  const [last] = await line.units(many.batch);
  const db = openDatabase(line.database.urlOf('office'), { applicationName: 'test-office' });
  const id = randomUUID();
  const unitIds = [last!.unitId];
  await openResolution(db, { id, request: '{}', by: '17', unitIds, inVain: [] });
  await settleUnits(db, id, [{ position: 1, outcome: 'unreached', why: 'its workflow has not answered' }]);
  expect(await countOutcomes(db, id)).toEqual({ done: 0, refused: 0, unreached: 1 });
  expect(await settledUnits(db, id, { limit: 5 })).toMatchObject([{ outcome: 'unreached' }]);
  const handle = line.unitRun(last!);
  await handle.signal('decide', { action: 'retry', by: '17', decisionId: `resolve/${id}` });
  await line.waitFor(
    many.batch,
    (units) => units.find(({ unitId }) => unitId === last!.unitId)!.attempt > last!.attempt,
  );
  expect(await countOutcomes(db, id)).toEqual({ done: 1, refused: 0, unreached: 0 });
  expect(await settledUnits(db, id, { done: true, limit: 5 })).toMatchObject([
    { serial: last!.serial, outcome: 'done', why: null },
  ]);
  expect(await settledUnits(db, id, { done: false, limit: 5 })).toEqual([]);
  await db.destroy();
});

test('a reset of the run decides nothing a second time', async () => {
  const [, , , last] = await line.units(few.batch);
  const run = await start({ action: 'retry', by: '17', serials: [last!.serial] });
  expect(((await run.result()) as ResolveResult).counts.done).toBe(1);
  const again = await reset(run);
  expect(await again.result()).toMatchObject({ selected: 1, counts: { done: 1 } });
  expect(await line.facts(last!, 'retried')).toHaveLength(1);
});

test('what was written of all of it holds', async () => {
  await line.audit();
});
