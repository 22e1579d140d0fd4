/**
 * A database of its own for each test file: a copy of one migrated template, which the first file of a run makes.
 * Logins belong to the whole server and are made with the template.
 */
import { createHash, randomBytes } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from 'pg';
import { openDatabase } from '../../adapters/postgres/database';
import { ensureLogins, fixedLogins, type Login } from '../../adapters/postgres/logins';
import { migrate } from '../../adapters/postgres/migrate';
import { prepareHome } from '../../adapters/stack/home';
import { passwordOf } from '../../adapters/stack/logins';
import { stationLogin } from '../../domain/plant';

export const testStations = ['line-1', 'label-1'] as const;
export const testBuyers = ['acme', 'borealis'] as const;
export type TestLogin =
  'office' | 'desk' | 'retention' | 'auditor' | (typeof testStations)[number] | (typeof testBuyers)[number];

export interface TestDatabase {
  readonly name: string;
  readonly ownerUrl: string;
  readonly superuserUrl: string;
  urlOf(login: TestLogin): string;
  /** A copy as it stands now. Nothing may be connected to this one at that moment. */
  clone(): Promise<TestDatabase>;
  drop(): Promise<void>;
}

const migrations = join(__dirname, '..', '..', 'migrations');

const groups: Readonly<Record<TestLogin, Omit<Login, 'password'>>> = {
  office: fixedLogins.office,
  desk: fixedLogins.desk,
  retention: fixedLogins.retention,
  auditor: fixedLogins.auditor,
  'line-1': { name: stationLogin('line-1'), group: 'unitrail_station' },
  'label-1': { name: stationLogin('label-1'), group: 'unitrail_station' },
  acme: { name: `unitrail_buyer_${'a'.repeat(12)}`, group: 'unitrail_buyer' },
  borealis: { name: `unitrail_buyer_${'b'.repeat(12)}`, group: 'unitrail_buyer' },
};

type Logins = Readonly<Record<TestLogin, Login>>;

/** The passwords are those of the run's own stack: a test that joins the stack finds the same logins. */
async function loadLogins(): Promise<Logins> {
  const home = await prepareHome(required('UNITRAIL_TEST_HOME'));
  const loaded: Partial<Record<TestLogin, Login>> = {};
  for (const [id, login] of Object.entries(groups)) {
    loaded[id as TestLogin] = { ...login, password: await passwordOf(home, login.name) };
  }
  return loaded as Logins;
}

export async function createTestDatabase(): Promise<TestDatabase> {
  return withSuperuser(async (superuser) => {
    const logins = await loadLogins();
    return copyOf(superuser, await ensureTemplate(superuser, logins), logins);
  });
}

/** As a version made it that has no later migration than this one. */
export async function createOlderDatabase(last: string): Promise<TestDatabase> {
  return withSuperuser(async (superuser) => {
    const logins = await loadLogins();
    // Which makes the logins of the server.
    await ensureTemplate(superuser, logins);
    const older = await copyOf(superuser, 'template1', logins);
    await migrate(older.ownerUrl, last);
    return older;
  });
}

async function copyOf(superuser: Client, template: string, logins: Logins): Promise<TestDatabase> {
  const name = `test_${randomBytes(6).toString('hex')}`;
  await superuser.query(`create database ${name} template ${template} owner ${ownerLogin()}`);
  return {
    name,
    ownerUrl: inDatabase(required('UNITRAIL_TEST_OWNER_URL'), name),
    superuserUrl: inDatabase(required('UNITRAIL_TEST_ADMIN_URL'), name),
    urlOf: (login) => asLogin(inDatabase(required('UNITRAIL_TEST_OWNER_URL'), name), logins[login]),
    clone: () => withSuperuser((again) => copyOf(again, name, logins)),
    drop: () =>
      withSuperuser(async (again) => void (await again.query(`drop database ${name} with (force)`))),
  };
}

/** Its name holds the digest of the migrations: a server that outlives an edit gets a template of its own for it. */
async function ensureTemplate(superuser: Client, logins: Logins): Promise<string> {
  const template = `unitrail_template_${await digestOfMigrations()}`;
  // Two files of a run may come here at once; the lock ends with the connection.
  await superuser.query(`select pg_advisory_lock(hashtext('unitrail.test.template'))`);
  const known = await superuser.query('select from pg_database where datname = $1', [template]);
  if (known.rowCount === 0) await makeTemplate(superuser, template, logins);
  await superuser.query(`select pg_advisory_unlock(hashtext('unitrail.test.template'))`);
  return template;
}

/** Made under another name first: a template that is there is whole. */
async function makeTemplate(superuser: Client, template: string, logins: Logins): Promise<void> {
  const draft = `${template}_draft`;
  await superuser.query(`drop database if exists ${draft} with (force)`);
  await superuser.query(`create database ${draft} owner ${ownerLogin()}`);
  const ownerUrl = inDatabase(required('UNITRAIL_TEST_OWNER_URL'), draft);
  await migrate(ownerUrl);
  await ensureLogins(ownerUrl, Object.values(logins));
  await superuser.query(`alter database ${draft} rename to ${template}`);
}

async function digestOfMigrations(): Promise<string> {
  const digest = createHash('sha256');
  for (const file of (await readdir(migrations)).sort())
    digest.update(await readFile(join(migrations, file)));
  return digest.digest('hex').slice(0, 16);
}

export async function withSuperuser<T>(work: (superuser: Client) => Promise<T>, url?: string): Promise<T> {
  const superuser = new Client({
    connectionString: url ?? required('UNITRAIL_TEST_ADMIN_URL'),
    // Also while another file makes the template.
    statement_timeout: 240_000,
  });
  await superuser.connect();
  try {
    return await work(superuser);
  } finally {
    await superuser.end();
  }
}

function required(variable: string): string {
  const value = process.env[variable];
  if (!value)
    throw new Error(
      `${variable} is not set: test/support/global-setup.ts sets it for a run that needs servers.`,
    );
  return value;
}

function ownerLogin(): string {
  return decodeURIComponent(new URL(required('UNITRAIL_TEST_OWNER_URL')).username);
}

function inDatabase(url: string, database: string): string {
  const other = new URL(url);
  other.pathname = `/${database}`;
  return other.href;
}

function asLogin(url: string, login: Login): string {
  const other = new URL(url);
  other.username = login.name;
  other.password = login.password;
  return other.href;
}

/**
 * For a test that compares plans, or what statements read: the server comes by once a minute, removes dead rows and counts anew, and
 * the next plan is another one.
 */
export async function keepTablesStill({ superuserUrl }: TestDatabase): Promise<void> {
  const each = `do $$ declare t regclass; begin
    for t in select oid::regclass from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r' loop
      execute format('alter table %s set (autovacuum_enabled = off)', t);
    end loop; end $$`;
  await withSuperuser((superuser) => superuser.query(each), superuserUrl);
}

/** Says whose the logins of the buyers are. Not in the template: whoever makes logins finds a database without any. */
export async function mapBuyers({ ownerUrl }: TestDatabase): Promise<void> {
  const rows = testBuyers.map((buyer) => ({ login: groups[buyer].name, buyer }));
  const db = openDatabase(ownerUrl, { applicationName: 'test-owner', maxConnections: 1 });
  await db('buyer_logins').insert(rows);
  await db.destroy();
}
