import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createTestDatabase, type TestDatabase } from '../support/database';
import { applySmallPlant, openShopFloor, openTestBatch } from '../support/shop-floor';
import { tamper } from '../support/tamper';
import { walkUnit } from '../support/walk-unit';

const root = join(__dirname, '..', '..');
let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
  const floor = openShopFloor(database);
  try {
    await applySmallPlant(floor);
    const batch = await openTestBatch(floor, { id: 'B1', quantity: 2 });
    await walkUnit(floor, { upTo: 'Shipped', batch });
  } finally {
    await floor.close();
  }
});

afterAll(() => database?.drop());

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function run(databaseUrl: string, ...args: string[]): Promise<Ended> {
  const env = { ...process.env, UNITRAIL_DATABASE_URL: databaseUrl };
  const command = ['--import', 'tsx', join('tools', 'audit', 'main.ts'), ...args];
  try {
    const written = await promisify(execFile)(process.execPath, command, {
      cwd: root,
      env,
      timeout: 120_000,
    });
    return { code: 0, ...written };
  } catch (error) {
    return error as Ended;
  }
}

test('the auditor exits 0 with one JSON document where every promise is kept', async () => {
  const { code, stdout, stderr } = await run(database.urlOf('auditor'), '--json');
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(JSON.parse(stdout)).toMatchObject({ ok: true, violations: [], counts: { units: 1, records: 1 } });
});

test('the auditor exits 1 and says what is broken, found and expected', async () => {
  const copy = await database.clone();
  try {
    await tamper(copy, (superuser) => superuser.query(`update orders set alive = 2 where id = 'PO-B1'`));
    const { code, stdout } = await run(copy.urlOf('auditor'));
    expect(code).toBe(1);
    expect(stdout).toMatch(/A8 {2}order PO-B1\n +found +alive = 2\n +expected +1, recounted\n/);
  } finally {
    await copy.drop();
  }
});

test('the auditor exits 2 where it can not judge, and shows no password', async () => {
  const unreachable = await run('postgres://auditor:geheim@127.0.0.1:1/unitrail');
  const unreadable = await run('no url: geheim');
  const wrong = await run(database.urlOf('auditor'), '--all');
  const noLogKey = await run(database.urlOf('auditor'), '--log-key', 'junk');
  const noExportKey = await run(database.urlOf('auditor'), '--export-key', 'junk');
  const stationLogin = await run(database.urlOf('line-1'));
  const ended = [unreachable, unreadable, wrong, noLogKey, noExportKey, stationLogin];
  expect(ended.map(({ code }) => code)).toEqual(ended.map(() => 2));
  expect(unreachable.stderr + unreadable.stderr).not.toContain('geheim');
  expect(wrong.stderr).toMatch(
    /^audit: Unknown option '--all'.*only --json, --log-key KEY and --export-key KEY are allowed\n$/s,
  );
  expect(noLogKey.stderr).toMatch(/^audit: --log-key: .* is not allowed; a public key of a log: /);
  expect(noExportKey.stderr).toMatch(/^audit: --export-key: .* is not allowed; a public key of Ed25519 /);
  expect(stationLogin.stderr).toContain('audit as unitrail_auditor');
});
