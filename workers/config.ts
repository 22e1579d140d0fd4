import { homedir } from 'node:os';
import { isAbsolute, resolve } from 'node:path';
import { UnitrailError } from '../domain/errors';

/** Where the servers are: given by the environment, or started for the user and kept in `home`. */
export interface Config {
  readonly servers: 'given' | 'embedded';
  /** The process's own role. Only where servers are given. */
  readonly databaseUrl: string | null;
  readonly ownerUrl: string | null;
  /** File with one URL for each login, for `up` on given servers. */
  readonly loginsFile: string | null;
  readonly home: string;
  readonly store: string;
  /** The file of the highest numbers granted; best kept where the database's backups are not. */
  readonly watermark: string;
  readonly temporalCli: string | null;
  readonly benchAddress: string | null;
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error';
}

type Environment = Readonly<Record<string, string | undefined>>;

const logLevels = ['debug', 'info', 'warn', 'error'] as const;

/**
 * Parses the environment once. Fails with the whole list of problems, so that one start shows them all. A process that
 * runs workflow code alone has no database login, and needs none.
 */
export function parseConfig(env: Environment, database: 'needed' | 'none' = 'needed'): Config {
  const problems: string[] = [];
  const home = folder(env.UNITRAIL_HOME ?? '.unitrail');
  const config: Config = {
    servers: env.UNITRAIL_DATABASE_URL || hasTemporal(env) ? 'given' : 'embedded',
    databaseUrl: databaseUrl(env, 'UNITRAIL_DATABASE_URL', problems),
    ownerUrl: databaseUrl(env, 'UNITRAIL_OWNER_URL', problems),
    loginsFile: env.UNITRAIL_LOGINS ? folder(env.UNITRAIL_LOGINS) : null,
    home,
    watermark: env.UNITRAIL_WATERMARK ? folder(env.UNITRAIL_WATERMARK) : resolve(home, 'watermark.json'),
    store: env.UNITRAIL_STORE ? folder(env.UNITRAIL_STORE) : resolve(home, 'store'),
    temporalCli: env.UNITRAIL_TEMPORAL_CLI || null,
    benchAddress: address(env, 'UNITRAIL_BENCH_ADDRESS', problems),
    logLevel: oneOf(env, 'UNITRAIL_LOG_LEVEL', logLevels, 'info', problems),
  };
  const missesDatabase = hasTemporal(env) && !env.UNITRAIL_DATABASE_URL;
  if (missesDatabase ? database === 'needed' : Boolean(env.UNITRAIL_DATABASE_URL) !== hasTemporal(env))
    problems.push(halfGiven(env));
  if (problems.length > 0) {
    throw new UnitrailError(
      'CONFIGURATION_INVALID',
      `The environment is not valid:\n  ${problems.join('\n  ')}`,
      { problems },
    );
  }
  return Object.freeze(config);
}

/** Temporal's own variables say where it is; the rest of them is read by Temporal's own library. */
function hasTemporal(env: Environment): boolean {
  return Boolean(env.TEMPORAL_ADDRESS || env.TEMPORAL_CONFIG_FILE || env.TEMPORAL_PROFILE);
}

function halfGiven(env: Environment): string {
  return env.UNITRAIL_DATABASE_URL
    ? 'TEMPORAL_ADDRESS: (missing) is not allowed beside UNITRAIL_DATABASE_URL; set both (given servers) or neither (embedded ones)'
    : 'UNITRAIL_DATABASE_URL: (missing) is not allowed beside TEMPORAL_ADDRESS; set both (given servers) or neither (embedded ones)';
}

/** The value is never shown: it holds a password. */
function databaseUrl(env: Environment, name: string, problems: string[]): string | null {
  const text = env[name];
  if (!text) return null;
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url && ['postgres:', 'postgresql:'].includes(url.protocol) && url.hostname && url.pathname.length > 1)
    return text;
  problems.push(`${name}: (hidden) is not allowed; postgres://login:password@host:port/database`);
  return null;
}

function address(env: Environment, name: string, problems: string[]): string | null {
  const text = env[name];
  if (!text) return null;
  if (/^[^\s:]+:[0-9]{1,5}$/.test(text)) return text;
  problems.push(`${name}: "${text.slice(0, 60)}" is not allowed; host:port`);
  return null;
}

function oneOf<T extends string>(
  env: Environment,
  name: string,
  allowed: readonly T[],
  byDefault: T,
  problems: string[],
): T {
  const text = env[name] || byDefault;
  const found = allowed.find((value) => value === text);
  if (!found) problems.push(`${name}: "${text.slice(0, 60)}" is not allowed; one of ${allowed.join(', ')}`);
  return found ?? byDefault;
}

function folder(path: string): string {
  const full = path.startsWith('~/') ? resolve(homedir(), path.slice(2)) : path;
  return isAbsolute(full) ? full : resolve(process.cwd(), full);
}
