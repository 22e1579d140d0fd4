/**
 * Whole unit lifecycles a second of a batch, against the floor that the same server and the same process give: as many
 * activities that do nothing, in as many children of the same fan-out. Real Postgres, real Temporal, virtual bench.
 *
 *   npm run bench:lifecycle -- [--units 500] [--rounds 3] [--partitions 1,2,4] [--server dev|postgres]
 */
import { parseArgs } from 'node:util';
import { Interrupted, Interruption } from '../cli/interruption';
import { audit } from '../tools/audit/audit';
import { reportText } from '../tools/audit/main';
import { openDatabase } from '../adapters/postgres/database';
import { unitWorkflowId } from '../domain/workflow-ids';
import { recordingOf, type Recording } from './lifecycle/history';
import { floorRound, floorWorkflowId, realRound, type RoundPair } from './lifecycle/rounds';
import { atSite, type ServerKind, type Site } from './lifecycle/site';
import { wholeNumber } from './support/options';
import { runBench, say, tell } from './support/printing';
import { resultText, settingsText, whereTimeGoesText, type Options } from './lifecycle/report';

/** The first batch loads what is loaded once, and is recorded: it is no part of the figures. */
const WARM_UP_UNITS = 16;
/** The sample plant's block of MAC addresses holds 4,088. */
const MAX_UNITS_IN_ALL = 4_000;
const SAMPLED_UNITS = 40;
const MAX_PARTITIONS = 16;

async function main(): Promise<void> {
  const options = readOptions();
  const interruption = new Interruption();
  const stop = interruption.takeOver(() => say('The servers are being stopped'));
  try {
    const passed = await atSite({ server: options.server, say, stop }, (site) => run(site, options));
    if (!passed) process.exitCode = 1;
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
    process.exitCode = error.exitCode;
  } finally {
    interruption.close();
  }
}

function readOptions(): Options {
  const text = (byDefault: string) => ({ type: 'string' as const, default: byDefault });
  const { values } = parseArgs({
    options: { units: text('500'), rounds: text('3'), partitions: text('1'), server: text('dev') },
  });
  const options = {
    units: wholeNumber('units', values.units, MAX_UNITS_IN_ALL),
    rounds: wholeNumber('rounds', values.rounds, MAX_UNITS_IN_ALL),
    partitions: values.partitions.split(',').map((one) => wholeNumber('partitions', one, MAX_PARTITIONS)),
    server: serverOf(values.server),
  };
  if (options.units * options.rounds * options.partitions.length > MAX_UNITS_IN_ALL)
    throw new Error(`--units times --rounds times --partitions: at most ${MAX_UNITS_IN_ALL} units in all`);
  return options;
}

function serverOf(text: string): ServerKind {
  if (text === 'dev' || text === 'postgres') return text;
  throw new Error(`--server: "${text}" is not allowed; dev (the local server, on SQLite) or postgres`);
}

async function run(site: Site, options: Options): Promise<boolean> {
  say('Warming up');
  await realRound(site, 'WARM-UP', { units: WARM_UP_UNITS, partitions: 1 });
  const happy = happyPath(await recordedUnits(site, 'WARM-UP'));
  const queues = happy.activities.map(({ queue }) => queue);
  await floorRound(site, 'FLOOR-WARM-UP', { units: WARM_UP_UNITS, partitions: 1 }, queues);
  tell(await settingsText(site, options));
  for (const partitions of options.partitions) {
    tell(`${partitions} ${partitions === 1 ? 'partition' : 'partitions'}`);
    await tellRounds(site, { ...options, partitions }, happy);
  }
  const report = await audit(site.auditorUrl);
  tell(`Audit\n${reportText(report)}`);
  return report.ok;
}

type Shape = Omit<Options, 'partitions'> & { readonly partitions: number };

async function tellRounds(site: Site, shape: Shape, happy: Recording): Promise<void> {
  const queues = happy.activities.map(({ queue }) => queue);
  const rounds = await measure(site, shape, queues);
  const recordings = {
    real: await recordedUnits(site, nameOf('BENCH', shape, shape.rounds)),
    floor: await recordedFloorUnits(site, nameOf('FLOOR', shape, shape.rounds), shape.units),
  };
  tell(resultText(rounds, happy, recordings.floor[0]!));
  tell(
    whereTimeGoesText(
      recordings.real.filter(({ activities }) => activities.length === queues.length),
      recordings.floor,
    ),
  );
}

function nameOf(side: string, { partitions }: Shape, round: number): string {
  return `${side}-${partitions}-${round}`;
}

/** By turns, so that whatever else the machine does meets both. */
async function measure(site: Site, shape: Shape, queues: readonly string[]): Promise<RoundPair[]> {
  const pairs: RoundPair[] = [];
  for (let round = 1; round <= shape.rounds; round++) {
    const real = await realRound(site, nameOf('BENCH', shape, round), shape);
    const floor = await floorRound(site, nameOf('FLOOR', shape, round), shape, queues);
    pairs.push({ real, floor });
    say(`Round ${round}: ${real.seconds.toFixed(1)} s, floor ${floor.seconds.toFixed(1)} s`);
  }
  return pairs;
}

/** A unit without a repeat: the one with the fewest activities. */
function happyPath([first, ...others]: readonly Recording[]): Recording {
  return others.reduce(
    (best, next) => (next.activities.length < best.activities.length ? next : best),
    first!,
  );
}

async function recordedUnits(site: Site, batch: string): Promise<Recording[]> {
  const serials = await serialsOf(site, batch);
  return recordingsOf(
    site,
    spread(serials.length).map((index) => unitWorkflowId(serials[index]!)),
  );
}

function recordedFloorUnits(site: Site, batch: string, units: number): Promise<Recording[]> {
  return recordingsOf(
    site,
    spread(units).map((index) => floorWorkflowId(batch, index + 1)),
  );
}

async function recordingsOf({ house, signal }: Site, workflowIds: readonly string[]): Promise<Recording[]> {
  const recordings: Recording[] = [];
  for (const id of workflowIds) {
    signal.throwIfAborted();
    recordings.push(await recordingOf(house.line.host.client, id));
  }
  return recordings;
}

function spread(units: number): number[] {
  const step = Math.max(1, Math.floor(units / SAMPLED_UNITS));
  return Array.from({ length: Math.min(units, SAMPLED_UNITS) }, (_, index) => index * step);
}

async function serialsOf({ auditorUrl }: Site, batch: string): Promise<string[]> {
  const db = openDatabase(auditorUrl, { applicationName: 'unitrail-bench', maxConnections: 1 });
  try {
    return await db('units').where({ batch_id: batch }).orderBy('batch_index').pluck<string[]>('serial');
  } finally {
    await db.destroy();
  }
}

runBench(main, 'bench/lifecycle');
