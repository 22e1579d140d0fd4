import { setTimeout as sleep } from 'node:timers/promises';
import { readOrderFile } from '../../adapters/plant/order-file';
import { sampleOrder } from '../../cli/house';
import { batchWorkflowId, shipmentWorkflowId, taskQueues } from '../../domain/workflow-ids';
import { usedBetween, type ProcessorTimes } from '../support/processor-time';
import type { Site } from './site';

/** One batch, from its order to the end of its last workflow. */
export interface Round {
  readonly batch: string;
  readonly units: number;
  readonly seconds: number;
  /** Until every unit was ready to ship. */
  readonly readySeconds: number;
  readonly used: ProcessorTimes;
}

export interface RoundPair {
  readonly real: Round;
  readonly floor: Round;
}

/** How many units, and how many parents share them. */
export interface Fan {
  readonly units: number;
  readonly partitions: number;
}

const POLL_MS = 100;

/** The same ids as in floor-workflows.ts, which can't be imported outside a workflow. */
export function floorWorkflowId(batch: string, index: number): string {
  return `floor:${batch}-${index}`;
}

/** The product's own batch: ordered, made, shipped and sealed. */
export async function realRound(site: Site, batch: string, { units, partitions }: Fan): Promise<Round> {
  const { client } = site.house.line.host;
  const order = {
    ...(await readOrderFile(sampleOrder)),
    batch,
    order: `PO-${batch}`,
    quantity: units,
    orderQuantity: units,
  };
  return timed(site, batch, units, async () => {
    const pace = { partitionSize: Math.ceil(units / partitions), partitionsAtOnce: partitions };
    await client.workflow.execute('batch', {
      workflowId: batchWorkflowId(batch),
      taskQueue: taskQueues.workflows,
      args: [order, { pace }],
    });
    return { end: () => client.workflow.getHandle(shipmentWorkflowId(batch)).result() };
  });
}

/** As many children with as many activities that do nothing. */
export async function floorRound(
  site: Site,
  batch: string,
  { units, partitions }: Fan,
  ofUnit: readonly string[],
): Promise<Round> {
  const { client } = site.house.line.host;
  const queues = site.floor.queues(ofUnit);
  return timed(site, batch, units, async () => {
    await client.workflow.execute('floorBatch', {
      workflowId: batch,
      taskQueue: queues.workflows,
      args: [{ batch, units, partitions, queues }],
    });
    return { end: async () => {} };
  });
}

async function timed(
  site: Site,
  batch: string,
  units: number,
  work: () => Promise<{ end: () => Promise<unknown> }>,
): Promise<Round> {
  site.signal.throwIfAborted();
  const before = await site.processorTimes();
  const began = performance.now();
  const { end } = await work();
  const readySeconds = (performance.now() - began) / 1_000;
  await end();
  await untilClosed(site, batch);
  const seconds = (performance.now() - began) / 1_000;
  return { batch, units, seconds, readySeconds, used: usedBetween(before, await site.processorTimes()) };
}

/** The last unit hears of its shipment a moment after that has ended. */
async function untilClosed({ house, signal }: Site, batch: string): Promise<void> {
  const query = `BatchId = "${batch}" AND ExecutionStatus = "Running"`;
  const { workflow } = house.line.host.client;
  while ((await workflow.count(query)).count > 0) await sleep(POLL_MS, undefined, { signal });
}
