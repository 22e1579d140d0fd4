import { openDatabase, type Database } from '../../adapters/postgres/database';
import { audit } from '../../tools/audit/audit';
import { createTestDatabase, keepTablesStill, type TestDatabase } from '../support/database';
import { sqlStateOf } from '../support/refusals';
import {
  applySmallPlant,
  openShopFloor,
  openTestBatch,
  type ShopFloor,
  type TestBatch,
} from '../support/shop-floor';
import { beginAct, bindBoard, claim, decide, walkUnit } from '../support/walk-unit';

/** Eight connections at once: uniqueness rests on constraints and row locks, and nobody waits for ever. */
const CONNECTIONS = 8;

let database: TestDatabase;
let floor: ShopFloor;
let office: Database;

beforeAll(async () => {
  database = await createTestDatabase();
  await keepTablesStill(database);
  floor = openShopFloor(database);
  office = openDatabase(database.urlOf('office'), {
    applicationName: 'test-crowd',
    maxConnections: CONNECTIONS,
  });
  await applySmallPlant(floor);
});
afterAll(async () => {
  await office?.destroy();
  await floor?.close();
  await database?.drop();
});

const crowd = <T>(work: (member: number) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: CONNECTIONS }, (_, member) => work(member)));

async function claimUnits(
  batch: TestBatch,
  indexes: readonly number[],
  db = office,
): Promise<{ index: number; id: string; serial: string }[]> {
  const claims = JSON.stringify(indexes.map((index) => batch.claimAt(index)));
  const sql = 'select batch_index as index, unit_id as id, serial from claim_units(?, ?::jsonb)';
  return (await db.raw<{ rows: { index: number; id: string; serial: string }[] }>(sql, [batch.id, claims]))
    .rows;
}

const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, at) => from + at);

/** How many rows each has. */
async function countOf(table: string, where: Readonly<Record<string, unknown>>): Promise<number> {
  return Number((await office(table).where(where).count('* as n').first())!.n);
}

describe('claiming', () => {
  it('gives one unit for an index to all who ask for it at once', async () => {
    const batch = await openTestBatch(floor, { quantity: 40 });
    const answers = await crowd((member) =>
      claimUnits(batch, member % 2 ? range(1, 40) : range(1, 40).reverse()),
    );
    const [first] = answers;
    for (const answer of answers) expect(answer).toEqual(first);
    expect(new Set(first!.map(({ serial }) => serial)).size).toBe(40);
    expect(await countOf('units', { batch_id: batch.id })).toBe(40);
    expect(
      await office('orders')
        .where({ id: `PO-${batch.id}` })
        .first('alive'),
    ).toEqual({ alive: 40 });
  });

  it('looks at none of the units that the batch has already, however many they are', async () => {
    const batch = await openTestBatch(floor, { quantity: 900 });
    const readUnits = await office.transaction(async (oneConnection) => {
      // The plans of a connection are made while the batch is small, and kept.
      for (let from = 1; from < 800; from += 100)
        await claimUnits(batch, range(from, from + 99), oneConnection);
      const read = () =>
        oneConnection.raw<{ rows: { rows: number }[] }>(
          `select (pg_stat_get_xact_tuples_returned('units_batch_index'::regclass)
             + pg_stat_get_xact_tuples_returned('units'::regclass))::integer as rows`,
        );
      const before = (await read()).rows[0]!.rows;
      await claimUnits(batch, range(801, 900), oneConnection);
      return (await read()).rows[0]!.rows - before;
    });
    expect(readUnits).toBe(100);
  });

  it('never exceeds the order, when lost units are found while others take their places', async () => {
    const order = 'PO-full';
    const full = await openTestBatch(floor, { order, quantity: 8 });
    const lost: Awaited<ReturnType<typeof claim>>[] = [];
    for (const index of range(1, 8)) lost.push(await claim(floor, full, index));
    for (const unit of lost) await decide(floor, unit, 'missing', { reason: 'nobody knows' });
    const topUp = await openTestBatch(floor, { order, quantity: 8 });
    const answers = await crowd(async (member) => [
      await sqlStateOf(claimUnits(topUp, [member + 1])),
      await sqlStateOf(decide(floor, lost[member]!, 'found', {})),
    ]);
    expect(answers.flat().sort()).toEqual([...Array(8).fill('UT008'), ...Array(8).fill('allowed')]);
    expect(await office('orders').where({ id: order }).first('alive', 'quantity')).toEqual({
      alive: 8,
      quantity: 8,
    });
  });

  it('is planned for by one of the batches that ask at once for the last places of an order', async () => {
    const order = 'PO-race';
    await openTestBatch(floor, { order, quantity: 20, orderQuantity: 30 });
    const answers = await crowd(() =>
      sqlStateOf(openTestBatch(floor, { order, quantity: 10, orderQuantity: 30 })),
    );
    expect(answers.sort()).toEqual([...Array(7).fill('UT008'), 'allowed']);
    expect(await countOf('batches', { order_id: order })).toBe(2);
  });

  it('and scrapping at once end in no deadlock, and the order counts right', async () => {
    const batch = await openTestBatch(floor, { quantity: 80 });
    const early = await claimUnits(batch, range(1, 40));
    const answers = await crowd(async (member) => {
      const found = [];
      for (let turn = 0; turn < 10; turn += 1) {
        const one = early[(member >> 1) * 10 + turn]!;
        const act = member % 2 ? claimUnits(batch, [41 + (member >> 1) * 10 + turn]) : scrap(one.id);
        found.push(await sqlStateOf(act));
      }
      return found;
    });
    expect(new Set(answers.flat())).toEqual(new Set(['allowed']));
    expect(
      await office('orders')
        .where({ id: `PO-${batch.id}` })
        .first('alive'),
    ).toEqual({ alive: 40 });
  });

  const scrap = (id: string): PromiseLike<unknown> =>
    office.raw('select append_event(?, ?, ?, ?)', [
      `unit:${id}`,
      'scrapped',
      'decision/scrap',
      '{"by":"17","reason":"x"}',
    ]);

  it('takes up a place that a lost unit left, and refuses the unit that is found again', async () => {
    const batch = await openTestBatch(floor, { quantity: 2, order: 'PO-lost' });
    const [lost] = [await claim(floor, batch, 1), await claim(floor, batch, 2)];
    await decide(floor, lost, 'missing', { reason: 'nobody knows' });
    const more = await openTestBatch(floor, { quantity: 1, orderQuantity: 2, order: 'PO-lost' });
    await claim(floor, more, 1);
    await expect(decide(floor, lost, 'found', {})).rejects.toMatchObject({ code: 'UT008' });
    expect(await office('units').where({ id: lost.unitId }).first('state')).toEqual({ state: 'Missing' });
  });

  it.each([
    ['an index twice', (b: TestBatch) => [b.claimAt(1), { ...b.claimAt(2), index: 1 }], 'UT007'],
    ['no index', (b: TestBatch) => [{ ...b.claimAt(1), index: null }], 'UT007'],
    ['nothing', () => [], 'UT007'],
    ['more than a hundred', (b: TestBatch) => range(1, 101).map((index) => b.claimAt(index)), 'UT007'],
    ['an index beyond the batch', (b: TestBatch) => [{ ...b.claimAt(3), index: 4 }], 'UT009'],
    ['a number beyond the block', (b: TestBatch) => [{ ...b.claimAt(1), ordinal: 3 }], 'UT009'],
    ['no number', (b: TestBatch) => [{ ...b.claimAt(1), ordinal: null }], 'UT009'],
    ['the block of another batch', (b: TestBatch) => [{ ...b.claimAt(1), block: other }], 'UT009'],
    ['no serial', (b: TestBatch) => [{ ...b.claimAt(1), value: '' }], 'UT007'],
    ['a serial with a separator', (b: TestBatch) => [{ ...b.claimAt(1), value: 'A|B' }], 'UT007'],
    // Asked again, the caller sees that it is taken.
    ['the serial of another unit', (b: TestBatch) => [{ ...b.claimAt(1), value: taken }], '40001'],
    [
      'the number of another unit',
      (b: TestBatch) => [b.claimAt(1), { ...b.claimAt(2), ordinal: 0 }],
      '40001',
    ],
  ])('is refused for %s, whole', async (_what, claims, sqlState) => {
    const batch = await openTestBatch(floor, { quantity: 3 });
    const attempt = office.raw('select claim_units(?, ?::jsonb)', [batch.id, JSON.stringify(claims(batch))]);
    expect(await sqlStateOf(attempt)).toBe(sqlState);
    expect(await countOf('units', { batch_id: batch.id })).toBe(0);
  });

  let taken: string;
  let other: number;
  beforeAll(async () => {
    const batch = await openTestBatch(floor, { quantity: 1 });
    other = batch.claimAt(1).block;
    taken = (await claim(floor, batch, 1)).serial;
  });
});

describe('opening a batch', () => {
  it('from several sides at once opens it once, with one block of each kind', async () => {
    const answers = await crowd(() => sqlStateOf(openTestBatch(floor, { id: 'B-once', quantity: 5 })));
    expect(answers).toEqual(Array(CONNECTIONS).fill('allowed'));
    expect(await countOf('blocks', { batch_id: 'B-once' })).toBe(2);
    expect(await countOf('unit_events', { stream: 'batch:B-once' })).toBe(1);
  });

  it('under one id with other content is refused to all but the first', async () => {
    const answers = await crowd((member) =>
      sqlStateOf(
        openTestBatch(floor, { id: 'B-other', order: 'PO-other', buyer: member % 2 ? 'acme' : 'borealis' }),
      ),
    );
    expect(new Set(answers)).toEqual(new Set(['allowed', 'UT012']));
    expect(answers.filter((answer) => answer === 'allowed').length).toBe(CONNECTIONS / 2);
    expect(await countOf('batches', { id: 'B-other' })).toBe(1);
  });

  it('at once with others gives ranges that follow each other without overlap or gap', async () => {
    const batches = await crowd(() => openTestBatch(floor, { quantity: 7 }));
    const serials = batches.map((batch) => Number(batch.serialAt(1).slice(-6))).sort((a, b) => a - b);
    expect(serials).toEqual(serials.map((_, at) => serials[0]! + 7 * at));
    expect(new Set(batches.map(({ firstMac }) => firstMac)).size).toBe(CONNECTIONS);
  });

  it('is refused where the numbers do not suffice, and takes none', async () => {
    const spaces = () => office('number_spaces').orderBy('id').select('id', 'next_number');
    const before = await spaces();
    expect(await sqlStateOf(openTestBatch(floor, { id: 'B-vast', quantity: 900 }))).toBe('UT011');
    expect(await spaces()).toEqual(before);
    expect(await countOf('orders', { id: 'PO-B-vast' })).toBe(0);
  });

  it('can not change what the order was opened with', async () => {
    await openTestBatch(floor, { order: 'PO-fixed', quantity: 5 });
    expect(await sqlStateOf(openTestBatch(floor, { order: 'PO-fixed', quantity: 6 }))).toBe('UT012');
  });
});

describe('one chip', () => {
  it('in two units at once is bound to one of them', async () => {
    const units = [await walkUnit(floor, { upTo: 'assign' }), await walkUnit(floor, { upTo: 'assign' })];
    const acts = await Promise.all(units.map((unit) => beginAct(floor, unit, 'flash', 'flashIntended')));
    const answers = await Promise.all(acts.map((act) => sqlStateOf(bindBoard(act, { chipUid: 'C0FFEE' }))));
    expect(answers.sort()).toEqual(['UT010', 'allowed']);
    expect(await countOf('identifiers', { kind: 'chip-uid', value: 'C0FFEE' })).toBe(1);
  });
});

test('after all of that the audit finds every promise kept', async () => {
  expect((await audit(database.urlOf('auditor'))).violations).toEqual([]);
});
