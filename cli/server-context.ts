import type { Client } from '@temporalio/client';
import type * as databaseModule from '../adapters/postgres/database';
import type * as loginsModule from '../adapters/postgres/logins';
import type * as probeModule from '../adapters/postgres/probe';
import type * as runningStackModule from '../adapters/stack/running-stack';
import type * as serversModule from '../workers/servers';
import type * as temporalModule from '../workers/temporal-client';
import type * as embeddedModule from './embedded-database';
import type { Database } from '../adapters/postgres/database';
import { UnitrailError } from '../domain/errors';
import { parseConfig, type Config } from '../workers/config';
import type { Servers } from '../workers/servers';
import type { CliContext } from './context';
import { lazily } from './lazily';

/** What a sub-command may touch that works with the servers. Everything is opened at its first use. */
export interface ServerContext extends CliContext {
  /** Parsed once; the first to ask says whether a database is needed. */
  config(database?: 'none'): Config;
  /** The given servers, or the embedded ones: joined where they run, started where they don't. `tell` gets the progress, `signal` calls a start off. */
  servers(tell?: (line: string) => void, signal?: AbortSignal): Promise<Servers>;
  /** The same for commands that never start anything. */
  runningServers(): Promise<Servers>;
  temporal(): Promise<Client>;
  /** Ctrl-C and SIGTERM are the command's own from now on: aborted at the first, `again` at each further one. */
  takeOverSignals(again: () => void): AbortSignal;
  /** What they were taken over for is done: the next one ends the command at once, and so does one that came meanwhile. */
  giveBackSignals(): void;
  /** The exit code of a command that ends without an error. */
  exitWith(code: number): void;
}

/** The servers as commands find them, without the command's own streams. */
export interface Connections {
  /** Parsed once; the first to ask says whether a database is needed. */
  config(database?: 'none'): Config;
  servers(tell?: (line: string) => void, signal?: AbortSignal): Promise<Servers>;
  runningServers(): Promise<Servers>;
  openDesk(): Promise<Database>;
  temporal(): Promise<Client>;
  close(): Promise<void>;
}

export function createConnections(
  env: Readonly<NodeJS.ProcessEnv>,
  say: (line: string) => void,
  interrupted: AbortSignal = new AbortController().signal,
): Connections {
  let config: Config | undefined;
  let servers: Promise<Servers> | undefined;
  let client: Promise<Client> | undefined;
  const connections: Connections = {
    config: (database) => (config ??= parseConfig(env, database)),
    servers: (tell, stop = interrupted) =>
      (servers ??= openServers(connections.config(), { say, tell: tell ?? say, stop })),
    runningServers: async () => {
      if (!servers) await refuseStopped(connections.config());
      return connections.servers();
    },
    openDesk: async () => openDesk(await connections.servers()),
    temporal: () => (client ??= connections.servers().then(openClient)),
    close: async () => {
      const [opened, joined] = [client, servers];
      client = servers = undefined;
      await (await opened?.catch(() => undefined))?.connection.close();
      await (await joined?.catch(() => undefined))?.leave();
    },
  };
  return connections;
}

interface Telling {
  /** Standard error. */
  readonly say: (line: string) => void;
  /** Where the progress goes: there as well, unless a command shows it in its own way. */
  readonly tell: (line: string) => void;
  readonly stop: AbortSignal;
}

/** Loaded only here: a command that asks for no server has to start in a moment. */
async function openServers(config: Config, { say, tell, stop }: Telling): Promise<Servers> {
  const { openServers: open } = lazily<typeof serversModule>('../workers/servers');
  if (config.servers === 'given') return open(config, tell, stop);
  // Who asks for the progress knows that servers are started; everybody else may wonder.
  if (tell === say) await explainStart(config, say);
  const servers = await open(config, tell, stop);
  try {
    const { prepareEmbedded } = lazily<typeof embeddedModule>('./embedded-database');
    await prepareEmbedded(servers);
    return servers;
  } catch (error) {
    await servers.leave();
    throw error;
  }
}

async function explainStart(config: Config, say: (line: string) => void): Promise<void> {
  const { runningStack } = lazily<typeof runningStackModule>('../adapters/stack/running-stack');
  if (await runningStack(config.home)) return;
  say(
    `No servers run in ${config.home}: they are started for this command. \`unitrail up\` keeps them running.`,
  );
}

async function refuseStopped(config: Config): Promise<void> {
  if (config.servers === 'given') return;
  const { runningStack } = lazily<typeof runningStackModule>('../adapters/stack/running-stack');
  if (await runningStack(config.home)) return;
  throw new UnitrailError(
    'CONFIGURATION_INVALID',
    `No servers run in ${config.home}, and this command never starts any. Start them with \`unitrail up\`, or set UNITRAIL_DATABASE_URL and TEMPORAL_ADDRESS.`,
  );
}

async function openDesk(servers: Servers): Promise<Database> {
  const { openDatabase } = lazily<typeof databaseModule>('../adapters/postgres/database');
  const { fixedLogins } = lazily<typeof loginsModule>('../adapters/postgres/logins');
  const { requireMigrated } = lazily<typeof probeModule>('../adapters/postgres/probe');
  const url = await servers.loginUrl(fixedLogins.desk.name);
  const db = openDatabase(url, { applicationName: 'unitrail-desk', maxConnections: 4 });
  try {
    await requireMigrated(db, url);
    return db;
  } catch (error) {
    await db.destroy();
    throw error;
  }
}

async function openClient(servers: Servers): Promise<Client> {
  const { connectClient } = lazily<typeof temporalModule>('../workers/temporal-client');
  return connectClient(servers.temporal);
}
