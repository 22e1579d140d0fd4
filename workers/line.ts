import { createSchemeKeys } from '../adapters/keys/scheme-keys';
import { createDevelopmentCa } from '../adapters/ca/development-ca';
import type { StationDevices } from '../adapters/devices/ports';
import { connectVirtualBench, type BenchDeadlines } from '../adapters/devices/virtual-bench-driver';
import { openDatabase, type Database } from '../adapters/postgres/database';
import { readMetrics } from '../adapters/postgres/metric-queries';
import { fixedLogins } from '../adapters/postgres/logins';
import { Notifications } from '../adapters/postgres/notifications';
import { loadPlant, requirePlant } from '../adapters/postgres/plant-store';
import { createWatermark } from '../adapters/registry/watermark';
import { createWebhook } from '../adapters/webhook/webhook';
import { openSides, openStore } from '../adapters/store/open-store';
import { UnitrailError } from '../domain/errors';
import { stationLogin, type Station } from '../domain/plant';
import { setMaxListeners } from 'node:events';
import { join } from 'node:path';
import type { Worker, WorkflowBundleWithSourceMap } from '@temporalio/worker';
import type { Config } from './config';
import {
  bundleWorkflows,
  createOfficeWorker,
  createStationWorker,
  createWorkflowWorker,
} from './create-worker';
import { closeAll, type Closer } from './close-all';
import type { Logger } from './log';
import { keepLogSchedule } from './log-schedule';
import { keepStoreCheckSchedule } from './store-check-schedule';
import { keepExportSchedules } from './export-schedules';
import { Monitor } from './monitor';
import { exportKeyOf, logPlaceOf } from './office-keys';
import { retentionParts } from './retention-parts';
import { keepRetentionSchedule } from './retention-schedule';
import { ensureNoticeSchedule, removeNoticeSchedule } from './notice-schedule';
import type { Servers } from './servers';
import { SlotAgent } from './slot-agent';
import { StationReturn } from './station-return';
import { openTemporalHost, type TemporalHost } from './temporal-host';

export type Role =
  | { readonly kind: 'office' }
  | { readonly kind: 'workflows' }
  | { readonly kind: 'station'; readonly station: string };

/** Workers of this process, under way. */
export interface Line {
  readonly host: TemporalHost;
  /** Where metrics and health are asked for; null: nowhere. */
  readonly metricsUrl: string | null;
  /** Rejects when a worker dies by itself; never resolves before `stop`. */
  readonly failed: Promise<never>;
  /**
   * Does work that asks Temporal, until it ends, `stop` aborts or a worker dies: the signal. A call under way is called off
   * then, and the work asks the signal before each further one: a call that waits for its next try when the connection
   * closes would end the process.
   */
  during<T>(work: (signal: AbortSignal) => Promise<T>, stop?: AbortSignal): Promise<T>;
  /** Ends the workers in order: what is under way may finish, then connections close. */
  stop(): Promise<void>;
}

interface Part {
  readonly worker: Worker;
  /** Once the worker runs. */
  begin?(): void;
  /** What only waits is over at once; what works may finish. */
  endWaits?(): void;
  /** Its database, where it has one. */
  readonly db?: Database;
  readonly close: Closer;
}

interface Setting {
  readonly config: Config;
  readonly servers: Servers;
  readonly host: TemporalHost;
  readonly log: Logger;
  readonly monitor: Monitor | null;
  readonly bundle: () => Promise<WorkflowBundleWithSourceMap>;
  readonly maxCachedWorkflows?: number;
  readonly deadlinesMs?: Partial<BenchDeadlines>;
  readonly devicesOf?: (station: Station) => StationDevices;
}

export interface LineOptions {
  readonly config: Config;
  readonly servers: Servers;
  readonly log: Logger;
  /** Made by the line itself unless it is given. */
  readonly bundle?: WorkflowBundleWithSourceMap;
  /** 0: every workflow task replays its whole history. */
  readonly maxCachedWorkflows?: number;
  /** How long devices may take to answer, where the driver's own patience does not fit. */
  readonly deadlinesMs?: Partial<BenchDeadlines>;
  /** Other devices than those that the plant names: a benchmark's, which do nothing. */
  readonly devicesOf?: (station: Station) => StationDevices;
}

/** Starts the workers of the roles, each with the database login of its own role. */
export async function startLine(roles: readonly Role[], input: LineOptions): Promise<Line> {
  const monitor = await Monitor.open(input.config.metricsAddress);
  const host = await openHost(input, monitor);
  const { bundle } = input;
  const setting: Setting = { ...input, host, monitor, bundle: bundle ? async () => bundle : bundleWorkflows };
  const running: { part: Part; run: Promise<void> }[] = [];
  // A worker that was made must run to be ended: it holds the connection.
  const stop = async (): Promise<void> => {
    for (const { part } of running) {
      part.endWaits?.();
      if (part.worker.getState() === 'RUNNING') part.worker.shutdown();
    }
    await Promise.allSettled(running.map(({ run }) => run));
    await closeAll([
      () => host.close(),
      ...(monitor ? [() => monitor.close()] : []),
      ...running.map(({ part }) => part.close),
    ]);
  };
  try {
    for (const role of roles) {
      const part = await startPart(role, setting);
      const run = part.worker.run();
      // It is looked at by `failed` and at the stop; until then nobody does.
      run.catch(() => {});
      running.push({ part, run });
      monitor?.watch(part.worker, part.db);
      part.begin?.();
    }
    monitor?.listen(host.client);
  } catch (error) {
    await stop().catch(() => {});
    throw error;
  }
  const failed = new Promise<never>((_, reject) => running.forEach(({ run }) => run.catch(reject)));
  const failure = new AbortController();
  failed.catch((error: unknown) => failure.abort(error));
  return {
    host,
    metricsUrl: monitor?.url ?? null,
    stop,
    failed,
    during: async (work, given) => {
      const signal = AbortSignal.any([failure.signal, ...(given ? [given] : [])]);
      // The SDK adds a listener for each call, and takes none away.
      setMaxListeners(0, signal);
      const ended = new Promise<never>((_, reject) =>
        signal.addEventListener('abort', () => reject(signal.reason), { once: true }),
      );
      signal.throwIfAborted();
      return Promise.race([host.client.withAbortSignal(signal, () => work(signal)), ended]);
    },
  };
}

async function openHost({ servers, log }: LineOptions, monitor: Monitor | null): Promise<TemporalHost> {
  try {
    return await openTemporalHost(servers.temporal, log, monitor?.sdkAddress);
  } catch (error) {
    await monitor?.close();
    throw error;
  }
}

/** All roles of the plant in force, for a laptop, a demo or a small line. */
export async function allRoles(db: Database): Promise<Role[]> {
  const { stations } = await requirePlant(db);
  return [
    { kind: 'workflows' },
    { kind: 'office' },
    ...stations.map(({ id }): Role => ({ kind: 'station', station: id })),
  ];
}

/** What was opened before a later part of it failed is closed again: the cause is told, not what follows from it. */
async function startPart(role: Role, setting: Setting): Promise<Part> {
  const opened: Closer[] = [];
  const close = (): Promise<void> => closeAll(opened);
  try {
    return { ...(await startRole(role, setting, opened)), close };
  } catch (error) {
    await close().catch(() => {});
    throw error;
  }
}

function startRole(role: Role, setting: Setting, opened: Closer[]): Promise<Omit<Part, 'close'>> {
  if (role.kind === 'office') return startOffice(setting, opened);
  return role.kind === 'station' ? startStation(role.station, setting, opened) : startWorkflows(setting);
}

async function startWorkflows({
  host,
  bundle,
  log,
  maxCachedWorkflows,
}: Setting): Promise<Omit<Part, 'close'>> {
  // Here, and not with the office: workflow workers are upgraded last, and older ones do not know what it starts.
  await keepLogSchedule(host.client, log);
  await keepStoreCheckSchedule(host.client, log);
  return { worker: await createWorkflowWorker(host, await bundle(), maxCachedWorkflows) };
}

async function startOffice(
  { config, servers, host, monitor, log }: Setting,
  opened: Closer[],
): Promise<Omit<Part, 'close'>> {
  const url = await servers.loginUrl(fixedLogins.office.name);
  const db = openDatabase(url, { applicationName: 'unitrail-office', maxConnections: 16 });
  opened.push(() => db.destroy());
  const calls = await Notifications.listen(url, 'unitrail_slot');
  opened.push(() => calls.close());
  const exportDb = openDatabase(url, { applicationName: 'unitrail-exports', maxConnections: 16 });
  opened.push(() => exportDb.destroy());
  const ca = createDevelopmentCa({ folder: join(config.home, 'ca') });
  const watermark = createWatermark({ db, file: config.watermark });
  await watermark.check();
  const [store, keys] = [openStore(config.store), createSchemeKeys(process.env)];
  monitor?.metrics.readFrom(() => readMetrics(db), log);
  const webhook = config.webhook && createWebhook({ ...config.webhook, env: process.env });
  await (webhook ? ensureNoticeSchedule : removeNoticeSchedule)(host.client);
  await keepExportSchedules(host.client, db, log);
  await keepRetentionSchedule(host.client, (await loadPlant(db))?.retention, log);
  const worker = await createOfficeWorker(host, {
    ...{ db, calls, store, ca, watermark, keys, webhook, secrets: process.env },
    ...{ exportDb, exportKey: () => exportKeyOf(db, config), workFolder: join(config.home, 'exports') },
    log: () => logPlaceOf(db, config),
    ...retentionParts(servers, opened),
    sides: () => openSides(config.store, { cacheBytes: 0 }),
    onMended: monitor?.metrics.mended,
    onRemoved: monitor?.metrics.removed,
    heldTooLongMinutes: config.heldTooLongMinutes,
    meter: monitor?.metrics.meter,
  });
  return { worker, db, endWaits: () => calls.endWaits() };
}

async function startStation(
  id: string,
  { config, servers, host, log, monitor, deadlinesMs, devicesOf }: Setting,
  opened: Closer[],
): Promise<Omit<Part, 'close'>> {
  const url = await servers.loginUrl(stationLogin(id));
  const db = openDatabase(url, { applicationName: `unitrail-${id}`, maxConnections: 12 });
  opened.push(() => db.destroy());
  const station = await findStation(db, id);
  const devices = devicesOf?.(station) ?? (await openDevices(station, config, deadlinesMs));
  opened.push(() => devices.close());
  const wakes = await Notifications.listen(url, 'unitrail_clear');
  opened.push(() => wakes.close());
  const agent = new SlotAgent({ station: id, db, devices, wakes, log });
  agent.start();
  opened.push(() => agent.stop());
  const back = new StationReturn({ db, client: host.client, station, log });
  opened.push(() => back.stop());
  // Last: a worker that was made has to run, or it holds the connection for ever.
  const { slots } = station;
  const worker = await createStationWorker(host, {
    station: id,
    slots,
    db,
    devices,
    store: openStore(config.store),
    meter: monitor?.metrics.meter,
  });
  return { worker, db, begin: () => back.start(), endWaits: () => back.end() };
}

async function findStation(db: Database, id: string): Promise<Station> {
  const { stations } = await requirePlant(db);
  const station = stations.find((candidate) => candidate.id === id);
  if (station) return station;
  throw new UnitrailError(
    'INPUT_INVALID',
    `station: "${id}" is not allowed; one of ${stations.map((s) => s.id).join(', ')}`,
  );
}

function openDevices(
  station: Station,
  config: Config,
  deadlinesMs: Partial<BenchDeadlines> = {},
): Promise<StationDevices> {
  return connectVirtualBench({ address: deviceAddress(station, config), deadlinesMs });
}

/** `env:NAME` in the plant file: the address differs from machine to machine, the plant does not. */
function deviceAddress({ id, devices }: Station, config: Config): string {
  if (!devices.address.startsWith('env:')) return devices.address;
  const name = devices.address.slice(4);
  const address = name === 'UNITRAIL_BENCH_ADDRESS' ? config.benchAddress : process.env[name];
  if (address) return address;
  throw new UnitrailError(
    'CONFIGURATION_INVALID',
    `${name}: (missing) is not allowed; host:port of the devices of station ${id}`,
  );
}
