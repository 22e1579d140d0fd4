import type { Client } from '@temporalio/client';
import type { Command } from 'commander';
import { prepareBatch } from '../activities/prepare-batch';
import { readOrderFile } from '../adapters/plant/order-file';
import { openStore } from '../adapters/store/open-store';
import { canonicalJson } from '../domain/canonical';
import { UnitrailError } from '../domain/errors';
import type { Order } from '../domain/order';
import { problemText } from '../domain/refusal';
import { batchWorkflowId, taskQueues } from '../domain/workflow-ids';
import { batchGroup } from './batch-group';
import { watchBatch } from './batch-watch';
import { describeBatchWorkflow, inputOfBatchWorkflow, startBatchWorkflow } from './batch-workflow';
import { printJson, printLine, say } from './output';
import type { ServerContext } from './server-context';
import { unpolledQueues } from './task-queues';

interface Options {
  readonly trial?: boolean;
  readonly watch?: boolean;
}

export function register(program: Command, context: ServerContext): void {
  batchGroup(program)
    .command('start')
    .description('Checks the order and starts its batch. The same order again is a no-op.')
    .argument('<order.yaml>', 'see `unitrail batch template PRODUCT`')
    .option('--trial', "take the product's trial scheme: the units can't ship")
    .option('--watch', 'follow it until it ends; Ctrl-C leaves it running')
    .action((file: string, options: Options) => start(context, file, options));
}

type Outcome = 'started' | 'running' | 'known';

async function start(context: ServerContext, file: string, { trial, watch }: Options): Promise<void> {
  const read = await readOrderFile(file);
  const order: Order = trial ? { ...read, trial: true } : read;
  const db = await context.desk();
  const store = openStore(context.config().store);
  const known = (await prepareBatch({ db, store }, order)) === null;
  const client = await context.temporal();
  const outcome: Outcome = known ? 'known' : await startOrFind(client, order);
  await report(context, order, outcome);
  await warn(context, client, order, outcome);
  if (watch) await watchBatch(context, order.batch);
}

/** A batch that runs and is not in the database yet was started a moment ago, or no worker has taken it. */
async function startOrFind(client: Client, order: Order): Promise<Outcome> {
  if (await startBatchWorkflow(client, order)) return 'started';
  const running = await inputOfBatchWorkflow(client, order.batch);
  if (isSameOrder(running, order)) return 'running';
  const allowed = 'a new batch id, or the order that it runs with';
  throw new UnitrailError('BATCH_CONFLICT', problemText({ path: ['batch'], value: order.batch, allowed }));
}

/** What stands in the order counts, not how it was written: the form of the web UI may leave defaults out. */
function isSameOrder(input: unknown, order: Order): boolean {
  const defaults = { serials: 'scheme', attributes: {}, trial: false };
  return (
    typeof input === 'object' &&
    input !== null &&
    canonicalJson({ ...defaults, ...input }) === canonicalJson(order)
  );
}

async function report(context: ServerContext, order: Order, outcome: Outcome): Promise<void> {
  const { batch, product, quantity, firmware, buyer, destination, trial } = order;
  const workflowId = batchWorkflowId(batch);
  if (context.json) {
    const told = { batch, workflowId, started: outcome === 'started', product, quantity, firmware, trial };
    return printJson(context, told);
  }
  if (outcome !== 'started')
    return printLine(context, `Batch ${batch} was started before by the same order: nothing to do.`);
  const whom = buyer === undefined ? '' : `, for ${[buyer, destination].filter(Boolean).join(' in ')}`;
  await printLine(
    context,
    `Batch ${batch} is started: ${quantity} × ${product}${trial ? ' (trial)' : ''}, firmware ${firmware}${whom}.`,
  );
  await printLine(
    context,
    `Follow it with \`unitrail batch status ${batch} --watch\`; in Temporal it is ${workflowId}.`,
  );
}

/** What a planner would wonder about an hour later. */
async function warn(
  context: ServerContext,
  client: Client,
  { batch }: Order,
  outcome: Outcome,
): Promise<void> {
  if (outcome === 'known' && (await describeBatchWorkflow(client, batch)) === null) {
    return say(
      context,
      `Temporal does not know batch ${batch} any longer: if it has not ended, \`unitrail resume --batch ${batch}\` goes on with it.`,
    );
  }
  const unpolled =
    outcome === 'known' ? [] : await unpolledQueues(client, [taskQueues.workflows, taskQueues.office]);
  if (unpolled.length === 0) return;
  await say(
    context,
    `No worker asks for work on ${unpolled.join(' and ')}: the batch begins when one does (\`unitrail up\` or \`unitrail worker\`).`,
  );
}
