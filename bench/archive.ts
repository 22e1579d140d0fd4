/**
 * Capsules: rows a second, the memory that a process needs for them, bytes a unit, and one serial without any server.
 *
 *   npm run bench:archive -- [--units 1000000]
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Interrupted, Interruption } from '../cli/interruption';
import type { Measured, Work } from './archive/child';
import { median, percentile } from './support/figures';
import { machineText } from './support/machine';
import { wholeNumber } from './support/options';
import { runBench, say, tell } from './support/printing';
import { table, type Cell } from './support/table';

const MAX_UNITS = 10_000_000;
/** What a tenth of the units needs in memory is what all of them may need. */
const SMALL = 0.1;
const FLAT = 1.25;
/** design.md, "Figures that the design has to reach". */
const MAX_LOOKUP_MS = 150;

type Figures = Readonly<Record<Exclude<Work, 'lay'>, Measured>>;

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { units: { type: 'string', default: '1000000' } } });
  const units = wholeNumber('units', values.units, MAX_UNITS);
  const interruption = new Interruption();
  const signal = interruption.takeOver(() => say('The work is being stopped'));
  try {
    tell(
      `Machine   ${machineText()}\nSettings  each figure in a process of its own; each look-up opens the files, judges manifest and checkpoint, and proves the record`,
    );
    const small = await measureAll(Math.max(1, Math.floor(units * SMALL)), signal);
    const large = await measureAll(units, signal);
    if (!tellVerdicts(units, small, large)) process.exitCode = 1;
  } catch (error) {
    if (!(signal.reason instanceof Interrupted)) throw error;
    process.exitCode = signal.reason.exitCode;
  } finally {
    interruption.close();
  }
}

async function measureAll(units: number, signal: AbortSignal): Promise<Figures> {
  const folder = await mkdtemp(join(tmpdir(), 'unitrail-archive-'));
  try {
    await mkdir(join(folder, 'log'));
    await measure('lay', units, folder, signal);
    const figures: Partial<Record<Work, Measured>> = {};
    for (const work of ['write', 'verify', 'serial', 'table', 'mac'] as const)
      figures[work] = await measure(work, units, folder, signal);
    tell(figuresText(units, figures as Figures));
    return figures as Figures;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function measure(work: Work, units: number, folder: string, signal: AbortSignal): Promise<Measured> {
  say(`${work}, ${units} units`);
  const child = fork(join(__dirname, 'archive', 'child.ts'), [JSON.stringify({ work, units, folder })], {
    execArgv: ['--import', 'tsx'],
    signal,
  });
  let measured: Measured | undefined;
  child.once('message', (message) => (measured = message as Measured));
  await once(child, 'close');
  if (!measured) throw new Error(`${work}: the process gave no result`);
  return measured;
}

function figuresText(units: number, { write, verify, ...lookups }: Figures): string {
  const work = ([name, { seconds, processorSeconds, peakBytes }]: [string, Measured]): Cell[] => [
    ...[name, units, seconds.toFixed(1), (units / seconds).toFixed(0)],
    ...[processorSeconds.toFixed(1), (peakBytes / 1e6).toFixed(0)],
  ];
  const found = ([name, { lookupsMs = [], processorSeconds, peakBytes }]: [string, Measured]): Cell[] => [
    ...[`one unit by ${name}`, lookupsMs.length, median(lookupsMs).toFixed(1)],
    ...[percentile(lookupsMs, 0.99).toFixed(1), ((processorSeconds * 1_000) / lookupsMs.length).toFixed(1)],
    (peakBytes / 1e6).toFixed(0),
  ];
  const sizes = Object.entries(write.sizes ?? {}).map(([name, size]): Cell[] => [
    name,
    (size / 1e6).toFixed(1),
    (size / units).toFixed(0),
  ]);
  const total = Object.values(write.sizes ?? {}).reduce((sum, size) => sum + size, 0);
  return [
    table(
      ['', 'units', 'seconds', 'units/s', 'processor s', 'peak MB'],
      [work(['written', write]), work(['verified', verify])],
    ),
    table(
      ['', 'times', 'median ms', 'p99 ms', 'processor ms', 'peak MB'],
      Object.entries(lookups).map(found),
    ),
    table(
      ['', 'MB', 'bytes a unit'],
      [...sizes, ['all', (total / 1e6).toFixed(1), (total / units).toFixed(0)]],
    ),
  ].join('\n\n');
}

function tellVerdicts(units: number, small: Figures, large: Figures): boolean {
  const p99 = percentile(large.serial.lookupsMs ?? [], 0.99);
  const growth = (work: 'write' | 'verify'): number => large[work].peakBytes / small[work].peakBytes;
  const verdicts = [
    {
      what: `one serial of ${units} under ${MAX_LOOKUP_MS} ms (p99 ${p99.toFixed(1)} ms)`,
      ok: p99 < MAX_LOOKUP_MS,
    },
    ...(['write', 'verify'] as const).map((work) => ({
      what: `${work}, memory flat (${(large[work].peakBytes / 1e6).toFixed(0)} MB, ${growth(work).toFixed(2)} times that of a tenth of the units)`,
      ok: growth(work) < FLAT,
    })),
  ];
  tell(verdicts.map(({ what, ok }) => `${what}: ${ok ? 'reached' : 'not reached'}`).join('\n'));
  return verdicts.every(({ ok }) => ok);
}

runBench(main, 'bench/archive');
