import type { Command } from 'commander';
import { toUnitrailError } from '../adapters/postgres/errors';
import { ensureLogins } from '../adapters/postgres/logins';
import { migrate } from '../adapters/postgres/migrate';
import { runningStack } from '../adapters/stack/running-stack';
import { UnitrailError } from '../domain/errors';
import type { Config } from '../workers/config';
import {
  allLogins,
  loginsOfPlant,
  passwordsOfFile,
  passwordsOfStack,
  type MadeLogin,
} from './migrate-logins';
import { printJson, printLine } from './output';
import type { ServerContext } from './server-context';

export function register(program: Command, context: ServerContext): void {
  program
    .command('migrate')
    .description(
      'Brings the schema up to date as the database’s owner (UNITRAIL_OWNER_URL, or the embedded one where it runs). Starts nothing.',
    )
    .option(
      '--logins <plant.yaml>',
      'make the logins as well: the fixed ones, and one for each station and each buyer of this plant file',
    )
    .addHelpText('after', passwordsHelp)
    .action((options: { logins?: string }) => run(context, options));
}

const passwordsHelp = `
Passwords are those of the file that UNITRAIL_LOGINS names (JSON, login name to URL). A login that is not in it gets a
random one, which is written into that file (mode 0600) and shown nowhere.`;

async function run(context: ServerContext, { logins: plant }: { logins?: string }): Promise<void> {
  // The plant file first: where it is wrong, nothing is done.
  const wanted = plant === undefined ? null : await loginsOfPlant(plant);
  const config = context.config();
  const { ownerUrl, passwords } = await ownerOf(config);
  const ran = await reached(() => migrate(ownerUrl));
  const made = wanted ? await passwords(await reached(() => allLogins(wanted, ownerUrl))) : [];
  await reached(() => ensureLogins(ownerUrl, made));
  await report(context, ran, made);
}

interface Owner {
  readonly ownerUrl: string;
  passwords(logins: Awaited<ReturnType<typeof allLogins>>): Promise<MadeLogin[]>;
}

async function ownerOf(config: Config): Promise<Owner> {
  const { ownerUrl } = config;
  if (ownerUrl !== null)
    return { ownerUrl, passwords: (logins) => passwordsOfFile(logins, config.loginsFile, ownerUrl) };
  if (config.servers === 'given') {
    throw new UnitrailError(
      'CONFIGURATION_INVALID',
      'UNITRAIL_OWNER_URL: (missing) is not allowed; postgres://login:password@host:port/database of the database’s owner, who alone may change the schema',
    );
  }
  const stack = await runningStack(config.home);
  if (stack) return { ownerUrl: stack.ownerUrl, passwords: (logins) => passwordsOfStack(logins, stack) };
  throw new UnitrailError(
    'CONFIGURATION_INVALID',
    `No servers run in ${config.home}, and \`unitrail migrate\` never starts any. \`unitrail up\` starts and migrates the embedded ones; for your own, set UNITRAIL_OWNER_URL.`,
  );
}

async function reached<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw toUnitrailError(error);
  }
}

async function report(
  context: ServerContext,
  ran: readonly string[],
  logins: readonly MadeLogin[],
): Promise<void> {
  const told = logins.map(({ name, group, buyer, source }) => ({
    ...{ name, group, password: source },
    ...(buyer !== undefined && { buyer }),
  }));
  if (context.json) return printJson(context, { migrations: ran, logins: told });
  if (ran.length === 0) await printLine(context, 'The schema is up to date.');
  for (const file of ran) await printLine(context, `ran   ${file}`);
  for (const { name, group, buyer, password } of told) {
    const whose = buyer === undefined ? '' : `, of buyer ${buyer}`;
    await printLine(context, `login ${name}, member of ${group}${whose} (password ${password})`);
  }
}
