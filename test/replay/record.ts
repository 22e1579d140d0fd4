/**
 * Records the histories that every later version has to replay: `npx tsx test/replay/record.ts [scenario…]`.
 * Run once for a version, before it is released. It has servers of its own, and never overwrites a recording:
 * a history that no longer replays means that running workflows would break, not that it has to be recorded anew.
 */
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { randomUUID } from 'node:crypto';
import { WorkflowContinuedAsNewError, type WorkflowHandle } from '@temporalio/client';
import { newSiteKey } from '../../adapters/keys/site-keys';
import { openDatabase } from '../../adapters/postgres/database';
import { deliveryTurn } from '../../adapters/postgres/deliveries';
import { applyPlant, requirePlant } from '../../adapters/postgres/plant-store';
import { inTurn } from '../../adapters/postgres/turn';
import { findTemporalBinary } from '../../adapters/stack/temporal-binary';
import { version } from '../../package.json';
import type { FaultEntry } from '../../domain/bench-protocol';
import { usualPace, type Pace } from '../../domain/pace';
import {
  batchWorkflowId,
  exportScheduleId,
  retentionScheduleId,
  storeCheckScheduleId,
  partitionWorkflowId,
  taskQueues,
  unitWorkflowId,
} from '../../domain/workflow-ids';
import { defaultExportSettings } from '../../domain/export-schema';
import type { SftpTarget } from '../../domain/export-settings';
import { openInbox } from '../../tools/inbox/inbox';
import type { ExportDesk } from '../../workflows/export-details';
import globalSetup from '../support/global-setup';
import globalTeardown from '../support/global-teardown';
import { withSuperuser } from '../support/database';
import { newOrder, startTestLine, type TestLine, type TestUnit } from '../support/line';
import { until } from '../support/line-units';
import { portableHistory } from './portable-history';
import { recordingFile, scenarios, type Scenario } from './recordings';

interface Story {
  readonly quantity?: number;
  readonly faults?: readonly Omit<FaultEntry, 'batch'>[];
  /** What somebody does while the first unit is at the test; names the run that is kept. */
  readonly stop?: (line: TestLine, unit: TestUnit) => Promise<string>;
  /** What an engineer does, once the first unit is held. */
  readonly engineer?: (line: TestLine, held: TestUnit) => Promise<unknown>;
  /** The run to be kept; the first unit's unless told otherwise. */
  readonly run?: (line: TestLine, batch: string) => WorkflowHandle | Promise<WorkflowHandle>;
  /** Smaller numbers than usual, so that a short history shows what a long one would. */
  readonly pace?: Partial<Pace>;
}

const EVENTS_OF_RUN = 40;
const missesLimit = { do: 'measure', fault: 'outOfLimits', name: 'vcc_3v3' } as const;

/** A run that can't bring the buyer's capsule at first, and asks again. */
const absentBuyer: Story = {
  quantity: 1,
  run: async (line, batch) => {
    await line.shipmentRun(batch).result();
    const inbox = await openInbox(join(line.home, 'inbox'));
    await nameExportKey(line, inbox.target);
    await startRun(line, 'export', `${exportScheduleId('acme')}-${batch}`, { buyer: 'acme' }).then(ended);
    const run = await inTurnOf(line, 'acme', async () => {
      const input = { patience: '6 minutes' };
      const begun = await startRun(line, 'retention', `${retentionScheduleId}-${batch}`, input);
      await until(async () =>
        (await eventsOf(begun)).some((event) => event.activityTaskFailedEventAttributes),
      );
      return begun;
    });
    await ended(run);
    await inbox.close();
    return run;
  },
};

const stories: Readonly<Record<Scenario, Story>> = {
  'unit-happy': {},
  'unit-healed-by-retry': { faults: [{ do: 'writeImage', fault: 'brownOut' }] },
  'unit-held-and-retried': {
    faults: [missesLimit],
    engineer: (line, held) => line.send(held, 'retryStep', { by: '17', note: 'cleaned the fixture' }),
  },
  'unit-reworked': {
    faults: [missesLimit],
    engineer: (line, held) =>
      line.send(held, 'rework', { by: '17', reason: 'replaced the regulator', step: 'flash' }),
  },
  'unit-scrapped': {
    faults: [missesLimit],
    engineer: (line, held) => line.send(held, 'scrap', { by: '17', reason: 'burnt' }),
  },
  /** The run that was cancelled and parked, up to where it continues as new. */
  'unit-cancelled': {
    faults: [{ do: 'measure', fault: 'noAnswer' }],
    stop: async (line, unit) => {
      await line.unitRun(unit).cancel();
      return (await line.unitRun(unit).describe()).runId;
    },
    engineer: (line, held) => line.send(held, 'retryStep', { by: '17', note: 'pressed by mistake' }),
  },
  'unit-reset': {
    faults: [missesLimit],
    engineer: async (line, held) => {
      await resetToBegin(line, held);
      await line.send(held, 'retryStep', { by: '17', note: 'cleaned the fixture' });
    },
  },
  batch: { quantity: 6, run: (line, batch) => line.batchRun(batch) },
  /** Paused, set on again and cancelled, while its first unit is at the test. */
  'batch-cancelled': {
    quantity: 6,
    pace: { window: 1, claimChunk: 2 },
    stop: async (line, unit) => {
      const batch = line.batchRun(unit.batch);
      await batch.executeUpdate('pause', { args: [] });
      await batch.executeUpdate('resume', { args: [{ by: '17', note: 'the reels are here' }] });
      await batch.executeUpdate('cancel', { args: [{ by: '17', note: 'ordered twice' }] });
      return (await line.unitRun(unit).describe()).runId;
    },
    run: (line, batch) => line.batchRun(batch),
  },
  /** The first run of a batch, up to where it continues as new because the server suggests it. */
  'batch-continued': {
    quantity: 6,
    pace: { partitionSize: 1, partitionsAtOnce: 2, window: 2, claimChunk: 1 },
    run: async (line, batch) => {
      const workflowId = batchWorkflowId(batch);
      const { raw } = await line.batchRun(batch).describe();
      const first = raw.workflowExecutionInfo!.firstRunId!;
      return line.client.workflow.getHandle(workflowId, first, { followRuns: false });
    },
  },
  partition: { quantity: 6, run: (line, batch) => partOf(line, batch) },
  /** The first run of a part, up to where it continues as new with units open. */
  'partition-continued': {
    quantity: 6,
    pace: { window: 4, claimChunk: 2, startsOfRun: 2 },
    run: async (line, batch) => {
      const { raw } = await partOf(line, batch).describe();
      const first = raw.workflowExecutionInfo!.firstRunId!;
      return line.client.workflow.getHandle(partitionWorkflowId(batch, 1), first, { followRuns: false });
    },
  },
  /** A pause that comes while the second unit is claimed: it waits, and begins when the part goes on. */
  'partition-paused': {
    quantity: 2,
    pace: { window: 1, claimChunk: 1 },
    stop: async (line, unit) => {
      await pauseInClaim(line, unit.batch);
      return (await line.unitRun(unit).describe()).runId;
    },
    run: (line, batch) => partOf(line, batch),
  },
  shipment: { quantity: 2, run: (line, batch) => line.shipmentRun(batch) },
  'resolve-units': {
    faults: [missesLimit],
    engineer: (line, { batch }) =>
      line.client.workflow.start('resolveUnits', {
        workflowId: `resolve:${batch}`,
        taskQueue: taskQueues.workflows,
        args: [{ action: 'retry', by: '17', note: 'cleaned the fixture', batch }],
      }),
    run: (line, batch) => line.client.workflow.getHandle(`resolve:${batch}`),
  },
  /** A shipment that is closed once more: nothing of it changes, and its units are told again. */
  packing: {
    quantity: 2,
    run: async (line, batch) => {
      await line.shipmentRun(batch).result();
      return line.client.workflow.start('packing', {
        workflowId: `packing:${batch}`,
        taskQueue: taskQueues.workflows,
        args: [{ action: 'close', by: '17', shipment: `SH-${batch}` }],
      });
    },
  },
  /** An export that nobody can sign waits, and goes on at `tryAgain` when the plant names a key. */
  export: {
    quantity: 1,
    run: async (line, batch) => {
      await line.shipmentRun(batch).result();
      const run = await line.client.workflow.start('export', {
        workflowId: `${exportScheduleId('acme')}-${batch}`,
        taskQueue: taskQueues.workflows,
        args: [{ buyer: 'acme' }],
      });
      await until(async () => (await run.query<ExportDesk>('exportProgress')).failure !== null);
      await nameExportKey(line);
      await run.executeUpdate('tryAgain');
      return run;
    },
  },
  /** All steps of a run: what is due is exported first, and its capsule is moved. */
  retention: {
    quantity: 1,
    run: async (line, batch) => {
      await line.shipmentRun(batch).result();
      const inbox = await openInbox(join(line.home, 'inbox'));
      await nameExportKey(line, inbox.target);
      const run = await line.client.workflow.start('retention', {
        workflowId: `${retentionScheduleId}-${batch}`,
        taskQueue: taskQueues.workflows,
        args: [{}],
      });
      await run.result();
      await inbox.close();
      return run;
    },
  },
  /**
   * A buyer who can be brought nothing, because another delivery is under way, gets the capsule when it is tried again. A server
   * that is away takes the same way, and its failure would tell a folder of this machine.
   */
  /** By what stood before a capsule's own trouble was told from its buyer's. */
  'retention-absent': absentBuyer,
  'retention-apart': absentBuyer,
  /** The search for bit rot, to its end. */
  'store-check': {
    quantity: 1,
    run: (line, batch) =>
      line.client.workflow.start('storeCheck', {
        workflowId: `${storeCheckScheduleId}-${batch}`,
        taskQueue: taskQueues.workflows,
      }),
  },
};

/** While the buyer can be brought nothing else. */
async function inTurnOf<T>({ database }: TestLine, buyer: string, work: () => Promise<T>): Promise<T> {
  const office = openDatabase(database.urlOf('office'), { applicationName: 'record' });
  try {
    return await inTurn(office, await deliveryTurn(office, buyer), work);
  } finally {
    await office.destroy();
  }
}

/** With a server of the buyer's, what has shipped is also due to be moved at once. */
async function nameExportKey({ database, home }: TestLine, sftp?: SftpTarget): Promise<void> {
  const path = join(home, 'export.pem');
  await writeFile(path, newSiteKey().secret, { mode: 0o600 });
  const desk = openDatabase(database.urlOf('desk'), { applicationName: 'record', maxConnections: 1 });
  try {
    const plant = await requirePlant(desk);
    const manufacturer = { ...plant.manufacturer, exportKey: `file:${path}` };
    const settings = { ...defaultExportSettings(), sftp: sftp ?? null };
    const buyers = plant.buyers.map((buyer) =>
      sftp && buyer.id === 'acme' ? { ...buyer, export: settings } : buyer,
    );
    const retentionPolicies = plant.retentionPolicies.map((policy) =>
      sftp ? { ...policy, databaseMonths: 0 } : policy,
    );
    await applyPlant(desk, { ...plant, manufacturer, buyers, retentionPolicies });
  } finally {
    await desk.destroy();
  }
}

/** Held by the lock that a claim takes; said as the batch says it. */
async function pauseInClaim(line: TestLine, batch: string): Promise<void> {
  const part = partOf(line, batch);
  const steering = { window: 1, paused: false, cancelled: false };
  await withSuperuser(async (other) => {
    await other.query('begin');
    await other.query(
      'select from orders where id = (select order_id from batches where id = $1) for update',
      [batch],
    );
    await until(async () => (await claimsIn(part)).length === 2);
    await part.signal('steer', { ...steering, paused: true });
    await other.query('rollback');
  }, line.database.superuserUrl);
  await until(async () => {
    const events = await eventsOf(part);
    const claim = (await claimsIn(part)).at(-1)!.eventId!.toString();
    const answered = events.findIndex(
      (event) => event.activityTaskCompletedEventAttributes?.scheduledEventId?.toString() === claim,
    );
    const after = answered < 0 ? [] : events.slice(answered);
    return after.some((event) => event.workflowTaskCompletedEventAttributes);
  });
  await part.signal('steer', steering);
}

async function claimsIn(part: WorkflowHandle) {
  return (await eventsOf(part)).filter(
    (event) => event.activityTaskScheduledEventAttributes?.activityType?.name === 'claimUnits',
  );
}

async function eventsOf(run: WorkflowHandle) {
  return (await run.fetchHistory()).events ?? [];
}

function startRun(line: TestLine, type: string, workflowId: string, input: object): Promise<WorkflowHandle> {
  return line.client.workflow.start(type, { workflowId, taskQueue: taskQueues.workflows, args: [input] });
}

const ended = (run: WorkflowHandle): Promise<unknown> => run.result();

function partOf(line: TestLine, batch: string): WorkflowHandle {
  return line.client.workflow.getHandle(partitionWorkflowId(batch, 1));
}

async function record(wanted: readonly Scenario[]): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'unitrail-record-'));
  try {
    if (wanted.includes('batch-continued')) await suggestEarly(folder);
    await onServers(wanted);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** The server suggests to go on as a new run after 4,096 events. Here it does after a few, whoever asks. */
async function suggestEarly(folder: string): Promise<void> {
  const say = (line: string): void => void process.stderr.write(`${line}\n`);
  const program = await findTemporalBinary({ env: process.env, say });
  const early = join(folder, 'temporal');
  const setting = `--dynamic-config-value limit.historyCount.suggestContinueAsNew=${EVENTS_OF_RUN}`;
  const script = `#!/bin/sh\n[ "$1" = server ] || exec '${program}' "$@"\nexec '${program}' "$@" ${setting}\n`;
  await writeFile(early, script, { mode: 0o700 });
  process.env.UNITRAIL_TEMPORAL_CLI = early;
}

async function onServers(wanted: readonly Scenario[]): Promise<void> {
  await globalSetup();
  try {
    const line = await startTestLine();
    try {
      await tell(line, wanted);
    } finally {
      await line.stop();
    }
  } finally {
    await globalTeardown();
  }
}

/** The bench takes one plan of faults: all stories are known before the first begins. */
async function tell(line: TestLine, wanted: readonly Scenario[]): Promise<void> {
  const told = wanted.map((scenario) => ({ scenario, batch: newOrder().batch, ...stories[scenario] }));
  await line.faults(
    ...told.flatMap(({ batch, faults = [] }) => faults.map((fault) => ({ ...fault, batch }))),
  );
  for (const { batch, quantity = 1, pace } of told) {
    await line.client.workflow.start('batch', {
      workflowId: batchWorkflowId(batch),
      taskQueue: taskQueues.workflows,
      args: [newOrder({ batch, quantity }), ...(pace ? [{ pace: { ...usualPace, ...pace } }] : [])],
    });
  }
  // While the others go on: what is to be stopped does not wait.
  const stopped = new Map<string, string>();
  await Promise.all(
    told.map(async ({ batch, stop }) => {
      if (stop) stopped.set(batch, await stop(line, await atTest(line, batch)));
    }),
  );
  for (const { scenario, batch, engineer, run } of told) {
    const runId = stopped.get(batch);
    if (engineer) await engineer(line, await line.held(batch));
    const [first] = await line.shipped(batch);
    const unit = line.client.workflow.getHandle(unitWorkflowId(first!.serial), runId, { followRuns: false });
    await keep(scenario, run ? await run(line, batch) : unit);
  }
}

async function atTest(line: TestLine, batch: string): Promise<TestUnit> {
  const [unit] = await line.waitFor(batch, ([one]) => one?.step === 'test');
  if (await until(async () => (await line.facts(unit!, 'testIntended')).length > 0)) return unit!;
  throw new Error(`no test of batch ${batch} began`);
}

/** As the web UI does it, to behind the first workflow task. */
async function resetToBegin(line: TestLine, { serial }: TestUnit): Promise<void> {
  const { runId } = await line.unitRun({ serial }).describe();
  const { events } = await line.unitRun({ serial }).fetchHistory();
  const first = events!.find((event) => event.workflowTaskCompletedEventAttributes)!;
  await line.client.workflowService.resetWorkflowExecution({
    namespace: line.temporal.namespace,
    workflowExecution: { workflowId: unitWorkflowId(serial), runId },
    ...{ reason: 'recorded', requestId: randomUUID(), workflowTaskFinishEventId: first.eventId! },
  });
}

/** Only an ended run is whole. */
async function keep(scenario: Scenario, run: WorkflowHandle): Promise<void> {
  // One that was continued as new has ended, without a result of its own.
  await run.result().catch((error: unknown) => {
    if (!(error instanceof WorkflowContinuedAsNewError)) throw error;
  });
  const text = portableHistory(await run.fetchHistory());
  const file = fileOf(scenario);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text, { flag: 'wx' });
  process.stderr.write(`${file}: ${text.split('\n').length - 3} events\n`);
}

function fileOf(scenario: Scenario): string {
  return recordingFile({ version: `v${version}`, scenario });
}

function scenariosOf(names: readonly string[]): readonly Scenario[] {
  const unknown = names.find((name) => !scenarios.some((scenario) => scenario === name));
  if (unknown) throw new Error(`scenario: "${unknown}" is not allowed; one of ${scenarios.join(', ')}`);
  const wanted = scenarios.filter((scenario) => names.length === 0 || names.includes(scenario));
  const kept = wanted.filter((scenario) => existsSync(fileOf(scenario)));
  if (kept.length > 0)
    throw new Error(`v${version} has a recording already, which stays: ${kept.join(', ')}`);
  return wanted;
}

async function main(): Promise<void> {
  await record(scenariosOf(process.argv.slice(2)));
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
