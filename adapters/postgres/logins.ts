import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';
import type { Knex } from 'knex';
import { openDatabase } from './database';

export type LoginGroup =
  | 'unitrail_office'
  | 'unitrail_station'
  | 'unitrail_desk'
  | 'unitrail_retention'
  | 'unitrail_auditor'
  | 'unitrail_buyer';

export interface Login {
  readonly name: string;
  readonly password: string;
  readonly group: LoginGroup;
}

/** Postgres's own default. */
const SCRAM_ITERATIONS = 4096;

/** A buyer's queries wait for each other, not the line for them. */
const BUYERS_CONNECTIONS = 4;

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
    for (const login of logins) await tried(() => db.transaction((trx) => ensureLogin(trx, login)));
  } finally {
    await db.destroy();
  }
}

/** More than there are databases on one server that make the same logins at one moment. */
const MOST_TRIES = 20;

/**
 * What Postgres says where another database of the server has just made or changed the same login: logins are the whole
 * server's, and a database has no lock that another one sees. Each time, somebody else has got further.
 */
const overtaken: readonly (string | undefined)[] = [
  'XX000', // internal_error: tuple concurrently updated
  '42710', // duplicate_object
  '23505', // unique_violation
];

async function tried(make: () => Promise<void>): Promise<void> {
  for (let left = MOST_TRIES; ; left -= 1) {
    try {
      return await make();
    } catch (error) {
      if (left === 1 || !overtaken.includes((error as { code?: string }).code)) throw error;
    }
  }
}

/**
 * The login of each buyer, named at random when the buyer is first seen: every login of a server can read the names of
 * all others, and none is to learn from them who else buys. A repeat gives the same names. Runs as the owner.
 */
export async function nameBuyerLogins(
  ownerUrl: string,
  buyers: readonly string[],
): Promise<{ readonly name: string; readonly buyer: string }[]> {
  const db = openDatabase(ownerUrl, { applicationName: 'unitrail-logins', maxConnections: 1 });
  try {
    const fresh = buyers.map((buyer) => ({
      login: `unitrail_buyer_${randomBytes(6).toString('hex')}`,
      buyer,
    }));
    if (fresh.length > 0) await db('buyer_logins').insert(fresh).onConflict('buyer').ignore();
    return await db('buyer_logins')
      .whereIn('buyer', buyers)
      .orderBy('buyer')
      .select('login as name', 'buyer');
  } finally {
    await db.destroy();
  }
}

async function ensureLogin(db: Knex.Transaction, login: Login): Promise<void> {
  await db.raw(`select pg_advisory_xact_lock(hashtext('unitrail.logins'))`);
  const known = await db('pg_roles').where({ rolname: login.name }).first('rolname');
  // A buyer that was locked out stays out until somebody lets it in again.
  const again = login.group === 'unitrail_buyer' ? '' : 'login';
  const attributes = known ? again : 'login nosuperuser nocreatedb nocreaterole noreplication';
  await run(db, `${known ? 'alter' : 'create'} role %I ${attributes} password %L`, [
    login.name,
    scramVerifier(login.password),
  ]);
  await run(db, 'grant %I to %I', [login.group, login.name]);
  if (login.group === 'unitrail_buyer') await confine(db, login.name);
}

/**
 * The limit binds; the settings only keep a buyer from mistakes. Temporary tables would be room on the disk that
 * anybody could take.
 */
async function confine(db: Knex.Transaction, login: string): Promise<void> {
  await run(db, `alter role %I connection limit ${BUYERS_CONNECTIONS}`, [login]);
  await run(db, 'alter role %I set default_transaction_read_only = on', [login]);
  await run(db, `alter role %I set statement_timeout = '60s'`, [login]);
  // A transaction that is left open keeps migrations waiting, and the line behind them.
  await run(db, `alter role %I set idle_in_transaction_session_timeout = '60s'`, [login]);
  // Compiling a question takes longer than answering it.
  await run(db, 'alter role %I set jit = off', [login]);
  await db.raw(
    `do $$ begin execute format('revoke temporary on database %I from public', current_database()); end $$`,
  );
}

async function run(db: Knex.Transaction, statement: string, words: readonly string[]): Promise<void> {
  const answer = await db.raw<{ rows: { sql: string }[] }>(
    'select format(?::text, variadic ?::text[]) as sql',
    [statement, [...words]],
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
