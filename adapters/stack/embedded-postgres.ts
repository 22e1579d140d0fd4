/**
 * The embedded Postgres server: a daemon that outlives the process that started it.
 * All functions are called under the lock of the stack's home.
 */
import { rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { UnitrailError } from '../../domain/errors';
import { readTextIfAny, writeFileAtomic } from './files';
import { freePort } from './free-port';
import type { StackHome } from './home';
import { databaseName, loginUrl, ownerLogin, passwordOf, superuserLogin } from './logins';
import { postgresBinaries } from './postgres-binaries';
import { dataFolder, ensureDataFolder, programEnv } from './postgres-data-folder';
import { choosePostgresUser, type PostgresUser } from './postgres-user';
import { clearStaleLockFile, isServerOf, runningPostmaster } from './postmaster';
import { endProcess } from './process-table';

export interface PostgresOptions {
  readonly say: (line: string) => void;
  /** Server settings on top of ours, such as `fsync: 'off'` for tests. */
  readonly settings?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
}

export interface RunningPostgres {
  readonly port: number;
  /** False where it ran already. */
  readonly started: boolean;
}

/** A server that was killed may have much to recover before it answers. */
const startTimeoutMs = 120_000;
const connectTimeoutMs = 5_000;
const queryTimeoutMs = 30_000;
const pollMs = 200;
const portAttempts = 3;
const logLimitBytes = 10_000_000;

const ourSettings: Readonly<Record<string, string>> = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '200',
  password_encryption: 'scram-sha-256',
};

const logFile = (home: StackHome): string => join(home.postgres, 'server.log');
const portFile = (home: StackHome): string => join(home.postgres, 'port');

function superuserUrl(home: StackHome, port: number): Promise<string> {
  return loginUrl(home, port, superuserLogin, 'postgres');
}

async function connect(url: string): Promise<Client> {
  const client = new Client({
    connectionString: url,
    connectionTimeoutMillis: connectTimeoutMs,
    query_timeout: queryTimeoutMs,
    application_name: 'unitrail-stack-setup',
  });
  client.on('error', () => {}); // A lost connection shows in the query that waits for it.
  await client.connect();
  return client;
}

// --- attach

function wrongPassword(home: StackHome, cause: unknown): UnitrailError {
  return new UnitrailError(
    'CONFIGURATION_INVALID',
    `The Postgres server in ${home.postgres} refuses the password in ${home.logins}: they don't belong together. ` +
      `Restore the file, or stop the server and delete ${home.path} to begin anew.`,
    {},
    { cause },
  );
}

async function answers(home: StackHome, port: number): Promise<boolean> {
  try {
    const client = await connect(await superuserUrl(home, port));
    await client.end();
    return true;
  } catch (error) {
    if ((error as { code?: string }).code === '28P01') throw wrongPassword(home, error);
    return false;
  }
}

/** The port of the server that runs on our data folder, once it answers; null where none runs. */
async function attach(home: StackHome, signal?: AbortSignal): Promise<number | null> {
  const deadline = Date.now() + startTimeoutMs;
  for (;;) {
    signal?.throwIfAborted();
    const running = await runningPostmaster(dataFolder(home));
    if (!running) return null;
    if (running.port !== null && (await answers(home, running.port))) return running.port;
    if (Date.now() > deadline) {
      throw new UnitrailError(
        'DATABASE_UNAVAILABLE',
        `The Postgres server in ${home.postgres} (process ${running.pid}) runs and does not answer. ` +
          `See ${logFile(home)}.`,
      );
    }
    await sleep(pollMs);
  }
}

// --- start

async function chooseUser(home: StackHome): Promise<PostgresUser> {
  const { folder } = postgresBinaries();
  const programs = ['bin', 'lib', 'share'].map((name) => join(folder, name));
  return choosePostgresUser({ home: home.path, folders: [home.path, ...programs] });
}

/** As arguments of a shell command, which is what pg_ctl makes of them. */
function serverArguments(port: number, settings: Readonly<Record<string, string>> = {}): string {
  const all = Object.entries({ ...ourSettings, ...settings, port: String(port) });
  const unsafe = all.find(([name, value]) => !/^[a-z_.]+$/.test(name) || !/^[A-Za-z0-9_.-]*$/.test(value));
  if (unsafe) throw new UnitrailError('INTERNAL', `The Postgres setting ${unsafe[0]} has an unsafe value.`);
  return all.map(([name, value]) => `-c ${name}=${value}`).join(' ');
}

async function keepLogSmall(path: string): Promise<void> {
  const found = await stat(path).catch(() => null);
  if (found && found.size > logLimitBytes) await rename(path, `${path}.old`);
}

interface StartAttempt {
  readonly ok: boolean;
  /** What the server wrote to its log meanwhile. */
  readonly log: string;
}

async function startOn(
  home: StackHome,
  port: number,
  user: PostgresUser,
  options: PostgresOptions,
): Promise<StartAttempt> {
  const log = logFile(home);
  const before = (await readTextIfAny(log))?.length ?? 0;
  const seconds = String(startTimeoutMs / 1_000);
  const place = ['-D', dataFolder(home), '-l', log];
  const args = ['start', '-w', '-t', seconds, ...place, '-o', serverArguments(port, options.settings)];
  // Not called off half-way: a server that has only just begun to start can't be found, to be stopped again.
  const run = { timeoutMs: startTimeoutMs + 5_000, env: programEnv };
  const { code, output } = await user.run(postgresBinaries().pgCtl, args, run);
  return { ok: code === 0, log: `${output}\n${(await readTextIfAny(log))?.slice(before) ?? ''}`.trim() };
}

async function start(home: StackHome, options: PostgresOptions): Promise<number> {
  const user = await chooseUser(home);
  const sync = options.settings?.fsync !== 'off';
  await ensureDataFolder(home, user, postgresBinaries(), { say: options.say, sync, signal: options.signal });
  await keepLogSmall(logFile(home));
  await clearStaleLockFile(dataFolder(home));
  let last: StartAttempt = { ok: false, log: '' };
  for (let attempt = 1; attempt <= portAttempts; attempt += 1) {
    // The port of last time, so that a URL that somebody wrote down stays good.
    const remembered = attempt === 1 ? Number(await readTextIfAny(portFile(home))) : undefined;
    const port = await freePort(remembered);
    last = await startOn(home, port, user, options);
    if (last.ok) {
      await writeFileAtomic(portFile(home), String(port));
      return port;
    }
    if (!last.log.includes('Address already in use')) break;
  }
  throw new UnitrailError(
    'DATABASE_UNAVAILABLE',
    `The embedded Postgres did not start. Its last words: ${last.log.split('\n').slice(-3).join(' ')} ` +
      `The whole log: ${logFile(home)}.`,
    { output: last.log.slice(-2_000) },
  );
}

// --- the database and its owner

async function has(client: Client, sql: string, name: string): Promise<boolean> {
  return (await client.query(sql, [name])).rowCount === 1;
}

/** Passwords are of our own making (base64url): they need no quoting. */
async function prepareDatabase(home: StackHome, { port, started }: RunningPostgres): Promise<void> {
  const password = await passwordOf(home, ownerLogin);
  const client = await connect(await superuserUrl(home, port));
  try {
    // A statement that fails is written to the log otherwise, with its password.
    await client.query('set log_min_error_statement = panic');
    const known = await has(client, 'select 1 from pg_roles where rolname = $1', ownerLogin);
    if (!known) await client.query(`create role ${ownerLogin} login createrole password '${password}'`);
    else if (started) await client.query(`alter role ${ownerLogin} password '${password}'`);
    if (!(await has(client, 'select 1 from pg_database where datname = $1', databaseName))) {
      await client.query(`create database ${databaseName} owner ${ownerLogin}`);
    }
  } finally {
    await client.end();
  }
}

/** Attaches to the server of this home, or starts it, on an empty database the first time. */
export async function ensurePostgres(home: StackHome, options: PostgresOptions): Promise<RunningPostgres> {
  const attached = await attach(home, options.signal);
  if (attached === null) options.say('Starting Postgres');
  const running = { port: attached ?? (await start(home, options)), started: attached === null };
  await prepareDatabase(home, running);
  return running;
}

/** Null where the server does not run. */
export async function postgresPort(home: StackHome): Promise<number | null> {
  return (await runningPostmaster(dataFolder(home)))?.port ?? null;
}

/**
 * Stops the server; a repeat is a no-op. SIGINT is Postgres's fast shutdown and SIGQUIT its immediate one
 * (`pg_ctl stop -m fast` and `-m immediate` send the same, but have to run as the server's own user).
 */
export async function stopPostgres(home: StackHome): Promise<void> {
  const running = await runningPostmaster(dataFolder(home));
  if (!running) return;
  const isOurs = (): Promise<boolean> => isServerOf(dataFolder(home), running.pid);
  const ended = await endProcess(running.pid, isOurs, [
    { signal: 'SIGINT', waitMs: 60_000 },
    { signal: 'SIGQUIT', waitMs: 10_000 },
  ]);
  if (ended) return;
  throw new UnitrailError(
    'DATABASE_UNAVAILABLE',
    `The Postgres server in ${home.postgres} (process ${running.pid}) does not stop. See ${logFile(home)}.`,
  );
}
