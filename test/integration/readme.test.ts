import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { prepareHome } from '../../adapters/stack/home';
import { stopEverything } from '../../adapters/stack/stack';

/**
 * A newcomer's way through README.md: its `sh` blocks in order, on an empty home folder. The info string may say
 * `background` (it runs until the end) or `no-test: reason`.
 */
const checkout = join(__dirname, '..', '..');
const readme = readFileSync(join(checkout, 'README.md'), 'utf8');
const startTimeoutMs = 240_000;
const stopTimeoutMs = 120_000;

interface Block {
  readonly info: string;
  readonly script: string;
  /** Of its first line of code, in README.md. */
  readonly line: number;
}

const blocks = [...readme.matchAll(/^```sh\b(.*)\n([\s\S]*?)^```$/gm)].map(
  ({ 1: info = '', 2: script = '', index }): Block => ({
    info: info.trim(),
    script,
    line: readme.slice(0, index).split('\n').length + 1,
  }),
);
const isSkipped = ({ info }: Block): boolean => info.startsWith('no-test');

interface Ended {
  readonly code: number | null;
  readonly output: string;
}

/** A shell with a process group of its own: a signal reaches all that it started, as Ctrl-C does on a terminal. */
class Shell {
  output = '';
  private over = false;
  readonly ended: Promise<Ended>;
  private readonly child: ChildProcess;

  constructor(script: string, env: NodeJS.ProcessEnv) {
    const flags = ['-e', '-u', '-o', 'pipefail', '-c', script];
    this.child = spawn('bash', flags, {
      cwd: checkout,
      env,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.child.stdout!, this.child.stderr!]) {
      stream.on('data', (chunk: Buffer) => (this.output += chunk.toString()));
    }
    this.ended = new Promise((resolve, reject) => {
      this.child.once('error', reject);
      this.child.once('close', (code) => resolve({ code, output: this.output }));
    });
    const end = () => void (this.over = true);
    this.ended.then(end, end);
  }

  /** True once it says so; false where it ended before or took too long. */
  async says(text: string): Promise<boolean> {
    const deadline = Date.now() + startTimeoutMs;
    while (!this.output.includes(text) && !this.over && Date.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    return this.output.includes(text);
  }

  /** A repeat, or one that comes late, only waits. */
  async interrupt(): Promise<Ended> {
    this.signal('SIGINT');
    const giveUp = setTimeout(() => this.signal('SIGKILL'), stopTimeoutMs);
    return this.ended.finally(() => clearTimeout(giveUp));
  }

  private signal(signal: NodeJS.Signals): void {
    // The number of a group that is gone may be somebody else's by now.
    if (this.over) return;
    try {
      process.kill(-this.child.pid!, signal);
    } catch {
      // It has ended in this moment.
    }
  }
}

let folder: string;
let home: string;
let env: NodeJS.ProcessEnv;
let background: Shell | undefined;
const shells: Shell[] = [];
/** Holds an `npx` that starts the command at once: the real one thinks for a second, and is tried once. */
let programs: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'unitrail-readme-'));
  home = join(folder, 'home');
  const temporary = join(folder, 'tmp');
  await mkdir(temporary);
  programs = join(folder, 'programs');
  await mkdir(programs);
  const unitrail = `#!/bin/sh\nshift\nexec '${process.execPath}' '${join(checkout, 'cli', 'unitrail.js')}' "$@"\n`;
  await writeFile(join(programs, 'npx'), unitrail, { mode: 0o755 });
  // Nothing of the servers that somebody may have set for this shell.
  const own = Object.entries(process.env).filter(
    ([name]) => !/^(UNITRAIL|TEMPORAL)_(?!TEMPORAL_CLI$)/.test(name),
  );
  env = { ...Object.fromEntries(own), UNITRAIL_HOME: home, TMPDIR: temporary };
});

afterAll(async () => {
  for (const shell of shells) await shell.interrupt();
  await stopEverything(await prepareHome(home));
  await rm(folder, { recursive: true, force: true });
});

function open(script: string, environment: NodeJS.ProcessEnv): Shell {
  const shell = new Shell(script, environment);
  shells.push(shell);
  return shell;
}

async function startInBackground(script: string): Promise<void> {
  background = open(script, env);
  const isUp = await background.says('Up.');
  expect({ isUp, output: background.output }).toMatchObject({ isUp: true });
}

test('each block that is not run says why', () => {
  const marked = blocks.filter(({ info }) => info !== '' && info !== 'background');
  expect(blocks.length).toBeGreaterThan(marked.length);
  for (const { info } of marked) expect(info).toMatch(/^no-test: \S.{10,}/);
});

test.each(
  blocks
    .filter((block) => !isSkipped(block))
    .map((block) => [block.line, block.script.trim().replaceAll('\n', '; '), block] as const),
)('README.md line %i works as it stands: %s', async (_line, _script, { script, info }) => {
  if (info === 'background') return startInBackground(script);
  const { code, output } = await open(script, { ...env, PATH: `${programs}:${env.PATH}` }).ended;
  expect({ code, output }).toMatchObject({ code: 0 });
});

test('Ctrl-C ends what ran in the background, and the servers with it', async () => {
  const { output } = await background!.interrupt();
  expect(output).toContain('Stopping the servers');
});

test.each([
  'README.md',
  'CHANGELOG.md',
  'docs/lifecycle.md',
  'docs/operations.md',
  'docs/threat-model.md',
  'docs/glossary.md',
  'docs/identifiers.md',
])('every link of %s leads to a file that is there', (page) => {
  const text = readFileSync(join(checkout, page), 'utf8');
  const targets = [...text.matchAll(/\]\((?!https?:)([^)#\s]+)/g)].map(([, target]) => target!);
  const missing = targets.filter((target) => !existsSync(join(checkout, dirname(page), target)));
  expect(missing).toEqual([]);
});
