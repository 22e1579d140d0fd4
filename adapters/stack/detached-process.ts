/**
 * Processes that belong to the stack and not to whom happens to have started them: started once, found again by
 * later users, stopped by the last one. All functions are called under the lock of the stack's home.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { open, readdir, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { UnitrailError } from '../../domain/errors';
import { readTextIfAny, tailOf, writeFileAtomic } from './files';
import type { StackHome } from './home';
import { commandLineOf, endProcess, findByCommandLineEnd, oneLine } from './process-table';

export type ProcessInfo = Readonly<Record<string, string>>;

export interface ProcessSpec {
  /** Lower-case word; names the log and the pid file. */
  readonly name: string;
  readonly command: string;
  /** Must hold something of this home's own, such as a path in it: the process is recognised by its arguments. */
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  /** The home, where not given. */
  readonly cwd?: string;
  /** What later users have to know, such as the port. They get what the one who started it gave. */
  readonly info: ProcessInfo;
  /** True once it does its work. Called again and again; may throw while it does not. */
  ready(info: ProcessInfo): Promise<boolean>;
}

export interface RunningProcess {
  readonly pid: number;
  readonly info: ProcessInfo;
}

interface ProcessRecord {
  /** Null: about to be started, or stopped. */
  readonly pid: number | null;
  readonly running: boolean;
  readonly args: readonly string[];
  readonly info: ProcessInfo;
}

const readyTimeoutMs = 60_000;
/** One that was there already and does not answer for so long hangs, and is replaced. */
const attachTimeoutMs = 30_000;
const askTimeoutMs = 10_000;
const readyPollMs = 100;
const endSteps = [
  { signal: 'SIGTERM', waitMs: 15_000 },
  { signal: 'SIGKILL', waitMs: 5_000 },
] as const;
const logLimitBytes = 10_000_000;

const recordFile = (home: StackHome, name: string): string => join(home.processes, `${name}.json`);
const logFile = (home: StackHome, name: string): string => join(home.path, `${name}.log`);

async function readRecord(home: StackHome, name: string): Promise<ProcessRecord | null> {
  const text = await readTextIfAny(recordFile(home, name));
  return text === null ? null : (JSON.parse(text) as ProcessRecord);
}

async function writeRecord(home: StackHome, name: string, record: ProcessRecord): Promise<void> {
  await writeFileAtomic(recordFile(home, name), `${JSON.stringify(record, null, 2)}\n`);
}

const commandLineEnd = (args: readonly string[]): string => ` ${oneLine(args.join(' '))}`;

async function isOurs(pid: number, args: readonly string[]): Promise<boolean> {
  return (await commandLineOf(pid))?.endsWith(commandLineEnd(args)) ?? false;
}

/** Whoever was killed between start and writing the number down left a record without number: look for it. */
async function livePid(record: ProcessRecord | null): Promise<number | null> {
  if (!record?.running) return null;
  if (record.pid === null) return findByCommandLineEnd(commandLineEnd(record.args));
  return (await isOurs(record.pid, record.args)) ? record.pid : null;
}

/** A question that hangs counts as "not yet". */
async function asksReady(ready: () => Promise<boolean>): Promise<boolean> {
  const tooLate = sleep(askTimeoutMs, false, { ref: false });
  return Promise.race([ready().catch(() => false), tooLate]);
}

async function readyWithin(
  timeoutMs: number,
  ready: () => Promise<boolean>,
  goOn: () => Promise<boolean>,
): Promise<boolean> {
  const deadline = Date.now() + timeoutMs;
  while (Date.now() < deadline && (await goOn())) {
    if (await asksReady(ready)) return true;
    await sleep(readyPollMs);
  }
  return false;
}

async function openLog(home: StackHome, name: string): Promise<Awaited<ReturnType<typeof open>>> {
  const path = logFile(home, name);
  const found = await stat(path).catch(() => null);
  if (found && found.size > logLimitBytes) await rename(path, `${path}.old`);
  return open(path, 'a', 0o600);
}

/** Files that it makes are for this user only, whatever the user's own umask says. */
async function launch(home: StackHome, spec: ProcessSpec): Promise<ChildProcess> {
  const log = await openLog(home, spec.name);
  try {
    const child = spawn('/bin/sh', ['-c', 'umask 077; exec "$@"', 'sh', spec.command, ...spec.args], {
      detached: true,
      stdio: ['ignore', log.fd, log.fd],
      cwd: spec.cwd ?? home.path,
      env: spec.env ?? process.env,
    });
    child.on('error', () => {}); // It shows as a process that is not there.
    child.unref();
    return child;
  } finally {
    await log.close();
  }
}

async function notReady(home: StackHome, spec: ProcessSpec, ended: boolean): Promise<UnitrailError> {
  const last = await tailOf(logFile(home, spec.name));
  const what = ended ? 'ended at once' : `was not ready within ${readyTimeoutMs / 1_000} s`;
  return new UnitrailError(
    'INTERNAL',
    `The process "${spec.name}" ${what}. Its last words: ${last.split('\n').slice(-3).join(' ')} ` +
      `The whole log: ${logFile(home, spec.name)}.`,
    { output: last },
  );
}

async function start(home: StackHome, spec: ProcessSpec, signal?: AbortSignal): Promise<RunningProcess> {
  const { args, info } = spec;
  await writeRecord(home, spec.name, { pid: null, running: true, args, info });
  const child = await launch(home, spec);
  const pid = child.pid ?? 0;
  await writeRecord(home, spec.name, { pid, running: true, args, info });
  const alive = async (): Promise<boolean> =>
    !signal?.aborted && child.exitCode === null && child.signalCode === null && pid > 0;
  if (await readyWithin(readyTimeoutMs, () => spec.ready(info), alive)) return { pid, info };
  const error = await notReady(home, spec, child.exitCode !== null || pid === 0);
  await stopProcess(home, spec.name);
  signal?.throwIfAborted();
  throw error;
}

/** What was told of the process when it last ran, running or not: its port can be asked for again. */
export async function lastInfo(home: StackHome, name: string): Promise<ProcessInfo | null> {
  return (await readRecord(home, name))?.info ?? null;
}

/** The process as it runs and answers now; null otherwise. */
export async function attachProcess(
  home: StackHome,
  spec: Pick<ProcessSpec, 'name' | 'ready'>,
  signal?: AbortSignal,
): Promise<RunningProcess | null> {
  const record = await readRecord(home, spec.name);
  const pid = await livePid(record);
  if (!record || pid === null) return null;
  const goOn = async (): Promise<boolean> => !signal?.aborted && isOurs(pid, record.args);
  const ready = await readyWithin(attachTimeoutMs, () => spec.ready(record.info), goOn);
  signal?.throwIfAborted();
  return ready ? { pid, info: record.info } : null;
}

/** Attaches to the process of that name, or starts it: afterwards one runs and is ready. */
export async function ensureProcess(
  home: StackHome,
  spec: ProcessSpec,
  signal?: AbortSignal,
): Promise<RunningProcess> {
  if (!/^[a-z][a-z0-9-]{0,31}$/.test(spec.name)) {
    throw new UnitrailError('INTERNAL', `"${spec.name}" is no name for a process of the stack.`);
  }
  const attached = await attachProcess(home, spec, signal);
  if (attached) return attached;
  await stopProcess(home, spec.name); // one that runs and does not answer
  return start(home, spec, signal);
}

/** A repeat is a no-op. The record stays, for `lastInfo`. */
export async function stopProcess(home: StackHome, name: string): Promise<void> {
  const record = await readRecord(home, name);
  if (!record?.running) return;
  const pid = await livePid(record);
  if (pid !== null && !(await endProcess(pid, () => isOurs(pid, record.args), endSteps))) {
    throw new UnitrailError('INTERNAL', `The process "${name}" (${pid}) does not end, not even by force.`);
  }
  await writeRecord(home, name, { ...record, pid: null, running: false });
}

export async function processNames(home: StackHome): Promise<string[]> {
  const files = await readdir(home.processes);
  return files.filter((file) => file.endsWith('.json')).map((file) => file.slice(0, -'.json'.length));
}
