import type { Command } from 'commander';
import { fixedLogins } from '../adapters/postgres/logins';
import { UnitrailError } from '../domain/errors';
import { stationLogin } from '../domain/plant';
import type { Config } from '../workers/config';
import { openServers } from '../workers/servers';
import { temporalAddress } from '../workers/temporal-address';
import { lookAtDatabase, lookAtLogin } from './doctor-database';
import { failed, looked, ok, type Finding } from './doctor-finding';
import { lookAtLine } from './doctor-line';
import { lookAtEmbedded, lookAtNode } from './doctor-machine';
import { lookAtTemporal } from './doctor-temporal';
import { FAILED, printJson, printLine } from './output';
import type { ServerContext } from './server-context';

export function register(program: Command, context: ServerContext): void {
  program
    .command('doctor')
    .description(
      'What is reachable, what is not, and how to mend it. It starts nothing, and leaves nothing behind. Exit 1 where something fails.',
    )
    .action(() => examine(context));
}

async function examine(context: ServerContext): Promise<void> {
  const findings = await findingsOf(context);
  if (context.json) await printJson(context, findings);
  else for (const finding of findings) await printLine(context, textOf(finding));
  if (findings.some(({ status }) => status === 'fail')) context.exitWith(FAILED);
}

async function findingsOf(context: ServerContext): Promise<Finding[]> {
  const config = readConfig(context);
  if (Array.isArray(config)) return [lookAtNode(), ...config];
  const about = config.servers === 'given' ? 'given servers' : `embedded servers in ${config.home}`;
  const looks = await (config.servers === 'given'
    ? lookAtGiven(context, config)
    : lookAtOwn(context, config));
  return [lookAtNode(), ok('configuration', about), ...looks];
}

function readConfig(context: ServerContext): Config | Finding[] {
  try {
    return context.config();
  } catch (error) {
    if (!(error instanceof UnitrailError)) throw error;
    const problems = (error.detail.problems ?? [error.message]) as string[];
    return problems.map((problem) => failed('configuration', problem, 'Correct the environment variable.'));
  }
}

/** The embedded servers: what they need, and, where they run, what is in them. */
async function lookAtOwn(context: ServerContext, config: Config): Promise<Finding[]> {
  const { findings, stack } = await lookAtEmbedded(config.home, context.env);
  if (!stack) return findings;
  const { findings: database, plant } = await lookAtDatabase(stack.ownerUrl);
  const address = stack.temporal?.address;
  const temporal = address
    ? await lookAtTemporal(temporalAddress({ address, namespace: 'default' }), plant, false)
    : [failed('Temporal', 'does not run beside Postgres', '`unitrail up` starts it.')];
  const bench = config.benchAddress ?? (await stack.benchAddress());
  return [...findings, ...database, ...temporal, ...(await lookAtLine(config, plant, bench, context.env))];
}

async function lookAtGiven(context: ServerContext, config: Config): Promise<Finding[]> {
  const mend = 'Set UNITRAIL_DATABASE_URL, or UNITRAIL_LOGINS to a JSON file of login names and URLs.';
  const findings: Finding[] = [];
  const servers = await openServers(config, () => {});
  const looks = await looked(
    'database',
    async () => {
      const { findings: database, plant } = await lookAtDatabase(
        await servers.loginUrl(fixedLogins.desk.name),
      );
      findings.push(
        ...database,
        ...(await lookAtUrls(
          config,
          servers.loginUrl,
          (plant?.stations ?? []).map(({ id }) => id),
        )),
      );
      const [temporal, line] = await Promise.all([
        lookAtTemporal(servers.temporal, plant, true),
        lookAtLine(config, plant, config.benchAddress, context.env),
      ]);
      return [...temporal, ...line];
    },
    mend,
  );
  return [...findings, ...looks];
}

/** With a file of logins every one of them is tried: a wrong password shows here, not when a station starts. */
async function lookAtUrls(
  config: Config,
  loginUrl: (login: string) => Promise<string>,
  stations: readonly string[],
): Promise<Finding[]> {
  const findings: Finding[] = [];
  const names = [...Object.values(fixedLogins).map(({ name }) => name), ...stations.map(stationLogin)];
  for (const name of config.loginsFile === null ? [] : names) {
    const mend = 'Run `unitrail migrate --logins PLANT` as the owner: it completes the file.';
    findings.push(
      ...(await looked(`login ${name}`, async () => lookAtLogin(name, await loginUrl(name)), mend)),
    );
  }
  if (config.ownerUrl !== null) findings.push(...(await lookAtLogin('owner', config.ownerUrl)));
  return findings;
}

function textOf({ check, status, found, mend }: Finding): string {
  const line = `${status.padEnd(4)}  ${check.padEnd(18)} ${found}`;
  return status === 'ok' || mend === undefined ? line : `${line}\n      ${' '.repeat(18)} → ${mend}`;
}
