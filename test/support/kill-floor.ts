/**
 * A factory whose parts can be killed one by one: the embedded servers in a home of their own, one process for each
 * worker, a virtual bench. This process only looks on, and starts again what it killed.
 */
import { mkdtemp, readFile, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Client } from '@temporalio/client';
import { readPlantFile } from '../../adapters/plant/plant-file';
import { openDatabase, type Database } from '../../adapters/postgres/database';
import { fixedLogins } from '../../adapters/postgres/logins';
import { applyPlant } from '../../adapters/postgres/plant-store';
import { prepareHome } from '../../adapters/stack/home';
import { dataFolder } from '../../adapters/stack/postgres-data-folder';
import { runningPostmaster } from '../../adapters/stack/postmaster';
import { joinStack, type Stack } from '../../adapters/stack/stack';
import { createContentStore } from '../../adapters/store/content-store';
import { prepareEmbedded } from '../../cli/embedded-database';
import { samplePlant } from '../../cli/house';
import { closeAll, type Closer } from '../../workers/close-all';
import { serversOf } from '../../workers/servers';
import { temporalAddress } from '../../workers/temporal-address';
import { connectClient } from '../../workers/temporal-client';
import { startVirtualBench, type RunningBench } from './virtual-bench';
import { WorkerProcess } from './worker-process';

export const victims = ['workflows', 'office', 'line-1', 'label-1', 'temporal', 'postgres'] as const;
export type Victim = (typeof victims)[number];

const stations = ['line-1', 'label-1'];

export class KillFloor {
  constructor(
    readonly home: string,
    readonly bench: RunningBench,
    /** Reads everything, writes nothing; its questions fail while Postgres is away. */
    readonly db: Database,
    readonly client: Client,
    readonly auditorUrl: string,
    readonly workers: readonly WorkerProcess[],
    private readonly opened: Closer[],
    private readonly say: (line: string) => void,
  ) {}

  static async open(say: (line: string) => void, signal?: AbortSignal): Promise<KillFloor> {
    const home = await realpath(await mkdtemp(join(tmpdir(), 'unitrail-kill-')));
    const opened: Closer[] = [() => rm(home, { recursive: true, force: true })];
    try {
      return await openIn(home, opened, say, signal);
    } catch (error) {
      await closeAll(opened);
      throw error;
    }
  }

  /** kill -9. Resolves once the process is gone. */
  async kill(victim: Victim): Promise<void> {
    if (victim === 'temporal') return kill(await this.temporalPid());
    if (victim === 'postgres') return kill(await this.postgresPid());
    await this.worker(victim).end('SIGKILL');
  }

  /** As a supervisor would: a server on its own state and port, a worker as it was. */
  async startAgain(victim: Victim): Promise<void> {
    if (victim !== 'temporal' && victim !== 'postgres') return this.worker(victim).start();
    const stack = await joinStack({ home: this.home, say: this.say });
    this.opened.push(() => stack.leave());
  }

  /** Workers that ended by themselves are started again, and named: none should. */
  async startDead(): Promise<string[]> {
    const dead = this.workers.filter(({ hasDied }) => hasDied);
    const words = dead.map(({ lastWords }) => lastWords);
    for (const worker of dead) await worker.start();
    return words;
  }

  async close(): Promise<void> {
    await closeAll(this.opened);
  }

  private worker(name: string): WorkerProcess {
    return this.workers.find((worker) => worker.name === name)!;
  }

  private async temporalPid(): Promise<number> {
    const record = await readFile(join(this.home, 'processes', 'temporal.json'), 'utf8');
    return (JSON.parse(record) as { pid: number }).pid;
  }

  private async postgresPid(): Promise<number> {
    const running = await runningPostmaster(dataFolder(await prepareHome(this.home)));
    if (running === null) throw new Error('Postgres does not run, and is to be killed');
    return running.pid;
  }
}

async function openIn(
  home: string,
  opened: Closer[],
  say: (line: string) => void,
  signal?: AbortSignal,
): Promise<KillFloor> {
  const stack = await joinStack({ home, say, ...(signal && { signal }) });
  opened.push(() => stack.leave());
  await prepareEmbedded(serversOf(stack), stations);
  await loadPlant(stack);
  const bench = await startVirtualBench(['--speed', 'fast']);
  opened.push(() => bench.stop());
  const auditorUrl = await stack.loginUrl(fixedLogins.auditor.name);
  const db = openDatabase(auditorUrl, { applicationName: 'test-kill', maxConnections: 2 });
  opened.push(() => db.destroy());
  const client = await connectClient(temporalAddress(stack.temporal));
  opened.push(() => client.connection.close());
  const env = { UNITRAIL_HOME: home, UNITRAIL_BENCH_ADDRESS: bench.address };
  const roles = [['workflows'], ['office'], ...stations.map((id) => ['station', '--station', id])];
  const workers = roles.map((role) => new WorkerProcess(['--role', ...role], env));
  // Its batches are over, or have failed: nobody waits for what is under way.
  opened.push(() => Promise.all(workers.map((worker) => worker.end('SIGKILL'))).then(() => {}));
  await Promise.all(workers.map((worker) => worker.start()));
  return new KillFloor(home, bench, db, client, auditorUrl, workers, opened, say);
}

async function loadPlant(stack: Stack): Promise<void> {
  const { document, files } = await readPlantFile(samplePlant);
  const store = createContentStore({ folder: join(stack.home, 'store') });
  for (const { bytes } of files) await store.put(bytes);
  const desk = openDatabase(await stack.loginUrl(fixedLogins.desk.name), {
    applicationName: 'test-kill',
    maxConnections: 1,
  });
  try {
    await applyPlant(desk, document);
  } finally {
    await desk.destroy();
  }
}

async function kill(pid: number): Promise<void> {
  process.kill(pid, 'SIGKILL');
  // Of a process that this one did not start its parent collects the rest.
  const isThere = (): Promise<boolean> =>
    readFile(`/proc/${pid}/stat`, 'utf8').then(
      (stat) => !stat.slice(stat.lastIndexOf(')')).startsWith(') Z'),
      () => false,
    );
  while (await isThere()) await new Promise((resolve) => setTimeout(resolve, 20));
}
