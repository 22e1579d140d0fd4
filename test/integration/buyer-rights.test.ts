import { randomBytes } from 'node:crypto';
import { Client } from 'pg';
import { openDatabase, type Database } from '../../adapters/postgres/database';
import { ensureLogins } from '../../adapters/postgres/logins';
import { functionsOf, relationsOf } from '../support/buyers';
import { createTestDatabase, withSuperuser, type TestDatabase } from '../support/database';
import { sqlStateOf } from '../support/refusals';

/** What a buyer's login may do at all. Logins belong to the whole server: this file has one of its own. */
const login = {
  name: `unitrail_buyer_${randomBytes(6).toString('hex')}`,
  ...{ password: randomBytes(12).toString('hex'), group: 'unitrail_buyer' as const },
};
const views = ['amendments', 'deliveries', 'export_files', 'exports', 'numbers', 'records'].map(
  (name) => `buyer_${name}`,
);

let database: TestDatabase;
let owner: Database;
let client: Client;

beforeAll(async () => {
  database = await createTestDatabase();
  owner = openDatabase(database.ownerUrl, { applicationName: 'test-owner', maxConnections: 1 });
  await ensureLogins(database.ownerUrl, [login]);
  const url = new URL(database.ownerUrl);
  [url.username, url.password] = [login.name, login.password];
  client = new Client({ connectionString: url.href, statement_timeout: 20_000 });
  await client.connect();
});

afterAll(async () => {
  await client?.end();
  await owner?.destroy();
  await database?.drop();
  await withSuperuser((superuser) => superuser.query(`drop role if exists ${login.name}`));
});

test('a buyer reaches six views with the reader’s own rights, and functions that can only read', async () => {
  expect((await relationsOf(client)).map(({ name }) => name)).toEqual(views);
  const { rows } = await owner.raw<{ rows: { name: string }[] }>(
    `select oid::regclass::text as name from pg_class where relkind = 'v' and relname like 'buyer\\_%'
     and 'security_invoker=true' = any (reloptions) order by 1`,
  );
  expect(rows.map(({ name }) => name)).toEqual(views);
  const functions = await functionsOf(client);
  expect(functions.map(({ name }) => name)).toEqual(['buyer_record', ...views.map((name) => `read_${name}`)]);
  // Postgres lets a function in SQL that is stable do nothing but read.
  expect(functions.filter((one) => one.language !== 'sql' || one.volatility !== 's')).toEqual([]);
});

test('a buyer reads no table, writes nowhere, takes no lock, no room on the disk, and no other role', async () => {
  const { rows } = await owner.raw<{ rows: { name: string; column: string; kind: string; may: boolean }[] }>(
    `select c.oid::regclass::text as name, a.attname as "column", c.relkind::text as kind,
       has_table_privilege('unitrail_buyer', c.oid, 'insert, update, delete, truncate, references, trigger')
       or has_any_column_privilege('unitrail_buyer', c.oid, 'insert, update, references') as may
     from pg_class c cross join lateral (select attname from pg_attribute where attrelid = c.oid and attnum > 0 and attidentity = ''
       and not attisdropped order by attnum limit 1) as a
     where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'v')`,
  );
  expect(rows.filter(({ may }) => may)).toEqual([]);
  const tries = [
    'create table mine ()',
    'create temporary table mine ()',
    'create function pg_temp.mine() returns integer language sql as $$ select 1 $$',
    'create schema mine',
    'set role unitrail_office',
    'set session authorization unitrail_owner',
    'alter table exports disable row level security',
  ];
  for (const { name, column, kind } of rows.filter((one) => !views.includes(one.name))) {
    tries.push(`select ${column} from ${name}`, `select count(*) from ${name}`);
    tries.push(`select 1; lock table ${name} in access share mode`);
    if (kind !== 'r') continue;
    tries.push(`insert into ${name} default values`, `update ${name} set ${column} = ${column}`);
    tries.push(`delete from ${name}`, `truncate ${name}`, `select 1 from ${name} for update`);
  }
  expect(tries.length).toBeGreaterThan(300);
  await client.query('set default_transaction_read_only = off');
  const answers: string[] = [];
  for (const sql of tries) answers.push(`${await sqlStateOf(client.query(sql))} ${sql}`);
  expect(answers.filter((answer) => !answer.startsWith('42501'))).toEqual([]);
});

test('a login has four connections, a minute for a question and for an open transaction, and stays locked once it is', async () => {
  const attributes = async () => {
    const { rows } = await owner.raw<{ rows: object[] }>(
      `select rolcanlogin as login, rolconnlimit as connections, array(select unnest(rolconfig) order by 1) as settings
       from pg_roles where rolname = ?`,
      [login.name],
    );
    return rows;
  };
  const confined = {
    ...{ login: true, connections: 4 },
    settings: [
      'default_transaction_read_only=on',
      'idle_in_transaction_session_timeout=60s',
      'jit=off',
      'statement_timeout=60s',
    ],
  };
  expect(await attributes()).toEqual([confined]);
  await owner.raw(`alter role ${login.name} nologin`);
  await ensureLogins(database.ownerUrl, [login]);
  expect(await attributes()).toEqual([{ ...confined, login: false }]);
});
