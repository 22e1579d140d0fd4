import type { Command } from 'commander';
import { readShiftReport } from '../adapters/postgres/shift-report';
import type { Column } from '../domain/columns';
import type { ShiftReport, Window } from '../domain/shift-report';
import { readInstant } from '../domain/unit-filter';
import { printJson, printLine, printTable } from './output';
import type { ServerContext } from './server-context';
import { wrongOption } from '../domain/wrong-option';

const SHIFT_MS = 8 * 3_600_000;

interface Options {
  readonly from?: Date;
  readonly to?: Date;
}

export function register(program: Command, context: ServerContext): void {
  const known = program.commands.find((command) => command.name() === 'report');
  (known ?? program.command('report').description('what was made in a time'))
    .command('shift')
    .description('What was made, held, scrapped and shipped in a time, and what the next shift finds open.')
    .option('--from <time>', 'from this day or instant on; eight hours before the end', readTime('--from'))
    .option('--to <time>', 'up to this one; now', readTime('--to'))
    .action((options: Options) => shift(context, options));
}

async function shift(context: ServerContext, { from, to = new Date() }: Options): Promise<void> {
  const window: Window = { from: from ?? new Date(to.getTime() - SHIFT_MS), to };
  if (window.from >= to)
    throw wrongOption('--from', window.from.toISOString(), `an instant before ${to.toISOString()}`);
  const report = await readShiftReport(await context.desk(), window);
  if (context.json) return printJson(context, report);
  await printLine(context, `From ${window.from.toISOString()} to ${to.toISOString()}`);
  await printPart(context, 'Done', report.batches, doneColumns);
  await printPart(context, 'Held, by cause', report.held, heldColumns);
  await printPart(context, 'Handed over', report.open, openColumns);
}

async function printPart<Row>(
  context: ServerContext,
  title: string,
  rows: readonly Row[],
  columns: readonly Column<Row>[],
): Promise<void> {
  await printLine(context, `\n${title}${rows.length === 0 ? ': nothing' : ''}`);
  if (rows.length > 0) await printTable(context, rows, columns);
}

type Done = ShiftReport['batches'][number];
const batch: Column<{ readonly batch: string }> = {
  name: 'batch',
  heading: 'Batch',
  kind: 'text',
  value: (row) => row.batch,
};
const units: Column<{ readonly units: number }> = {
  name: 'units',
  heading: 'Units',
  kind: 'number',
  value: (row) => row.units,
};

const doneColumns: readonly Column<Done>[] = [
  batch,
  figure('made', 'Made'),
  figure('shipped', 'Shipped'),
  figure('held', 'Held'),
  figure('scrapped', 'Scrapped'),
  figure('missing', 'Missing'),
];

const heldColumns: readonly Column<ShiftReport['held'][number]>[] = [
  { name: 'code', heading: 'Cause', kind: 'text', value: ({ code }) => code },
  batch,
  units,
];

const openColumns: readonly Column<ShiftReport['open'][number]>[] = [
  batch,
  { name: 'step', heading: 'Step', kind: 'text', value: ({ step }) => step },
  { name: 'state', heading: 'State', kind: 'text', value: ({ state }) => state },
  units,
];

function figure(name: Exclude<keyof Done, 'batch'>, heading: string): Column<Done> {
  return { name, heading, kind: 'number', value: (row) => row[name] };
}

function readTime(option: string): (text: string) => Date {
  return (text) => {
    const instant = readInstant(text);
    if (instant) return instant;
    throw wrongOption(option, text, 'a day YYYY-MM-DD or an instant such as 2026-11-23T08:00:00Z');
  };
}
