/**
 * Workers of every released version beside those of this one, on the same queues and on the schema of this one.
 * docs/operations.md (Upgrading) tells people that this works; the versions themselves are kept in `workers/`.
 */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { WorkflowHandle } from '@temporalio/client';
import { testStations } from '../support/database';
import { failedTasks } from '../support/failed-tasks';
import { startTestLine, type TestLine } from '../support/line';
import { isHeld } from '../support/line-units';
import { RecordedProcess } from '../support/recorded-process';
import { released } from './recordings';
import { unpackWorkers } from './recorded-workers';

const quantity = 6;
/** A unit that misses a limit is held; the others go on. */
const heldUnit = 2;
/** Processes are started in each test, and a busy machine has to answer within it. */
const timeoutMs = 300_000;
const { version } = released.at(-1)!;

type Part = 'workflows' | 'activities';
type Age = 'old' | 'new';

const rolesOf: Readonly<Record<Part, readonly string[]>> = {
  workflows: ['workflows'],
  activities: ['office', ...testStations],
};

let line: TestLine;
/** What works now, with how to stop it. */
const working = new Map<`${Age} ${Part}`, () => Promise<void>>();
/** Process numbers of old workers, also of those that have ended. */
const oldPids = new Set<number>();

beforeAll(async () => {
  line = await startTestLine({ withoutWorkers: true });
});

afterAll(async () => {
  await employ();
  await line?.stop();
});

/** From now on these work, and no others; those that come begin before the others go. */
async function employ(...wanted: readonly `${Age} ${Part}`[]): Promise<void> {
  const starts = wanted.filter((who) => !working.has(who));
  await allDone(starts.map(async (who) => working.set(who, await start(who))));
  const leaving = [...working].filter(([who]) => !wanted.includes(who));
  for (const [who] of leaving) working.delete(who);
  await allDone(leaving.map(([, stop]) => stop()));
}

/** Also where one fails, so that none is left behind that nobody knows of. */
async function allDone(parts: readonly Promise<unknown>[]): Promise<void> {
  for (const part of await Promise.allSettled(parts)) if (part.status === 'rejected') throw part.reason;
}

async function start(who: `${Age} ${Part}`): Promise<() => Promise<void>> {
  const [age, part] = who.split(' ') as [Age, Part];
  const roles = rolesOf[part];
  if (age === 'new') {
    const workers = await line.startRoles(
      roles.map((id) =>
        id === 'workflows' || id === 'office' ? { kind: id } : { kind: 'station', station: id },
      ),
    );
    return () => workers.stop();
  }
  const process = await RecordedProcess.start(line, version, roles);
  oldPids.add(process.pid);
  return () => process.stop();
}

/** Until one unit is held; the others are on their way. */
async function beginBatch(batch: string): Promise<void> {
  await line.faults({ batch, index: heldUnit, do: 'measure', fault: 'outOfLimits', name: 'vcc_3v3' });
  await line.startBatch({ batch, quantity });
  await line.held(batch, heldUnit);
}

async function endBatch(batch: string): Promise<void> {
  await line.send(await line.held(batch, heldUnit), 'retryStep', { by: '17', note: 'cleaned the fixture' });
  const units = await line.shipped(batch);
  expect(units.map(({ state }) => state)).toEqual(Array(quantity).fill('Shipped'));
  await line.batchRun(batch).result();
  expect(await line.shipmentRun(batch).result()).toMatchObject([{ shipped: quantity }]);
  expect(await failedTasks(await runsOf(batch))).toEqual([]);
}

async function runsOf(batch: string): Promise<WorkflowHandle[]> {
  const units = await line.units(batch);
  return [line.batchRun(batch), line.shipmentRun(batch), ...units.map((unit) => line.unitRun(unit))];
}

/** Who did the tasks of the batch, by part. */
async function doers(batch: string): Promise<Record<Part, Age[]>> {
  const did: Record<Part, Set<Age>> = { workflows: new Set(), activities: new Set() };
  const ageOf = (identity?: string | null): Age =>
    oldPids.has(Number.parseInt(identity ?? '', 10)) ? 'old' : 'new';
  for (const run of await runsOf(batch))
    for (const event of (await run.fetchHistory()).events ?? []) {
      const task = event.workflowTaskCompletedEventAttributes;
      const act = event.activityTaskStartedEventAttributes;
      if (task) did.workflows.add(ageOf(task.identity));
      if (act) did.activities.add(ageOf(act.identity));
    }
  return { workflows: [...did.workflows].sort(), activities: [...did.activities].sort() };
}

test.each([
  ['a batch that old workers began is ended by new ones, as in an upgrade', 'old', 'new'],
  ['a batch that new workers began is ended by old ones, as in one that is taken back', 'new', 'old'],
] as const)(
  '%s, and while it runs they share every queue',
  async (_, before, after) => {
    const batch = `B-FROM-${before}`.toUpperCase();
    await employ(`${before} workflows`, `${before} activities`);
    await beginBatch(batch);
    await employ('old workflows', 'old activities', 'new workflows', 'new activities');
    await line.waitFor(batch, (units) => units.every((unit) => isHeld(unit) || unit.step === 'ship'));
    await employ(`${after} workflows`, `${after} activities`);
    await endBatch(batch);
    expect(await doers(batch)).toEqual({ workflows: ['new', 'old'], activities: ['new', 'old'] });
  },
  timeoutMs,
);

test.each([
  { orchestration: 'old', acts: 'new' },
  { orchestration: 'new', acts: 'old' },
] as const)(
  '$orchestration workflows go with $acts activities',
  async ({ orchestration, acts }) => {
    const batch = `B-${orchestration}-${acts}`.toUpperCase();
    await employ(`${orchestration} workflows`, `${acts} activities`);
    await beginBatch(batch);
    await endBatch(batch);
    expect(await doers(batch)).toEqual({ workflows: [orchestration], activities: [acts] });
  },
  timeoutMs,
);

test('all of it is sound for the auditor', () => line.audit());

test('the workers of every released version are kept, and a version without them fails by its name', async () => {
  const kept = await readdir(join(__dirname, 'workers'));
  expect(kept.sort()).toEqual(released.map((one) => `${one.version}.json.br`).sort());
  await expect(unpackWorkers('v0.0.0')).rejects.toThrow('the recorded workers of v0.0.0 are missing');
});
