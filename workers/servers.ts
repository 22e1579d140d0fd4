import { readFile } from 'node:fs/promises';
import { joinStack, type Stack } from '../adapters/stack/stack';
import { UnitrailError } from '../domain/errors';
import type { Config } from './config';
import { temporalAddress, type TemporalAddress } from './temporal-address';

export type Say = (line: string) => void;

/** Postgres and Temporal as a process finds them: given by the environment, or the embedded ones. */
export interface Servers {
  readonly temporal: TemporalAddress;
  /** The web UI, where we know it. */
  readonly temporalUi: string | null;
  readonly ownerUrl: string | null;
  /** The embedded servers, which this process helps to keep alive. */
  readonly stack: Stack | null;
  loginUrl(login: string): Promise<string>;
  /** The last user of the embedded servers stops them. */
  leave(): Promise<void>;
}

/** `signal` calls a start off that takes long (a first start may build the Temporal server). */
export async function openServers(config: Config, say: Say, signal?: AbortSignal): Promise<Servers> {
  return config.servers === 'embedded' ? embedded(config, say, signal) : given(config);
}

async function embedded({ home, temporalCli }: Config, say: Say, signal?: AbortSignal): Promise<Servers> {
  const stack = await joinStack({
    home,
    say,
    ...(signal && { signal }),
    ...(temporalCli && { temporalCli }),
  });
  return serversOf(stack);
}

export function serversOf(stack: Stack): Servers {
  return {
    temporal: temporalAddress(stack.temporal),
    temporalUi: stack.temporal.uiUrl,
    ownerUrl: stack.ownerUrl,
    stack,
    loginUrl: (login) => stack.loginUrl(login),
    leave: () => stack.leave(),
  };
}

async function given(config: Config): Promise<Servers> {
  const logins = config.loginsFile ? await readLogins(config.loginsFile) : null;
  return {
    temporal: temporalAddress(null),
    temporalUi: null,
    ownerUrl: config.ownerUrl,
    stack: null,
    loginUrl: async (login) => {
      const url = logins ? logins[login] : config.databaseUrl;
      if (url) return url;
      throw new UnitrailError(
        'CONFIGURATION_INVALID',
        `UNITRAIL_LOGINS: no URL for login ${login} is in the file; one for each login is needed`,
      );
    },
    leave: async () => {},
  };
}

async function readLogins(file: string): Promise<Record<string, string>> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as Record<string, string>;
  } catch (cause) {
    throw new UnitrailError(
      'CONFIGURATION_INVALID',
      `UNITRAIL_LOGINS: ${file} is no JSON file of login names and URLs`,
      {},
      { cause },
    );
  }
}
