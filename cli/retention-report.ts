import type { Command } from 'commander';
import { findRun, listRuns, type RetentionRun } from '../adapters/postgres/retention';
import type { CliContext } from './context';
import { retentionText } from '../domain/retention';
import { timeText, type Column } from '../domain/columns';
import { printJson, printLine, printTable } from './output';
import { retentionGroup } from './retention-group';

const SHOWN = 20;

export function register(program: Command, context: CliContext): void {
  retentionGroup(program)
    .command('report')
    .description('What the newest runs did; with the id of one, its whole report.')
    .argument('[run]')
    .action((id: string | undefined) => report(context, id));
}

async function report(context: CliContext, id: string | undefined): Promise<void> {
  const db = await context.desk();
  if (id === undefined) return list(context, await listRuns(db, SHOWN));
  const run = await findRun(db, id);
  if (context.json) return printJson(context, run);
  if (run.report) return printLine(context, retentionText(run.report));
  await printLine(context, `Retention run ${run.id} began at ${timeText(run.openedAt)} and has no end yet.`);
}

function clockOf({ clockTrusted, clockDoubt }: RetentionRun): string {
  if (!clockTrusted) return 'not trusted';
  return clockDoubt === null ? 'trusted' : 'confirmed';
}

async function list(context: CliContext, runs: readonly RetentionRun[]): Promise<void> {
  if (context.json) return printJson(context, { runs });
  if (runs.length === 0) return printLine(context, 'No retention has run yet.');
  await printTable(context, runs, columns);
}

const columns: readonly Column<RetentionRun>[] = [
  { name: 'run', heading: 'Run', kind: 'text', value: ({ id }) => id },
  { name: 'asOf', heading: 'As of (UTC)', kind: 'date', value: ({ asOf }) => asOf },
  { name: 'ended', heading: 'Ended (UTC)', kind: 'date', value: ({ endedAt }) => endedAt },
  { name: 'clock', heading: 'Clock', kind: 'text', value: clockOf },
  {
    name: 'moved',
    heading: 'Moved',
    kind: 'number',
    value: ({ report: told }) => told?.capsules.filter(({ step }) => step === 'moved').length ?? null,
  },
  {
    name: 'left',
    heading: 'Left',
    kind: 'number',
    value: ({ report: told }) => told?.capsules.filter(({ step }) => step !== 'moved').length ?? null,
  },
  {
    name: 'blocked',
    heading: 'Blocked buyers',
    kind: 'text',
    value: ({ report: told }) => told?.blocked.map(({ buyer }) => buyer).join(', ') ?? null,
  },
  {
    name: 'erased',
    heading: 'Erased',
    kind: 'number',
    value: ({ report: told }) => told?.erased.filter(({ problem }) => problem === null).length ?? null,
  },
];
