import { audit } from '../../tools/audit/audit';
import { createTestDatabase, withSuperuser, type TestDatabase } from '../support/database';
import { openRecallRounds, type Ends } from '../support/recall-run';
import { applySmallPlant, openShopFloor, type ShopFloor } from '../support/shop-floor';

/**
 * Recalls that meet packings and closing shipments. Each round has a seed, which an error names with what runs it again:
 *
 *   UNITRAIL_RECALLS=200 npx jest test/integration/recall-schedules
 *   UNITRAIL_TEST_SEED=4711 UNITRAIL_RECALLS=1 npx jest test/integration/recall-schedules
 */
const rounds = Number(process.env.UNITRAIL_RECALLS ?? 25);
const firstSeed = Number(process.env.UNITRAIL_TEST_SEED ?? 1 + Math.floor(Math.random() * 1_000_000));
jest.setTimeout(300_000 + rounds * 6_000);

let database: TestDatabase;
let floor: ShopFloor;

beforeEach(async () => {
  database = await createTestDatabase();
  // Nobody pulls a plug here: a commit that waits for no disk lets a thousand units walk in seconds.
  await withSuperuser(
    async (superuser) =>
      void (await superuser.query(`alter database ${database.name} set synchronous_commit = off`)),
    database.superuserUrl,
  );
  floor = openShopFloor(database);
  await applySmallPlant(floor, { slots: 100 });
});
afterEach(async () => {
  await floor?.close();
  await database?.drop();
});

async function runAll(count: number): Promise<Ends> {
  const recalls = await openRecallRounds(floor, count * 5 + 100);
  for (let at = 0; at < count; at += 1) await recalls.run(firstSeed + at);
  return recalls.ends;
}

test('no unit on hold ships, and what was recalled is held or has shipped, however they meet', async () => {
  const ends = await runAll(rounds);
  process.stderr.write(`${rounds} recalls from seed ${firstSeed}: ${JSON.stringify(ends)}\n`);
  expect(ends.shipped + ends.held).toBe(rounds * 5);
  if (rounds >= 50) for (const count of Object.values(ends)) expect(count).toBeGreaterThan(rounds / 20);
  expect((await audit(database.urlOf('auditor'))).violations).toEqual([]);
});

test('rounds find a hold that keeps nothing from leaving', async () => {
  // What makes the test above hold is taken away: it has to notice.
  await withSuperuser(
    async (superuser) =>
      void (await superuser.query(
        `create or replace function check_not_held(u units, p_what text) returns void language sql as 'select';
         do $$ begin execute (select replace(pg_get_functiondef(oid),
           'exists (select from holds where unit_id = u.id and released_seq is null)', 'false')
           from pg_proc where proname = 'obstacle_at_closing'); end $$`,
      )),
    database.superuserUrl,
  );
  await expect(runAll(100)).rejects.toThrow(/shipped on quality hold/);
});
