/**
 * The Temporal server as production has it: its state in Postgres, all four services in one process. Only benches use
 * it; the program is built from its public source, once, and kept in the user's cache.
 */
import { randomInt } from 'node:crypto';
import { mkdir, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Connection } from '@temporalio/client';
import { Client } from 'pg';
import { freePorts } from '../../adapters/stack/free-port';
import { runCommand } from '../../adapters/stack/run-command';
import type { Stack } from '../../adapters/stack/stack';
import { cacheFolder } from '../../adapters/stack/temporal-binary';

/** The release that the Temporal CLI of the embedded default holds, too. */
export const SERVER_VERSION = '1.31.2';
/** It can't be changed later in production; temporal.md's measurements have as many. */
export const HISTORY_SHARDS = 64;

const packages = { server: 'go.temporal.io/server/cmd/server', sql: 'go.temporal.io/server/cmd/tools/sql' };
const databases = { temporal: 'temporal', temporal_visibility: 'visibility' };
const login = 'temporal_server';
const namespace = 'default';
const searchAttributes = ['UnitState', 'UnitStep', 'BatchId', 'Product', 'FailureCode', 'StationId'];
const KEYWORD = 2;
const BUILD_MS = 30 * 60_000;
const COMMAND_MS = 60_000;
const CALL_MS = 5_000;

type Say = (line: string) => void;

interface Programs {
  readonly server: string;
  readonly sql: string;
}

/** Starts the server on the stack's own Postgres; the stack ends it with the others. */
export async function startTemporalOnPostgres(
  stack: Stack,
  say: Say,
): Promise<{ address: string; namespace: string }> {
  const programs = await findPrograms(say);
  const url = new URL(await stack.loginUrl(login));
  await makeDatabases(stack, url, programs);
  const config = join(stack.home, 'temporal-postgres', 'config.yaml');
  const port = await writeConfig(config, url);
  const address = `127.0.0.1:${port}`;
  say(`Starting Temporal server ${SERVER_VERSION} on Postgres`);
  await stack.ensureProcess({
    name: 'temporal-postgres',
    command: programs.server,
    args: ['--config-file', config, '--allow-no-auth', 'start'],
    info: { address },
    ready: () => answers(address),
  });
  await prepareNamespace(address);
  return { address, namespace };
}

async function findPrograms(say: Say): Promise<Programs> {
  const folder = join(dirname(cacheFolder(process.env)), `temporal-server-${SERVER_VERSION}`);
  const programs = { server: join(folder, 'server'), sql: join(folder, 'sql') };
  if ((await isFile(programs.server)) && (await isFile(programs.sql))) return programs;
  say(
    `Building Temporal server ${SERVER_VERSION} from its public source. This takes some minutes, once: it is kept in ${folder}`,
  );
  await mkdir(folder, { recursive: true });
  const wanted = Object.values(packages).map((name) => `${name}@v${SERVER_VERSION}`);
  await run(
    'go',
    ['install', '-ldflags=-s -w', ...wanted],
    { GOBIN: folder, GOWORK: 'off', CGO_ENABLED: '0' },
    BUILD_MS,
  );
  return programs;
}

function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
}

async function makeDatabases(stack: Stack, url: URL, { sql }: Programs): Promise<void> {
  const admin = new Client({ connectionString: await stack.loginUrl('postgres') });
  await admin.connect();
  try {
    // A statement that fails is written to the log otherwise, with its password (base64url: it needs no quoting).
    await admin.query('set log_min_error_statement = panic');
    await admin.query(`create role ${login} login password '${decodeURIComponent(url.password)}'`);
    for (const name of Object.keys(databases)) await admin.query(`create database ${name} owner ${login}`);
  } finally {
    await admin.end();
  }
  for (const [database, schema] of Object.entries(databases)) {
    const env = {
      SQL_PLUGIN: 'postgres12',
      SQL_HOST: url.hostname,
      SQL_PORT: url.port,
      SQL_USER: login,
      SQL_PASSWORD: decodeURIComponent(url.password),
      SQL_DATABASE: database,
    };
    await run(sql, ['setup-schema', '-v', '0.0'], env, COMMAND_MS);
    await run(sql, ['update-schema', '--schema-name', `postgresql/v12/${schema}`], env, COMMAND_MS);
  }
}

async function run(
  command: string,
  args: readonly string[],
  env: Record<string, string>,
  timeoutMs: number,
): Promise<void> {
  const { code, output } = await runCommand(command, args, { timeoutMs, env: { ...process.env, ...env } });
  if (code !== 0)
    throw new Error(`${command} ${args[0]} failed: ${output.trim().split('\n').slice(-3).join(' ')}`);
}

/** Returns the frontend's port. */
async function writeConfig(file: string, url: URL): Promise<number> {
  const dynamic = join(dirname(file), 'dynamic.yaml');
  const [frontend, ...ports] = await freePorts(lowPorts(9));
  const config = {
    ...fixedSettings,
    ...persistence(url),
    ...services(frontend!, ports),
    dynamicConfigClient: { filepath: dynamic, pollInterval: '60s' },
  };
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  // JSON is YAML. The search attributes are read afresh: the server would learn of ours a minute later.
  await writeFile(
    dynamic,
    JSON.stringify({ 'system.forceSearchAttributesCacheRefreshOnRead': [{ value: true }] }),
  );
  await writeFile(file, JSON.stringify(config, null, 2), { mode: 0o600 });
  return frontend!;
}

/** The server keeps the ports of its membership as 16 bits with a sign. */
function lowPorts(count: number): number[] {
  const first = randomInt(20_000, 32_000 - count);
  return Array.from({ length: count }, (_, index) => first + index);
}

const fixedSettings = {
  log: { stdout: true, level: 'error' },
  global: { membership: { maxJoinDuration: '30s', broadcastAddress: '127.0.0.1' } },
  dcRedirectionPolicy: { policy: 'noop' },
  archival: { history: { state: 'disabled' }, visibility: { state: 'disabled' } },
};

function persistence(url: URL) {
  const datastore = (databaseName: string, maxConns: number) => {
    const pool = { maxConns, maxIdleConns: maxConns, maxConnLifetime: '1h' };
    const account = { user: login, password: decodeURIComponent(url.password) };
    return {
      sql: {
        pluginName: 'postgres12',
        databaseName,
        connectAddr: url.host,
        connectProtocol: 'tcp',
        ...account,
        ...pool,
      },
    };
  };
  const datastores = { state: datastore('temporal', 20), visibility: datastore('temporal_visibility', 5) };
  return {
    persistence: {
      defaultStore: 'state',
      visibilityStore: 'visibility',
      numHistoryShards: HISTORY_SHARDS,
      datastores,
    },
  };
}

function services(frontend: number, ports: readonly number[]) {
  const [http, ...left] = ports as [number, ...number[]];
  const service = (grpcPort: number, membershipPort: number) => ({
    grpcPort,
    membershipPort,
    bindOnIP: '127.0.0.1',
  });
  return {
    services: {
      frontend: { rpc: { ...service(frontend, left[0]!), httpPort: http } },
      history: { rpc: service(left[1]!, left[2]!) },
      matching: { rpc: service(left[3]!, left[4]!) },
      worker: { rpc: service(left[5]!, left[6]!) },
    },
    clusterMetadata: {
      enableGlobalNamespace: false,
      failoverVersionIncrement: 10,
      masterClusterName: 'active',
      currentClusterName: 'active',
      clusterInformation: {
        active: {
          enabled: true,
          initialFailoverVersion: 1,
          rpcName: 'frontend',
          rpcAddress: `127.0.0.1:${frontend}`,
        },
      },
    },
  };
}

async function answers(address: string): Promise<boolean> {
  return withConnection(address, async (connection) => {
    await connection.workflowService.listNamespaces({ pageSize: 1 });
    return true;
  });
}

async function prepareNamespace(address: string): Promise<void> {
  await withConnection(address, async (connection) => {
    await connection.workflowService.registerNamespace({
      namespace,
      workflowExecutionRetentionPeriod: { seconds: 86_400 as never },
    });
    await untilKnown(connection);
    await connection.operatorService.addSearchAttributes({
      namespace,
      searchAttributes: Object.fromEntries(searchAttributes.map((name) => [name, KEYWORD])),
    });
  });
}

/** The server's own list of namespaces is refreshed every few seconds. */
async function untilKnown(connection: Connection): Promise<void> {
  const deadline = Date.now() + 60_000;
  for (;;) {
    try {
      await connection.withDeadline(Date.now() + CALL_MS, () =>
        connection.operatorService.listSearchAttributes({ namespace }),
      );
      return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }
}

async function withConnection<T>(address: string, work: (connection: Connection) => Promise<T>): Promise<T> {
  const connection = await Connection.connect({ address, connectTimeout: CALL_MS });
  try {
    return await connection.withDeadline(Date.now() + 90_000, () => work(connection));
  } finally {
    await connection.close();
  }
}
