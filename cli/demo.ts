import {
  isGrpcCancelledError,
  isGrpcServiceError,
  WorkflowFailedError,
  type WorkflowHandle,
} from '@temporalio/client';
import type { Command } from 'commander';
import { InvalidArgumentError } from 'commander';
import { readOrderFile } from '../adapters/plant/order-file';
import { demoBatches, demoUnits, type DemoUnit } from '../adapters/postgres/demo-queries';
import type { Database } from '../adapters/postgres/database';
import { endStates, steps, unitStates } from '../domain/unit-lifecycle';
import { batchWorkflowId, taskQueues } from '../domain/workflow-ids';
import { DemoEngineer } from './demo-engineer';
import { planDemoFaults } from './demo-faults';
import { tellResult } from './demo-result';
import { sampleOrder, type House } from './house';
import { runJobs } from './progress';
import type { ServerContext } from './server-context';
import { startHouse, stopHouse, untilAborted } from './up';

const POLL_MS = 500;
const MAX_UNITS = 10_000;

/** The main job on the embedded default: a batch with faults, from the order to shipped units. */
export function register(program: Command, context: ServerContext): void {
  program
    .command('demo')
    .description(
      'The main job on this machine: a batch of units with faults, from the order to the shipment.',
    )
    .option('--quantity <units>', 'how many units', quantityOf, 24)
    .option('--bench-speed <speed>', 'of the virtual bench: real or fast', 'real')
    .action(async (options: { quantity: number; benchSpeed: string }) => demo(context, options));
}

function quantityOf(text: string): number {
  const quantity = Number(text);
  if (/^[0-9]+$/.test(text) && quantity >= 1 && quantity <= MAX_UNITS) return quantity;
  throw new InvalidArgumentError(`a whole number from 1 to ${MAX_UNITS} is needed`);
}

async function demo(
  context: ServerContext,
  options: { quantity: number; benchSpeed: string },
): Promise<void> {
  const stop = context.takeOverSignals(() => context.err.write('The workers finish what is under way.\n'));
  const house = await startHouse(context, options.benchSpeed === 'fast' ? 'fast' : 'real', stop);
  try {
    const desk = await context.desk();
    const batch = await house.line.during(() => runBatches(context, house, desk, options.quantity, stop));
    // Stopped before its end: what a shell expects of a command that a signal ended.
    stop.throwIfAborted();
    await tellResult(context, house, desk, batch);
    // On a terminal people look around in the Temporal UI before they go.
    if (context.isTty && !context.json) await Promise.race([untilAborted(stop), house.line.failed]);
  } finally {
    await stopHouse(context, house);
  }
}

/** A batch that an earlier run left open goes on; then, or where there was none, a new one is the demo's. */
async function runBatches(
  context: ServerContext,
  house: House,
  desk: Database,
  quantity: number,
  stop: AbortSignal,
): Promise<string> {
  const { open, next } = await demoBatches(desk);
  const isNew = open.length === 0;
  const batches = isNew ? [{ id: next, quantity }] : open;
  await runJobs(
    context,
    batches.map((batch) => ({
      title: isNew ? `Batch ${batch.id}: ${quantity} units` : `Batch ${batch.id} goes on where it stopped`,
      run: (say) => runBatch(house, desk, { ...batch, isNew }, say, stop),
    })),
  );
  return batches.at(-1)!.id;
}

async function runBatch(
  house: House,
  desk: Database,
  batch: { id: string; quantity: number; isNew: boolean },
  say: (line: string) => void,
  stop: AbortSignal,
): Promise<string> {
  if (batch.isNew && house.benchAddress) await planDemoFaults(house.benchAddress, batch.id);
  const handle = await startBatch(house, desk, batch);
  const engineer = new DemoEngineer(house);
  const began = Date.now();
  for (;;) {
    const units = await demoUnits(desk, batch.id);
    if (stop.aborted) return 'stopped; the next start goes on here';
    await refuseFailed(handle, batch.id);
    const answered = await engineer.lookAfter(units);
    say(answered ?? progressText(units, batch.quantity));
    if (units.length === batch.quantity && units.every(isOver))
      return `${stepsText(units)} in ${Math.round((Date.now() - began) / 1_000)} s`;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** A batch that can't go on (its product is not in this plant, its numbers are used up) says why, and ends the demo. */
async function refuseFailed(handle: WorkflowHandle, batch: string): Promise<void> {
  try {
    // Asked again each time, and never waited for: a question that is open when the servers stop would be repeated.
    if ((await handle.describe()).status.name !== 'FAILED') return;
    await handle.result();
  } catch (error) {
    if (error instanceof WorkflowFailedError)
      throw new Error(`batch ${batch} failed: ${rootOf(error).message}`, { cause: error });
    if (!isGrpcServiceError(error) || isGrpcCancelledError(error)) throw error;
    // Temporal is away for a moment: the units' rows still tell how far they are.
  }
}

/** The stored order where there is one: a batch is resumed by the order that opened it. */
async function startBatch(
  house: House,
  desk: Database,
  batch: { id: string; quantity: number },
): Promise<WorkflowHandle> {
  const stored = await desk('batches').where({ id: batch.id }).first('document');
  const order = stored
    ? JSON.parse(stored.document)
    : {
        ...(await readOrderFile(sampleOrder)),
        batch: batch.id,
        order: `PO-${batch.id}`,
        quantity: batch.quantity,
        orderQuantity: batch.quantity,
      };
  return house.line.host.client.workflow.start('batch', {
    taskQueue: taskQueues.workflows,
    workflowId: batchWorkflowId(batch.id),
    workflowIdReusePolicy: 'ALLOW_DUPLICATE',
    workflowIdConflictPolicy: 'USE_EXISTING',
    args: [order],
    staticSummary: `Demo batch ${batch.id}`,
  });
}

/** Temporal wraps a cause in what failed because of it. */
function rootOf(error: Error): Error {
  return error.cause instanceof Error ? rootOf(error.cause) : error;
}

function isOver({ state }: DemoUnit): boolean {
  return endStates.includes(state) || state === 'Missing';
}

const BAR = 24;

function progressText(units: readonly DemoUnit[], quantity: number): string {
  const ready = units.filter(({ state }) =>
    ['ReadyToShip', 'Packed', 'Shipped', 'Scrapped', 'Missing', 'Void'].includes(state),
  ).length;
  const filled = Math.round((BAR * ready) / quantity);
  return `${'█'.repeat(filled)}${'░'.repeat(BAR - filled)} ${ready}/${quantity} ready · ${stepsText(units)}`;
}

/** `label 3, qc 1, ReadyToShip 20`: in the order of a unit's life. */
function stepsText(units: readonly DemoUnit[]): string {
  const placeOf = ({ state, step }: DemoUnit): string => (state === 'InProgress' ? step : state);
  const order: readonly string[] = [...steps, ...unitStates];
  const counts = order.map(
    (place) => [place, units.filter((unit) => placeOf(unit) === place).length] as const,
  );
  return counts
    .filter(([, count]) => count > 0)
    .map(([place, count]) => `${place} ${count}`)
    .join(', ');
}
