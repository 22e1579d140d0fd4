import { WorkflowFailedError, WorkflowNotFoundError, type Client } from '@temporalio/client';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import { InvalidArgumentError } from 'commander';
import { readOrderFile } from '../adapters/plant/order-file';
import { demoBatches, demoQuantity, demoUnits, type DemoUnit } from '../adapters/postgres/demo-queries';
import type { Database } from '../adapters/postgres/database';
import { UnitrailError } from '../domain/errors';
import type { Order } from '../domain/order';
import { departedStates, steps, unitStates } from '../domain/unit-lifecycle';
import { batchWorkflowId, shipmentWorkflowId } from '../domain/workflow-ids';
import { startBatchWorkflow } from './batch-workflow';
import { DemoEngineer } from './demo-engineer';
import { planDemoFaults } from './demo-faults';
import { exportDemo, type DemoExport } from './demo-export';
import { tellResult } from './demo-result';
import { sampleOrder, type House } from './house';
import { runJobs } from './progress';
import type { ServerContext } from './server-context';
import { ask } from './temporal-errors';
import { startHouse, stopHouse, untilAborted } from './up';

const POLL_MS = 500;
/** The sample plant's block of MAC addresses holds 4,088. */
const MAX_UNITS = 4_000;

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
    // Stopped before its end: what a shell expects of a command that a signal ended.
    stop.throwIfAborted();
    const desk = await context.desk();
    const { batch, exported } = await house.line.during(async (ended) => {
      const floor = { context, house, desk, stop, ended };
      const last = await runBatches(floor, options.quantity);
      stop.throwIfAborted();
      return { batch: last, exported: await runExport(floor, last) };
    });
    stop.throwIfAborted();
    await tellResult(context, house, desk, { batch, exported });
    if (exported?.report.ok === false) context.exitWith(1);
    // On a terminal people look around in the Temporal UI before they go.
    if (context.isTty && !context.json) await Promise.race([untilAborted(stop), house.line.failed]);
  } finally {
    await stopHouse(context, house);
  }
}

interface Floor {
  readonly context: ServerContext;
  readonly house: House;
  readonly desk: Database;
  /** Somebody wants the demo to stop, in order. */
  readonly stop: AbortSignal;
  /** A worker died. */
  readonly ended: AbortSignal;
}

interface DemoBatch {
  readonly id: string;
  readonly quantity: number;
  readonly isNew: boolean;
}

/** A batch that an earlier run left open goes on; then, or where there was none, a new one is the demo's. */
async function runBatches(floor: Floor, quantity: number): Promise<string> {
  const { open, next } = await demoBatches(floor.desk);
  const isNew = open.length === 0;
  const batches = isNew ? [{ id: next, quantity }] : open;
  await runJobs(
    floor.context,
    batches.map((batch) => ({
      title: isNew ? `Batch ${batch.id}: ${quantity} units` : `Batch ${batch.id} goes on where it stopped`,
      run: (say) => runBatch(floor, { ...batch, isNew }, say),
    })),
  );
  return batches.at(-1)!.id;
}

/** On the embedded servers: a factory's own buyers are not the demo's. */
async function runExport(floor: Floor, batch: string): Promise<DemoExport | null> {
  const { context, house, desk, stop, ended } = floor;
  if (house.servers.stack === null) return null;
  const { home } = context.config();
  const { client } = house.line.host;
  let exported: DemoExport | null = null;
  await runJobs(context, [
    {
      title: 'Export to the buyer',
      run: async (say) => {
        const signal = AbortSignal.any([stop, ended]);
        exported = await exportDemo({ desk, client, home, batch, say, stop: signal });
        if (exported === null) return 'left out: this plant has buyers of its own';
        const { server, delivered, report } = exported;
        return `${delivered.join(', ') || 'nothing new'} over SFTP to ${server}; ${report.ok ? 'verified' : 'NOT AS SIGNED'}`;
      },
    },
  ]);
  return exported;
}

async function runBatch(floor: Floor, batch: DemoBatch, say: (line: string) => void): Promise<string> {
  const { house, desk, stop, ended } = floor;
  const stopped = 'stopped; the next start goes on here';
  if (stop.aborted) return stopped;
  if (batch.isNew && house.benchAddress) await planDemoFaults(house.benchAddress, batch.id);
  await startBatchWorkflow(house.line.host.client, await orderOf(desk, batch));
  const engineer = new DemoEngineer(house);
  const began = Date.now();
  for (;;) {
    const units = await demoUnits(desk, batch.id);
    // A batch that a killed run had ordered, and did not live to open, runs as it was ordered then.
    const quantity = (await demoQuantity(desk, batch.id)) ?? batch.quantity;
    if (stop.aborted) return stopped;
    ended.throwIfAborted();
    await refuseFailed(house.line.host.client, batch.id);
    const answered = await engineer.lookAfter(units);
    say(answered ?? progressText(units, quantity));
    if (units.length === quantity && units.every(({ state }) => departedStates.includes(state)))
      return `${stepsText(units)} in ${Math.round((Date.now() - began) / 1_000)} s`;
    await sleep(POLL_MS, undefined, { signal: AbortSignal.any([stop, ended]) }).catch(() => {});
  }
}

/**
 * A batch that can't go on (its product is not in this plant, its numbers are used up, somebody terminated it) says why,
 * and ends the demo. Asked again each time, never waited for: a question that is open when the servers stop is repeated.
 */
async function refuseFailed(client: Client, batch: string): Promise<void> {
  for (const workflowId of [batchWorkflowId(batch), shipmentWorkflowId(batch)]) {
    try {
      const handle = client.workflow.getHandle(workflowId);
      const { status } = await ask(client, () => handle.describe());
      if (['RUNNING', 'COMPLETED'].includes(status.name)) continue;
      await ask(client, () => handle.result());
    } catch (error) {
      if (error instanceof WorkflowFailedError)
        throw new Error(`${workflowId} has ended: ${rootOf(error).message}`, { cause: error });
      // The shipment is not there before the batch has ended; and Temporal may be away for a moment.
      const isUnknown = error instanceof WorkflowNotFoundError;
      if (!isUnknown && !(error instanceof UnitrailError && error.reaction === 'retry')) throw error;
    }
  }
}

/** The stored order where there is one: a batch is resumed by the order that opened it. */
async function orderOf(desk: Database, { id, quantity }: DemoBatch): Promise<Order> {
  const stored = await desk('batches').where({ id }).first('document');
  if (stored) return JSON.parse(stored.document) as Order;
  const order = await readOrderFile(sampleOrder);
  return { ...order, batch: id, order: `PO-${id}`, quantity, orderQuantity: quantity };
}

/** Temporal wraps a cause in what failed because of it. */
function rootOf(error: Error): Error {
  return error.cause instanceof Error ? rootOf(error.cause) : error;
}

const BAR = 24;

function progressText(units: readonly DemoUnit[], quantity: number): string {
  const ready = units.filter(({ state }) =>
    ['ReadyToShip', 'Packed', ...departedStates].includes(state),
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
