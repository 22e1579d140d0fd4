import { UnitrailError } from '../../domain/errors';
import type { Database } from './database';
import { toUnitrailError } from './errors';

export interface DatabaseFacts {
  readonly login: string;
  /** Such as 15.14 and 150014. */
  readonly version: string;
  readonly versionNumber: number;
  /** Whether our tables are there at all. */
  readonly migrated: boolean;
}

export const oldestPostgres = 15;
export const newestPostgres = 18;

/**
 * Asks the server who we are and what it is.
 * @throws UnitrailError DATABASE_UNAVAILABLE, or CONFIGURATION_INVALID where it answers and lets nobody in. The messages
 *   name host and port, and never the URL: it holds the password.
 */
export async function probeDatabase(db: Database, url: string): Promise<DatabaseFacts> {
  try {
    const answer = await db.raw<{ rows: DatabaseFacts[] }>(
      `select session_user::text as login, current_setting('server_version') as version,
         current_setting('server_version_num')::integer as "versionNumber",
         to_regclass('public.unit_events') is not null as migrated`,
    );
    return answer.rows[0]!;
  } catch (error) {
    throw explained(error, url);
  }
}

/** @throws UnitrailError as `probeDatabase`, and CONFIGURATION_INVALID where the schema is missing. */
export async function requireMigrated(db: Database, url: string): Promise<void> {
  const { migrated } = await probeDatabase(db, url);
  if (migrated) return;
  throw new UnitrailError(
    'CONFIGURATION_INVALID',
    `The database ${place(url)} has no Unitrail schema yet. Run \`unitrail migrate\` as its owner first.`,
  );
}

/** What the server said when it refused to let us in, by SQLSTATE. */
const refused: Readonly<Record<string, string>> = {
  '28P01': 'refuses the password of login %',
  '28000': 'refuses login %',
  '3D000': 'has no database of that name',
  '42501': 'does not let login % into the database',
};

function explained(error: unknown, url: string): UnitrailError {
  const code = (error as { code?: string }).code ?? '';
  const reason = refused[code]?.replace('%', decodeURIComponent(new URL(url).username));
  if (reason) {
    return new UnitrailError(
      'CONFIGURATION_INVALID',
      `The database server at ${place(url)} ${reason}.`,
      {},
      { cause: error },
    );
  }
  const mapped = toUnitrailError(error);
  if (mapped.code !== 'DATABASE_UNAVAILABLE') return mapped;
  const why = code || 'no connection';
  return new UnitrailError(
    'DATABASE_UNAVAILABLE',
    `The database at ${place(url)} does not answer (${why}).`,
    {},
    { cause: error },
  );
}

/** `127.0.0.1:5432/unitrail` */
function place(url: string): string {
  const { host, pathname } = new URL(url);
  return `${host}${pathname}`;
}
