import type { Client } from 'pg';
import { audit } from '../../tools/audit/audit';
import { createTestDatabase, withSuperuser, type TestDatabase } from '../support/database';
import { openCrowd, type Crowd } from '../support/schedule-run';
import { applySmallPlant, openShopFloor } from '../support/shop-floor';

/**
 * Sixteen offices at once, on connections that lose answers and on backends that are killed. Each schedule has a seed,
 * which an error names with what runs it again:
 *
 *   UNITRAIL_SCHEDULES=10000 npx jest test/integration/claim-schedules
 *   UNITRAIL_TEST_SEED=4711 UNITRAIL_SCHEDULES=1 npx jest test/integration/claim-schedules
 */
const schedules = Number(process.env.UNITRAIL_SCHEDULES ?? 50);
const firstSeed = Number(process.env.UNITRAIL_TEST_SEED ?? 1 + Math.floor(Math.random() * 1_000_000));
jest.setTimeout(300_000 + schedules * 4_000);

let database: TestDatabase;
let crowd: Crowd;

beforeEach(async () => {
  database = await createTestDatabase();
  const floor = openShopFloor(database);
  await applySmallPlant(floor);
  await floor.close();
  crowd = await openCrowd(database);
});
afterEach(async () => {
  await crowd?.close();
  await database?.drop();
});

async function runAll(count: number): Promise<void> {
  for (let at = 0; at < count; at += 1) await crowd.run(firstSeed + at);
}

test('no number is given twice and the balance holds, whatever connections do', async () => {
  process.stderr.write(`${schedules} schedules from seed ${firstSeed}\n`);
  await runAll(schedules);
  expect((await audit(database.urlOf('auditor'))).violations).toEqual([]);
});

/** What makes the test above hold is taken away: it has to notice. */
test.each([
  {
    what: 'serials that no constraint keeps apart',
    weaken: async () =>
      `alter table identifiers drop constraint identifiers_pkey, drop constraint identifiers_block_ordinal;
       alter table units drop constraint units_serial`,
    found: /two units have one of/,
  },
  {
    what: 'numbers that are voided again with each repeat',
    weaken: (superuser: Client) => without(superuser, 'void_numbers', /continue when exists[^;]*;/),
    found: /void is \d+ by the ledger|was used for numberVoided with another request/,
  },
  {
    what: 'claims that move nothing in the ledger',
    weaken: (superuser: Client) => without(superuser, 'claim_units', /insert into movements[^;]*;/),
    found: /reserved is \d+ by the ledger/,
  },
])('schedules find $what', async ({ weaken, found }) => {
  await withSuperuser(
    async (superuser) => void (await superuser.query(await weaken(superuser))),
    database.superuserUrl,
  );
  await expect(runAll(100)).rejects.toThrow(found);
});

/** What makes the function anew, without this part of it. */
async function without(superuser: Client, name: string, rule: RegExp): Promise<string> {
  const { rows } = await superuser.query<{ text: string }>(
    'select pg_get_functiondef(oid) as text from pg_proc where proname = $1',
    [name],
  );
  expect(rows[0]!.text).toMatch(rule);
  return rows[0]!.text.replace(rule, '');
}
