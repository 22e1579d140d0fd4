import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Connection } from '@temporalio/client';
import { ensureProcess, stopProcess, type ProcessInfo } from '../../adapters/stack/detached-process';
import { withFileLock } from '../../adapters/stack/file-lock';
import { freePorts } from '../../adapters/stack/free-port';
import { prepareHome, type StackHome } from '../../adapters/stack/home';
import { findTemporalBinary } from '../../adapters/stack/temporal-binary';
import { searchAttributes } from '../../domain/search-attributes';
import type { TemporalAddress } from '../../workers/temporal-address';

const namespace = 'default';
/** Another file's server may be starting. */
const lockTimeoutMs = 240_000;

/**
 * A Temporal server of a test's own, whose state may be taken away. It is a process of the run's stack, so that the
 * run's end stops it, by whatever end.
 */
export class OwnTemporalServer {
  private constructor(
    private readonly home: StackHome,
    private readonly name: string,
    private readonly folder: string,
    readonly address: TemporalAddress,
  ) {}

  static async start(): Promise<OwnTemporalServer> {
    const home = await prepareHome(process.env.UNITRAIL_TEST_HOME!);
    const folder = await mkdtemp(join(home.path, 'temporal-'));
    const name = `temporal-${randomBytes(4).toString('hex')}`;
    return new OwnTemporalServer(home, name, folder, await launch(home, name, folder));
  }

  /** Another server: nothing of what this one knew is left. */
  async loseState(): Promise<OwnTemporalServer> {
    await this.stop();
    return OwnTemporalServer.start();
  }

  async stop(): Promise<void> {
    await locked(this.home, () => stopProcess(this.home, this.name));
    await rm(this.folder, { recursive: true, force: true });
  }
}

async function launch(home: StackHome, name: string, folder: string): Promise<TemporalAddress> {
  const command = await findTemporalBinary({ env: process.env, say: () => {} });
  const [port, uiPort] = await freePorts([undefined, undefined]);
  const address = `127.0.0.1:${port}`;
  const args = [
    ...['server', 'start-dev', '--ip', '127.0.0.1', '--port', String(port), '--ui-port', String(uiPort)],
    ...['--db-filename', join(folder, 'temporal.db'), '--sqlite-pragma', 'journal_mode=wal'],
    ...['--sqlite-pragma', 'synchronous=off', '--namespace', namespace, '--log-level', 'error'],
    ...searchAttributes.flatMap((attribute) => ['--search-attribute', `${attribute}=Keyword`]),
  ];
  await locked(home, () => ensureProcess(home, { name, command, args, info: { address }, ready }));
  return { namespace, connectionOptions: { address } };
}

/** It opens its port before it has registered the search attributes. */
async function ready({ address }: ProcessInfo): Promise<boolean> {
  const connection = await Connection.connect({ address: address!, connectTimeout: '5 seconds' });
  try {
    const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
    return searchAttributes.every((attribute) => customAttributes?.[attribute] !== undefined);
  } finally {
    await connection.close();
  }
}

function locked<T>(home: StackHome, work: () => Promise<T>): Promise<T> {
  return withFileLock(home.lock, { timeoutMs: lockTimeoutMs }, work);
}
