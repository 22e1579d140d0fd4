import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { unpackWorkers } from '../replay/recorded-workers';
import { bareEnvironment, loginUrls, type CliEnvironment } from './cli';
import type { TestLine } from './line';

const patienceMs = 150_000;
const keptText = 20_000;

/** Workers of a released version, as a process of their own beside those of a test line. */
export class RecordedProcess {
  private constructor(
    private readonly child: ChildProcess,
    private readonly said: () => string,
  ) {}

  /** Resolves once they work. A role is `workflows`, `office` or a station. */
  static async start(line: TestLine, version: string, roles: readonly string[]): Promise<RecordedProcess> {
    const { program, workflows } = await unpackWorkers(version);
    const child = spawn(process.execPath, [program, workflows, ...roles], {
      env: await environmentOf(line),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let text = '';
    for (const stream of [child.stdout!, child.stderr!])
      stream.setEncoding('utf8').on('data', (more: string) => (text = (text + more).slice(-keptText)));
    const started = new RecordedProcess(child, () => text);
    await started.works();
    return started;
  }

  /** How Temporal's histories name it: `<pid>@<host>`. */
  get pid(): number {
    return this.child.pid!;
  }

  /** In order: what is under way may finish. */
  async stop(): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) {
      const closed = once(this.child, 'close');
      this.child.kill('SIGTERM');
      await closed;
    }
    if (this.child.exitCode !== 0) throw this.surprise('did not end in order');
  }

  private async works(): Promise<void> {
    const timer = setTimeout(() => this.child.kill('SIGKILL'), patienceMs);
    try {
      const closed = once(this.child, 'close').then(() => Promise.reject(this.surprise('did not start')));
      await Promise.race([once(this.child.stdout!, 'data'), closed]);
    } finally {
      clearTimeout(timer);
    }
  }

  private surprise(what: string): Error {
    return new Error(`the recorded workers ${what} (exit code ${this.child.exitCode}): ${this.said()}`);
  }
}

/** As on given servers; the files of the new workers' home are theirs too. */
async function environmentOf({ database, bench, home, temporal }: TestLine): Promise<CliEnvironment> {
  const logins = join(home, 'logins.json');
  await writeFile(logins, JSON.stringify(loginUrls(database)), { mode: 0o600 });
  return {
    ...bareEnvironment,
    UNITRAIL_DATABASE_URL: database.urlOf('office'),
    UNITRAIL_LOGINS: logins,
    UNITRAIL_HOME: home,
    UNITRAIL_BENCH_ADDRESS: bench.address,
    UNITRAIL_LOG_LEVEL: 'error',
    TEMPORAL_ADDRESS: String(temporal.connectionOptions.address),
    TEMPORAL_NAMESPACE: temporal.namespace,
  };
}
