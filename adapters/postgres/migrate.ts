import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Knex } from 'knex';
import { openDatabase } from './database';

const folder = join(__dirname, '..', '..', 'migrations');

/** Plain SQL files, forward only: a migration that landed is never edited, and there is no way down. */
class SqlFiles implements Knex.MigrationSource<string> {
  async getMigrations(): Promise<string[]> {
    return (await readdir(folder)).filter((name) => /^\d{4}-.*\.sql$/.test(name)).sort();
  }

  getMigrationName(file: string): string {
    return file;
  }

  async getMigration(file: string): Promise<Knex.Migration> {
    const sql = await readFile(join(folder, file), 'utf8');
    return {
      // knex takes a bare question mark for a binding, also in a regular expression.
      up: async (trx) => void (await trx.raw(sql.replaceAll('?', '\\?'))),
      down: () =>
        Promise.reject(new Error('migrations go forward only: restore a backup, or add a new migration')),
    };
  }
}

/** Brings the schema up to date as the owner. Returns the files that ran; none when it was up to date. */
export async function migrate(ownerUrl: string): Promise<string[]> {
  const db = openDatabase(ownerUrl, {
    applicationName: 'unitrail-migrate',
    maxConnections: 2,
    statementTimeoutMs: 600_000,
  });
  try {
    const [, ran] = (await db.migrate.latest({
      migrationSource: new SqlFiles(),
      tableName: 'migrations',
    })) as [number, string[]];
    return ran;
  } finally {
    await db.destroy();
  }
}

/** Migrations that have not run yet, for `doctor`. */
export async function pendingMigrations(db: Knex): Promise<string[]> {
  const [, pending] = (await db.migrate.list({
    migrationSource: new SqlFiles(),
    tableName: 'migrations',
  })) as [unknown, { file: string }[]];
  return pending.map((migration) => migration.file);
}
