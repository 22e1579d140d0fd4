/**
 * kill -9 of the office worker, or of Postgres, in each numbered step of a retention run, at moments that a seed chooses.
 * After each: the auditor's word, and each unit once in the capsules that its buyer has.
 *
 *   npm run bench:retention-kills -- [--cycles 2] [--units 200] [--seed N]
 */
import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { Interrupted, Interruption } from '../cli/interruption';
import { seeded, type Seeded } from '../test/support/seeded';
import { RetentionFloor } from './retention/floor';
import { killInStep, moments, retentionSteps, stepNames, type RetentionKill } from './retention/kill';
import { machineText } from './support/machine';
import { wholeNumber } from './support/options';
import { runBench, say, tellLine } from './support/printing';
import { table, type Cell } from './support/table';

/** Each victim has a database of its own, whose block of MAC addresses holds 4,095, two a unit: for six rounds, and one more. */
const MAX_UNITS = 290;
/** A step may be over before the blow falls: that round counts for whatever was under way, and is made again. */
const MAX_TRIES = 5;
const victims = ['office', 'postgres'] as const;

async function main(): Promise<void> {
  const text = (byDefault: string) => ({ type: 'string' as const, default: byDefault });
  const { values } = parseArgs({
    options: { cycles: text('2'), units: text('200'), seed: text(String(randomInt(1, 1_000_000))) },
  });
  const cycles = wholeNumber('cycles', values.cycles, 100);
  const units = wholeNumber('units', values.units, MAX_UNITS);
  const seed = wholeNumber('seed', values.seed, 999_999_999);
  const interruption = new Interruption();
  const stop = interruption.takeOver(() => say('The servers are being stopped'));
  try {
    tellLine(`Machine   ${machineText()}`);
    tellLine(`Settings  seed ${seed}, ${cycles} cycles of six steps, ${units} units a round`);
    if (!(await run(cycles, units, seed, stop))) process.exitCode = 1;
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
    process.exitCode = error.exitCode;
  } finally {
    interruption.close();
  }
}

async function run(cycles: number, units: number, seed: number, stop: AbortSignal): Promise<boolean> {
  const random = seeded(seed);
  const done: RetentionKill[] = [];
  let missed = 0;
  try {
    for (let cycle = 0; cycle < cycles; cycle += 1)
      missed += await killInEachStep(victims[cycle % victims.length]!, units, random, stop, done);
  } finally {
    if (done.length > 0) tellLine(resultText(done));
  }
  return missed === 0 && done.every(({ broken }) => broken.length === 0);
}

/** How many steps no blow fell in. */
async function killInEachStep(
  victim: (typeof victims)[number],
  units: number,
  random: Seeded,
  stop: AbortSignal,
  done: RetentionKill[],
): Promise<number> {
  const floor = await RetentionFloor.open(say, stop);
  let missed = 0;
  try {
    for (const step of retentionSteps) {
      const { after, within } = moments[step];
      let hit = false;
      for (let tries = 1; !hit && tries <= MAX_TRIES; tries += 1) {
        stop.throwIfAborted();
        const round = await killInStep(floor, { step, victim, units, laterMs: after + random.below(within) });
        tellRound(round);
        done.push(round);
        hit = round.hit;
      }
      if (hit) continue;
      tellLine(`  MISSED: ${MAX_TRIES} blows at step ${step}, and each fell beside it; give it more --units`);
      missed += 1;
    }
  } finally {
    await floor.close();
  }
  return missed;
}

function tellRound({ plan: { victim, step }, under, seconds, broken }: RetentionKill): void {
  say(`${victim} in step ${step} (${stepNames[step]}): ${under}, ${seconds.toFixed(1)} s`);
  broken.forEach((promise) => tellLine(`  BROKEN: ${promise}`));
}

function resultText(done: readonly RetentionKill[]): string {
  const rows = retentionSteps.map((step): Cell[] => {
    const of = done.filter((round) => round.plan.step === step);
    const hit = of.filter((round) => round.hit);
    return [
      `${step} ${stepNames[step]}`,
      of.length,
      ...victims.map((victim) => hit.filter(({ plan }) => plan.victim === victim).length),
      of.reduce((sum, { broken }) => sum + broken.length, 0),
    ];
  });
  const head = ['step', 'rounds', ...victims.map((victim) => `${victim} killed in it`), 'promises broken'];
  const moved = done.reduce((sum, { plan }) => sum + plan.units, 0);
  const events = Math.max(...done.map((round) => round.events));
  return `${table(head, rows)}\n${moved} units moved, each once in its buyer's capsules; ${events} events audited at last.`;
}

runBench(main);
