import { createHash } from 'node:crypto';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Knex } from 'knex';
import { UnitrailError } from '../../domain/errors';
import { openDatabase } from './database';

const folder = join(__dirname, '..', '..', 'migrations');

interface SqlFile {
  readonly file: string;
  readonly sql: string;
}

/**
 * Plain SQL files, forward only: a migration that landed is never edited, and there is no way down. A database remembers
 * each with the digest of its text, so that one that was made by other texts is not taken for up to date.
 */
class SqlFiles implements Knex.MigrationSource<SqlFile> {
  private read: Promise<SqlFile[]> | null = null;

  constructor(private readonly last: string) {}

  getMigrations(): Promise<SqlFile[]> {
    return (this.read ??= this.readAll());
  }

  private async readAll(): Promise<SqlFile[]> {
    const files = (await readdir(folder))
      .filter((name) => /^\d{4}-.*\.sql$/.test(name) && name.slice(0, 4) <= this.last)
      .sort();
    return Promise.all(
      files.map(async (file) => ({ file, sql: await readFile(join(folder, file), 'utf8') })),
    );
  }

  getMigrationName({ file, sql }: SqlFile): string {
    return `${file} ${createHash('sha256').update(sql).digest('hex').slice(0, 16)}`;
  }

  async getMigration({ sql }: SqlFile): Promise<Knex.Migration> {
    return {
      // knex takes a bare question mark for a binding, also in a regular expression.
      up: async (trx) => void (await trx.raw(sql.replaceAll('?', '\\?'))),
      down: () =>
        Promise.reject(new Error('migrations go forward only: restore a backup, or add a new migration')),
    };
  }
}

const settings = (last = '9999') => ({ migrationSource: new SqlFiles(last), tableName: 'migrations' });
const CORRUPT = /migration directory is corrupt, the following files are missing: (.*)/;

const fileOf = (name: string): string => name.split(' ')[0]!;

/** knex's word for a migration that is on record and not among the files. */
async function ofTheseFiles<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    const names = CORRUPT.exec(error instanceof Error ? error.message : '')?.[1];
    if (names === undefined) throw error;
    const files = names.split(', ').map(fileOf).join(', ');
    throw new UnitrailError(
      'CONFIGURATION_INVALID',
      `This database was made by other migrations than those of this version (${files}). Use the version that made it, or a later one. An embedded database without units worth keeping is made anew where UNITRAIL_HOME names another folder.`,
    );
  }
}

/**
 * Brings the schema up to date as the owner, each file in a transaction of its own: all of them in one would hold every lock until
 * the last. Returns the files that ran; none when it was up to date. `last`: the number of the last one, as an older version has it.
 */
export async function migrate(ownerUrl: string, last?: string): Promise<string[]> {
  const db = openDatabase(ownerUrl, {
    applicationName: 'unitrail-migrate',
    maxConnections: 2,
    statementTimeoutMs: 600_000,
  });
  try {
    const files = settings(last);
    const ran: string[] = [];
    for (;;) {
      const [, names] = (await ofTheseFiles(db.migrate.up(files))) as [number, string[]];
      if (names.length === 0) return ran.map(fileOf);
      ran.push(...names);
    }
  } finally {
    await db.destroy();
  }
}

/** Migrations that have not run yet, for `doctor`. */
export async function pendingMigrations(db: Knex): Promise<string[]> {
  const [, pending] = (await ofTheseFiles(db.migrate.list(settings()))) as [unknown, SqlFile[]];
  return pending.map(({ file }) => file);
}
