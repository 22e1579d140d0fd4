import { machineText } from '../support/machine';
import { table, type Cell } from '../support/table';
import type { Measured } from './child';

/** design.md, "Figures that the design has to reach". */
const goals = { csv: 0.15, xlsx: 0.8 } as const;
const MAX_PEAK_BYTES = 400e6;
/** Ten times the rows, and hardly more memory: what the collector of garbage leaves lying differs from run to run. */
const FLAT = 1.25;

export interface Result {
  readonly format: 'csv' | 'xlsx' | 'records';
  readonly small: Measured;
  readonly large: Measured;
  readonly floor: Measured | null;
}

export function settingsText(postgresVersion: string): string {
  return [
    `Machine   ${machineText()}`,
    `Settings  Postgres ${postgresVersion} of its own, its defaults, on the same machine; each figure in a process of its own, which reads the records and writes the file`,
  ].join('\n');
}

export function resultText(results: readonly Result[]): { text: string; ok: boolean } {
  const rows = results.flatMap(({ format, small, large, floor }) => [
    row(format, small),
    ...(large === small ? [] : [row(format, large)]),
    ...(floor ? [row(`floor of ${format}`, floor)] : []),
  ]);
  const verdicts = results.flatMap(verdictsOf);
  const head = ['', 'units', 'seconds', 'units/s', 'processor s', 'MB written', 'peak MB'];
  const told = verdicts.map(({ what, ok }) => `${what}: ${ok ? 'reached' : 'not reached'}`);
  return { text: [table(head, rows), ...told].join('\n'), ok: verdicts.every(({ ok }) => ok) };
}

function row(name: string, { units, seconds, processorSeconds, sizeBytes, peakBytes }: Measured): Cell[] {
  const rate = units / seconds;
  return [
    name,
    units,
    seconds.toFixed(1),
    rate.toFixed(0),
    processorSeconds.toFixed(1),
    mega(sizeBytes),
    mega(peakBytes),
  ];
}

function mega(bytes: number): string {
  return (bytes / 1e6).toFixed(0);
}

function verdictsOf({ format, small, large, floor }: Result): { what: string; ok: boolean }[] {
  const growth = large.peakBytes / small.peakBytes;
  const memory = {
    what: `${format}, memory under ${mega(MAX_PEAK_BYTES)} MB and flat (${mega(large.peakBytes)} MB, ${growth.toFixed(2)} times that of ${small.units} units)`,
    ok: large.peakBytes < MAX_PEAK_BYTES && growth < FLAT,
  };
  if (!floor || format === 'records') return [memory];
  const ratio = large.units / large.seconds / (floor.units / floor.seconds);
  const processor = floor.processorSeconds / floor.units / (large.processorSeconds / large.units);
  const beside = format === 'xlsx' ? `, ${processor.toFixed(2)} by the processes' processor time` : '';
  const goal = goals[format];
  return [
    { what: `${format}, ratio at least ${goal} (${ratio.toFixed(2)}${beside})`, ok: ratio >= goal },
    memory,
  ];
}
