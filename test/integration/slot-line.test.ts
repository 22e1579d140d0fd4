import { openDatabase, type Database } from '../../adapters/postgres/database';
import { createTestDatabase, type TestDatabase } from '../support/database';
import { sqlStateOf, untilBlocked } from '../support/refusals';
import {
  applySmallPlant,
  openShopFloor,
  openTestBatch,
  type ShopFloor,
  type TestBatch,
} from '../support/shop-floor';
import { clearSlots, decide, walkUnit, type WalkedUnit } from '../support/walk-unit';

/** The line of units that wait for a slot: one slot for one unit, the one that waited longest first. */
const CONNECTIONS = 8;
const SLOTS = 3;

let database: TestDatabase;
let floor: ShopFloor;
let office: Database;
let batch: TestBatch;
let index = 0;

beforeEach(async () => {
  database = await createTestDatabase();
  floor = openShopFloor(database);
  office = openDatabase(database.urlOf('office'), {
    applicationName: 'test-crowd',
    maxConnections: CONNECTIONS,
  });
  await applySmallPlant(floor, { slots: SLOTS });
  batch = await openTestBatch(floor, { quantity: 100 });
  index = 0;
});
afterEach(async () => {
  await office?.destroy();
  await floor?.close();
  await database?.drop();
});

async function units(count: number): Promise<WalkedUnit[]> {
  const made = [];
  for (let at = 0; at < count; at += 1)
    made.push(await walkUnit(floor, { upTo: 'assign', batch, index: (index += 1) }));
  return made;
}

/** The slot's number, or null while the unit waits. */
async function acquire({ unitId }: WalkedUnit): Promise<number | null> {
  const answer = await office.raw<{ rows: { slot: number | null }[] }>('select slot from acquire_slot(?)', [
    unitId,
  ]);
  return answer.rows[0]!.slot;
}

const release = ({ unitId }: WalkedUnit): PromiseLike<unknown> =>
  office.raw('select release_slot(?)', [unitId]);

/** Serials of the units that hold a slot, by slot. */
async function holders(): Promise<string[]> {
  const rows = await office('slots')
    .join('units', 'units.id', 'slots.unit_id')
    .where({ 'slots.state': 'leased' })
    .orderBy('slot')
    .select('serial');
  return rows.map(({ serial }) => serial as string);
}

async function waiting(): Promise<number> {
  return Number((await office('slot_requests').count('* as n').first())!.n);
}

/** The board of this slot is taken out, and the slot handed to the next. */
async function giveBack(unit: WalkedUnit): Promise<void> {
  await release(unit);
  await clearSlots(floor, 'line-1');
}

test('eight connections get no slot twice, and each unit at most one', async () => {
  const crowd = await units(16);
  const answers = await Promise.all(crowd.map((unit) => acquire(unit)));
  const given = answers.filter((slot) => slot !== null);
  expect([...given].sort()).toEqual([1, 2, 3]);
  expect(new Set(await holders()).size).toBe(SLOTS);
  expect(await waiting()).toBe(16 - SLOTS);
});

test('one unit that asks from eight sides gets one slot', async () => {
  const [unit] = await units(1);
  const answers = await Promise.all(Array.from({ length: CONNECTIONS }, () => acquire(unit!)));
  expect(new Set(answers)).toEqual(new Set([1]));
  expect(await holders()).toEqual([unit!.serial]);
  expect(await waiting()).toBe(0);
});

test('a slot that is free again goes to the unit that has waited longest', async () => {
  const crowd = await units(8);
  const order = [...crowd].reverse();
  for (const unit of order) await acquire(unit);
  const got = [...(await holders())];
  for (const unit of order.slice(0, -SLOTS)) {
    // Asking again keeps the place in line.
    await Promise.all(crowd.filter(({ serial }) => !got.includes(serial)).map((one) => acquire(one)));
    await giveBack(unit);
    got.push((await holders()).find((serial) => !got.includes(serial))!);
  }
  expect(got).toEqual(order.map(({ serial }) => serial));
});

test('a step of priority is worth ten minutes in the line, and no more', async () => {
  const urgent = await openTestBatch(floor, { quantity: 2 });
  const sql = `select control_batch(?, 'prioritySet', 'p1', '{"by":"17","priority":2}')`;
  await office.raw(sql, [urgent.id]);
  const holding = await units(SLOTS);
  for (const unit of holding) await acquire(unit);
  const [waitsLong, waits] = await units(2);
  const hurried = await walkUnit(floor, { upTo: 'assign', batch: urgent, index: 1 });
  for (const unit of [waitsLong!, waits!, hurried]) await acquire(unit);
  const owner = openDatabase(database.ownerUrl, { applicationName: 'test-owner', maxConnections: 1 });
  await owner('slot_requests')
    .where({ unit_id: waitsLong!.unitId })
    .update({ requested_at: owner.raw(`requested_at - interval '21 minutes'`) });
  await owner.destroy();
  const got = [];
  for (const unit of holding) {
    const before = await holders();
    await giveBack(unit);
    got.push((await holders()).find((serial) => !before.includes(serial)));
  }
  expect(got).toEqual([waitsLong!, hurried, waits!].map(({ serial }) => serial));
});

test('taking, giving back and clearing at random end in no deadlock and no double lease', async () => {
  const crowd = await units(8);
  const turns = crowd.map(async (unit, at) => {
    const found = [];
    for (let turn = 0; turn < 12; turn += 1) {
      found.push(await sqlStateOf(acquire(unit)));
      if ((turn + at) % 3 === 0) found.push(await sqlStateOf(release(unit)));
      if ((turn + at) % 4 === 0) found.push(await sqlStateOf(clearSlots(floor, 'line-1')));
    }
    return found;
  });
  // Two who clear the same slot: the second is told that nothing is to be cleared. Nothing else goes wrong.
  expect(
    (await Promise.all(turns)).flat().filter((answer) => answer !== 'allowed' && answer !== 'UT005'),
  ).toEqual([]);
  const leased = await holders();
  expect(new Set(leased).size).toBe(leased.length);
});

test('a unit that is withdrawn, held back or gone gets no slot that it would never use', async () => {
  const [first, second, third, withdrawn, onHold, scrapped, last] = await units(7);
  for (const unit of [first!, second!, third!, withdrawn!, onHold!, scrapped!, last!]) await acquire(unit);
  await release(withdrawn!);
  await decide(floor, onHold!, 'holdOpened', { hold: 'Q1', reason: 'reel' });
  await decide(floor, scrapped!, 'scrapped', { reason: 'broken' });
  await giveBack(first!);
  expect(await holders()).toEqual([last!.serial, second!.serial, third!.serial]);
});

test.each(['calling', 'withdrawing'])(
  'a unit that is withdrawn while it is called keeps no slot, with %s first',
  async (first) => {
    const [gone, second, third, next] = await units(4);
    for (const unit of [gone!, second!, third!, next!]) await acquire(unit);
    await release(gone!);
    const [calling, withdrawing] = [await floor.as('line-1').transaction(), await office.transaction()];
    const acts = [
      { trx: calling, act: () => callNext(calling) },
      { trx: withdrawing, act: () => withdrawing.raw('select release_slot(?)', [next!.unitId]) },
    ];
    const [one, other] = first === 'calling' ? acts : acts.reverse();
    // The first has done its work and not committed it when the second comes.
    await one!.act();
    const later = Promise.resolve(other!.act()).then(() => other!.trx.commit());
    await untilBlocked(database);
    await one!.trx.commit();
    await later;
    expect(await holders()).toEqual([second!.serial, third!.serial]);
  },
);

/** Reports the first board out that has to leave: the slot is free, and the next unit is called. */
async function callNext(trx: Database): Promise<void> {
  const { rows } = await trx.raw<{ rows: { station: string; slot: number; fence: string }[] }>(
    'select * from slots_to_clear()',
  );
  await trx.raw('select slot_cleared(?, ?, ?)', [rows[0]!.station, rows[0]!.slot, rows[0]!.fence]);
}

test('a slot that the plant file no longer has is handed to nobody, and comes back with the file', async () => {
  await applySmallPlant(floor, { slots: 1 });
  const [first, second] = await units(2);
  expect([await acquire(first!), await acquire(second!)]).toEqual([1, null]);
  await applySmallPlant(floor, { slots: 2 });
  expect(await acquire(second!)).toBe(2);
});

test('a slot is freed by its own station and with its last fence alone', async () => {
  const [unit] = await units(1);
  await acquire(unit!);
  const cleared = (login: 'line-1' | 'label-1', fence: number) =>
    sqlStateOf(floor.as(login).raw('select slot_cleared(?, ?, ?)', ['line-1', 1, fence]));
  const fenceOf = async () =>
    Number((await office('slots').where({ station: 'line-1', slot: 1 }).first('fence'))!.fence);
  expect(await cleared('line-1', await fenceOf())).toBe('UT005');
  await release(unit!);
  const fence = await fenceOf();
  expect(await cleared('label-1', fence)).toBe('UT005');
  expect(await cleared('line-1', fence - 1)).toBe('UT005');
  expect(await floor.as('label-1').raw('select * from slots_to_clear()')).toMatchObject({ rows: [] });
  expect(await cleared('line-1', fence)).toBe('allowed');
  expect(await cleared('line-1', fence)).toBe('UT005');
});
