import { Client, types, type ClientConfig } from 'pg';
import { UnitrailError } from '../../domain/errors';

/** Rows of one FETCH: a few megabytes, whatever the size of the table. */
const FETCH_ROWS = 5_000;
const CONNECT_TIMEOUT_MS = 10_000;
/** Sums over millions of rows are single statements. */
const STATEMENT_TIMEOUT_MS = 900_000;
const LOCK_TIMEOUT_MS = 10_000;

const INT8 = 20;
const TIMESTAMPTZ = 1184;

/** One reading of the whole database at one moment: everything in it is compared with everything else. */
export interface Snapshot {
  rows<Row>(sql: string, values?: readonly unknown[]): Promise<Row[]>;
  /** All rows of a query, batch by batch, by a server-side cursor. */
  batches<Row>(sql: string): AsyncGenerator<Row[]>;
  close(): Promise<void>;
}

/**
 * Opens a read-only transaction that sees one moment.
 * @throws UnitrailError DATABASE_UNAVAILABLE, or CONFIGURATION_INVALID where the URL can't be read.
 */
export async function openSnapshot(databaseUrl: string): Promise<Snapshot> {
  const client = newClient(databaseUrl);
  // Without a listener, a connection that breaks between two statements ends the process.
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query(`set default_transaction_read_only = on`);
    await client.query(`set timezone = 'UTC'; set datestyle = 'ISO'; set work_mem = '64MB'`);
    await client.query('begin isolation level repeatable read read only');
  } catch (cause) {
    await client.end().catch(() => undefined);
    throw unavailable(cause);
  }
  return snapshotOf(client);
}

function newClient(databaseUrl: string): Client {
  try {
    return new Client(configuration(databaseUrl));
  } catch {
    // The cause would show the URL, and with it the password.
    throw new UnitrailError(
      'CONFIGURATION_INVALID',
      'The database URL can not be read; it has to look like postgres://login:password@host:port/database.',
    );
  }
}

function configuration(connectionString: string): ClientConfig {
  return {
    connectionString,
    application_name: 'unitrail-audit',
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    query_timeout: STATEMENT_TIMEOUT_MS + 10_000,
    lock_timeout: LOCK_TIMEOUT_MS,
    idle_in_transaction_session_timeout: STATEMENT_TIMEOUT_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    types: { getTypeParser: parserOf as typeof types.getTypeParser },
  };
}

function parserOf(oid: number, format?: 'text' | 'binary'): unknown {
  if (oid === INT8) return Number;
  if (oid === TIMESTAMPTZ) return rfc3339;
  return types.getTypeParser(oid, format);
}

/** `2026-11-22 20:48:00.12+00` → `2026-11-22T20:48:00.120Z`; microseconds stay, so that they are seen. */
export function rfc3339(text: string): string {
  const match = /^(\d{4,}-\d\d-\d\d) (\d\d:\d\d:\d\d)(?:\.(\d+))?\+00$/.exec(text);
  return match ? `${match[1]}T${match[2]}.${(match[3] ?? '').padEnd(3, '0')}Z` : text;
}

function snapshotOf(client: Client): Snapshot {
  let cursors = 0;
  const query = async <Row>(sql: string, values: readonly unknown[] = []): Promise<Row[]> => {
    try {
      return (await client.query(sql, [...values])).rows as Row[];
    } catch (cause) {
      throw toUnitrailError(cause);
    }
  };
  async function* batches<Row>(sql: string): AsyncGenerator<Row[]> {
    const cursor = `audit_${(cursors += 1)}`;
    await query(`declare ${cursor} no scroll cursor for ${sql}`);
    const fetchNext = (): Promise<Row[]> => query<Row>(`fetch ${FETCH_ROWS} from ${cursor}`);
    let next = fetchNext();
    for (;;) {
      const rows = await next;
      if (rows.length === 0) break;
      // The server reads on while these rows are judged.
      next = fetchNext();
      next.catch(() => undefined);
      yield rows;
    }
    await query(`close ${cursor}`);
  }
  return { rows: query, batches, close: () => client.end() };
}

function toUnitrailError(cause: unknown): UnitrailError {
  const { code = '' } = cause as { code?: string };
  if (['42P01', '42703', '42501', '3F000'].includes(code)) {
    return new UnitrailError(
      'CONFIGURATION_INVALID',
      `The login can not read this database, or its schema is not up to date (SQLSTATE ${code}). Run \`unitrail migrate\`, and audit as unitrail_auditor.`,
      { sqlState: code },
      { cause },
    );
  }
  return unavailable(cause);
}

function unavailable(cause: unknown): UnitrailError {
  const { code = 'no connection' } = cause as { code?: string };
  return new UnitrailError(
    'DATABASE_UNAVAILABLE',
    `The database does not answer (${code}). Nothing was judged.`,
    { code },
    { cause },
  );
}
