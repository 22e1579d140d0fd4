import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import type { Database } from '../../adapters/postgres/database';
import type { Order } from '../../domain/order-document';
import type { Pace } from '../../domain/pace';
import { batchWorkflowId, partitionWorkflowId, taskQueues } from '../../domain/workflow-ids';
import type { NoOpBench } from './no-op-bench';

export interface RoundInput {
  readonly client: Client;
  readonly db: Database;
  readonly bench: NoOpBench;
  readonly order: Order;
  readonly pace: Pace;
  /** How often it is looked at. */
  readonly everyMs: number;
  /** From so many held units on, the window is looked at. */
  readonly parked: number;
  readonly signal?: AbortSignal;
  readonly onSample?: (sample: Sample) => void;
}

/** One look at the batch while it runs. */
export interface Sample {
  readonly seconds: number;
  /** Units that came to rest: ready or held. */
  readonly done: number;
  readonly held: number;
  /** Places of the window that are taken, and all of them; null where units are no longer begun. */
  readonly window: { readonly taken: number; readonly places: number } | null;
  readonly residentBytes: number;
}

/** What a batch left behind, counted in the database, at the bench and in Temporal. */
export interface Outcome {
  readonly units: number;
  readonly indexes: number;
  readonly serials: number;
  readonly states: Readonly<Record<string, number>>;
  readonly simulated: number;
  /** Units with more or fewer labels than one; held ones have none. */
  readonly wrongPrints: number;
  readonly unitWorkflows: number;
}

export function partitionsOf({ order, pace }: RoundInput): number {
  return Math.ceil(order.quantity / pace.partitionSize);
}

/** Runs the batch to its end, and looks at it on the way. */
export async function runRound(input: RoundInput): Promise<{ seconds: number; samples: Sample[] }> {
  const { client, order, pace } = input;
  const began = performance.now();
  const seconds = (): number => (performance.now() - began) / 1_000;
  const run = await client.workflow.start('batch', {
    workflowId: batchWorkflowId(order.batch),
    taskQueue: taskQueues.workflows,
    args: [order, { pace }],
  });
  let isOver = false;
  const ended = run.result().finally(() => (isOver = true));
  ended.catch(() => {});
  const samples: Sample[] = [];
  while (!isOver) {
    input.signal?.throwIfAborted();
    const sample = await look(input, seconds());
    samples.push(sample);
    input.onSample?.(sample);
    await Promise.race([ended.catch(() => {}), sleep(input.everyMs)]);
  }
  await ended;
  return { seconds: seconds(), samples };
}

async function look(input: RoundInput, seconds: number): Promise<Sample> {
  const states = await statesOf(input);
  const held = states.AwaitingEngineer ?? 0;
  const done = held + (states.ReadyToShip ?? 0);
  const window = held >= input.parked ? await windowOf(input) : null;
  return { seconds, done, held, window, residentBytes: process.memoryUsage.rss() };
}

/** Null where a partition has begun all its units, or is not there. */
export async function windowOf(
  input: Pick<RoundInput, 'client' | 'order' | 'pace'>,
): Promise<Sample['window']> {
  const { client, order, pace } = input;
  const handle = client.workflow.getHandle(batchWorkflowId(order.batch));
  try {
    const { partitions, begun } = await handle.query<{ partitions: number[]; begun: number }>(
      'batchProgress',
    );
    const parts = await Promise.all(
      partitions.map((number) =>
        client.workflow
          .getHandle(partitionWorkflowId(order.batch, number))
          .query<{ open: number; window: number; next: number; to: number }>('partitionProgress'),
      ),
    );
    const isEnding = begun >= order.quantity && parts.some(({ next, to }) => next > to);
    if (
      isEnding ||
      parts.length < Math.min(pace.partitionsAtOnce, Math.ceil(order.quantity / pace.partitionSize))
    )
      return null;
    const sum = (figure: 'open' | 'window'): number => parts.reduce((total, part) => total + part[figure], 0);
    return { taken: sum('open'), places: sum('window') };
  } catch {
    // It goes on as a new run at this moment, or has ended.
    return null;
  }
}

async function statesOf({ db, order }: Pick<RoundInput, 'db' | 'order'>): Promise<Record<string, number>> {
  const rows: { state: string; n: string }[] = await db('units')
    .where({ batch_id: order.batch })
    .groupBy('state')
    .select('state')
    .count('* as n');
  return Object.fromEntries(rows.map(({ state, n }) => [state, Number(n)]));
}

export async function outcomeOf(input: RoundInput): Promise<Outcome> {
  const { db, client, bench, order } = input;
  const rows: { index: number; serial: string; simulated: boolean; state: string }[] = await db('units')
    .where({ batch_id: order.batch })
    .select('batch_index as index', 'serial', 'simulated', 'state');
  const query = `WorkflowType = "unit" AND BatchId = "${order.batch}"`;
  return {
    units: rows.length,
    indexes: new Set(rows.map(({ index }) => index)).size,
    serials: new Set(rows.map(({ serial }) => serial)).size,
    states: await statesOf(input),
    simulated: rows.filter(({ simulated }) => simulated).length,
    wrongPrints: rows.filter(
      ({ serial, state }) => (bench.prints.get(serial) ?? 0) !== (state === 'ReadyToShip' ? 1 : 0),
    ).length,
    unitWorkflows: (await client.workflow.count(query)).count,
  };
}
