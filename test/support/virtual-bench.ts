import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';

const main = resolve(__dirname, '../../tools/virtual-bench/main.ts');
const startDeadlineMs = 60_000;

export interface RunningBench {
  readonly address: string;
  /** The folder of its boards; `stop` takes it away. */
  readonly home: string;
  /** Ends the process and waits for its end; the boards stay where they are. */
  kill(signal?: NodeJS.Signals): Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  /** Starts it again on the same folder and port, with the same options. */
  restart(): Promise<void>;
  /** For the end of a test file, in whatever state the bench is. */
  stop(): Promise<void>;
}

/** The virtual bench as a child process; it also ends when this process does, by whatever end. */
export async function startVirtualBench(options: readonly string[] = []): Promise<RunningBench> {
  const home = await mkdtemp(join(tmpdir(), 'unitrail-bench-'));
  let { child, port } = await launch(home, 0, options);

  const kill: RunningBench['kill'] = async (signal = 'SIGTERM') => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill(signal);
      await once(child, 'exit');
    }
    return { code: child.exitCode, signal: child.signalCode };
  };
  return {
    address: `127.0.0.1:${port}`,
    home,
    kill,
    restart: async () => void ({ child, port } = await launch(home, port, options)),
    async stop() {
      await kill();
      await rm(home, { recursive: true, force: true });
    },
  };
}

async function launch(home: string, port: number, options: readonly string[]) {
  const child = fork(main, ['--home', home, '--port', String(port), ...options], {
    execArgv: ['--require', require.resolve('tsx/cjs')],
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  return { child, port: await readPort(child) };
}

async function readPort(child: ChildProcess): Promise<number> {
  const lines = createInterface({ input: child.stdout! });
  const timer = setTimeout(() => child.kill('SIGKILL'), startDeadlineMs);
  try {
    const first = await Promise.race([once(lines, 'line'), once(child, 'exit').then(() => undefined)]);
    if (!first) throw new Error(`the virtual bench ended before it listened (exit code ${child.exitCode})`);
    return (JSON.parse(first[0] as string) as { port: number }).port;
  } finally {
    clearTimeout(timer);
    lines.close();
  }
}
