import { mkdir, realpath } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { UnitrailError } from '../../domain/errors';

/** Where everything of one embedded stack lies: `UNITRAIL_HOME`. */
export interface StackHome {
  readonly path: string;
  /** Held while servers are started or stopped. */
  readonly lock: string;
  readonly logins: string;
  /** Everything of Postgres; may belong to another user of the operating system. */
  readonly postgres: string;
  /** One file for each detached process. */
  readonly processes: string;
}

function layout(path: string): StackHome {
  return {
    path,
    lock: join(path, 'stack.lock'),
    logins: join(path, 'logins.json'),
    postgres: join(path, 'postgres'),
    processes: join(path, 'processes'),
  };
}

/** Makes the folder, for this user only, where it is not there yet. */
export async function prepareHome(path: string): Promise<StackHome> {
  try {
    const wanted = layout(resolve(path));
    await mkdir(wanted.path, { recursive: true, mode: 0o700 });
    const home = layout(await realpath(wanted.path));
    await mkdir(home.processes, { recursive: true, mode: 0o700 });
    return home;
  } catch (error) {
    throw new UnitrailError(
      'CONFIGURATION_INVALID',
      `UNITRAIL_HOME: "${path}" can't be used (${(error as Error).message}). ` +
        'Allowed is a folder that this user may create and write.',
      {},
      { cause: error },
    );
  }
}
