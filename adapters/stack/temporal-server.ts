/** The local Temporal server with its web UI, as a process of the stack; its state lies in the home. */
import { join } from 'node:path';
import { UnitrailError } from '../../domain/errors';
import { attachProcess, ensureProcess, lastInfo, type ProcessInfo } from './detached-process';
import { freePorts } from './free-port';
import type { StackHome } from './home';

export interface TemporalOptions {
  readonly say: (line: string) => void;
  /** Asked for only where the server does not run yet: finding the program may take minutes. */
  findBinary(): Promise<string>;
  readonly signal?: AbortSignal | undefined;
}

export interface RunningTemporal {
  readonly address: string;
  readonly namespace: string;
  readonly uiUrl: string;
}

export const temporalProcessName = 'temporal';

const namespace = 'default';
const searchAttributes = ['UnitState', 'UnitStep', 'BatchId', 'Product', 'FailureCode', 'StationId'];
const keyword = 2; // temporal.api.enums.v1.IndexedValueType
const callTimeoutMs = 5_000;
const portAttempts = 3;
const pageCacheKib = 262_144;

function serverArguments(home: StackHome, port: number, uiPort: number): string[] {
  return [
    ...['server', 'start-dev', '--ip', '127.0.0.1', '--port', String(port), '--ui-port', String(uiPort)],
    ...['--db-filename', join(home.path, 'temporal.db')],
    // With the default pragmas a file is ten times slower; what WAL may lose is the last moment before a power
    // cut, and Postgres is what remembers.
    ...['--sqlite-pragma', 'journal_mode=wal', '--sqlite-pragma', 'synchronous=normal'],
    // A run stands in more than fifty indexes for the lists of the web UI: beyond a few thousand they do not fit the 2 MB that
    // are usual, and every change reads pages anew.
    ...['--sqlite-pragma', `cache_size=-${pageCacheKib}`, '--sqlite-pragma', 'wal_autocheckpoint=8000'],
    ...['--namespace', namespace, '--log-level', 'error'],
    ...searchAttributes.flatMap((name) => ['--search-attribute', `${name}=Keyword`]),
  ];
}

/** The server answers, and has our search attributes: it opens its port before it has registered them. */
async function answers(info: ProcessInfo): Promise<boolean> {
  const { Connection } = await import('@temporalio/client');
  const connection = await Connection.connect({ address: info.address!, connectTimeout: callTimeoutMs });
  try {
    const { customAttributes } = await connection.withDeadline(Date.now() + callTimeoutMs, () =>
      connection.operatorService.listSearchAttributes({ namespace }),
    );
    return searchAttributes.every((name) => customAttributes?.[name] === keyword);
  } finally {
    await connection.close();
  }
}

const ownProcess = { name: temporalProcessName, ready: answers };

function describe(info: ProcessInfo): RunningTemporal {
  return { address: info.address!, namespace, uiUrl: info.uiUrl! };
}

async function startOnce(
  home: StackHome,
  command: string,
  last: ProcessInfo | null,
  signal?: AbortSignal,
): Promise<RunningTemporal> {
  const [port, uiPort] = await freePorts([Number(last?.port), Number(last?.uiPort)]);
  const info = {
    port: String(port),
    uiPort: String(uiPort),
    address: `127.0.0.1:${port}`,
    uiUrl: `http://127.0.0.1:${uiPort}`,
  };
  const args = serverArguments(home, port!, uiPort!);
  const running = await ensureProcess(home, { ...ownProcess, command, args, info }, signal);
  return describe(running.info);
}

function lostItsPort(error: unknown): boolean {
  return error instanceof UnitrailError && /address already in use/i.test(String(error.detail.output));
}

async function start(home: StackHome, command: string, signal?: AbortSignal): Promise<RunningTemporal> {
  let last = await lastInfo(home, temporalProcessName);
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await startOnce(home, command, last, signal);
    } catch (error) {
      if (attempt < portAttempts && lostItsPort(error)) last = null;
      else throw unavailable(error);
    }
  }
}

function unavailable(error: unknown): unknown {
  if (!(error instanceof UnitrailError)) return error;
  const message = `The local Temporal server did not start. ${error.message}`;
  return new UnitrailError('TEMPORAL_UNAVAILABLE', message, error.detail, { cause: error });
}

/** Attaches to the server of this home, or starts it. */
export async function ensureTemporal(home: StackHome, options: TemporalOptions): Promise<RunningTemporal> {
  const attached = await attachProcess(home, ownProcess, options.signal);
  if (attached) return describe(attached.info);
  const command = await options.findBinary();
  options.say('Starting the Temporal server');
  return start(home, command, options.signal);
}
