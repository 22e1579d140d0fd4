import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { bareEnvironment, bin, type CliEnvironment } from './cli';

const patienceMs = 150_000;
const keptText = 20_000;

/** One worker of production, `unitrail worker …`, in a process of its own that may be killed and started again. */
export class WorkerProcess {
  private child: ChildProcess | undefined;
  private text = '';
  private told: () => void = () => {};

  constructor(
    readonly role: readonly string[],
    private readonly env: CliEnvironment,
  ) {}

  get name(): string {
    return this.role.at(-1)!;
  }

  /** It ended, and nobody had asked for it. */
  get hasDied(): boolean {
    return this.child !== undefined && (this.child.exitCode !== null || this.child.signalCode !== null);
  }

  /** Of the process that runs now. */
  get pid(): number {
    return this.child!.pid!;
  }

  /** What it said last, for the message of a wait that was in vain. */
  get lastWords(): string {
    return `${this.name}: ${this.text.slice(-1_500)}`;
  }

  /** Resolves once it works. */
  async start(): Promise<void> {
    this.text = '';
    const child = spawn(process.execPath, [bin, 'worker', ...this.role], {
      env: { ...bareEnvironment, ...this.env },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.child = child;
    const works = new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(this.surprise('did not work in time')), patienceMs);
      this.told = () => {
        if (!this.text.includes(' works. ')) return;
        clearTimeout(timer);
        resolve();
      };
      child.once('close', (code) => {
        clearTimeout(timer);
        reject(this.surprise(`ended with ${code}`));
      });
    });
    works.catch(() => {});
    child.stderr!.setEncoding('utf8').on('data', (more: string) => {
      this.text = (this.text + more).slice(-keptText);
      this.told();
    });
    await works;
  }

  async end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const child = this.child;
    if (!child || this.hasDied) return;
    const closed = once(child, 'close');
    child.kill(signal);
    await closed;
    this.child = undefined;
  }

  private surprise(what: string): Error {
    return new Error(`the worker ${what}. Its last words:\n${this.lastWords}`);
  }
}
