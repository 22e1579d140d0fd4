/** The demo as a user starts it, in a process group of its own, so that a test can end it the hard way. */
import { spawn, type ChildProcess } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { bareEnvironment, bin } from './cli';

const patienceMs = 90_000;
const pollMs = 50;

export class DemoRun {
  out = '';
  err = '';
  private readonly lines = new Set<() => void>();
  /** Its end, with all that it had written: that arrives a little later than the end. */
  private readonly closed: Promise<void>;

  private constructor(
    private readonly home: string,
    private readonly child: ChildProcess,
  ) {
    child.stdout!.setEncoding('utf8').on('data', (text: string) => (this.out += text));
    child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.err += text;
      this.lines.forEach((look) => look());
    });
    this.closed = new Promise((resolve) => child.once('close', () => resolve()));
  }

  static start(home: string, ...args: string[]): DemoRun {
    const env = { ...bareEnvironment, UNITRAIL_HOME: home };
    const child = spawn(process.execPath, [bin, 'demo', '--json', ...args], {
      env,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    return new DemoRun(home, child);
  }

  /** How many units the demo said last that are ready. */
  get ready(): number {
    return Number([...this.err.matchAll(/(\d+)\/\d+ ready/g)].at(-1)?.[1] ?? 0);
  }

  async untilReady(units: number): Promise<void> {
    let look: () => void = () => {};
    const seen = new Promise<void>((resolve) => {
      look = () => {
        if (this.ready >= units) resolve();
      };
      this.lines.add(look);
    });
    await this.within(
      Promise.race([
        seen,
        this.ended().then((code) => Promise.reject(this.surprise(`it ended with ${code}`))),
      ]),
    );
    this.lines.delete(look);
  }

  /** The exit code; null where a signal ended it. */
  async ended(): Promise<number | null> {
    await this.within(this.closed);
    return this.child.exitCode;
  }

  interrupt(): void {
    this.child.kill('SIGINT');
  }

  /** kill -9 of everything: the command with all that belongs to its group, the servers and the bench. */
  async killAll(): Promise<void> {
    const pids = await processesOf(this.home);
    for (const pid of [-this.child.pid!, ...pids]) kill(pid);
    await this.ended();
    await this.within(this.untilGone(pids));
  }

  /** For the end of a test, in whatever state it is. */
  async stop(): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) await this.killAll();
  }

  /** What was killed needs its turn to die. What was not is left to be found. */
  private async untilGone(pids: readonly number[]): Promise<void> {
    while ((await processesOf(this.home)).some((pid) => pids.includes(pid))) await sleep(pollMs);
  }

  private async within<T>(work: Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const tooLate = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(this.surprise(`nothing came of it for ${patienceMs} ms`)), patienceMs);
    });
    try {
      return await Promise.race([work, tooLate]);
    } finally {
      clearTimeout(timer);
    }
  }

  private surprise(what: string): Error {
    return new Error(`the demo: ${what}. Its last words:\n${this.err.slice(-2_000)}`);
  }
}

/** Processes whose command line names this home: the servers, the bench, and what they started. */
export async function processesOf(home: string): Promise<number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const found: number[] = [];
  for (const pid of pids) {
    const line = await readFile(join('/proc', String(pid), 'cmdline'), 'utf8').catch(() => '');
    if (line.includes(home)) found.push(pid);
  }
  return found;
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended meanwhile.
  }
}
