import { randomBytes } from 'node:crypto';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openDatabase } from '../../adapters/postgres/database';
import { stationLogin } from '../../domain/plant';
import { bareEnvironment, openCliScene, runCli, type CliScene } from '../support/cli';
import { withSuperuser } from '../support/database';
import { samplePlant } from '../support/plant';

/** Logins belong to the whole server: this file's stations have names of their own. */
const mark = randomBytes(4).toString('hex');
const flashing = `flash-${mark}`;
const labelling = `label-${mark}`;

let scene: CliScene;
let empty: string;
let plant: string;
/** Made by this file. */
let buyersLogins: string[] = [];

beforeAll(async () => {
  scene = await openCliScene();
  await withSuperuser((superuser) =>
    superuser.query(`create database empty_${mark} owner ${new URL(scene.database.ownerUrl).username}`),
  );
  empty = scene.database.ownerUrl.replace(scene.database.name, `empty_${mark}`);
  const sample = await readFile(samplePlant, 'utf8');
  plant = await scene.file(
    'plant.yaml',
    sample.replace('id: line-1', `id: ${flashing}`).replace('id: label-1', `id: ${labelling}`),
  );
});

afterAll(async () => {
  await withSuperuser(async (superuser) => {
    await superuser.query(`drop database if exists empty_${mark} with (force)`);
    const { rows } = await superuser.query<{ name: string }>(
      `select rolname as name from pg_roles where rolname like $1`,
      [`%${mark}`],
    );
    for (const name of [...rows.map((row) => row.name), ...buyersLogins])
      await superuser.query(`drop role "${name}"`);
  });
  await scene?.close();
});

test('an empty database gets the whole schema, and the second time nothing', async () => {
  const first = await scene.run('migrate', { UNITRAIL_OWNER_URL: empty });
  const again = await scene.run('migrate --json', { UNITRAIL_OWNER_URL: empty });
  expect(first).toMatchObject({ code: 0, err: '' });
  expect(first.out).toMatch(/^ran {3}0001-roles\.sql\n/);
  expect(JSON.parse(again.out)).toEqual({ migrations: [], logins: [] });
});

test('each migration is one transaction: none holds the locks of another', async () => {
  const database = openDatabase(empty, { applicationName: 'test-migrate' });
  const { rows } = await database.raw<{ rows: { files: number; transactions: number }[] }>(
    'select count(*)::int as files, count(distinct xmin::text)::int as transactions from migrations',
  );
  await database.destroy();
  expect(rows[0]!.files).toBeGreaterThan(30);
  expect(rows[0]!.transactions).toBe(rows[0]!.files);
});

test('a database that another text of a migration made is not taken for up to date', async () => {
  const database = openDatabase(empty, { applicationName: 'test-migrate' });
  const rename = (from: string, to: string) =>
    database('migrations')
      .whereLike('name', '0007-%')
      .update({ name: database.raw('replace(name, ?, ?)', [from, to]) });
  const [{ name }] = await database('migrations').whereLike('name', '0007-%').select('name');
  const digest = String(name).split(' ')[1]!;
  await rename(digest, '0000000000000000');
  const { code, err } = await scene.run('migrate', { UNITRAIL_OWNER_URL: empty });
  await rename('0000000000000000', digest);
  await database.destroy();
  expect(code).not.toBe(0);
  expect(err).toContain(
    'This database was made by other migrations than those of this version (0007-append-event.sql).',
  );
  expect(await scene.run('migrate --json', { UNITRAIL_OWNER_URL: empty })).toMatchObject({ code: 0 });
});

test('a login that the file lacks gets a random password, written for the owner alone and shown nowhere', async () => {
  const file = scene.env.UNITRAIL_LOGINS!;
  const before = JSON.parse(await readFile(file, 'utf8'));
  const { code, out, err } = await scene.run(`migrate --logins ${plant}`);
  const after = JSON.parse(await readFile(file, 'utf8')) as Record<string, string>;
  const fresh = Object.keys(after).filter((name) => !(name in before));
  expect({ code, err }).toEqual({ code: 0, err: '' });
  expect(fresh.slice(0, 2)).toEqual([stationLogin(flashing), stationLogin(labelling)]);
  buyersLogins = fresh.slice(2);
  expect(buyersLogins).toEqual(
    buyersLogins.map(() => expect.stringMatching(/^unitrail_buyer_[0-9a-f]{12}$/)),
  );
  expect(after).toMatchObject(before);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  for (const name of fresh) {
    const of = buyersLogins.includes(name) ? 'unitrail_buyer, of buyer (acme|nordlicht)' : 'unitrail_station';
    expect(out).toMatch(new RegExp(`^login ${name}, member of ${of} \\(password new\\)$`, 'm'));
    expect(out).not.toContain(new URL(after[name]!).password);
    expect(await loginOf(after[name]!)).toBe(name);
  }
});

test('a buyer’s login has few connections, and no temporary tables', async () => {
  const urls = JSON.parse(await readFile(scene.env.UNITRAIL_LOGINS!, 'utf8')) as Record<string, string>;
  const db = openDatabase(urls[buyersLogins[0]!]!, { applicationName: 'test-buyer', maxConnections: 1 });
  try {
    const limit = await db('pg_roles').where({ rolname: buyersLogins[0] }).first('rolconnlimit as limit');
    expect(limit).toEqual({ limit: 4 });
    await db.raw('set default_transaction_read_only = off');
    await expect(db.raw('create temporary table mine ()')).rejects.toMatchObject({ code: '42501' });
  } finally {
    await db.destroy();
  }
});

test('the next run keeps the passwords of the file', async () => {
  const before = await readFile(scene.env.UNITRAIL_LOGINS!, 'utf8');
  const { code, out } = await scene.run(`migrate --logins ${plant} --json`);
  const told = JSON.parse(out) as { logins: { password: string }[] };
  expect(code).toBe(0);
  expect(new Set(told.logins.map(({ password }) => password))).toEqual(new Set(['as in the file']));
  expect(await readFile(scene.env.UNITRAIL_LOGINS!, 'utf8')).toBe(before);
});

describe('is refused, and nothing is done,', () => {
  test('without the owner’s URL', async () => {
    expect(await scene.run('migrate', { UNITRAIL_OWNER_URL: '' })).toEqual({
      code: 2,
      out: '',
      err: expect.stringContaining('UNITRAIL_OWNER_URL: (missing) is not allowed'),
    });
  });

  test('where no servers are given and none run', async () => {
    const env = { ...bareEnvironment, UNITRAIL_HOME: join(scene.folder, 'nothing') };
    expect(await runCli(['migrate'], env)).toEqual({
      code: 2,
      out: '',
      err: expect.stringContaining('never starts any'),
    });
    await expect(stat(env.UNITRAIL_HOME)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('with logins and no file for them', async () => {
    expect(await scene.run(`migrate --logins ${plant}`, { UNITRAIL_LOGINS: '' })).toEqual({
      code: 2,
      out: '',
      err: expect.stringContaining('UNITRAIL_LOGINS: (missing) is not allowed with --logins'),
    });
  });

  test('with a file of logins that is no JSON, or has the URL of somebody else', async () => {
    const broken = await scene.file('broken.json', 'postgres://unitrail_desk_login:secret-1@h/d');
    const wrong = join(scene.folder, 'wrong.json');
    await writeFile(
      wrong,
      JSON.stringify({ unitrail_desk_login: 'postgres://someone:secret-2@127.0.0.1/x' }),
    );
    for (const UNITRAIL_LOGINS of [broken, wrong]) {
      const { code, err } = await scene.run(`migrate --logins ${plant}`, { UNITRAIL_LOGINS });
      expect({ code, err }).toEqual({ code: 2, err: expect.stringContaining('UNITRAIL_LOGINS: ') });
      expect(err).not.toContain('secret-');
    }
  });

  test('with a plant file that is not there', async () => {
    expect(await scene.run('migrate --logins nowhere.yaml')).toEqual({
      code: 2,
      out: '',
      err: expect.stringContaining('"nowhere.yaml" does not exist'),
    });
  });

  test('where the database does not answer', async () => {
    const { code, err } = await scene.run('migrate', {
      UNITRAIL_OWNER_URL: 'postgres://unitrail_owner:secret-3@127.0.0.1:9/unitrail',
    });
    expect({ code, err }).toEqual({ code: 1, err: expect.stringContaining('ECONNREFUSED') });
    expect(err).not.toContain('secret-');
  });
});

async function loginOf(url: string): Promise<string> {
  const db = openDatabase(url, { applicationName: 'test-login', maxConnections: 1 });
  try {
    const answer = await db.raw<{ rows: { login: string }[] }>('select session_user::text as login');
    return answer.rows[0]!.login;
  } finally {
    await db.destroy();
  }
}
