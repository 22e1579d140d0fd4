import type { Client } from '@temporalio/client';
import type { Command } from 'commander';
import { requireBatch } from '../adapters/postgres/batch-ledger';
import { openUnits, unfinishedBatches, type UnfinishedBatch } from '../adapters/postgres/batch-queries';
import type { Database } from '../adapters/postgres/database';
import { taskQueues } from '../domain/workflow-ids';
import { openUnitWorkflows, startBatchWorkflow, startUnitWorkflow } from './batch-workflow';
import { printJson, printLine, say } from './output';
import type { ServerContext } from './server-context';
import { unpolledQueues } from './task-queues';

const STARTS_AT_ONCE = 20;

interface Options {
  readonly batch?: string;
}

export function register(program: Command, context: ServerContext): void {
  program
    .command('resume')
    .description(
      'After Temporal’s state was lost, or workflows were terminated: starts again what has not ended. What runs is left alone; a repeat does nothing.',
    )
    .option('--batch <id>', 'this batch only')
    .action((options: Options) => resume(context, options));
}

interface Resumed {
  readonly batch: string;
  /** Its workflow was started again; otherwise it runs. */
  readonly started: boolean;
  /** Units that have not ended. */
  readonly open: number;
  /** Of a batch that runs: units whose workflows were started here. Of one that was started: it starts them itself. */
  readonly unitsStarted: number;
  /** It is not started again: it would claim numbers that may have been issued, and be refused each time. */
  readonly ofLostEpoch: boolean;
}

async function resume(context: ServerContext, { batch }: Options): Promise<void> {
  const db = await context.desk();
  if (batch !== undefined) await requireBatch(db, batch);
  const batches = await unfinishedBatches(db, batch);
  const resumed: Resumed[] = [];
  for (const one of batches) {
    resumed.push(await resumeBatch(await context.temporal(), db, one));
    if (!context.json) await printLine(context, lineOf(resumed.at(-1)!));
  }
  if (context.json) await printJson(context, resumed);
  else if (batches.length === 0)
    await printLine(
      context,
      `Nothing to resume: ${batch === undefined ? 'every batch' : `batch ${batch}`} has ended.`,
    );
  if (resumed.length > 0) await warn(context);
}

/** The batch's workflow starts its units again by itself. Where it runs, units whose own workflows are gone are started here. */
async function resumeBatch(
  client: Client,
  db: Database,
  { batch, document, product, open, ofLostEpoch }: UnfinishedBatch,
): Promise<Resumed> {
  if (!ofLostEpoch && (await startBatchWorkflow(client, document)))
    return { batch, started: true, open, unitsStarted: 0, ofLostEpoch };
  const running = await openUnitWorkflows(client, batch);
  const lost = (await openUnits(db, batch)).filter(({ name }) => !running.has(name));
  let unitsStarted = 0;
  for (let from = 0; from < lost.length; from += STARTS_AT_ONCE) {
    const chunk = lost.slice(from, from + STARTS_AT_ONCE);
    const starts = await Promise.all(
      chunk.map((unit) => startUnitWorkflow(client, { ...unit, batch, product })),
    );
    unitsStarted += starts.filter(Boolean).length;
  }
  return { batch, started: false, open, unitsStarted, ofLostEpoch };
}

function lineOf({ batch, started, open, unitsStarted, ofLostEpoch }: Resumed): string {
  if (ofLostEpoch)
    return (
      `Batch ${batch} is not started again: it was opened before the registry was advanced, and its numbers that nobody ` +
      `had claimed may have been issued. Open another batch for the rest. Of its ${open} open units ` +
      `${unitsStarted} had no workflow and were started again.`
    );
  if (started) return `Batch ${batch} is started again, with ${open} units that have not ended.`;
  if (unitsStarted > 0)
    return `Batch ${batch} runs; ${unitsStarted} of its units had no workflow and were started again.`;
  return `Batch ${batch} runs, and so do its ${open} open units.`;
}

async function warn(context: ServerContext): Promise<void> {
  const unpolled = await unpolledQueues(await context.temporal(), [taskQueues.workflows, taskQueues.office]);
  if (unpolled.length > 0)
    await say(
      context,
      `No worker asks for work on ${unpolled.join(' and ')}: it goes on when one does (\`unitrail up\` or \`unitrail worker\`).`,
    );
}
