/**
 * The embedded default: a Postgres server and a local Temporal server, kept in one folder. The first user starts
 * them, later ones attach, the last one stops them. Starting and stopping is serialised by a lock in the folder.
 */
import {
  ensureProcess,
  lastInfo,
  processNames,
  stopProcess,
  type ProcessInfo,
  type ProcessSpec,
  type RunningProcess,
} from './detached-process';
import { ensurePostgres, postgresPort, stopPostgres } from './embedded-postgres';
import { withFileLock } from './file-lock';
import { prepareHome, type StackHome } from './home';
import { loginUrl, ownerLogin } from './logins';
import { isUsed, StackMembership } from './stack-membership';
import { findTemporalBinary } from './temporal-binary';
import { ensureTemporal, temporalProcessName, type RunningTemporal } from './temporal-server';

export interface Stack {
  readonly home: string;
  /** For migrations: the database's owner. */
  readonly ownerUrl: string;
  /** The URL of a login on this database; a password is made up for one that is not known yet. */
  loginUrl(login: string): Promise<string>;
  readonly temporal: RunningTemporal;
  /** Starts a further process once per stack, or attaches to it; the last user's leave stops it. */
  ensureProcess(spec: ProcessSpec): Promise<RunningProcess>;
  /** What was told of a process when it last ran, running or not. */
  lastInfo(name: string): Promise<ProcessInfo | null>;
  /** The last user stops the servers; others leave them running. A repeat is a no-op. */
  leave(): Promise<void>;
}

export interface JoinOptions {
  /** `UNITRAIL_HOME`; made where it does not exist. */
  readonly home: string;
  /** Progress, one line at a time. */
  readonly say: (line: string) => void;
  /** Stops a start that is under way; what it started by then is stopped again. */
  readonly signal?: AbortSignal;
  /** Postgres settings on top of ours, such as `fsync: 'off'` for tests. They hold from a start on. */
  readonly postgresSettings?: Readonly<Record<string, string>>;
  /** `UNITRAIL_TEMPORAL_CLI`: the `temporal` program to use. Otherwise it is looked for, or made. */
  readonly temporalCli?: string;
}

/** Somebody else may be building the Temporal server meanwhile. */
const lockTimeoutMs = 20 * 60_000;

type Say = (line: string) => void;

async function locked<T>(
  home: StackHome,
  say: Say,
  work: () => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  const onWait = (): void => say('Waiting for another process that starts or stops the servers');
  return withFileLock(home.lock, { timeoutMs: lockTimeoutMs, signal, onWait }, work);
}

/** Temporal and the others before Postgres: they may have something to write. */
export async function stopEverything(home: StackHome): Promise<void> {
  const names = await processNames(home);
  const others = names.filter((name) => name !== temporalProcessName);
  await Promise.all(others.map((name) => stopProcess(home, name)));
  await stopProcess(home, temporalProcessName);
  await stopPostgres(home);
}

/** After a start that failed half-way: nobody may be there who would stop the other half. */
async function stopIfUnused(home: StackHome): Promise<void> {
  const port = await postgresPort(home);
  if (port !== null && (await isUsed(await loginUrl(home, port, ownerLogin)))) return;
  await stopEverything(home);
}

interface Servers {
  readonly port: number;
  readonly temporal: RunningTemporal;
  readonly membership: StackMembership;
}

/** Both at once. Where one fails, the other is called off: nobody wants to wait for it any longer. */
async function startBoth(home: StackHome, options: JoinOptions): Promise<[number, RunningTemporal]> {
  const { say, temporalCli, postgresSettings: settings = {} } = options;
  const env = { ...process.env, ...(temporalCli && { UNITRAIL_TEMPORAL_CLI: temporalCli }) };
  const failure = new AbortController();
  const signal = AbortSignal.any([failure.signal, ...(options.signal ? [options.signal] : [])]);
  const callOff = (error: unknown): never => {
    if (!failure.signal.aborted) failure.abort(error);
    throw error;
  };
  const findBinary = (): Promise<string> => findTemporalBinary({ env, say, signal });
  const [postgres, temporal] = await Promise.allSettled([
    ensurePostgres(home, { say, settings, signal }).catch(callOff),
    ensureTemporal(home, { say, findBinary, signal }).catch(callOff),
  ]);
  if (postgres.status === 'rejected' || temporal.status === 'rejected') throw failure.signal.reason;
  return [postgres.value.port, temporal.value];
}

async function startServers(home: StackHome, options: JoinOptions): Promise<Servers> {
  const [port, temporal] = await startBoth(home, options);
  const membership = await StackMembership.join(await loginUrl(home, port, ownerLogin));
  return { port, temporal, membership };
}

async function join(home: StackHome, options: JoinOptions): Promise<Servers> {
  const start = async (): Promise<Servers> => {
    try {
      return await startServers(home, options);
    } catch (error) {
      await stopIfUnused(home);
      throw error;
    }
  };
  return locked(home, options.say, start, options.signal);
}

async function leave(home: StackHome, say: Say, membership: StackMembership): Promise<void> {
  await locked(home, say, async () => {
    if (!(await membership.leave())) return;
    say('Stopping the servers');
    await stopEverything(home);
  });
}

/** Starts the servers of this home or attaches to them. Call `leave` in the end. */
export async function joinStack(options: JoinOptions): Promise<Stack> {
  const { say, signal } = options;
  const home = await prepareHome(options.home);
  const { port, temporal, membership } = await join(home, options);
  let leaving: Promise<void> | undefined;
  return {
    home: home.path,
    ownerUrl: await loginUrl(home, port, ownerLogin),
    temporal,
    loginUrl: (login) => loginUrl(home, port, login),
    ensureProcess: (spec) => locked(home, say, () => ensureProcess(home, spec, signal), signal),
    lastInfo: (name) => lastInfo(home, name),
    leave: () => (leaving ??= leave(home, say, membership)),
  };
}
