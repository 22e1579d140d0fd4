/**
 * A whole run of retention: its exports, capsules, deliveries, readings back and removals, by the workers of production on
 * servers of their own. Units a second of each step, the memory of the worker, bytes a unit, and one record by its serial
 * before and after.
 *
 *   npm run bench:retention -- [--units 1000000] [--months 1]
 *
 * A capsule is of one month and holds 100,000 units at most: with --months there are several of few units.
 */
import { parseArgs } from 'node:util';
import { Interrupted, Interruption } from '../cli/interruption';
import type { RetentionReport } from '../domain/retention';
import { retentionScheduleId, taskQueues } from '../domain/workflow-ids';
import { shipBatch } from '../test/support/exports';
import { cloneUnit } from './retention/clones';
import { RetentionFloor } from './retention/floor';
import { archiveTimes, databaseTimes, type LookUpTimes } from './retention/look-ups';
import { MemoryWatch, watchedSteps, type CapsulesDone, type Growth } from './retention/memory';
import { stepTimes, type StepTime } from './retention/step-times';
import { percentile, median } from './support/figures';
import { machineText } from './support/machine';
import { wholeNumber } from './support/options';
import { runBench, say, tell } from './support/printing';
import { table } from './support/table';

/** Six hexadecimal digits of a MAC address. */
const MAX_UNITS = 10_000_000;
/** design.md, "Figures that the design has to reach". */
const MAX_DATABASE_RATIO = 2;
const MAX_ARCHIVE_MS = 150;
const MAX_MONTHS = 24;
/** Of memory, between the first capsules and the last. */
const FLAT = 1.25;

interface Figures {
  readonly units: number;
  readonly steps: readonly StepTime[];
  readonly memory: MemoryWatch;
  readonly archiveBytes: number;
  readonly database: LookUpTimes;
  readonly archive: readonly number[];
}

async function main(): Promise<void> {
  const text = (byDefault: string) => ({ type: 'string' as const, default: byDefault });
  const { values } = parseArgs({ options: { units: text('1000000'), months: text('1') } });
  const units = wholeNumber('units', values.units, MAX_UNITS);
  const months = wholeNumber('months', values.months, MAX_MONTHS);
  const interruption = new Interruption();
  const stop = interruption.takeOver(() => say('The servers are being stopped'));
  try {
    tell(`Machine   ${machineText()}`);
    tell(
      `Settings  ${units} units of one buyer and ${months === 1 ? 'month' : `${months} months`}, cloned from one that was walked through every step; exports in records.jsonl; OpenSSH on loopback`,
    );
    const floor = await RetentionFloor.open(say, stop, ['records']);
    try {
      if (!tellFigures(await measure(floor, { units, months }, stop))) process.exitCode = 1;
    } finally {
      await floor.close();
    }
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
    process.exitCode = error.exitCode;
  } finally {
    interruption.close();
  }
}

async function measure(
  floor: RetentionFloor,
  { units, months }: { readonly units: number; readonly months: number },
  stop: AbortSignal,
): Promise<Figures> {
  const { kills, desk } = floor;
  const { units: walked } = await shipBatch(floor.shop, 1);
  const clones = units - 1;
  await cloneUnit(floor.superuserUrl, walked[0]!, { clones, months }, (done) => {
    stop.throwIfAborted();
    say(`${done + 1} of ${units} units are there`);
  });
  const database = await databaseTimes(desk, clones);
  const office = kills.workers.find(({ name }) => name === 'office')!;
  const memory = new MemoryWatch(office.pid);
  const handle = await kills.client.workflow.start('retention', {
    workflowId: `${retentionScheduleId}-bench`,
    taskQueue: taskQueues.workflows,
  });
  const watching = setInterval(() => void memory.look(() => capsulesDone(floor)), 1_000);
  try {
    while ((await handle.describe()).status.name === 'RUNNING') {
      stop.throwIfAborted();
      await new Promise((resolve) => setTimeout(resolve, 1_000));
    }
  } finally {
    clearInterval(watching);
  }
  const report = (await handle.result()) as RetentionReport;
  refuseUnlessMoved(report, units);
  const [{ bytes }] = (
    await desk.raw<{ rows: { bytes: string }[] }>('select sum(size_bytes) as bytes from capsule_files')
  ).rows as [{ bytes: string }];
  return {
    units,
    steps: await stepTimes(handle),
    memory,
    archiveBytes: Number(bytes),
    database,
    archive: await archiveTimes(desk, floor.store, clones),
  };
}

async function capsulesDone({ kills }: RetentionFloor): Promise<CapsulesDone> {
  const { rows } = await kills.db.raw<{ rows: [CapsulesDone] }>(
    `select count(*)::integer as planned, count(*) filter (where state <> 'planned')::integer as made,
       count(*) filter (where delivery <> 'due')::integer as delivered, count(*) filter (where state = 'moved')::integer as moved
     from capsules`,
  );
  return rows[0];
}

/** A figure counts only of a run that did all of it. */
function refuseUnlessMoved({ capsules, blocked }: RetentionReport, units: number): void {
  const moved = capsules
    .filter(({ step, problem }) => step === 'moved' && problem === null)
    .reduce((sum, { units: some }) => sum + some, 0);
  if (moved === units && blocked.length === 0) return;
  throw new Error(`${moved} of ${units} units have moved: ${JSON.stringify({ capsules, blocked })}`);
}

function tellFigures({ units, steps, memory, archiveBytes, database, archive }: Figures): boolean {
  tell(
    table(
      ['step', 'calls', 'seconds', 'units/s'],
      steps.map(({ name, calls, seconds }) => [
        name,
        calls,
        seconds.toFixed(1),
        (units / seconds).toFixed(0),
      ]),
    ),
  );
  const ms = (times: readonly number[]): string[] => [
    median(times).toFixed(2),
    percentile(times, 0.99).toFixed(2),
  ];
  tell(
    table(
      ['one record by its serial', 'times', 'median ms', 'p99 ms'],
      [
        ['from the database', database.product.length, ...ms(database.product)],
        ['its floor, a bare primary key', database.floor.length, ...ms(database.floor)],
        ['from the archive', archive.length, ...ms(archive)],
      ],
    ),
  );
  tell(
    `Archive ${(archiveBytes / 1e6).toFixed(0)} MB, ${(archiveBytes / units).toFixed(0)} bytes a unit, its events among them`,
  );
  const ratio = percentile(database.product, 0.99) / percentile(database.floor, 0.99);
  const p99 = percentile(archive, 0.99);
  const verdicts: Verdict[] = [
    {
      what: `a record from the database at most ${MAX_DATABASE_RATIO} times a primary key (p99 ${ratio.toFixed(2)} times)`,
      ok: ratio <= MAX_DATABASE_RATIO,
    },
    {
      what: `a record from the archive under ${MAX_ARCHIVE_MS} ms (p99 ${p99.toFixed(1)} ms)`,
      ok: p99 < MAX_ARCHIVE_MS,
    },
    memoryVerdict(memory),
  ];
  tell(verdicts.map(({ what, ok, why }) => `${what}: ${why ?? (ok ? 'reached' : 'not reached')}`).join('\n'));
  return verdicts.every(({ ok }) => ok);
}

interface Verdict {
  readonly what: string;
  readonly ok: boolean;
  /** Where it is neither. */
  readonly why?: string;
}

/** Whether the last capsules take no more than the first ones: a single one can't tell. */
function memoryVerdict(memory: MemoryWatch): Verdict {
  const mega = (bytes: number): string => (bytes / 1e6).toFixed(0);
  const what = `memory of the office worker flat (peak ${mega(memory.peakBytes())} MB`;
  const growth = memory.growth();
  if (typeof growth === 'string') return { what: `${what})`, ok: true, why: `says nothing: ${growth}` };
  const told = ({ step, firstBytes, lastBytes, ratio }: Growth): string =>
    `first ${step} ${mega(firstBytes)}, last ${mega(lastBytes)}, ${ratio.toFixed(2)} times`;
  const unseen = watchedSteps.filter((step) => growth.every((seen) => seen.step !== step));
  return {
    what: `${[what, ...growth.map(told), ...unseen.map((step) => `nobody looked while they were ${step}`)].join('; ')})`,
    ok: growth.every(({ ratio }) => ratio < FLAT),
  };
}

runBench(main);
