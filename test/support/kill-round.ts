/** One batch, one kill -9 in its middle, and what has to be true afterwards. */
import { X509Certificate } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { listBoards } from '../../adapters/devices/virtual-bench-faults';
import { readOrderFile } from '../../adapters/plant/order-file';
import type { Database } from '../../adapters/postgres/database';
import { startBatchWorkflow } from '../../cli/batch-workflow';
import { sampleOrder } from '../../cli/house';
import { batchWorkflowId, shipmentWorkflowId } from '../../domain/workflow-ids';
import { audit } from '../../tools/audit/audit';
import type { KillFloor, Victim } from './kill-floor';
import type { Seeded } from './seeded';

/** What a unit has in its history once it has shipped, where nothing went wrong on its way. */
const eventsOfUnit = 23;
const pollMs = 50;
const patienceMs = 900_000;

export interface KillPlan {
  readonly victim: Victim;
  /** When so many events of the batch are on record, and so much later, it is killed. */
  readonly events: number;
  readonly laterMs: number;
  /** How long it stays away. */
  readonly awayMs: number;
}

export interface KillRound {
  readonly plan: KillPlan;
  readonly fromStartMs: number;
  readonly fromKillMs: number;
  /** Tries of device acts beyond the first of an attempt: what the kill cost. */
  readonly repeats: number;
  /** Events in the audit's snapshot, which holds all rounds so far. */
  readonly events: number;
  /** Each one a promise that was not kept. */
  readonly broken: readonly string[];
}

export function planKill(random: Seeded, victim: Victim, units: number): KillPlan {
  const all = units * eventsOfUnit;
  return {
    victim,
    events: random.between(1, Math.floor(all * 0.95)),
    laterMs: random.below(100),
    awayMs: random.below(1_500),
  };
}

export function planText({ victim, events, laterMs, awayMs }: KillPlan): string {
  return `kill -9 of ${victim} at ${events} events and ${laterMs} ms, away for ${awayMs} ms`;
}

export async function killRound(
  floor: KillFloor,
  batch: string,
  units: number,
  plan: KillPlan,
): Promise<KillRound> {
  return (await beginRound(floor, batch, units, plan)).end();
}

/** Until the victim is back; the batch goes on, and its end may be waited for later. */
export async function beginRound(
  floor: KillFloor,
  batch: string,
  units: number,
  plan: KillPlan,
): Promise<{ end(): Promise<KillRound> }> {
  const order = await readOrderFile(sampleOrder);
  const began = Date.now();
  await startBatchWorkflow(floor.client, {
    ...order,
    batch,
    order: `PO-${batch}`,
    quantity: units,
    orderQuantity: units,
  });
  await waitFor(floor, batch, ({ events }) => events >= plan.events);
  await sleep(plan.laterMs);
  const killed = Date.now();
  await floor.kill(plan.victim);
  await sleep(plan.awayMs);
  await floor.startAgain(plan.victim);
  const end = async (): Promise<KillRound> => {
    const died = await untilShipped(floor, batch, units);
    const ended = Date.now();
    const { violations, counts } = await audit(floor.auditorUrl);
    const broken = [
      ...violations.map((violation) => JSON.stringify(violation)),
      ...died.map((words) => `a worker ended by itself: ${words}`),
      ...(await notOnce(floor, batch, units)),
    ];
    const [fromStartMs, fromKillMs, events] = [ended - began, ended - killed, counts.events ?? 0];
    return { plan, fromStartMs, fromKillMs, repeats: await repeatsOf(floor.db, batch), events, broken };
  };
  return { end };
}

/** The last words of workers that ended by themselves meanwhile. */
async function untilShipped(floor: KillFloor, batch: string, units: number): Promise<string[]> {
  const died: string[] = [];
  await waitFor(floor, batch, async ({ shipped }) => {
    died.push(...(await floor.startDead()));
    return shipped === units;
  });
  for (const id of [batchWorkflowId(batch), shipmentWorkflowId(batch)])
    await floor.client.workflow.getHandle(id).result();
  return died;
}

interface Progress {
  readonly events: number;
  readonly shipped: number;
  readonly text: string;
}

/** Asked again and again; a question that fails because Postgres is away is asked again as well. */
async function waitFor(
  floor: KillFloor,
  batch: string,
  isSo: (progress: Progress) => boolean | Promise<boolean>,
): Promise<void> {
  const deadline = Date.now() + patienceMs;
  let last: Progress = { events: 0, shipped: 0, text: 'nothing was seen' };
  for (;;) {
    last = (await progressOf(floor.db, batch).catch(() => null)) ?? last;
    if (await isSo(last)) return;
    if (Date.now() > deadline) {
      const words = floor.workers.map(({ lastWords }) => lastWords).join('\n');
      throw new Error(`waited in vain for batch ${batch} (${last.text}) in ${floor.home}\n${words}`);
    }
    await sleep(pollMs);
  }
}

/** A unit's `seq` counts the events of its history. */
async function progressOf(db: Database, batch: string): Promise<Progress> {
  const units: { state: string; step: string; code: string | null; seq: string }[] = await db('units')
    .where({ batch_id: batch })
    .select('state', 'step', 'failure_code as code', 'seq');
  return {
    events: units.reduce((sum, { seq }) => sum + Number(seq), 0),
    shipped: units.filter(({ state }) => state === 'Shipped').length,
    text: units.map(({ state, step, code }) => `${state}/${step} ${code ?? ''}`).join('; '),
  };
}

async function repeatsOf(db: Database, batch: string): Promise<number> {
  const [row] = await db('tries')
    .join('units', 'units.id', 'tries.unit_id')
    .where({ batch_id: batch })
    .andWhere('try', '>', 1)
    .count({ repeats: '*' });
  return Number(row!.repeats);
}

/** Every unit ends exactly once: in the record, at the CA, and as a label on the board. */
async function notOnce(floor: KillFloor, batch: string, units: number): Promise<string[]> {
  const { db } = floor;
  const of = async (type: string): Promise<string[]> =>
    db('unit_events')
      .join('units', 'unit_events.stream', db.raw(`'unit:' || units.id`))
      .where({ 'units.batch_id': batch, 'unit_events.type': type })
      .pluck<string[]>('units.serial');
  const serials = await db('units').where({ batch_id: batch }).pluck<string[]>('serial');
  const boards = await listBoards(floor.bench.address);
  const labels = boards.flatMap((board) => board.labels).map((job) => job.slice(0, job.lastIndexOf('/')));
  return [
    ...onceEach('shipped', serials, await of('shipped')),
    ...onceEach('given a certificate', serials, await certified(floor)),
    ...onceEach('recorded with a certificate', serials, await of('certificateIssued')),
    ...onceEach('labelled', serials, labels),
    ...(serials.length === units ? [] : [`${serials.length} units were claimed, and ${units} ordered`]),
  ];
}

/** The serials in the CA's own files. What is not named .pem was a killed worker's: nobody ever got it. */
async function certified({ home }: KillFloor): Promise<string[]> {
  const folder = join(home, 'ca', 'issued');
  const files = (await readdir(folder)).filter((file) => file.endsWith('.pem'));
  const texts = await Promise.all(files.map((file) => readFile(join(folder, file), 'utf8')));
  return texts.map((pem) => /^serialNumber=(.*)$/m.exec(new X509Certificate(pem).subject)?.[1] ?? 'none');
}

function onceEach(what: string, serials: readonly string[], seen: readonly string[]): string[] {
  return serials.flatMap((serial) => {
    const times = seen.filter((other) => other === serial).length;
    return times === 1 ? [] : [`${serial} was ${what} ${times} times`];
  });
}
