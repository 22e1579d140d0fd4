import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { bareEnvironment, bin } from './cli';

const checkout = join(__dirname, '..', '..');

export interface DemoUnit {
  readonly serial: string;
  readonly state: string;
  readonly macs: readonly string[];
  readonly chipUid: string;
}

export interface DemoAnswer {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly result: { readonly batch: string; readonly units: readonly DemoUnit[] } | null;
  readonly err: string;
}

/** A folder of its own in which `unitrail demo` is started, killed and started again, as a person would. */
export class DemoHome {
  private constructor(readonly path: string) {}

  static async make(): Promise<DemoHome> {
    return new DemoHome(await mkdtemp(join(tmpdir(), 'unitrail-demo-')));
  }

  start(...args: string[]): DemoRun {
    return new DemoRun(this.run(['--json', 'demo', '--bench-speed', 'fast', ...args]));
  }

  /** Any other command on the same home, to its end. */
  async command(...args: string[]): Promise<DemoAnswer> {
    return new DemoRun(this.run(args)).end;
  }

  /** Everything at once, servers and all: what a power cut does. */
  async killEverything(): Promise<void> {
    for (const pid of await this.processes()) process.kill(pid, 'SIGKILL');
    while ((await this.processes()).length > 0) await sleep(50);
  }

  /** Processes that have this home on their command line or in their environment's UNITRAIL_HOME. */
  async processes(): Promise<number[]> {
    const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
    const ours = await Promise.all(pids.map(async (pid) => ((await this.isOurs(pid)) ? pid : null)));
    return ours.filter((pid) => pid !== null);
  }

  async remove(): Promise<void> {
    await this.killEverything();
    await rm(this.path, { recursive: true, force: true });
  }

  private run(args: readonly string[]): ChildProcess {
    return spawn(process.execPath, [bin, ...args], {
      cwd: checkout,
      env: { ...bareEnvironment, UNITRAIL_HOME: this.path },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  }

  private async isOurs(pid: number): Promise<boolean> {
    const read = (file: string) => readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => '');
    const commandLine = await read('cmdline');
    // A process that ended and is not collected yet has an empty one.
    return (
      commandLine !== '' &&
      (commandLine.includes(this.path) || (await read('environ')).includes(`UNITRAIL_HOME=${this.path}`))
    );
  }
}

export class DemoRun {
  private err = '';
  private out = '';
  readonly end: Promise<DemoAnswer>;

  constructor(private readonly child: ChildProcess) {
    child.stdout?.setEncoding('utf8').on('data', (text: string) => (this.out += text));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.err += text));
    this.end = new Promise((resolve) =>
      child.once('close', (code, signal) =>
        resolve({ code, signal, result: parsed(this.out), err: this.err }),
      ),
    );
  }

  send(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** Resolves once the progress tells that so many units are ready. */
  async untilReady(units: number): Promise<void> {
    while (this.readyUnits() < units) {
      if (this.child.exitCode !== null)
        throw new Error(`the demo ended before ${units} units were ready:\n${this.err}`);
      await sleep(20);
    }
  }

  private readyUnits(): number {
    return Math.max(-1, ...[...this.err.matchAll(/ (\d+)\/\d+ ready/g)].map(([, count]) => Number(count)));
  }
}

function parsed(text: string): DemoAnswer['result'] {
  return text.trim().startsWith('{') ? (JSON.parse(text) as DemoAnswer['result']) : null;
}
