import { spawn, type ChildProcess } from 'node:child_process';

export interface CommandOptions {
  readonly timeoutMs: number;
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** The operating system's user to run as; only root may choose one. */
  readonly identity?: { readonly uid: number; readonly gid: number };
  /** Stops the command and everything it started. */
  readonly signal?: AbortSignal | undefined;
  /** How: SIGINT by default, so that it can tidy up. */
  readonly stopSignal?: NodeJS.Signals;
  readonly onLine?: (line: string) => void;
}

export interface CommandResult {
  /** Null where it was killed or could not be started. */
  readonly code: number | null;
  /** The end of what it wrote, both streams together. */
  readonly output: string;
}

const outputLimitChars = 64_000;
/** What a command that is told to stop may use to tidy up. */
const stopGraceMs = 5_000;

export function killGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // It has ended meanwhile.
  }
}

/** Collects the output's end, and hands on whole lines. */
function collect(child: ChildProcess, onLine: (line: string) => void): () => string {
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    let unfinished = '';
    stream?.setEncoding('utf8').on('data', (chunk: string) => {
      output = (output + chunk).slice(-outputLimitChars);
      const lines = (unfinished + chunk).split('\n');
      unfinished = lines.pop() ?? '';
      lines.forEach(onLine);
    });
  }
  return () => output;
}

/** Stops the command's group when it takes too long or when the caller gives up. */
function guard(
  child: ChildProcess,
  { timeoutMs, signal, stopSignal = 'SIGINT' }: CommandOptions,
): () => void {
  let lastResort: NodeJS.Timeout | undefined;
  const stop = (): void => {
    if (child.pid === undefined) return;
    const { pid } = child;
    killGroup(pid, stopSignal);
    lastResort = setTimeout(() => killGroup(pid, 'SIGKILL'), stopGraceMs);
  };
  const timer = setTimeout(stop, timeoutMs);
  signal?.addEventListener('abort', stop, { once: true });
  return () => {
    clearTimeout(timer);
    clearTimeout(lastResort);
    signal?.removeEventListener('abort', stop);
  };
}

/**
 * Runs a command to its end and tells how it ended; throws only where the caller's signal fired.
 * It runs in a process group of its own: a Ctrl-C on the terminal reaches the caller alone, who decides.
 */
export async function runCommand(
  command: string,
  args: readonly string[],
  options: CommandOptions,
): Promise<CommandResult> {
  options.signal?.throwIfAborted();
  const child = spawn(command, args, {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(options.env && { env: options.env }),
    ...(options.cwd && { cwd: options.cwd }),
    ...options.identity,
  });
  const output = collect(child, options.onLine ?? (() => {}));
  const release = guard(child, options);
  const ended = await new Promise<CommandResult>((resolve) => {
    child.once('error', (error) => resolve({ code: null, output: `${output()}${error.message}` }));
    child.once('close', (code) => resolve({ code, output: output() }));
  });
  release();
  options.signal?.throwIfAborted();
  return ended;
}
