/**
 * A large batch through the orchestration, with stations that do nothing: the same code, the same database and Temporal
 * server as in a factory. What it shows is printed as promises, and from its rate what a million units would take.
 *
 *   npm run bench:orchestration -- [--units 20000] [--parked 500] [--window 100] [--server dev|postgres]
 */
import { parseArgs } from 'node:util';
import { readOrderFile } from '../adapters/plant/order-file';
import { sampleOrder } from '../cli/house';
import { Interrupted, Interruption } from '../cli/interruption';
import { MAX_WINDOW } from '../domain/batch-control';
import { usualPace, type Pace } from '../domain/pace';
import { audit } from '../tools/audit/audit';
import { reportText } from '../tools/audit/main';
import type { ServerKind } from './lifecycle/site';
import { parentRuns } from './orchestration/histories';
import { resultText, verdictsOf, type Measured } from './orchestration/report';
import { outcomeOf, partitionsOf, runRound, type RoundInput, type Sample } from './orchestration/round';
import { atSite, type Site } from './orchestration/site';
import { wholeNumber } from './support/options';
import { runBench, say, tell, tellLine } from './support/printing';

/** The sample's trial scheme has five digits. */
const MAX_UNITS = 99_000;
const LOOK_MS = 2_000;
const SAY_EVERY = 15;
const SLOTS = 50;

interface Options {
  readonly units: number;
  readonly parked: number;
  readonly pace: Pace;
  readonly server: ServerKind;
}

function readOptions(): Options {
  const text = (byDefault: string) => ({ type: 'string' as const, default: byDefault });
  const { values } = parseArgs({
    options: { units: text('20000'), parked: text('500'), window: text('100'), server: text('dev') },
  });
  const units = wholeNumber('units', values.units, MAX_UNITS);
  if (values.server !== 'dev' && values.server !== 'postgres')
    throw new Error(
      `--server: "${values.server}" is not allowed; dev (the local server, on SQLite) or postgres`,
    );
  return {
    units,
    parked: wholeNumber('parked', values.parked, Math.floor(units / 2)),
    pace: { ...usualPace, window: wholeNumber('window', values.window, MAX_WINDOW) },
    server: values.server,
  };
}

/** The first units of each of the partitions that run at once: early, and in all of them. */
function failing({ units, parked, pace }: Options): (index: number) => boolean {
  const parts = Math.min(pace.partitionsAtOnce, Math.ceil(units / pace.partitionSize));
  const inLast = Math.floor(parked / parts);
  const inFirst = parked - inLast * (parts - 1);
  return (index) => {
    const part = Math.floor((index - 1) / pace.partitionSize);
    return part < parts && (index - 1) % pace.partitionSize < (part === 0 ? inFirst : inLast);
  };
}

async function run(site: Site, options: Options): Promise<boolean> {
  const { units, parked, pace, server } = options;
  const order = {
    ...(await readOrderFile(sampleOrder)),
    ...{ batch: 'BENCH', order: 'PO-BENCH', quantity: units, orderQuantity: units, trial: true },
  };
  const { line, bench, db, signal } = site;
  const input: RoundInput = {
    ...{ client: line.host.client, db, bench, order, pace, parked, signal },
    ...{ everyMs: LOOK_MS, onSample: teller(units) },
  };
  const before = await site.sizes();
  const { seconds, samples } = await runRound(input);
  const after = await site.sizes();
  say('Counting');
  const measured: Measured = {
    ...{ units, parked, seconds, samples },
    outcome: await outcomeOf(input),
    runs: await parentRuns(line.host.client, order.batch, partitionsOf(input)),
    bytes: {
      unitrail: after.unitrail - before.unitrail,
      temporal: after.temporal === null ? null : after.temporal - (before.temporal ?? 0),
    },
  };
  const { partitionSize, partitionsAtOnce, window } = pace;
  const settings = `${server} server; partitions of ${partitionSize}, ${partitionsAtOnce} at once, window ${window}, ${SLOTS} slots a station; all workers in one process`;
  tell(resultText(measured, settings));
  const report = await audit(site.auditorUrl);
  tellLine(`Audit\n${reportText(report)}`);
  return report.ok && verdictsOf(measured).every(({ kept }) => kept);
}

function teller(units: number): (sample: Sample) => void {
  let looks = 0;
  return ({ done, held, seconds, window, residentBytes }) => {
    looks += 1;
    if (looks % SAY_EVERY !== 0) return;
    const places = window ? `, window ${window.taken}/${window.places}` : '';
    say(
      `${done} of ${units} (${held} held) after ${seconds.toFixed(0)} s${places}, ${(residentBytes / 2 ** 20).toFixed(0)} MiB`,
    );
  };
}

async function main(): Promise<void> {
  const options = readOptions();
  const interruption = new Interruption();
  const stop = interruption.takeOver(() => say('The servers are being stopped'));
  const fails = failing(options);
  const { server } = options;
  const site = { server, slots: SLOTS, fails: ({ index }: { index: number }) => fails(index), say, stop };
  try {
    if (!(await atSite(site, (opened) => run(opened, options)))) process.exitCode = 1;
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
    process.exitCode = error.exitCode;
  } finally {
    interruption.close();
  }
}

runBench(main, 'bench/orchestration');
