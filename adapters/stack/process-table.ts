import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { runCommand } from './run-command';

const pollMs = 50;

/** White space as one space each, which is all that the ways of asking agree on. */
export function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}

/** Linux tells by /proc (a slim container has no `ps`), other systems by `ps`. */
async function fromProc(pid: number): Promise<string | null> {
  const raw = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  // A process that has ended and was not collected yet (a zombie) has an empty command line.
  return oneLine(raw.replaceAll('\0', ' ')) || null;
}

async function fromPs(pid: number): Promise<string | null> {
  const { code, output } = await runCommand('ps', ['-ww', '-o', 'args=', '-p', String(pid)], {
    timeoutMs: 5_000,
  });
  return code === 0 ? oneLine(output) || null : null;
}

/** The command line with its arguments, joined by spaces; null where the process has ended. */
export async function commandLineOf(pid: number): Promise<string | null> {
  return process.platform === 'linux' ? fromProc(pid) : fromPs(pid);
}

async function allCommandLines(): Promise<Map<number, string>> {
  const found = new Map<number, string>();
  if (process.platform === 'linux') {
    const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
    for (const pid of pids) {
      const line = await fromProc(pid);
      if (line) found.set(pid, line);
    }
    return found;
  }
  const { output } = await runCommand('ps', ['-axww', '-o', 'pid=,args='], { timeoutMs: 5_000 });
  for (const [, pid, line] of output.matchAll(/^\s*(\d+)\s+(.*)$/gm)) found.set(Number(pid), oneLine(line!));
  return found;
}

/** Null where no process has this end of a command line. */
export async function findByCommandLineEnd(end: string): Promise<number | null> {
  for (const [pid, line] of await allCommandLines()) if (line.endsWith(end)) return pid;
  return null;
}

async function goneWithin(isThere: () => Promise<boolean>, timeoutMs: number): Promise<boolean> {
  const deadline = Date.now() + timeoutMs;
  while (await isThere()) {
    if (Date.now() > deadline) return false;
    await sleep(pollMs);
  }
  return true;
}

export interface EndStep {
  readonly signal: NodeJS.Signals;
  readonly waitMs: number;
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/**
 * Ends a process, step by step more firmly; false where it is still there after the last step. `isOurs` is asked
 * before each signal, because the system gives the number of an ended process to the next one.
 */
export async function endProcess(
  pid: number,
  isOurs: () => Promise<boolean>,
  steps: readonly EndStep[],
): Promise<boolean> {
  for (const { signal, waitMs } of steps) {
    if (!(await isOurs())) return true;
    send(pid, signal);
    if (await goneWithin(isOurs, waitMs)) return true;
  }
  return false;
}
