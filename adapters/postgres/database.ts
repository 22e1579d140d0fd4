import knex, { type Knex } from 'knex';

/** One pool of one login. Every process has exactly the pools of its roles. */
export type Database = Knex;

export interface DatabaseOptions {
  readonly applicationName: string;
  readonly maxConnections?: number;
  /** A statement that takes longer is a fault, not patience. Migrations and long reads set their own. */
  readonly statementTimeoutMs?: number;
}

/**
 * pg has no time-outs and no keep-alive unless they are set; knex puts bound values into error messages unless it is
 * told not to. All of it is explicit here, and nowhere else.
 */
export function openDatabase(url: string, options: DatabaseOptions): Database {
  const db = knex({
    client: 'pg',
    compileSqlOnError: false,
    connection: {
      connectionString: url,
      application_name: options.applicationName,
      connectionTimeoutMillis: 5_000,
      statement_timeout: options.statementTimeoutMs ?? 30_000,
      query_timeout: (options.statementTimeoutMs ?? 30_000) + 5_000,
      options: '-c lock_timeout=10000',
      idle_in_transaction_session_timeout: 60_000,
      keepAlive: true,
      keepAliveInitialDelayMillis: 10_000,
    },
    pool: {
      min: 0,
      max: options.maxConnections ?? 10,
      idleTimeoutMillis: 30_000,
      acquireTimeoutMillis: 15_000,
    },
    acquireConnectionTimeout: 15_000,
    log: silence,
  });
  return db.on('query-error', withoutSql);
}

/**
 * A statement that every unit runs many times: Postgres parses and plans it once a connection, which saves a sixth of
 * the server's work. The name belongs to this text alone. Only columns that are named come back, so that a plan outlives
 * a type that gets another column. A pooler in between has to keep sessions, which LISTEN asks for as well.
 */
export function prepared<Row>(
  db: Database,
  name: string,
  sql: string,
  values: readonly unknown[],
): Knex.Raw<{ rows: Row[] }> {
  return db.raw<{ rows: Row[] }>(sql, values as Knex.RawBinding[]).options({ name });
}

/** knex would write to standard output, which belongs to the commands' answers; a fault reaches the caller anyway. */
const silence = { debug: () => {}, warn: () => {}, error: () => {}, deprecate: () => {} };

/** knex puts the statement before the server's message: our refusals are sentences that people read. */
function withoutSql(error: Error, { sql }: { sql: string }): void {
  const prefix = `${sql} - `;
  if (error.message.startsWith(prefix)) error.message = error.message.slice(prefix.length);
}
