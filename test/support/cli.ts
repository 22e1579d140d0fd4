/**
 * The command as a user types it: a process of its own, on the test run's servers, which it is given by environment.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fixedLogins } from '../../adapters/postgres/logins';
import { stationLogin } from '../../domain/plant';
import { createTestDatabase, testStations, type TestDatabase } from './database';

const checkout = join(__dirname, '..', '..');
export const bin = join(checkout, 'cli', 'unitrail.js');
/** Ends a command that hangs. An import of 40,000 units takes a quarter of a minute where nothing else runs. */
const timeoutMs = 240_000;

export interface CliAnswer {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export type CliEnvironment = Readonly<Record<string, string>>;

/** What every process of this machine has; nothing of Unitrail or Temporal slips in from the test run. */
export const bareEnvironment: CliEnvironment = {
  PATH: process.env.PATH ?? '',
  HOME: process.env.HOME ?? '',
  TEMPORAL_CONFIG_FILE: '',
};

export function startCli(args: readonly string[], env: CliEnvironment, cwd = checkout): ChildProcess {
  return spawn(process.execPath, [bin, ...args], {
    env,
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: timeoutMs,
  });
}

/** Runs the command to its end. */
export async function runCli(args: readonly string[], env: CliEnvironment, cwd?: string): Promise<CliAnswer> {
  const child = startCli(args, env, cwd);
  let [out, err] = ['', ''];
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (out += text));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (err += text));
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, out, err })));
}

/** The words of the command that a text names in backquotes, with a reason in place of its dots. */
export function toldCommand(text: string, reason: string): string[] {
  const [told] = /(?<=`unitrail )[^`]+(?=`)/.exec(text)!;
  return told.split(' ').map((word) => (word === '"..."' ? reason : word));
}

/** Waits for the words on standard error; the answer gives all that was said there so far. */
export async function saidBy(child: ChildProcess, words: string): Promise<() => string> {
  let text = '';
  await new Promise<void>((resolve, reject) => {
    child.once('close', (code) =>
      reject(new Error(`ended with ${code} and did not say "${words}": ${text}`)),
    );
    child.stderr?.setEncoding('utf8').on('data', (more: string) => {
      text += more;
      if (text.includes(words)) resolve();
    });
  });
  return () => text;
}

export interface CliScene {
  readonly database: TestDatabase;
  readonly env: CliEnvironment;
  /** For this file's own files; it goes with the scene. */
  readonly folder: string;
  /** Types `unitrail …`; an argument with a blank is given as a list's entry. */
  run(line: string | readonly string[], more?: CliEnvironment): Promise<CliAnswer>;
  /** Writes a file into the folder and returns its path. */
  file(name: string, text: string): Promise<string>;
  close(): Promise<void>;
}

/** A database of its own and a home, as a user on given servers has them. */
export async function openCliScene(more: CliEnvironment = {}): Promise<CliScene> {
  const folder = await mkdtemp(join(tmpdir(), 'unitrail-cli-'));
  const database = await createTestDatabase();
  const logins = join(folder, 'logins.json');
  await writeFile(logins, JSON.stringify(loginUrls(database)), { mode: 0o600 });
  const env: CliEnvironment = {
    ...bareEnvironment,
    UNITRAIL_DATABASE_URL: database.urlOf('desk'),
    UNITRAIL_OWNER_URL: database.ownerUrl,
    UNITRAIL_LOGINS: logins,
    UNITRAIL_HOME: join(folder, 'home'),
    TEMPORAL_ADDRESS: process.env.UNITRAIL_TEST_TEMPORAL_ADDRESS ?? '',
    ...more,
  };
  return {
    database,
    env,
    folder,
    run: (line, extra = {}) =>
      runCli(typeof line === 'string' ? line.split(' ') : line, { ...env, ...extra }),
    file: async (name, text) => {
      await writeFile(join(folder, name), text);
      return join(folder, name);
    },
    close: async () => {
      await database.drop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export function loginUrls(database: TestDatabase): Record<string, string> {
  const fixed = (['office', 'desk', 'retention', 'auditor'] as const).map((role) => [
    fixedLogins[role].name,
    database.urlOf(role),
  ]);
  return Object.fromEntries([...fixed, ...testStations.map((id) => [stationLogin(id), database.urlOf(id)])]);
}
