/**
 * A Postgres server for one piece of work: in a fresh folder, without a network port, gone afterwards with all that
 * it made. Nobody else can reach it: its socket stands in a folder that is open to this user alone.
 */
import { appendFile, chown, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { choosePostgresUser, type PostgresUser } from '../adapters/stack/postgres-user';
import { UnitrailError } from '../domain/errors';

export interface PrivateCluster {
  /** For files of the same piece of work; removed with the cluster. */
  readonly folder: string;
  /** For client programs: the folder of the socket. */
  readonly host: string;
  readonly superuser: string;
  urlOf(login: string, database: string): string;
}

const superuser = 'postgres';
const makeMs = 120_000;
const startMs = 60_000;
/** Only what the programs need: settings by environment variable (PGDATA, PGPORT) must not reach them. */
const env: NodeJS.ProcessEnv = { PATH: process.env.PATH, LC_ALL: 'C' };

/** Nothing here outlives the work, so nothing has to survive a power cut. */
const settings = ["listen_addresses = ''", 'fsync = off', 'full_page_writes = off', 'max_connections = 20'];

export async function withPrivateCluster<T>(
  programs: string,
  work: (cluster: PrivateCluster) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'unitrail-cluster-')); // mode 0700
  const data = join(folder, 'data');
  try {
    const user = await choosePostgresUser({ home: folder, folders: [folder, programs] });
    if (user.owner) await chown(folder, user.owner.uid, user.owner.gid);
    await make(user, programs, data, folder, signal);
    try {
      await start(user, programs, data, signal);
      return await work(clusterIn(folder));
    } finally {
      await stop(user, programs, data);
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function clusterIn(folder: string): PrivateCluster {
  return {
    folder,
    host: folder,
    superuser,
    urlOf: (login, database) => `postgres://${login}@/${database}?host=${encodeURIComponent(folder)}`,
  };
}

async function make(
  user: PostgresUser,
  programs: string,
  data: string,
  folder: string,
  signal?: AbortSignal,
): Promise<void> {
  // "trust" for a socket that only we can reach.
  const flags = [
    `--pgdata=${data}`,
    `--username=${superuser}`,
    '--auth=trust',
    '--no-sync',
    '--no-instructions',
  ];
  const format = ['--encoding=UTF8', '--locale=C'];
  await run(user, join(programs, 'initdb'), [...flags, ...format], makeMs, signal);
  const socket = `unix_socket_directories = '${folder.replaceAll("'", "''")}'`;
  await appendFile(join(data, 'postgresql.conf'), `${[...settings, socket].join('\n')}\n`);
}

async function start(
  user: PostgresUser,
  programs: string,
  data: string,
  signal?: AbortSignal,
): Promise<void> {
  signal?.throwIfAborted();
  const args = ['start', '-w', '-t', String(startMs / 1_000), '-D', data, '-l', `${data}.log`];
  // Not called off half-way: a server that has only just begun to start can't be found, to be stopped again.
  await run(user, join(programs, 'pg_ctl'), args, startMs + 5_000);
}

/** A server that did not start leaves nothing to be stopped. */
async function stop(user: PostgresUser, programs: string, data: string): Promise<void> {
  const running = await user.run(join(programs, 'pg_ctl'), ['status', '-D', data], {
    timeoutMs: startMs,
    env,
  });
  if (running.code !== 0) return;
  await run(user, join(programs, 'pg_ctl'), ['stop', '-w', '-m', 'fast', '-D', data], startMs);
}

async function run(
  user: PostgresUser,
  program: string,
  args: readonly string[],
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<void> {
  const { code, output } = await user.run(program, args, { timeoutMs, env, signal });
  if (code === 0) return;
  throw new UnitrailError(
    'DATABASE_UNAVAILABLE',
    `${program} ${args[0]} failed: ${output.trim().slice(-500)}`,
  );
}
