/**
 * kill -9 of one part of the factory in the middle of each batch, at moments that a seed chooses, and the audit's word
 * after each. Workers are processes of their own, servers are the embedded ones.
 *
 *   npm run bench:kill-rounds -- [--rounds 50] [--units 40] [--seed N] [--victims temporal,postgres,…]
 */
import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { Interrupted, Interruption } from '../cli/interruption';
import { KillFloor, victims, type Victim } from '../test/support/kill-floor';
import { killRound, planKill, planText, type KillRound } from '../test/support/kill-round';
import { seeded } from '../test/support/seeded';
import { median } from './support/figures';
import { machineText } from './support/machine';
import { wholeNumber } from './support/options';
import { runBench, say, tellLine } from './support/printing';
import { table, type Cell } from './support/table';

/** The sample plant's block of MAC addresses holds 4,088. */
const MAX_UNITS_IN_ALL = 4_000;

interface Options {
  readonly rounds: number;
  readonly units: number;
  readonly seed: number;
  readonly victims: readonly Victim[];
}

async function main(): Promise<void> {
  const options = readOptions();
  const interruption = new Interruption();
  const stop = interruption.takeOver(() => say('The servers are being stopped'));
  try {
    if (!(await run(options, stop))) process.exitCode = 1;
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
    options: {
      rounds: text('50'),
      units: text('40'),
      seed: text(String(randomInt(1, 1_000_000))),
      victims: text(victims.join(',')),
    },
  });
  const options = {
    rounds: wholeNumber('rounds', values.rounds, MAX_UNITS_IN_ALL),
    units: wholeNumber('units', values.units, MAX_UNITS_IN_ALL),
    seed: wholeNumber('seed', values.seed, 999_999_999),
    victims: values.victims.split(',').map(victimOf),
  };
  if (options.units * options.rounds > MAX_UNITS_IN_ALL)
    throw new Error(`--units times --rounds: at most ${MAX_UNITS_IN_ALL} units in all`);
  return options;
}

function victimOf(text: string): Victim {
  const found = victims.find((victim) => victim === text);
  if (found) return found;
  throw new Error(`--victims: "${text}" is not allowed; some of ${victims.join(',')}`);
}

async function run({ rounds, units, seed, victims: chosen }: Options, stop: AbortSignal): Promise<boolean> {
  const random = seeded(seed);
  tellLine(`Machine   ${machineText()}`);
  tellLine(`Settings  seed ${seed}, ${rounds} rounds of ${units} units, in turn ${chosen.join(', ')}`);
  const floor = await KillFloor.open(say, stop);
  const done: KillRound[] = [];
  try {
    for (let round = 1; round <= rounds; round += 1) {
      stop.throwIfAborted();
      const plan = planKill(random, chosen[(round - 1) % chosen.length]!, units);
      say(`Round ${round}: ${planText(plan)}`);
      const result = await killRound(floor, `KILL-${round}`, units, plan);
      done.push(result);
      say(`  ended after ${seconds(result.fromStartMs)} s, ${result.repeats} tries repeated`);
      result.broken.forEach((promise) => tellLine(`  BROKEN in round ${round}: ${promise}`));
    }
  } finally {
    if (done.length > 0) tellLine(resultText(done));
    await floor.close();
  }
  return done.every(({ broken }) => broken.length === 0);
}

function resultText(done: readonly KillRound[]): string {
  const rows = victims.flatMap((victim): Cell[][] => {
    const of = done.filter(({ plan }) => plan.victim === victim);
    if (of.length === 0) return [];
    const afterKill = of.map(({ fromKillMs }) => fromKillMs);
    return [
      [
        victim,
        of.length,
        seconds(median(afterKill)),
        seconds(Math.max(...afterKill)),
        of.reduce((sum, { repeats }) => sum + repeats, 0),
        of.reduce((sum, { broken }) => sum + broken.length, 0),
      ],
    ];
  });
  const head = ['killed', 'rounds', 'median s', 'longest s', 'tries repeated', 'promises broken'];
  return `${table(head, rows)}\nSeconds from the kill to the end of the batch. ${done.at(-1)!.events} events audited at last.`;
}

const seconds = (ms: number): string => (ms / 1_000).toFixed(1);

runBench(main);
