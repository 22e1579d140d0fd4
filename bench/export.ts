/**
 * The files of an export: units a second against the floors of design.md, and the memory that a process needs for them.
 *
 *   npm run bench:export -- [--units 1000000] [--formats csv,xlsx,records] [--libreoffice]
 *
 * With --libreoffice the workbook is opened by it as well, and each cell compared with the database's.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Interrupted, Interruption } from '../cli/interruption';
import type { Measured, Task, Work } from './export/child';
import { loadColumns } from './export/floors';
import { compareByLibreOffice } from './export/libreoffice';
import { benchSource } from './export/records';
import { resultText, settingsText, type Result } from './export/report';
import { atSite, type Site } from './export/site';
import { wholeNumber } from './support/options';
import { runBench, say, tell } from './support/printing';

const MAX_UNITS = 10_000_000;
/** What a tenth of the units needs in memory is what all of them may need. */
const SMALL = 0.1;
/** exceljs writes its last cell as fast as its first: so many constant ones are enough. */
const MAX_FLOOR_UNITS = 100_000;
const known = ['csv', 'xlsx', 'records'] as const;
type Format = (typeof known)[number];

async function main(): Promise<void> {
  const options = readOptions();
  const interruption = new Interruption();
  const signal = interruption.takeOver(() => say('The server is being stopped'));
  try {
    const passed = await atSite({ units: options.units, say, signal }, async (site) => {
      tell(settingsText(site.postgresVersion));
      const results: Result[] = [];
      for (const format of options.formats) {
        results.push(await measureFormat(site, format, options.units, signal));
        tell(resultText(results.slice(-1)).text);
      }
      const isSame = !options.libreoffice || (await isSameInLibreOffice(site, options.units, signal));
      return resultText(results).ok && isSame;
    });
    if (!passed) process.exitCode = 1;
  } catch (error) {
    if (!(signal.reason instanceof Interrupted)) throw error;
    process.exitCode = signal.reason.exitCode;
  } finally {
    interruption.close();
  }
}

interface Options {
  readonly units: number;
  readonly formats: readonly Format[];
  readonly libreoffice: boolean;
}

function readOptions(): Options {
  const text = (byDefault: string) => ({ type: 'string' as const, default: byDefault });
  const { values } = parseArgs({
    options: {
      units: text('1000000'),
      formats: text(known.join(',')),
      libreoffice: { type: 'boolean', default: false },
    },
  });
  const formats = values.formats.split(',').map((name) => known.find((one) => one === name));
  if (formats.includes(undefined)) throw new Error(`--formats: a list of ${known.join(', ')}`);
  return {
    units: wholeNumber('units', values.units, MAX_UNITS),
    formats: formats as Format[],
    libreoffice: values.libreoffice,
  };
}

async function measureFormat(
  site: Site,
  format: Format,
  units: number,
  signal: AbortSignal,
): Promise<Result> {
  const few = Math.max(1, Math.floor(units * SMALL));
  const small = await inFolder(site, (folder) =>
    measure({ work: format, units: few, url: site.url, folder }, signal),
  );
  return inFolder(site, async (folder) => {
    const task = (work: Work, count: number): Task => ({ work, units: count, url: site.url, folder });
    const large = await measure(task(format, units), signal);
    if (format === 'records') return { format, small, large, floor: null };
    if (format === 'csv') await loadColumns(site.db, site.url, join(folder, 'bench.csv'));
    const floorUnits = format === 'csv' ? units : Math.min(units, MAX_FLOOR_UNITS);
    return { format, small, large, floor: await measure(task(`floor-${format}`, floorUnits), signal) };
  });
}

async function isSameInLibreOffice(site: Site, units: number, signal: AbortSignal): Promise<boolean> {
  return inFolder(site, async (folder) => {
    await measure({ work: 'xlsx', units, url: site.url, folder }, signal);
    say('LibreOffice opens the workbook');
    const workbook = join(folder, 'bench.xlsx');
    const { cells, wrong } = await compareByLibreOffice(
      workbook,
      benchSource(site.db, units),
      folder,
      signal,
    );
    tell(
      `LibreOffice  ${cells} cells of ${units} units, ${wrong.length === 0 ? 'all as the database has them' : wrong.join('\n')}`,
    );
    return wrong.length === 0;
  });
}

async function inFolder<T>(site: Site, work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(site.folder, 'files-'));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function measure(task: Task, signal: AbortSignal): Promise<Measured> {
  say(`${task.work}, ${task.units} units`);
  const child = fork(join(__dirname, 'export', 'child.ts'), [JSON.stringify(task)], {
    execArgv: ['--import', 'tsx'],
    signal,
  });
  let measured: Measured | undefined;
  child.once('message', (message) => (measured = message as Measured));
  await once(child, 'close');
  if (!measured) throw new Error(`${task.work}: the process gave no result`);
  return measured;
}

runBench(main, 'bench/export');
