import { homedir } from 'node:os';
import { resolve } from 'node:path';
import { UnitrailError } from '../domain/errors';
import {
  isBucketText,
  isSamePlace,
  readBucketPlace,
  type StorePlace,
  type StoreSetting,
} from '../domain/store-place';

/** Where the servers are: given by the environment, or started for the user and kept in `home`. */
export interface Config {
  readonly servers: 'given' | 'embedded';
  /** The process's own role. Only where servers are given. */
  readonly databaseUrl: string | null;
  readonly ownerUrl: string | null;
  /** File with one URL for each login, for `up` on given servers. */
  readonly loginsFile: string | null;
  readonly home: string;
  readonly store: StoreSetting;
  /** The folder of the transparency log; null where the store is a bucket and nobody has said where it lies. */
  readonly log: string | null;
  /** The file of the highest numbers granted; best kept where the database's backups are not. */
  readonly watermark: string;
  readonly temporalCli: string | null;
  readonly benchAddress: string | null;
  /** Where metrics and health are asked for, `host:port`; null: nowhere. */
  readonly metricsAddress: string | null;
  /** References, `env:NAME` or `file:PATH`: an address may hold a token. Both or neither. */
  readonly webhook: { readonly url: string; readonly secret: string } | null;
  /** How long a unit may be held before somebody is told. */
  readonly heldTooLongMinutes: number;
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error';
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Half a shift. */
const HELD_TOO_LONG_MINUTES = 240;

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
    ...stores(env, home, problems),
    temporalCli: env.UNITRAIL_TEMPORAL_CLI || null,
    benchAddress: address(env, 'UNITRAIL_BENCH_ADDRESS', problems),
    metricsAddress: metricsAddress(env, problems),
    webhook: webhook(env, problems),
    heldTooLongMinutes: minutes(env, 'UNITRAIL_HELD_TOO_LONG_MINUTES', HELD_TOO_LONG_MINUTES, problems),
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

/**
 * The log's folder lies beside the contents where these are in a folder. A bucket has no place for it: the embedded servers keep
 * it in their home then, and on given ones UNITRAIL_LOG says it to whoever needs it.
 */
function stores(env: Environment, home: string, problems: string[]): Pick<Config, 'store' | 'log'> {
  const first = place(env, 'UNITRAIL_STORE', problems) ?? { kind: 'folder', folder: resolve(home, 'store') };
  const copy = place(env, 'UNITRAIL_STORE_COPY', problems);
  if (copy && isSamePlace(first, copy))
    problems.push(
      'UNITRAIL_STORE_COPY: the place of UNITRAIL_STORE is not allowed; another folder or bucket',
    );
  if (isBucketText(env.UNITRAIL_LOG ?? ''))
    problems.push('UNITRAIL_LOG: a bucket is not allowed; a folder, on a disk or a mounted share');
  const isGiven = env.UNITRAIL_DATABASE_URL || hasTemporal(env);
  const besides =
    first.kind === 'folder' ? resolve(first.folder, 'log') : isGiven ? null : resolve(home, 'log');
  return { store: { first, copy }, log: env.UNITRAIL_LOG ? folder(env.UNITRAIL_LOG) : besides };
}

function place(env: Environment, name: string, problems: string[]): StorePlace | null {
  const text = env[name];
  if (!text) return null;
  if (!isBucketText(text)) return { kind: 'folder', folder: folder(text) };
  const read = readBucketPlace(text);
  if (typeof read !== 'string') return read;
  problems.push(`${name}: ${read}`);
  return null;
}

/** @throws UnitrailError CONFIGURATION_INVALID where nobody has said where the log lies */
export function logFolderOf({ log }: Pick<Config, 'log'>): string {
  if (log !== null) return log;
  throw new UnitrailError(
    'CONFIGURATION_INVALID',
    'UNITRAIL_LOG: (missing) is not allowed where UNITRAIL_STORE is a bucket; a folder for the transparency log, the same for every office',
  );
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

/** A port alone is one of this machine only. */
function metricsAddress(env: Environment, problems: string[]): string | null {
  const text = env.UNITRAIL_METRICS_ADDRESS;
  if (!text) return null;
  const [, host, port] = /^(?:([^\s:]+):)?([0-9]{1,5})$/.exec(text) ?? [];
  if (port !== undefined && Number(port) <= 65_535) return `${host ?? '127.0.0.1'}:${port}`;
  problems.push(
    `UNITRAIL_METRICS_ADDRESS: "${text.slice(0, 60)}" is not allowed; a port (of this machine only) or host:port`,
  );
  return null;
}

function webhook(env: Environment, problems: string[]): Config['webhook'] {
  const names = ['UNITRAIL_WEBHOOK_URL', 'UNITRAIL_WEBHOOK_SECRET'] as const;
  const [url, secret] = names.map((name) => env[name] || null) as [string | null, string | null];
  for (const [index, text] of [url, secret].entries())
    if (text !== null && !/^(env:[A-Za-z_][A-Za-z0-9_]*|file:.+)$/.test(text))
      problems.push(`${names[index]}: (hidden) is not allowed; where it lies, as env:NAME or file:PATH`);
  if ((url === null) !== (secret === null))
    problems.push(
      `${names[url === null ? 0 : 1]}: (missing) is not allowed beside ${names[url === null ? 1 : 0]}; set both or neither`,
    );
  return url !== null && secret !== null ? { url, secret } : null;
}

function minutes(env: Environment, name: string, byDefault: number, problems: string[]): number {
  const text = env[name];
  if (!text) return byDefault;
  if (/^[1-9][0-9]{0,5}$/.test(text)) return Number(text);
  problems.push(`${name}: "${text.slice(0, 60)}" is not allowed; a whole number of minutes from 1 to 999999`);
  return byDefault;
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
  // Also of an absolute one: /srv/store and /srv/store/ are the same place.
  return path.startsWith('~/') ? resolve(homedir(), path.slice(2)) : resolve(path);
}
