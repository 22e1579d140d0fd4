/**
 * A whole line in this process, for one test file: a database and a Temporal namespace of its own, the sample plant,
 * a virtual bench, and the workers of all roles, each under its own login. Every file that has one ends with `audit`.
 */
import { randomUUID } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Client, WorkflowHandle } from '@temporalio/client';
import { pino } from 'pino';
import { listBoards, planFaults } from '../../adapters/devices/virtual-bench-faults';
import { openDatabase, type Database } from '../../adapters/postgres/database';
import { fixedLogins } from '../../adapters/postgres/logins';
import type { BoardSummary, FaultEntry } from '../../domain/bench-protocol';
import type { Order } from '../../domain/order-document';
import { stationLogin } from '../../domain/plant';
import { batchWorkflowId, shipmentWorkflowId, taskQueues, unitWorkflowId } from '../../domain/workflow-ids';
import { audit } from '../../tools/audit/audit';
import type { Config } from '../../workers/config';
import { allRoles, startLine, type Line, type LineOptions, type Role } from '../../workers/line';
import type { Servers } from '../../workers/servers';
import { type TemporalAddress } from '../../workers/temporal-address';
import { connectClient } from '../../workers/temporal-client';
import { createTestDatabase, testStations, type TestDatabase, type TestLogin } from './database';
import {
  isHeld,
  isOver,
  readEvents,
  readUnits,
  unitsText,
  until,
  type TestEvent,
  type TestUnit,
} from './line-units';
import { applySamplePlant } from './plant';
import { createNamespace } from './temporal-namespace';
import { startVirtualBench, type RunningBench } from './virtual-bench';
import { testBundle } from './workflow-bundle';

export type { TestUnit } from './line-units';

/**
 * A fault that swallows the answer costs a test this long; a busy machine has to answer within it. An answer that comes too late is
 * one fault more than a test has planned, and the third in a step holds the unit.
 */
const deadlinesMs = { answer: 2_500, operator: 4_000, work: 4_000 };

export interface TestLineOptions {
  /** 0: every workflow task replays its whole history. */
  readonly maxCachedWorkflows?: number;
  /** A Temporal server of the caller's own; otherwise a new namespace of the run's. */
  readonly temporal?: TemporalAddress;
  /** Other devices than the virtual bench. */
  readonly devicesOf?: LineOptions['devicesOf'];
  /** What the workers take for the database, such as a proxy before it. */
  readonly through?: (url: string) => string;
  /** What differs from a configuration of nothing but servers. */
  readonly config?: Partial<Config>;
  /** The test starts the workers itself. */
  readonly withoutWorkers?: boolean;
}

export async function startTestLine(options: TestLineOptions = {}): Promise<TestLine> {
  const line = new TestLine(await openParts(options), options);
  try {
    if (!options.withoutWorkers) await line.startWorkers();
    return line;
  } catch (error) {
    await line.stop();
    throw error;
  }
}

type Serial = Pick<TestUnit, 'serial'>;
type UnitId = Pick<TestUnit, 'unitId'>;

export class TestLine {
  readonly database: TestDatabase;
  readonly bench: RunningBench;
  /** `UNITRAIL_HOME` of the workers. */
  readonly home: string;
  /** Reads everything, writes nothing. */
  readonly db: Database;
  private workers: Line | undefined;

  constructor(
    private readonly parts: Parts,
    private readonly options: TestLineOptions,
  ) {
    this.database = parts.database;
    this.bench = parts.bench;
    this.home = parts.home;
    this.db = parts.reader;
  }

  get client(): Client {
    return this.parts.client;
  }

  get temporal(): TemporalAddress {
    return this.parts.temporal;
  }

  /** Starts the workers of all roles. */
  async startWorkers(): Promise<void> {
    this.workers = await this.startRoles(await allRoles(this.db));
  }

  /** Workers that are the caller's to stop. */
  async startRoles(roles: readonly Role[]): Promise<Line> {
    const { maxCachedWorkflows, through, devicesOf, config } = this.options;
    const workers = await startLine(roles, {
      config: { ...configOf(this.home, this.bench), ...config },
      servers: serversOf(this.database, this.temporal, through),
      log: pino({ level: process.env.UNITRAIL_TEST_LOG ?? 'silent' }, pino.destination(2)),
      bundle: await testBundle(),
      deadlinesMs,
      ...(devicesOf && { devicesOf }),
      ...(maxCachedWorkflows !== undefined && { maxCachedWorkflows }),
    });
    workers.failed.catch(() => {});
    return workers;
  }

  /** Of the workers' monitor, where one was asked for. */
  get metricsUrl(): string {
    return this.workers!.metricsUrl!;
  }

  /** In order: what is under way may finish. */
  async stopWorkers(): Promise<void> {
    await this.workers?.stop();
    this.workers = undefined;
  }

  /** To another Temporal server, while no worker runs. */
  async moveTo(temporal: TemporalAddress): Promise<void> {
    await this.client.connection.close();
    Object.assign(this.parts, { temporal, client: await connectClient(temporal) });
  }

  async stop(): Promise<void> {
    await this.stopWorkers();
    await this.client.connection.close();
    await this.parts.close();
  }

  /** Starts a batch of the sample product and returns its order. */
  async startBatch(changes: Partial<Order> = {}): Promise<Order> {
    const order = newOrder(changes);
    await this.client.workflow.start('batch', {
      workflowId: batchWorkflowId(order.batch),
      taskQueue: taskQueues.workflows,
      args: [order],
    });
    return order;
  }

  batchRun(batch: string): WorkflowHandle {
    return this.client.workflow.getHandle(batchWorkflowId(batch));
  }

  shipmentRun(batch: string): WorkflowHandle {
    return this.client.workflow.getHandle(shipmentWorkflowId(batch));
  }

  unitRun({ serial }: Serial): WorkflowHandle {
    return this.client.workflow.getHandle(unitWorkflowId(serial));
  }

  /** What the engineer sends from the web UI. An empty box reaches the handler as `undefined`. */
  async send(unit: Serial, update: string, input?: unknown): Promise<unknown> {
    const args = (input === undefined ? [] : [input]) as [unknown];
    return this.unitRun(unit).executeUpdate(update, { args });
  }

  /** What goes wrong at the bench from now on. */
  async faults(...plan: FaultEntry[]): Promise<void> {
    await planFaults(this.bench.address, plan);
  }

  async boards(): Promise<readonly BoardSummary[]> {
    return listBoards(this.bench.address);
  }

  /** The job ids (serial/print) of every label that came out for the unit, oldest first. */
  async labels({ serial }: Serial): Promise<string[]> {
    const boards = await this.boards();
    return boards.flatMap(({ labels }) => labels).filter((job) => job.startsWith(`${serial}/`));
  }

  /** Certificates that the CA ever issued. */
  async certificates(): Promise<string[]> {
    return readdir(join(this.home, 'ca', 'issued'));
  }

  async units(batch?: string): Promise<TestUnit[]> {
    return readUnits(this.db, batch);
  }

  async unit(serial: string): Promise<TestUnit> {
    return (await this.units()).find((unit) => unit.serial === serial)!;
  }

  async events({ unitId }: UnitId): Promise<TestEvent[]> {
    return readEvents(this.db, unitId);
  }

  /** The bodies of the unit's events of these types. */
  async facts(unit: UnitId, ...types: string[]): Promise<TestEvent['body'][]> {
    return (await this.events(unit)).filter(({ type }) => types.includes(type)).map(({ body }) => body);
  }

  /** The batch's units, once they are so. */
  async waitFor(batch: string, isSo: (units: TestUnit[]) => boolean): Promise<TestUnit[]> {
    let units: TestUnit[] = [];
    if (await until(async () => isSo((units = await this.units(batch))))) return units;
    throw new Error(`waited in vain; the units of ${batch}: ${unitsText(units)}`);
  }

  /** The unit at this batch index, once it is held. */
  async held(batch: string, index = 1): Promise<TestUnit> {
    const units = await this.waitFor(batch, (rows) => isHeld(rows.find((row) => row.index === index)));
    return units.find((unit) => unit.index === index)!;
  }

  /** The batch's units, once all of them have ended. */
  async shipped(batch: string): Promise<TestUnit[]> {
    return this.waitFor(batch, (units) => units.length > 0 && units.every(isOver));
  }

  /** The independent auditor's word on everything that happened here. */
  async audit(): Promise<void> {
    const { violations } = await audit(this.database.urlOf('auditor'), { store: join(this.home, 'store') });
    expect(violations).toEqual([]);
  }
}

type Parts = Awaited<ReturnType<typeof openParts>>;

/** What was opened before a part failed is closed again: a file whose `beforeAll` fails leaves nothing behind. */
async function openParts({ temporal: given }: TestLineOptions) {
  const closers: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (let closer = closers.pop(); closer; closer = closers.pop()) await closer();
  };
  try {
    const home = await mkdtemp(join(process.env.UNITRAIL_TEST_HOME!, 'line-'));
    closers.push(() => rm(home, { recursive: true, force: true }));
    const database = await createTestDatabase();
    closers.push(() => database.drop());
    await applySamplePlant(database, join(home, 'store'));
    const temporal = given ?? (await createNamespace(process.env.UNITRAIL_TEST_TEMPORAL_ADDRESS!));
    const bench = await startVirtualBench();
    closers.push(() => bench.stop());
    const reader = openDatabase(database.urlOf('auditor'), {
      applicationName: 'test-reader',
      maxConnections: 4,
    });
    closers.push(() => reader.destroy());
    return { database, bench, home, temporal, reader, client: await connectClient(temporal), close };
  } catch (error) {
    await close();
    throw error;
  }
}

function configOf(home: string, bench?: RunningBench): Config {
  return {
    servers: 'given',
    databaseUrl: null,
    ownerUrl: null,
    loginsFile: null,
    home,
    store: { first: { kind: 'folder', folder: join(home, 'store') }, copy: null },
    log: join(home, 'store', 'log'),
    watermark: join(home, 'watermark.json'),
    temporalCli: null,
    benchAddress: bench?.address ?? null,
    metricsAddress: null,
    webhook: null,
    heldTooLongMinutes: 240,
    logLevel: 'error',
  };
}

const loginIds: Readonly<Record<string, TestLogin>> = {
  [fixedLogins.office.name]: 'office',
  [fixedLogins.desk.name]: 'desk',
  [fixedLogins.retention.name]: 'retention',
  ...Object.fromEntries(testStations.map((id) => [stationLogin(id), id])),
};

function serversOf(
  database: TestDatabase,
  temporal: TemporalAddress,
  through?: TestLineOptions['through'],
): Servers {
  const urlOf = (login: string): string => database.urlOf(loginIds[login]!);
  return {
    temporal,
    temporalUi: null,
    ownerUrl: null,
    stack: null,
    loginUrl: async (login) => (through ? through(urlOf(login)) : urlOf(login)),
    leave: async () => {},
  };
}

/** An order of the sample product that nobody has used yet. */
export function newOrder(changes: Partial<Order> = {}): Order {
  const batch = changes.batch ?? `B-${randomUUID().slice(0, 8)}`;
  return {
    batch,
    order: `PO-${batch}`,
    product: 'EUDV',
    quantity: 2,
    buyer: 'acme',
    destination: 'DE',
    buyerPart: 'AC-77-B',
    firmware: '1.4.2',
    boardBatch: 'PB-118',
    boardLot: 'PCB-2646-17',
    components: { U1: ['MCU-LOT-7731'], U7: ['RADIO-LOT-0092'] },
    serials: 'scheme',
    attributes: { revision: 'C' },
    trial: false,
    ...changes,
  };
}
