/** What the data folder's own lock file says of a running server, checked against the process table. */
import { readdir, readlink, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { UnitrailError } from '../../domain/errors';
import { readTextIfAny } from './files';
import { commandLineOf } from './process-table';

export interface Postmaster {
  readonly pid: number;
  /** Null while the server has only just begun to start. */
  readonly port: number | null;
}

/** Sessions of a killed server end by themselves within moments. */
const orphansTimeoutMs = 20_000;
const pollMs = 100;

function lockFile(folder: string): string {
  return join(folder, 'postmaster.pid');
}

export async function isServerOf(folder: string, pid: number): Promise<boolean> {
  const line = await commandLineOf(pid);
  return line !== null && line.includes(`-D ${folder} `);
}

/** Null where no server runs on the folder, whatever a stale lock file says. */
export async function runningPostmaster(folder: string): Promise<Postmaster | null> {
  const text = await readTextIfAny(lockFile(folder));
  const [pidLine, , , portLine] = text?.split('\n') ?? [];
  const [pid, port] = [Number(pidLine), Number(portLine)];
  if (!Number.isInteger(pid) || pid <= 1 || !(await isServerOf(folder, pid))) return null;
  return { pid, port: port > 0 ? port : null };
}

async function worksIn(folder: string): Promise<boolean> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  for (const pid of pids) {
    if ((await readlink(`/proc/${pid}/cwd`).catch(() => null)) === folder) return true;
  }
  return false;
}

/**
 * Takes away the lock file of a killed server. Postgres does so by itself only where the number of the process is
 * free: it refuses to start where that number was given to another process, or where the dead one was not
 * collected yet. A server process that still works in the folder is waited for: two at a time would spoil it.
 */
export async function clearStaleLockFile(folder: string): Promise<void> {
  if (process.platform !== 'linux' || (await readTextIfAny(lockFile(folder))) === null) return;
  const deadline = Date.now() + orphansTimeoutMs;
  while (await worksIn(folder)) {
    if (Date.now() > deadline) {
      throw new UnitrailError(
        'DATABASE_UNAVAILABLE',
        `A process of a server that was killed still works in ${folder}. End it, then try again.`,
      );
    }
    await sleep(pollMs);
  }
  await rm(lockFile(folder), { force: true });
}
