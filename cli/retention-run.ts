import { randomUUID } from 'node:crypto';
import type { Command } from 'commander';
import type { Client } from '@temporalio/client';
import { newestCapsules, unmovedCapsules } from '../adapters/postgres/capsules';
import { clockDoubt, databaseTime } from '../adapters/postgres/clock';
import { requireOperator } from '../adapters/postgres/operators';
import { dueGroups, erasableCapsules, erasableNames, erasedInStore } from '../adapters/postgres/retention';
import type { Database } from '../adapters/postgres/database';
import {
  dueReport,
  heldBy,
  CAPSULES_A_RUN,
  ERASED_A_RUN,
  plannableCapsules,
  retentionText,
  takenByRun,
  type CapsuleReport,
  type DueGroup,
  type RetentionReport,
} from '../domain/retention';
import { readInstant } from '../domain/unit-filter';
import { retentionScheduleId, taskQueues } from '../domain/workflow-ids';
import { readOperator } from './operator-option';
import { FAILED, printJson, printLine, say } from './output';
import { retentionGroup } from './retention-group';
import type { ServerContext } from './server-context';
import { ask } from './temporal-errors';
import { wrongOption } from '../domain/wrong-option';
import { workflowResult } from './workflow-result';

interface Options {
  readonly asOf?: Date;
  readonly dryRun?: boolean;
  readonly confirmClock?: boolean;
  readonly by?: string;
}

export function register(program: Command, context: ServerContext): void {
  retentionGroup(program)
    .command('run')
    .description(
      'Exports what is undelivered, moves what the policy lets go into capsules, and erases what the archive has kept for long enough.',
    )
    .option('--as-of <time>', 'judge by this time, which is not later than now', readTime)
    .option('--dry-run', 'say what would be done, and do nothing')
    .option('--confirm-clock', "the database's clock is right, although it is in doubt")
    .option('--by <operator>', 'your operator number, with --confirm-clock', readOperator)
    .action(async (options: Options) => {
      if (options.asOf) await requireReached(context, options.asOf);
      if (options.confirmClock) await requireConfirmer(context, options.by);
      return options.dryRun ? tell(context, options) : run(context, options);
    });
}

/** By the database's clock. A run would be refused as well, but as a workflow that has failed. */
async function requireReached(context: ServerContext, asOf: Date): Promise<void> {
  const now = await databaseTime(await context.desk());
  if (asOf <= now) return;
  const allowed = `nothing later than the clock of the database, ${now.toISOString()}`;
  throw wrongOption('--as-of', asOf.toISOString(), allowed);
}

async function requireConfirmer(context: ServerContext, by: string | undefined): Promise<void> {
  if (by === undefined)
    throw wrongOption('--by', undefined, 'the operator number of whoever confirms the clock');
  await requireOperator(await context.desk(), by);
}

function readTime(text: string): Date {
  const time = readInstant(text);
  if (time) return time;
  throw wrongOption(
    '--as-of',
    text,
    'a day YYYY-MM-DD (it begins at 00:00 UTC) or an instant such as 2026-11-23T08:00:00Z',
  );
}

async function tell(context: ServerContext, { asOf = new Date(), confirmClock }: Options): Promise<void> {
  const report = await dryRun(await context.desk(), asOf, confirmClock === true);
  if (context.json) return printJson(context, report);
  await printLine(context, retentionText(report));
}

/**
 * Reads only: the report of a run that was begun now, of what it would do. What a run alone can find out (whether the exports
 * that it makes reach their buyers, whether a file is damaged) is told as it stands before it.
 */
async function dryRun(db: Database, asOf: Date, confirmed: boolean): Promise<RetentionReport> {
  const doubt = await clockDoubt(db, asOf);
  const clockTrusted = doubt === null || confirmed;
  const due = await dueGroups(db, asOf);
  // Whose clock is not trusted exports, plans and erases nothing.
  const erasable = clockTrusted ? await erasableCapsules(db, asOf, ERASED_A_RUN) : { capsules: [], later: 0 };
  const inStore = await erasedInStore(db);
  return {
    ...{ run: null, asOf: asOf.toISOString(), dryRun: true, clockTrusted, clockDoubt: doubt },
    ...dueReport(due),
    ...(!clockTrusted && { blocked: [] }),
    capsules: await capsulesOfRun(db, clockTrusted ? due : []),
    erased: erasable.capsules,
    ...(erasable.later > 0 && { erasedLater: erasable.later }),
    ...(inStore > 0 && { erasedInStore: inStore }),
    names: clockTrusted ? await erasableNames(db, asOf) : [],
  };
}

async function capsulesOfRun(db: Database, planned: readonly DueGroup[]): Promise<CapsuleReport[]> {
  const left = await unmovedCapsules(db, CAPSULES_A_RUN);
  const unmoved = left.map(({ id: capsule, buyer, units, state, hold }) => ({
    ...{ capsule, buyer, units, problem: heldBy(hold) },
    step: state === 'made' ? ('made' as const) : ('planned' as const),
  }));
  return takenByRun(unmoved, plannableCapsules(planned, await newestCapsules(db)));
}

async function run(context: ServerContext, { asOf, confirmClock, by }: Options): Promise<void> {
  const client = await context.temporal();
  const report = await execute(context, client, {
    ...(asOf && { asOf: asOf.toISOString() }),
    ...(confirmClock && { confirmedBy: by }),
  });
  const isWhole =
    report.clockTrusted &&
    report.blocked.length === 0 &&
    !report.leftInStore &&
    [...report.capsules, ...report.erased].every(({ problem }) => problem === null);
  if (!isWhole) context.exitWith(FAILED);
  if (context.json) return printJson(context, report);
  await printLine(context, retentionText(report));
}

async function execute(context: ServerContext, client: Client, input: object): Promise<RetentionReport> {
  const handle = await ask(client, () =>
    client.workflow.start('retention', {
      workflowId: `${retentionScheduleId}-${randomUUID()}`,
      taskQueue: taskQueues.workflows,
      args: [input],
    }),
  );
  return workflowResult(client, handle, (idle) =>
    say(context, `Nobody works on ${idle.join(', ')}: the run waits. \`unitrail up\` starts all workers.`),
  );
}
