import { median } from '../support/figures';
import { machineText } from '../support/machine';
import type { ParentRun } from './histories';
import type { Outcome, Sample } from './round';

/** From the tasks that a batch of 20,000 has to show. */
const [MEMORY_GROWTH, WINDOW_FULL, MOST_EVENTS] = [1.15, 0.9, 10_000];
const MILLION = 1_000_000;
const HOUR = 3_600;
const GIB = 2 ** 30;
const MIB = 2 ** 20;

export interface Measured {
  readonly units: number;
  readonly parked: number;
  readonly seconds: number;
  readonly samples: readonly Sample[];
  readonly outcome: Outcome;
  readonly runs: readonly ParentRun[];
  readonly bytes: { readonly unitrail: number; readonly temporal: number | null };
}

/** Each line a promise, the figure, and whether it is kept. */
export interface Verdict {
  readonly what: string;
  readonly found: string;
  readonly kept: boolean;
}

export function verdictsOf(measured: Measured): Verdict[] {
  const { units, parked, samples, outcome, runs } = measured;
  const longest = Math.max(...runs.map(({ events }) => events));
  const [early, late] = [memoryAt(samples, 0.1 * units, units), memoryAt(samples, 0.9 * units, units)];
  const fullness = fullnessOf(samples);
  const starts = runs.reduce((sum, run) => sum + (run.workflowId.includes('/') ? run.starts : 0), 0);
  const { AwaitingEngineer: held = 0, ReadyToShip: ready = 0 } = outcome.states;
  return [
    {
      what: 'histories of parents are bounded',
      found: `${runs.length} runs, the longest of ${longest} events`,
      kept: longest < MOST_EVENTS,
    },
    {
      what: 'memory of the workers stays',
      found: `${mib(early)} MiB after 10 %, ${mib(late)} MiB after 90 % (× ${(late / early).toFixed(2)})`,
      kept: late / early <= MEMORY_GROWTH,
    },
    {
      what: `the window is full with ${parked} units held`,
      found: fullness === null ? 'never looked at' : `${(100 * fullness).toFixed(1)} % (mean)`,
      kept: fullness !== null && fullness >= WINDOW_FULL,
    },
    {
      what: 'nothing is lost',
      found: `${outcome.units} units: ${ready} ready, ${held} held`,
      kept: outcome.units === units && ready + held === units && held === parked,
    },
    {
      what: 'nothing is made twice',
      found: `${outcome.serials} serials, ${outcome.indexes} indexes, ${starts} starts, ${outcome.unitWorkflows} workflows, ${outcome.wrongPrints} with a label too many or too few`,
      kept:
        [outcome.serials, outcome.indexes, starts, outcome.unitWorkflows].every((n) => n === units) &&
        outcome.wrongPrints === 0,
    },
    {
      what: 'every unit is simulated: true',
      found: `${outcome.simulated} of ${outcome.units}`,
      kept: outcome.simulated === units,
    },
  ];
}

/** Memory goes up and down with the garbage: the middle of what was seen in a twentieth of the batch. */
function memoryAt(samples: readonly Sample[], from: number, units: number): number {
  const near = samples.filter(({ done }) => done >= from && done < from + units / 20);
  return median((near.length > 0 ? near : samples.slice(-1)).map(({ residentBytes }) => residentBytes));
}

function fullnessOf(samples: readonly Sample[]): number | null {
  const seen = samples.flatMap(({ window }) => window ?? []);
  if (seen.length === 0) return null;
  return seen.reduce((sum, { taken, places }) => sum + Math.min(1, taken / places), 0) / seen.length;
}

export function resultText(measured: Measured, settings: string): string {
  const { units, seconds, bytes } = measured;
  const rate = units / seconds;
  const disk = (size: number | null): string =>
    size === null ? '?' : `${((size / units) * (MILLION / GIB)).toFixed(0)} GiB`;
  return [
    `Machine   ${machineText()}`,
    `Settings  ${settings}`,
    `Result    ${units} units in ${seconds.toFixed(0)} s: ${rate.toFixed(1)} units/s`,
    ...verdictsOf(measured).map(
      ({ what, found, kept }) => `${kept ? 'kept  ' : 'BROKEN'}    ${what}: ${found}`,
    ),
    `1,000,000 units at this rate: ${(MILLION / rate / HOUR).toFixed(1)} hours, ${disk(bytes.unitrail)} of the record and ${disk(bytes.temporal)} of Temporal's state`,
  ].join('\n');
}

function mib(bytes: number): string {
  return (bytes / MIB).toFixed(0);
}
