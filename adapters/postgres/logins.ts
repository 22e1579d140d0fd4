import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';
import type { Knex } from 'knex';
import { openDatabase } from './database';

export type LoginGroup =
  'unitrail_office' | 'unitrail_station' | 'unitrail_desk' | 'unitrail_retention' | 'unitrail_auditor';

export interface Login {
  readonly name: string;
  readonly password: string;
  readonly group: LoginGroup;
}

/** Postgres's own default. */
const SCRAM_ITERATIONS = 4096;

/** The logins that every installation has. Stations have one each, named by `stationLogin` of domain/plant. */
export const fixedLogins: Readonly<
  Record<'office' | 'desk' | 'retention' | 'auditor', { name: string; group: LoginGroup }>
> = {
  office: { name: 'unitrail_office_login', group: 'unitrail_office' },
  desk: { name: 'unitrail_desk_login', group: 'unitrail_desk' },
  retention: { name: 'unitrail_retention_login', group: 'unitrail_retention' },
  auditor: { name: 'unitrail_auditor_login', group: 'unitrail_auditor' },
};

/**
 * Makes each login, or sets its password again, with no right but its group's. Runs as the owner, after `migrate`.
 * DDL takes no bound values: names and passwords are quoted by the server's own `format`.
 */
export async function ensureLogins(ownerUrl: string, logins: readonly Login[]): Promise<void> {
  const db = openDatabase(ownerUrl, { applicationName: 'unitrail-logins', maxConnections: 1 });
  try {
    for (const login of logins) await db.transaction((trx) => ensureLogin(trx, login));
  } finally {
    await db.destroy();
  }
}

async function ensureLogin(db: Knex.Transaction, login: Login): Promise<void> {
  await db.raw(`select pg_advisory_xact_lock(hashtext('unitrail.logins'))`);
  const known = await db('pg_roles').where({ rolname: login.name }).first('rolname');
  const attributes = known ? 'login' : 'login nosuperuser nocreatedb nocreaterole noreplication';
  await run(db, `${known ? 'alter' : 'create'} role %I ${attributes} password %L`, [
    login.name,
    scramVerifier(login.password),
  ]);
  await run(db, 'grant %I to %I', [login.group, login.name]);
}

async function run(db: Knex.Transaction, statement: string, words: readonly [string, string]): Promise<void> {
  const answer = await db.raw<{ rows: { sql: string }[] }>(
    'select format(?::text, ?::text, ?::text) as sql',
    [statement, ...words],
  );
  await db.raw(answer.rows[0]!.sql);
}

/**
 * What Postgres keeps of a password (RFC 5803). Made here, so that the password itself is in no statement, no log of
 * the server and no error message.
 */
function scramVerifier(password: string): string {
  const salt = randomBytes(16);
  const salted = pbkdf2Sync(password.normalize('NFKC'), salt, SCRAM_ITERATIONS, 32, 'sha256');
  const hmac = (text: string) => createHmac('sha256', salted).update(text).digest();
  const storedKey = createHash('sha256').update(hmac('Client Key')).digest('base64');
  return `SCRAM-SHA-256$${SCRAM_ITERATIONS}:${salt.toString('base64')}$${storedKey}:${hmac('Server Key').toString('base64')}`;
}
