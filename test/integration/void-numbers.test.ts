import { claimBatchUnits } from '../../activities/claim-units';
import { openDatabase, type Database } from '../../adapters/postgres/database';
import { blockLedgers } from '../../adapters/postgres/balance-queries';
import { voidNumbers } from '../../adapters/postgres/claims';
import type { Watermark } from '../../adapters/registry/watermark';
import { culpritsOf } from '../../domain/balance';
import { UnitrailError } from '../../domain/errors';
import { audit } from '../../tools/audit/audit';
import { createTestDatabase, type TestDatabase } from '../support/database';
import { sqlStateOf } from '../support/refusals';
import {
  applySmallPlant,
  openShopFloor,
  openTestBatch,
  type ShopFloor,
  type TestBatch,
} from '../support/shop-floor';
import { tamper } from '../support/tamper';
import { testWatermark } from '../support/watermark';

/** A number that can't be issued is booked void and replaced: the batch gets all of its units all the same. */
let database: TestDatabase;
let floor: ShopFloor;
let office: Database;
let deps: { db: Database; watermark: Watermark };

beforeAll(async () => {
  database = await createTestDatabase();
  floor = openShopFloor(database);
  office = openDatabase(database.urlOf('office'), { applicationName: 'test-crowd', maxConnections: 8 });
  deps = { db: office, watermark: testWatermark(office) };
  await applySmallPlant(floor);
  const first = await openTestBatch(floor, { quantity: 5 });
  await claimBatchUnits(deps, first.id, { from: 1, to: 5 });
});

afterAll(() => database?.drop());

/** The serials of a batch whose scheme has the same pattern as that of the first one: its first five are taken. */
const laterBatch = (scheme: string, quantity: number): Promise<TestBatch> =>
  openTestBatch(floor, { scheme, quantity });

const endings = (units: readonly { serial: string }[]): number[] =>
  units.map(({ serial }) => Number(serial.slice(-6)));

async function balances(batch: string): Promise<Record<string, number>> {
  const { rows } = await office.raw<{ rows: { account: string; balance: number }[] }>(
    `select account, sum(quantity)::integer as balance from (
       select m.to_account as account, m.quantity from movements m join blocks b on b.id = m.block_id
         join number_spaces s on s.id = b.space_id where b.batch_id = :batch and s.kind = 'serial'
       union all select m.from_account, -m.quantity from movements m join blocks b on b.id = m.block_id
         join number_spaces s on s.id = b.space_id where b.batch_id = :batch and s.kind = 'serial') x
     group by account having sum(quantity) <> 0`,
    { batch },
  );
  return Object.fromEntries(rows.map(({ account, balance }) => [account, balance]));
}

test('numbers that another unit has are void, and the batch goes on behind them', async () => {
  const batch = await laterBatch('second', 3);
  const units = await claimBatchUnits(deps, batch.id, { from: 1, to: 3 });
  // 1 to 3 and their replacements 4 and 5 are taken; 6 is the third replacement, 7 and 8 those of 4 and 5.
  expect(endings(units)).toEqual([6, 7, 8]);
  expect(await balances(batch.id)).toEqual({ granted: -8, void: 5, assigned: 3 });
  expect(await claimBatchUnits(deps, batch.id, { from: 1, to: 3 })).toEqual(units);
  expect(await balances(batch.id)).toEqual({ granted: -8, void: 5, assigned: 3 });
});

test('eight that claim the same units at once get the same numbers, each of them once', async () => {
  const batch = await laterBatch('third', 12);
  const asked = Array.from({ length: 8 }, (_, member) => ({
    from: member % 2 ? 1 : 7,
    to: member % 3 ? 12 : 9,
  }));
  await Promise.all(
    asked.map((range) => untilClaimed(batch.id, { ...range, from: Math.min(range.from, range.to) })),
  );
  const units = await claimBatchUnits(deps, batch.id, { from: 1, to: 12 });
  expect(new Set(units.map(({ serial }) => serial)).size).toBe(12);
  const { assigned, granted } = await balances(batch.id);
  expect({ assigned, granted }).toEqual({ assigned: 12, granted: -(12 + (await voidsOf(batch.id))) });
});

const voidsOf = async (batch: string): Promise<number> => (await balances(batch)).void ?? 0;

/** As Temporal does: what moved on meanwhile is asked again. */
async function untilClaimed(batch: string, range: { from: number; to: number }): Promise<void> {
  for (;;) {
    try {
      await claimBatchUnits(deps, batch, range);
      return;
    } catch (error) {
      if (!(error instanceof UnitrailError) || error.reaction !== 'retry') throw error;
    }
  }
}

describe('a number', () => {
  const place = (batch: TestBatch, index: number) => {
    const { block, ordinal, value } = batch.claimAt(index);
    return { block, ordinal, value };
  };

  test('that a scheme skips keeps its place for ever, and no unit gets it', async () => {
    const batch = await openTestBatch(floor, { quantity: 4, trial: true, skip: ['2', '4'] });
    const units = await claimBatchUnits(deps, batch.id, { from: 1, to: 4 });
    // 2 and 4 are void, replaced by 5 and 6.
    expect(endings(units)).toEqual([1, 5, 3, 6]);
    expect(await balances(batch.id)).toEqual({ granted: -6, void: 2, assigned: 4 });
    const rows = await office('identifiers')
      .whereIn('value', ['T-000002', 'T-000004'])
      .select('unit_id', 'state');
    expect(rows).toEqual(Array(2).fill({ unit_id: null, state: 'void' }));
    const later = await openTestBatch(floor, { quantity: 4, trial: true, skip: ['2', '4'] });
    expect(endings(await claimBatchUnits(deps, later.id, { from: 1, to: 4 }))).toEqual([7, 8, 9, 10]);
  });

  test('that is booked void twice is void once', async () => {
    const batch = await openTestBatch(floor, { quantity: 1, trial: true, skip: ['11'] });
    const skipped = { ...place(batch, 1), why: 'skipped' } as const;
    await voidNumbers(office, batch.id, [skipped]);
    await voidNumbers(office, batch.id, [skipped]);
    expect(await balances(batch.id)).toEqual({ granted: -2, void: 1, reserved: 1 });
    const [claim] = [{ ...batch.claimAt(1), index: 1 }];
    const attempt = office.raw('select claim_units(?, ?::jsonb)', [batch.id, JSON.stringify([claim])]);
    expect(await sqlStateOf(attempt)).toBe('40001');
  });

  test('that one worker saw skipped and another one taken is void once, for the first reason', async () => {
    const batch = await openTestBatch(floor, { quantity: 1, trial: true, skip: ['13'] });
    const seen = place(batch, 1);
    await voidNumbers(office, batch.id, [{ ...seen, why: 'skipped' }]);
    await voidNumbers(office, batch.id, [{ ...seen, why: 'taken' }]);
    expect(await balances(batch.id)).toEqual({ granted: -2, void: 1, reserved: 1 });
  });

  test.each([
    ['that a unit has', (b: TestBatch) => ({ ...place(b, 1), why: 'skipped' }), '40001'],
    ['that nobody else has, as taken', (b: TestBatch) => ({ ...place(b, 2), why: 'taken' }), 'UT002'],
    ['beyond the block', (b: TestBatch) => ({ ...place(b, 2), ordinal: 2, why: 'skipped' }), 'UT009'],
    ['without a reason', (b: TestBatch) => place(b, 2), 'UT007'],
  ])('%s is not voided', async (_what, numberOf, sqlState) => {
    const batch = await openTestBatch(floor, { quantity: 2, trial: true });
    await claimBatchUnits(deps, batch.id, { from: 1, to: 1 });
    const attempt = office.raw('select void_numbers(?, ?::jsonb)', [
      batch.id,
      JSON.stringify([numberOf(batch)]),
    ]);
    expect(await sqlStateOf(attempt)).toBe(sqlState);
    expect(await balances(batch.id)).toEqual({ granted: -2, assigned: 1, reserved: 1 });
  });
});

test('the balance holds for one block with skipped and with taken numbers', async () => {
  const batch = await openTestBatch(floor, { scheme: 'fourth', quantity: 60, skip: ['000059'] });
  await claimBatchUnits(deps, batch.id, { from: 1, to: 60 });
  const [first] = await blockLedgers(office, { batch: batch.id, scheme: 'fourth' });
  expect(first!.rows.void).toBeGreaterThan(1);
  expect(culpritsOf(first!)).toEqual([]);
});

test('the balance holds with void and taken numbers', async () => {
  const ledgers = await blockLedgers(floor.as('desk'));
  expect(ledgers.flatMap(culpritsOf)).toEqual([]);
  expect(ledgers.reduce((sum, { moved }) => sum + moved.void, 0)).toBeGreaterThan(5);
});

describe('the auditor', () => {
  // A database that is copied has no other user.
  beforeAll(async () => {
    await office.destroy();
    await floor.close();
  });

  test('finds every number accounted for', async () => {
    expect((await audit(database.urlOf('auditor'))).violations).toEqual([]);
  });

  test.each([
    ['a void number that became nobody’s', `delete from identifiers where state = 'void'`],
    [
      'a number that was voided without a word',
      `update identifiers set unit_id = null, state = 'void' where value like '%000001'`,
    ],
  ])('finds %s', async (_what, lie) => {
    const copy = await database.clone();
    try {
      await tamper(copy, (superuser) => superuser.query(lie));
      const { violations } = await audit(copy.urlOf('auditor'));
      expect(violations.map(({ invariant }) => invariant)).toContain('A6');
    } finally {
      await copy.drop();
    }
  });
});
