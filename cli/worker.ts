import { Option, type Command } from 'commander';
import { requirePlant } from '../adapters/postgres/plant-store';
import type * as lineModule from '../workers/line';
import type * as logModule from '../workers/log';
import type { Line, Role } from '../workers/line';
import type { Servers } from '../workers/servers';
import { prepareEmbedded } from './embedded-database';
import { lazily } from './lazily';
import { say } from './output';
import type { ServerContext } from './server-context';
import { wrongOption } from '../domain/wrong-option';

const roles = ['office', 'station', 'workflows'] as const;

interface Options {
  readonly role: (typeof roles)[number];
  readonly station?: string;
}

export function register(program: Command, context: ServerContext): void {
  program
    .command('worker')
    .description(
      'One worker for production, until SIGTERM or Ctrl-C. It starts no servers; its log goes to standard error.',
    )
    .addOption(new Option('--role <role>', 'what it does').choices(roles).makeOptionMandatory())
    .option('--station <id>', 'whose devices it drives, with --role station')
    .action((options: Options) => run(context, options));
}

async function run(context: ServerContext, options: Options): Promise<void> {
  const role = readRole(options);
  const name = role.kind === 'station' ? `station ${role.station}` : `the ${role.kind} worker`;
  const config = role.kind === 'workflows' ? context.config('none') : context.config();
  const servers = await context.runningServers();
  if (role.kind === 'station' && servers.stack !== null) await requireStation(context, servers, role.station);
  // A second's worth of modules: a mistake in the options is told before.
  const { startLine } = lazily<typeof lineModule>('../workers/line');
  const { createLog } = lazily<typeof logModule>('../workers/log');
  const log = createLog(config.logLevel, 'unitrail-worker');
  const stop = context.takeOverSignals(() => void say(context, waiting(role)));
  const line = await startLine([role], { config, servers, log });
  if (line.metricsUrl) await say(context, `Metrics: ${line.metricsUrl}`);
  await say(context, `${capital(name)} works. Ctrl-C or SIGTERM ends it in order.`);
  try {
    await Promise.race([aborted(stop), line.failed]);
  } finally {
    await end(context, line, role);
  }
}

/** On the embedded servers: an id that is mistyped would be given a login otherwise. */
async function requireStation(context: ServerContext, servers: Servers, id: string): Promise<void> {
  const { stations } = await requirePlant(await context.desk());
  const ids = stations.map((station) => station.id);
  if (!ids.includes(id)) throw wrongOption('--station', id, `one of ${ids.join(', ')}`);
  await prepareEmbedded(servers, [id]);
}

async function end(context: ServerContext, line: Line, role: Role): Promise<void> {
  await say(context, waiting(role));
  await line.stop();
  await say(context, 'Stopped.');
}

function waiting(role: Role): string {
  return role.kind === 'station'
    ? `Stopping: takes no new work, and waits for what is under way in its slots. A flash is not cut; that may take two minutes.`
    : 'Stopping: takes no new work, and waits for what is under way.';
}

function readRole({ role, station }: Options): Role {
  if (role !== 'station') {
    if (station !== undefined) throw wrongOption('--station', station, '--station only with --role station');
    return { kind: role };
  }
  if (station === undefined)
    throw wrongOption('--station', undefined, 'the id of a station of the plant, with --role station');
  return { kind: 'station', station };
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}

function capital(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}
