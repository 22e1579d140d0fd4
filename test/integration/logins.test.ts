import { randomBytes } from 'node:crypto';
import { Client } from 'pg';
import { ensureLogins, type Login } from '../../adapters/postgres/logins';
import { createTestDatabase, withSuperuser, type TestDatabase } from '../support/database';
import { until } from '../support/line-units';
import { sqlStateOf } from '../support/refusals';

/** Two databases of one server, which make the same logins. */
let databases: readonly TestDatabase[];
const made: string[] = [];

beforeAll(async () => {
  databases = [await createTestDatabase(), await createTestDatabase()];
});
afterAll(async () => {
  await withSuperuser(async (superuser) => {
    for (const name of made) await superuser.query(`drop role if exists ${name}`);
  });
  for (const database of databases ?? []) await database.drop();
});

function newLogin(group: Login['group']): Login {
  const name = `${group}_${randomBytes(6).toString('hex')}`;
  made.push(name);
  return { name, password: randomBytes(12).toString('hex'), group };
}

async function signIn({ name, password }: Login, { ownerUrl }: TestDatabase): Promise<string> {
  const url = new URL(ownerUrl);
  [url.username, url.password] = [name, password];
  return withSuperuser(async (client) => {
    const { rows } = await client.query<{ who: string }>('select current_user as who');
    return rows[0]!.who;
  }, url.href);
}

test('two databases of one server make the same logins many times at once, and all have them', async () => {
  const logins = (['unitrail_office', 'unitrail_desk', 'unitrail_buyer'] as const).map(newLogin);
  const times = Array.from({ length: 8 }, () => databases).flat();
  await Promise.all(times.map(({ ownerUrl }) => ensureLogins(ownerUrl, logins)));
  for (const login of logins)
    for (const database of databases) expect(await signIn(login, database)).toBe(login.name);
});

/** What another database does in a transaction that is not over yet. */
const others: readonly (readonly [what: string, login: Login, before: string, meanwhile: string])[] = (
  [
    ['makes', 'select', 'create role % login'],
    ['changes', 'create role % login', `alter role % password 'another'`],
    ['lets into its group', 'create role % login', 'grant unitrail_buyer to %'],
    ['confines', 'create role % login', `alter role % set statement_timeout = '5s'`],
  ] as const
).map(([what, before, meanwhile]) => {
  const login = newLogin('unitrail_buyer');
  return [what, login, before.replace('%', login.name), meanwhile.replace('%', login.name)];
});

test.each(others)(
  'a login that another database %s at this moment is waited for, and made again',
  async (_what, login, before, meanwhile) => {
    const [here, there] = databases as [TestDatabase, TestDatabase];
    const other = new Client({ connectionString: there.ownerUrl, statement_timeout: 60_000 });
    await other.connect();
    try {
      for (const statement of [before, 'begin', meanwhile]) await other.query(statement);
      const making = sqlStateOf(ensureLogins(here.ownerUrl, [login]));
      expect(await until(() => waits(here))).toBe(true);
      await other.query('commit');
      expect(await making).toBe('allowed');
    } finally {
      await other.end();
    }
    expect(await signIn(login, here)).toBe(login.name);
  },
);

/** Whether a statement in this database waits for a transaction of another one. */
async function waits({ name }: TestDatabase): Promise<boolean> {
  return withSuperuser(async (superuser) => {
    const sql = `select from pg_stat_activity where datname = $1 and wait_event_type = 'Lock'`;
    return (await superuser.query(sql, [name])).rowCount! > 0;
  });
}

test('what no further try would mend is told at once', async () => {
  const [{ ownerUrl }] = databases as [TestDatabase, TestDatabase];
  const login = { ...newLogin('unitrail_office'), group: 'nobody' as Login['group'] };
  expect(await sqlStateOf(ensureLogins(ownerUrl, [login]))).toBe('42704');
});
