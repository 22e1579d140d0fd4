import { setTimeout as sleep } from 'node:timers/promises';
import { UnitrailError } from '../domain/errors';
import { loadBatchStatus, outcomeOf, type BatchStatus } from './batch-progress';
import type * as batchWorkflowModule from './batch-workflow';
import { lazily } from './lazily';
import { lineText, outcomeText, progressText } from './batch-text';
import { printJson, say } from './output';
import { runJobs } from './progress';
import type { ServerContext } from './server-context';

const POLL_MS = 1_000;
/** How often Temporal is asked about a batch that is not in the database yet. */
const ASK_EVERY = 5;

/**
 * Follows the batch until nothing more happens by itself: it has shipped, or has ended with units that wait for a
 * person. Ctrl-C ends the watching and leaves the batch alone.
 */
export async function watchBatch(context: ServerContext, batch: string): Promise<void> {
  const stop = context.takeOverSignals(() => {});
  const statuses = follow(context, batch, stop);
  const last = await (context.json ? watchAsJson(context, statuses) : watchAsText(context, batch, statuses));
  if (stop.aborted)
    return say(context, `The batch goes on without us: \`unitrail batch status ${batch}\` shows it.`);
  if (last && !context.json) await say(context, outcomeText(last));
}

type Statuses = AsyncIterable<BatchStatus>;

/** The batch as it changes: each status differs from the one before. */
async function* follow(
  context: ServerContext,
  batch: string,
  stop: AbortSignal,
): AsyncGenerator<BatchStatus> {
  const db = await context.desk();
  let told = '';
  for (let round = 0; !stop.aborted; round += 1) {
    const status = await loadBatchStatus(db, batch);
    if (status === null && round % ASK_EVERY === 0) await refuseEnded(context, batch);
    // The rate falls with the clock alone: that is no news.
    const text = JSON.stringify(status && { ...status, report: { ...status.report, perHour: null } });
    if (status && text !== told) yield status;
    told = text;
    if (status && outcomeOf(status) !== 'under way') return;
    await sleep(POLL_MS, undefined, { signal: stop }).catch(() => {});
  }
}

/** A batch that is not in the database comes there as long as its workflow is open. */
async function refuseEnded(context: ServerContext, batch: string): Promise<void> {
  const { describeBatchWorkflow } = lazily<typeof batchWorkflowModule>('./batch-workflow');
  const workflow = await describeBatchWorkflow(await context.temporal(), batch);
  if (workflow?.status === 'RUNNING') return;
  throw new UnitrailError(
    'NOT_FOUND',
    workflow
      ? `Batch ${batch} was not opened: its workflow ended (${workflow.status.toLowerCase()}). The Temporal web UI shows why.`
      : `There is no batch ${batch}. \`unitrail batch list\` shows those that are.`,
  );
}

/** JSON Lines, also on a terminal. */
async function watchAsJson(context: ServerContext, statuses: Statuses): Promise<undefined> {
  for await (const status of statuses) await printJson({ ...context, isTty: false }, status);
}

async function watchAsText(
  context: ServerContext,
  batch: string,
  statuses: Statuses,
): Promise<BatchStatus | undefined> {
  let last: BatchStatus | undefined;
  const run = async (tell: (line: string) => void): Promise<string> => {
    for await (const status of statuses) {
      last = status;
      tell(progressText(status));
    }
    return last ? lineText(last) : 'not opened yet';
  };
  await runJobs(context, [{ title: `Batch ${batch}`, run }]);
  return last;
}
