import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { correctRecord, recordReturn } from '../../adapters/postgres/amendments';
import { openDatabase, type Database } from '../../adapters/postgres/database';
import { openReissue } from '../../adapters/postgres/exports';
import { createTestDatabase, withSuperuser, type TestDatabase } from '../support/database';
import { shipBatch, testLook } from '../support/exports';
import { sqlStateOf, untilBlocked } from '../support/refusals';
import {
  applyPolicy,
  bookMade,
  handOut,
  one,
  openRun,
  planned,
  readyToMove,
  retire,
} from '../support/retention';
import { applySmallPlant, openShopFloor, openTestBatch, type ShopFloor } from '../support/shop-floor';
import { decide, walkUnit, type WalkedUnit } from '../support/walk-unit';

/** Who may remove the bytes of a unit, and when: by the database's own rules. */
let database: TestDatabase;
let floor: ShopFloor;
let office: Database;
let desk: Database;
let owner: Database;
let home: string;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'unitrail-retire-'));
  database = await createTestDatabase();
  floor = openShopFloor(database);
  [office, desk] = [floor.as('office'), floor.as('desk')];
  owner = openDatabase(database.ownerUrl, { applicationName: 'test-owner', maxConnections: 1 });
  await applySmallPlant(floor);
});
afterAll(async () => {
  await owner?.destroy();
  await floor?.close();
  await database?.drop();
  await rm(home, { recursive: true, force: true });
});

const leftOf = async ({ unitId }: WalkedUnit): Promise<{ events: number; records: number }> => ({
  events: await one(office, `(select count(*)::integer from unit_events where stream = 'unit:' || ?)`, [
    unitId,
  ]),
  records: await one(office, '(select count(*)::integer from records where unit_id = ?)', [unitId]),
});
/** In which the unit was shipped. */
const monthOf = ({ unitId }: WalkedUnit): Promise<string> =>
  one(office, `(select left(body::jsonb -> 'shipment' ->> 'at', 7) from records where unit_id = ?)`, [
    unitId,
  ]);
const addHold = (id: string, kind: string, value: string, unit: string | null = null) =>
  desk.raw('select add_legal_hold(?, ?, ?, ?, ?, ?)', [id, kind, value, unit as string, 'a claim', '17']);
const release = (id: string) => desk.raw('select release_legal_hold(?, ?, ?)', [id, 'settled', '23']);

test('without a policy nothing is ever due; with one, an undelivered record keeps back its own buyer and nobody else', async () => {
  const { units } = await shipBatch(floor, 2);
  expect((await planned(office)).capsules).toEqual([]);
  await applyPolicy(floor);
  const { batch, units: theirs } = await shipBatch(floor, 1, { buyer: 'cobalt' });
  await handOut(office, 'cobalt', home);
  const { run, capsules } = await planned(office);
  expect(capsules).toEqual([`cobalt-EUDV-${await monthOf(theirs[0]!)}-1`]);
  const blocked = await office('unit_events')
    .where({ stream: `retention:${run}`, type: 'moveBlocked' })
    .pluck('body');
  expect(blocked).toEqual(['{"buyer":"acme","undelivered":2}']);
  expect(await office('capsule_units').where({ capsule_id: capsules[0]! }).pluck('serial')).toEqual([
    batch.serialAt(1),
  ]);
  await handOut(office, 'acme', home);
  expect((await planned(office)).capsules).toEqual([`acme-EUDV-${await monthOf(units[0]!)}-1`]);
  expect(units).toHaveLength(2);
});

test('the bytes go when the copy was read back, the buyer has everything and nobody holds a unit; and not before', async () => {
  const { units } = await shipBatch(floor, 2);
  await handOut(office, 'acme', home);
  const { run, capsules } = await planned(office);
  const [capsule] = capsules as [string];
  const before = await leftOf(units[0]!);
  const refused = (): Promise<string> => sqlStateOf(retire(floor, run, capsule));
  expect(await refused()).toBe('UT021');
  const { sha256 } = await bookMade(office, run, capsule);
  expect(await refused()).toBe('UT021');
  const verify = (place: string, manifest: string): Promise<string> =>
    sqlStateOf(office.raw('select copy_verified(?, ?, ?, ?)', [capsule, run, place, manifest]));
  expect(await verify('store', sha256.replace(/./g, '0'))).toBe('UT002');
  expect(await verify('elsewhere', sha256)).toBe('allowed');
  expect(await refused()).toBe('UT021');
  expect(await verify('store', sha256)).toBe('allowed');
  expect(await refused()).toBe('UT021');
  await office.raw('select capsule_delivered(?, ?, ?, ?, ?)', [
    capsule,
    run,
    'sftp://x',
    'SFTP_UNREACHABLE',
    'away',
  ]);
  expect(await refused()).toBe('UT021');
  await office.raw('select capsule_delivered(?, ?, ?, null, null)', [capsule, run, 'sftp://x']);
  await addHold('H1', 'lot', 'MCU-LOT-7731');
  expect(await refused()).toBe('UT021');
  await release('H1');
  expect(await leftOf(units[0]!)).toEqual(before);
  expect(await retire(floor, run, capsule, 1)).toBe('1');
  expect(await retire(floor, run, capsule, 1)).toBe('0');
  expect(await retire(floor, run, capsule, 1)).toBe('0');
  for (const unit of units) expect(await leftOf(unit)).toEqual({ events: 0, records: 0 });
  // Told again, an export would leave out without a word what has moved.
  const told = (await office('exports').orderBy('opened_at', 'desc').first<{ id: string }>('id'))!.id;
  const again = openReissue(office, told, { request: 'again', asOf: new Date(), look: testLook() });
  await expect(again).rejects.toMatchObject({
    code: 'NOT_ALLOWED',
    message: expect.stringContaining(capsule),
  });
  expect(await office('capsules').where({ id: capsule }).first('state')).toEqual({ state: 'moved' });
  expect(await office('identifiers').where({ unit_id: units[0]!.unitId }).count()).not.toEqual([
    { count: '0' },
  ]);
  const events = await office('unit_events')
    .where({ stream: `retention:${run}` })
    .orderBy('seq')
    .pluck('type');
  expect(events).toEqual([
    ...[
      'retentionOpened',
      'capsulePlanned',
      'capsuleMade',
      'copyVerified',
      'copyVerified',
      'capsuleDelivered',
    ],
    'capsuleMoved',
  ]);
});

test('whoever may retire can not say that a copy was read back, and nobody else can retire', async () => {
  expect(await sqlStateOf(floor.as('retention').raw(`select copy_verified('x', 'y', 'store', 'z')`))).toBe(
    '42501',
  );
  for (const login of ['office', 'desk', 'auditor', 'line-1'] as const)
    expect(await sqlStateOf(floor.as(login).raw(`select retire('x', 'y', 1)`))).toBe('42501');
});

test('a hold that is added in the middle of a move wins, and waits for what is being moved at that moment', async () => {
  const { units, batch } = await shipBatch(floor, 3);
  await handOut(office, 'acme', home);
  const { run, capsules } = await planned(office);
  await readyToMove(office, run, capsules[0]!);
  const moving = await floor.as('retention').transaction();
  await moving.raw('select retire(?, ?, 1)', [capsules[0]!, run]);
  const added = addHold('H2', 'batch', batch.id).then((answer: unknown) => answer);
  await untilBlocked(database);
  await moving.commit();
  await added;
  expect(await sqlStateOf(retire(floor, run, capsules[0]!, 1))).toBe('UT021');
  const left = await Promise.all(units.map(leftOf));
  expect(left.filter(({ records }) => records === 1)).toHaveLength(2);
  // Units on hold are in no new capsule either; released, the move goes on where it stopped.
  await release('H2');
  expect(await retire(floor, run, capsules[0]!)).toBe('0');
});

test('a transaction that would not see a new hold removes nothing', async () => {
  const run = await openRun(office);
  for (const isolationLevel of ['repeatable read', 'serializable'] as const)
    for (const call of [
      ...[`retire('any', ?, 1)`, `erase_capsule('any', ?)`, `erase_names(?)`],
      ...[`erase_contents(?)`, `contents_to_remove(?, '{}')`],
    ]) {
      const trx = await floor.as('retention').transaction({ isolationLevel });
      const refused = trx.raw(`select ${call}`, [run]);
      await expect(refused).rejects.toMatchObject({ message: expect.stringContaining(isolationLevel) });
      await trx.rollback();
    }
});

test('of two runs that plan at once, one plans what is due and the other nothing', async () => {
  await shipBatch(floor, 1);
  await handOut(office, 'acme', home);
  const [first, second] = [await openRun(office), await openRun(office)];
  const planning = await office.transaction();
  expect(await one(planning, 'plan_capsules(?)', [first])).toBe(1);
  const other = one(office, 'plan_capsules(?)', [second]);
  const answer = other.catch((error: unknown) => error);
  await untilBlocked(database);
  await planning.commit();
  expect(await answer).toBe(0);
});

test('a capsule has the month of its records, also of a shipment that closed in the next one', async () => {
  const { units } = await shipBatch(floor, 1);
  await handOut(office, 'acme', home);
  await withSuperuser(async (client) => {
    await client.query('alter table shipments disable trigger all');
    await client.query(
      `update shipments s set closed_at = closed_at - interval '40 days' from units u where u.id = $1 and s.id = u.shipment_id`,
      [units[0]!.unitId],
    );
    await client.query('alter table shipments enable trigger all');
    // The transaction of the closing went on over the end of the month.
    await client.query('alter table records disable trigger all');
    await client.query(
      `update records set sealed_at = date_trunc('month', sealed_at at time zone 'UTC') at time zone 'UTC' + interval '1 month 1 hour' where unit_id = $1`,
      [units[0]!.unitId],
    );
    await client.query('alter table records enable trigger all');
  }, database.superuserUrl);
  const record = await office('records').where({ unit_id: units[0]!.unitId }).first<{ body: string }>('body');
  const { at } = (JSON.parse(record!.body) as { shipment: { at: string } }).shipment;
  const { capsules } = await planned(office);
  const months = await office('capsules').whereIn('id', capsules).pluck('month');
  expect(months).toEqual([at.slice(0, 7)]);
});

test('a unit that has moved still takes a return, which stays here, and what moved with it is not said twice', async () => {
  const [unit, other] = (await shipBatch(floor, 2)).units as [WalkedUnit, WalkedUnit];
  const back = { rma: 'RMA-7', condition: 'dead', reason: 'no power', by: '23' };
  await recordReturn(desk, other.unitId, back);
  await handOut(office, 'acme', home);
  const { run, capsules } = await planned(office);
  await readyToMove(office, run, capsules[0]!);
  await retire(floor, run, capsules[0]!);
  await recordReturn(desk, unit.unitId, back);
  expect(await leftOf(unit)).toEqual({ events: 1, records: 0 });
  await expect(recordReturn(desk, other.unitId, back)).rejects.toMatchObject({ code: 'NOT_ALLOWED' });
  await handOut(office, 'acme', home);
  expect((await planned(office)).capsules).toEqual([]);
});

test('what was said before a move is known by its key behind it: no return twice with other facts, and a correction can be taken back', async () => {
  const unit = (await shipBatch(floor, 1)).units[0]!;
  const back = { rma: 'RMA-8', condition: 'dead', reason: 'no power', by: '23' };
  await recordReturn(desk, unit.unitId, back);
  const record: string = await one(office, '(select sha256 from records where unit_id = ?)', [unit.unitId]);
  const said = { record, field: 'boardLot', was: 'PCB-2406-17', reason: 'the label was swapped', by: '23' };
  const correct = (value: string) => correctRecord(desk, unit.unitId, { ...said, value });
  for (const value of ['PCB-1', 'PCB-2']) expect(await correct(value)).toBe(true);
  await handOut(office, 'acme', home);
  const { run, capsules } = await planned(office);
  await readyToMove(office, run, capsules[0]!);
  await retire(floor, run, capsules[0]!);
  const other = recordReturn(desk, unit.unitId, { ...back, condition: 'good' });
  await expect(other).rejects.toMatchObject({ message: expect.stringContaining(capsules[0]!) });
  expect(await correct('PCB-2')).toBe(false);
  // The first one was right after all: the newest counts, and its key is none that is in the capsule.
  expect(await correct('PCB-1')).toBe(true);
  expect(await correct('PCB-1')).toBe(false);
  const keys = [
    ...(await office('capsule_statements').where({ unit_id: unit.unitId }).pluck<string[]>('key')),
    ...(await office('unit_events')
      .where({ stream: `unit:${unit.unitId}` })
      .pluck<string[]>('key')),
  ];
  expect(keys).toHaveLength(4);
  expect(new Set(keys).size).toBe(4);
  // What is left lies in nobody's way.
  await handOut(office, 'acme', home);
});

test('units that ended without shipping go into a capsule of nobody, once their numbers are told', async () => {
  const batch = await openTestBatch(floor, { quantity: 1 });
  const unit = await walkUnit(floor, { batch, upTo: 'assign' });
  await decide(floor, unit, 'scrapped', { code: 'test' });
  expect((await planned(office)).capsules).toEqual([]);
  await handOut(office, 'acme', home);
  const { run, capsules } = await planned(office);
  expect(capsules).toEqual([expect.stringMatching(/^own-EUDV-/)]);
  await readyToMove(office, run, capsules[0]!);
  expect(await retire(floor, run, capsules[0]!)).toBe('0');
  expect(await leftOf(unit)).toEqual({ events: 0, records: 0 });
});

test('even the owner and the superuser can not delete an event or a record, nor say that a unit was retired', async () => {
  const [unit] = (await shipBatch(floor, 1)).units as [WalkedUnit];
  await handOut(office, 'acme', home);
  await planned(office);
  const attempts = [
    `delete from unit_events where stream = 'unit:${unit.unitId}'`,
    `delete from unit_events where stream like 'retention:%'`,
    `delete from records where unit_id = '${unit.unitId}'`,
    `update capsules set state = 'moved', moved_at = now() where state = 'planned'`,
    `update capsule_units set retired_at = now() where unit_id = '${unit.unitId}'; delete from records where unit_id = '${unit.unitId}'`,
    `update legal_holds set reason = 'none'`,
    `update retention_runs set clock_trusted = not clock_trusted`,
    ...[
      'capsules',
      'capsule_units',
      'capsule_files',
      'capsule_copies',
      'capsule_deliveries',
      'legal_holds',
    ].map((name) => `truncate ${name} cascade`),
    ...['capsules', 'capsule_units', 'capsule_files', 'capsule_copies', 'legal_holds', 'retention_runs'].map(
      (name) => `delete from ${name}`,
    ),
  ];
  for (const url of [database.ownerUrl, database.superuserUrl])
    await withSuperuser(async (client) => {
      for (const sql of attempts) expect([sql, await sqlStateOf(client.query(sql))]).toEqual([sql, '42501']);
    }, url);
  expect(await office('capsule_units').where({ unit_id: unit.unitId }).first('retired_at')).toEqual({
    retired_at: null,
  });
  expect(await leftOf(unit)).toMatchObject({ records: 1 });
});

test('a time that the database has not reached is refused, and after a jump of its clock nothing moves until somebody says so', async () => {
  const later = new Date(Date.now() + 400 * 86_400_000);
  expect(await sqlStateOf(openRun(office, later))).toBe('UT021');
  // As after a jump: the clock was seen last, and trusted, long ago. (retention-clock.test.ts has the other ways.)
  const clone = await cloneWithOldRuns();
  try {
    const [run] = await clone.office('retention_runs').where({ request: 'jumped' }).pluck('id');
    expect(await one(clone.office, 'plan_capsules(?)', [run])).toBe(0);
    expect(await sqlStateOf(one(clone.retention, 'retire(?, ?, 1)', ['any', run]))).toBe('UT021');
    expect(await sqlStateOf(one(clone.retention, 'erase_capsule(?, ?)', ['any', run]))).toBe('UT021');
    expect(await one(clone.retention, 'erase_names(?)', [run])).toBe(0);
    const confirmed: string = await one(clone.office, `open_retention_run('confirmed', now(), '17')`);
    expect(await clone.office('retention_runs').where({ id: confirmed }).first('clock_trusted')).toEqual({
      clock_trusted: true,
    });
  } finally {
    await clone.close();
  }
});

async function cloneWithOldRuns() {
  await Promise.all([floor.close(), owner.destroy()]);
  const copy = await database.clone();
  floor = openShopFloor(database);
  [office, desk] = [floor.as('office'), floor.as('desk')];
  owner = openDatabase(database.ownerUrl, { applicationName: 'test-owner', maxConnections: 1 });
  const other = openShopFloor(copy);
  await withSuperuser(async (client) => {
    await client.query(`alter table clock_marks disable trigger all`);
    await client.query(`update clock_marks set at = at - interval '99 days'`);
    await client.query(`alter table clock_marks enable trigger all`);
  }, copy.superuserUrl);
  await other.as('office').raw(`select open_retention_run('jumped', now(), null)`);
  return {
    office: other.as('office'),
    retention: other.as('retention'),
    close: () => other.close().then(() => copy.drop()),
  };
}

test('an archive is erased at its end only; a policy that was shortened needs two persons, or thirty days', async () => {
  await shipBatch(floor, 1);
  await handOut(office, 'acme', home);
  const { run, capsules } = await planned(office);
  const [capsule] = capsules as [string];
  await readyToMove(office, run, capsule);
  await retire(floor, run, capsule);
  const erase = (): Promise<string> =>
    sqlStateOf(one(floor.as('retention'), 'erase_capsule(?, ?)', [capsule, run]));
  expect(await erase()).toBe('UT021');
  await applyPolicy(floor, { archiveYears: -1 });
  expect(await erase()).toBe('UT021');
  const newest: string = await one(office, '(select max(id) from plant_versions)');
  expect(await one(desk, 'approve_retention(?, ?)', [newest, '17'])).toBe(1);
  expect(await one(desk, 'approve_retention(?, ?)', [newest, '17'])).toBe(1);
  expect(await erase()).toBe('UT021');
  expect(await sqlStateOf(one(desk, 'approve_retention(?, ?)', [newest, '99']))).toBe('UT009');
  expect(await one(desk, 'approve_retention(?, ?)', [newest, '23'])).toBe(2);
  await addHold('H3', 'buyer', 'acme');
  const next = await openRun(office);
  const eraseNow = (): Promise<string> =>
    sqlStateOf(one(floor.as('retention'), 'erase_capsule(?, ?)', [capsule, next]));
  expect(await eraseNow()).toBe('UT021');
  await release('H3');
  expect(await eraseNow()).toBe('allowed');
  expect(await eraseNow()).toBe('allowed');
  expect(await office('capsules').where({ id: capsule }).first('state')).toEqual({ state: 'erased' });
});

test('a policy that was shortened counts alone thirty days after it was applied, and not a day before', async () => {
  await applyPolicy(floor);
  await shipBatch(floor, 1);
  await handOut(office, 'acme', home);
  const { run, capsules } = await planned(office);
  const [capsule] = capsules as [string];
  await readyToMove(office, run, capsule);
  await retire(floor, run, capsule);
  await applyPolicy(floor, { archiveYears: -1 });
  const newest: number = await one(office, '(select max(id)::integer from plant_versions)');
  const appliedDaysAgo = (days: number): Promise<void> =>
    withSuperuser(async (client) => {
      await client.query('set session_replication_role = replica');
      await client.query(
        `update plant_versions set applied_at = now() - make_interval(days => case id when $1 then $2 else 365 end)`,
        [newest, days],
      );
    }, database.superuserUrl);
  const eraseNow = async (): Promise<string> =>
    sqlStateOf(one(floor.as('retention'), 'erase_capsule(?, ?)', [capsule, await openRun(office)]));
  await appliedDaysAgo(29);
  expect(await eraseNow()).toBe('UT021');
  await appliedDaysAgo(31);
  expect(await eraseNow()).toBe('allowed');
  expect(await office('capsules').where({ id: capsule }).first('state')).toEqual({ state: 'erased' });
});

test('the name of a person who left is erased after its time, unless somebody holds anything', async () => {
  await applyPolicy(floor, { archiveYears: -1, operatorNamesMonths: 0 });
  await desk.raw('select note_operators(?)', [['17']]);
  const names = async (): Promise<unknown> =>
    one(floor.as('retention'), 'erase_names(?)', [await openRun(office)]);
  // The version before had no time for names: for ever. Two persons agree to the new one.
  expect(await names()).toBe(0);
  const newest: string = await one(office, '(select max(id) from plant_versions)');
  const approve = (by: string) => one(desk, 'approve_retention(?, ?)', [newest, by]);
  // Whoever left agrees to nothing any more.
  expect(await sqlStateOf(approve('23'))).toBe('UT009');
  await desk.raw('select note_operators(?)', [['17', '23']]);
  for (const by of ['17', '23']) await approve(by);
  await desk.raw('select note_operators(?)', [['17']]);
  await addHold('H4', 'batch', 'any');
  expect(await names()).toBe(0);
  await release('H4');
  expect(await names()).toBe(1);
  expect(await office('operators').orderBy('number').pluck('name')).toEqual(['Ada Lovelace', null]);
});
