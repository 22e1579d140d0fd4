import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const root = join(__dirname, '..', '..');
const deadlineMs = 80_000;

/**
 * Runs a script in several processes at the same moment: each says `ready` when it has loaded, and all are told
 * to go together. Returns what each printed after that, one line each.
 */
export async function runTogether(script: string, args: readonly string[], count: number): Promise<string[]> {
  const children = Array.from({ length: count }, () => start(script, args));
  try {
    const lines = children.map(linesOf);
    await Promise.all(lines.map((reader) => nextLine(reader)));
    for (const child of children) child.stdin?.end('go\n');
    return await Promise.all(lines.map((reader) => nextLine(reader)));
  } finally {
    await Promise.all(children.map(stop));
  }
}

/** What a script calls before it begins its work. */
export async function readyToGo(): Promise<void> {
  process.stdout.write('ready\n');
  for await (const _ of process.stdin) return;
}

function start(script: string, args: readonly string[]): ChildProcess {
  return spawn(process.execPath, ['--import', 'tsx', join(__dirname, script), ...args], {
    cwd: root,
    stdio: ['pipe', 'pipe', 'inherit'],
    timeout: deadlineMs,
  });
}

function linesOf(child: ChildProcess): AsyncIterator<string> {
  if (child.stdout === null) throw new Error('the process has no output');
  return createInterface({ input: child.stdout })[Symbol.asyncIterator]();
}

async function nextLine(lines: AsyncIterator<string>): Promise<string> {
  const next = await lines.next();
  if (next.done === true) throw new Error('the process ended without an answer');
  return next.value;
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.stdin?.end();
  await ended;
}
