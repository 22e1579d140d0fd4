/** One run of retention, one kill -9 in one of its steps, and what has to be true afterwards. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { WorkflowHandle } from '@temporalio/client';
import { exportKeys } from '../../adapters/postgres/exports';
import { retentionScheduleId, taskQueues } from '../../domain/workflow-ids';
import type { RetentionReport } from '../../domain/retention';
import { shipBatch } from '../../test/support/exports';
import { audit } from '../../tools/audit/audit';
import { verifyFiles } from '../../workers/retention-parts';
import type { RetentionFloor } from './floor';

export const stepNames = {
  1: 'exports',
  2: 'capsules are written',
  3: 'brought to the buyer',
  4: 'read back',
  5: 'removed from the database',
  6: 'erased from the archive',
} as const;
export type Step = keyof typeof stepNames;
export const retentionSteps = [1, 2, 3, 4, 5, 6] as const satisfies readonly Step[];

/**
 * What is under way in each step; the first one waits for a workflow of its own. Where the plant file names a server of
 * the buyer's, a capsule is read back in the call that brings it, before the first byte goes out.
 */
const doings: Readonly<Record<Step, string>> = {
  1: 'export',
  2: 'writeCapsule',
  3: 'deliverCapsule',
  4: 'deliverCapsule',
  5: 'moveCapsule',
  6: 'eraseArchive',
};
const POLL_MS = 10;
const PATIENCE_MS = 600_000;

/** From when on, after the step was seen to have begun, and within how long. */
export const moments: Readonly<Record<Step, { readonly after: number; readonly within: number }>> = {
  1: { after: 0, within: 400 },
  2: { after: 0, within: 150 },
  3: { after: 0, within: 100 },
  4: { after: 0, within: 150 },
  5: { after: 0, within: 50 },
  6: { after: 0, within: 20 },
};

export interface Plan {
  readonly step: Step;
  readonly victim: 'office' | 'postgres';
  readonly units: number;
  /** After the step was seen to have begun. */
  readonly laterMs: number;
}

export interface RetentionKill {
  readonly plan: Plan;
  /** What was under way when the blow fell. */
  readonly under: string;
  readonly hit: boolean;
  /** From the kill to the end of the run. */
  readonly seconds: number;
  readonly events: number;
  readonly broken: readonly string[];
}

let runs = 0;

export async function killInStep(floor: RetentionFloor, plan: Plan): Promise<RetentionKill> {
  const { kills, shop } = floor;
  if (plan.step === 6) await floor.endArchive();
  await shipBatch(shop, plan.units, { id: `RETIRE-${(runs += 1)}`, orderQuantity: plan.units });
  const arrived = await arrivals(floor);
  const handle = await kills.client.workflow.start('retention', {
    workflowId: `${retentionScheduleId}-kill-${runs}`,
    taskQueue: taskQueues.workflows,
  });
  await untilUnderWay(handle, plan.step);
  if (plan.step === 3) await untilFirstBytes(floor, handle, arrived);
  await sleep(plan.laterMs);
  const killed = Date.now();
  await kills.kill(plan.victim);
  const under = await underWay(handle);
  await kills.startAgain(plan.victim);
  const died = await untilEnded(floor, handle);
  const seconds = (Date.now() - killed) / 1_000;
  const report = (await handle.result()) as RetentionReport;
  const { violations, counts } = await audit(kills.auditorUrl, { store: floor.store });
  const broken = [
    ...violations.map((violation) => JSON.stringify(violation)),
    ...died.map((words) => `a worker ended by itself: ${words}`),
    ...report.capsules.flatMap(({ capsule, step, problem }) =>
      step === 'moved' && problem === null ? [] : [`${capsule} came to ${step}: ${JSON.stringify(problem)}`],
    ),
    ...report.erased.flatMap(({ capsule, problem }) =>
      problem === null ? [] : [`${capsule} was not erased: ${JSON.stringify(problem)}`],
    ),
    ...(await notOnce(floor)),
  ];
  return {
    plan,
    under,
    hit: under === doings[plan.step],
    seconds,
    events: counts.events ?? 0,
    broken,
  };
}

async function untilUnderWay(handle: WorkflowHandle, step: Step): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const under = await underWay(handle);
    if (under === doings[step] || under === 'nothing: it is over') return;
    if (Date.now() > deadline) throw new Error(`the run never came to step ${step}; now: ${under}`);
    await sleep(POLL_MS);
  }
}

/** The same call has read the capsule back before: it is at its third step once something of it is at the buyer's. */
async function untilFirstBytes(
  floor: RetentionFloor,
  handle: WorkflowHandle,
  arrived: number,
): Promise<void> {
  while ((await arrivals(floor)) === arrived && (await underWay(handle)) === doings[3]) await sleep(POLL_MS);
}

/** Files of capsules at the buyer's, whole or not. */
async function arrivals({ inbox }: RetentionFloor): Promise<number> {
  const names = await readdir(inbox.folder, { recursive: true });
  return names.filter((name) => name.includes('capsule')).length;
}

/** The activity or the child that the run waits for. */
async function underWay(handle: WorkflowHandle): Promise<string> {
  const { raw, status } = await handle.describe();
  if (status.name !== 'RUNNING') return 'nothing: it is over';
  const [child] = raw.pendingChildren ?? [];
  if (child) return child.workflowTypeName ?? 'a child';
  const [activity] = raw.pendingActivities ?? [];
  return activity?.activityType?.name ?? 'a workflow task';
}

/** The last words of workers that ended by themselves meanwhile: a supervisor starts them again. */
async function untilEnded({ kills }: RetentionFloor, handle: WorkflowHandle): Promise<string[]> {
  const deadline = Date.now() + PATIENCE_MS;
  const died: string[] = [];
  while ((await handle.describe()).status.name === 'RUNNING') {
    died.push(...(await kills.startDead()));
    if (Date.now() > deadline) {
      const words = kills.workers.map(({ lastWords }) => lastWords).join('\n');
      throw new Error(`waited in vain for the run (${await underWay(handle)})\n${words}`);
    }
    await sleep(250);
  }
  return died;
}

/** Each unit that has moved is in one of its buyer's capsules, once; each capsule is good, and was moved once. */
async function notOnce({ inbox, desk, kills }: RetentionFloor): Promise<string[]> {
  const wrong: string[] = [];
  const publicKeys = (await exportKeys(desk)).map(({ publicKey }) => publicKey);
  const [logKey] = await desk('log_keys').pluck<string[]>('key');
  const seen = new Map<string, number>();
  for (const capsule of await readdir(join(inbox.folder, 'capsules'))) {
    const folder = join(inbox.folder, 'capsules', capsule);
    const { ok, problems } = await verifyFiles(folder, { publicKeys, logKeys: [logKey!] });
    if (!ok) wrong.push(`the buyer's ${capsule} is not good: ${JSON.stringify(problems)}`);
    for (const line of (await readFile(join(folder, 'records.jsonl'), 'utf8')).split('\n').slice(0, -1)) {
      const { serial } = JSON.parse(line) as { serial: string };
      seen.set(serial, (seen.get(serial) ?? 0) + 1);
    }
  }
  const shipped = await kills.db('units').where({ state: 'Shipped' }).pluck<string[]>('serial');
  for (const serial of shipped) {
    const times = seen.get(serial) ?? 0;
    if (times !== 1) wrong.push(`${serial} is ${times} times in its buyer's capsules`);
  }
  const events = await kills.db('unit_events').where({ type: 'capsuleMoved' }).count({ moves: '*' });
  const capsules = await kills.db('capsules').whereNotNull('moved_at').count({ moved: '*' });
  if (String(events[0]!.moves) !== String(capsules[0]!.moved))
    wrong.push(`${capsules[0]!.moved} capsules have moved, and ${events[0]!.moves} events say so`);
  return wrong;
}
