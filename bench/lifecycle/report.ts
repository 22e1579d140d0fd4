import { usualPace } from '../../domain/pace';
import { mean, median } from '../support/figures';
import { machineText } from '../support/machine';
import { table, type Cell } from '../support/table';
import type { Recording, Waited } from './history';
import type { Round, RoundPair } from './rounds';
import type { ServerKind, Site } from './site';
import { HISTORY_SHARDS } from './temporal-on-postgres';

/** design.md, "Figures that the design has to reach". */
const GOAL = 0.7;

export interface Options {
  readonly units: number;
  readonly rounds: number;
  readonly partitions: readonly number[];
  readonly server: ServerKind;
}

export async function settingsText(
  { plant, house, postgresVersion }: Site,
  { units, rounds, server }: Options,
): Promise<string> {
  const { client } = house.line.host;
  const { serverVersion } = await client.workflowService.getSystemInfo({});
  const store =
    server === 'dev'
      ? 'development server, its state in SQLite'
      : `its state in the same Postgres, ${HISTORY_SHARDS} shards`;
  const stations = plant.stations.map(({ id, slots }) => `${id} ${slots} slots`).join(', ');
  return [
    `Machine   ${machineText()}`,
    `Servers   Postgres ${postgresVersion}, its defaults; Temporal ${serverVersion}, ${store}`,
    `Settings  ${rounds} rounds of ${units} units, window ${usualPace.window}, claims of ${usualPace.claimChunk}; ${stations}; virtual bench fast; all workers in one process`,
  ].join('\n');
}

/** Rounds and their medians. Processor time hardly depends on what else the machine does, units a second do. */
export function resultText(rounds: readonly RoundPair[], happy: Recording, floorUnit: Recording): string {
  const ratio = median(rounds.map(ratioOf));
  const rows: Cell[][] = [
    ...rounds.map((pair, index) => [
      `round ${index + 1}, units/s`,
      rate(pair.real).toFixed(2),
      rate(pair.floor).toFixed(2),
      ratioOf(pair).toFixed(2),
    ]),
    [
      'median, units/s',
      medianOf(rounds, 'real', rate).toFixed(2),
      medianOf(rounds, 'floor', rate).toFixed(2),
      ratio.toFixed(2),
    ],
    ['median until ready to ship, units/s', medianOf(rounds, 'real', readyRate).toFixed(2), '', ''],
    ['activities a unit', happy.activities.length, floorUnit.activities.length, ''],
    ['history events a unit', happy.events, floorUnit.events, ''],
    ...processorRows(rounds),
  ];
  return [
    table(['', 'real', 'floor', 'ratio'], rows),
    `Goal ${GOAL}: ${ratio >= GOAL ? 'reached' : 'not reached'} (${ratio.toFixed(2)})`,
  ].join('\n');
}

function rate({ units, seconds }: Round): number {
  return units / seconds;
}

function readyRate({ units, readySeconds }: Round): number {
  return units / readySeconds;
}

function ratioOf({ real, floor }: RoundPair): number {
  return rate(real) / rate(floor);
}

function medianOf(
  rounds: readonly RoundPair[],
  side: keyof RoundPair,
  figure: (round: Round) => number,
): number {
  return median(rounds.map((pair) => figure(pair[side])));
}

function processorRows(rounds: readonly RoundPair[]): Cell[][] {
  const names = Object.keys(rounds[0]!.real.used);
  const perUnit = (side: keyof RoundPair, name: string) =>
    medianOf(rounds, side, ({ used, units }) => used[name]! / units);
  const total = (side: keyof RoundPair) => names.reduce((sum, name) => sum + perUnit(side, name), 0);
  const row = (name: string, real: number, floor: number, ratio = ''): Cell[] => [
    `processor ms a unit, ${name}`,
    real.toFixed(1),
    floor.toFixed(1),
    ratio,
  ];
  return [
    ...names.map((name) => row(name, perUnit('real', name), perUnit('floor', name))),
    row('all', total('real'), total('floor'), (total('floor') / total('real')).toFixed(2)),
  ];
}

/** Means over a sample of units of the last round: waiting for a worker, and at work. */
export function whereTimeGoesText(real: readonly Recording[], floor: readonly Recording[]): string {
  const names = real[0]!.activities.map(({ name }, index) => ({ name, index }));
  const rows = names.map(({ name, index }) =>
    timeRow(
      name,
      real.map((unit) => unit.activities[index]!),
      floor.map((unit) => unit.activities[index]!),
    ),
  );
  const tasks = timeRow(
    'workflow tasks, each',
    real.flatMap((unit) => unit.workflowTasks),
    floor.flatMap((unit) => unit.workflowTasks),
  );
  const counts: Cell[] = [
    'workflow tasks a unit',
    mean(real.map((unit) => unit.workflowTasks.length)).toFixed(1),
    '',
    mean(floor.map((unit) => unit.workflowTasks.length)).toFixed(1),
    '',
  ];
  return table(['Mean ms', 'waited', 'took', 'floor waited', 'floor took'], [...rows, tasks, counts]);
}

function timeRow(name: string, real: readonly Waited[], floor: readonly Waited[]): Cell[] {
  const cells = (all: readonly Waited[]) => [
    mean(all.map(({ waitedMs }) => waitedMs)),
    mean(all.map(({ tookMs }) => tookMs)),
  ];
  return [name, ...[...cells(real), ...cells(floor)].map((ms) => ms.toFixed(1))];
}
