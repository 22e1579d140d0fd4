import type { Client } from 'pg';
import { audit } from '../../tools/audit/audit';
import { createTestDatabase, type TestDatabase } from '../support/database';
import { applySmallPlant, openShopFloor, openTestBatch } from '../support/shop-floor';
import { rewriteHistory, tamper, withFacts } from '../support/tamper';

/** A7: of each number below a counter's next it is known why no block has it, and of each epoch who opened it. */
let base: TestDatabase;
let stream: string;
/** The first address behind the first batch; 2 of them were left behind, and 8 were used before. */
const gap = 6;

beforeAll(async () => {
  base = await createTestDatabase();
  const floor = openShopFloor(base);
  try {
    await applySmallPlant(floor);
    expect((await openTestBatch(floor, { quantity: 3 })).firstMac).toBe(gap - 6);
    const desk = floor.as('desk');
    const used = [{ name: 'main', ranges: [[gap + 2, gap + 10]] }];
    await desk.raw('select declare_used_ranges(?::jsonb)', [JSON.stringify(used)]);
    expect((await openTestBatch(floor, { quantity: 3 })).firstMac).toBe(gap + 10);
    const space = { kind: 'serial', name: 'eudv', scope: '2026W47', issuer: 'unitrail' };
    const spaces = [{ ...space, first: 1, last: 999_999, next: 12 }];
    await desk.raw(`select advance_registry(?::jsonb, 1, '17', 'a restore')`, [JSON.stringify(spaces)]);
    stream = `registry:${(await desk('registry_epochs').first('registry')).registry}`;
  } finally {
    await floor.close();
  }
});
afterAll(() => base?.drop());

test('what nobody touched keeps every promise', async () => {
  expect((await audit(base.urlOf('auditor'))).violations).toEqual([]);
});

interface Lie {
  readonly what: string;
  tell(superuser: Client): Promise<unknown>;
  readonly found: readonly string[];
}

const serials = 'serial eudv 2026W47';
const lies: Lie[] = [
  {
    what: 'a counter that somebody moved',
    tell: (su) => su.query(`update number_spaces set next_number = 20 where name = 'eudv'`),
    found: [`${serials}: 12 to 19 are in no block, and the next number is 20`],
  },
  {
    what: 'an epoch whose event tells of no passed numbers',
    tell: (su) => rewriteHistory(su, stream, withFacts('registryAdvanced', { passed: [] })),
    found: [`${serials}: 7 to 11 are in no block, and the next number is 12`],
  },
  {
    what: 'passed numbers that can be granted',
    tell: (su) => su.query(`update number_spaces set next_number = 11 where name = 'eudv'`),
    found: [`epoch 2: ${serials} 7 to 11 can be granted`],
  },
  {
    what: 'a used range that is gone',
    tell: (su) => su.query('delete from used_ranges'),
    found: ['mac main: 6 to 15 are in no block, and the next number is 22'],
  },
  {
    what: 'a gap that has room for the block behind it',
    tell: (su) => su.query('update used_ranges set numbers = int8range(lower(numbers) + 4, upper(numbers))'),
    found: ['mac main: 6 to 11 are in no block, and the next number is 22'],
  },
  {
    what: 'an epoch that is gone',
    tell: (su) => su.query('delete from registry_epochs where epoch = 2'),
    found: ['epoch 2: an event of registry'],
  },
  {
    what: 'an epoch that nobody opened',
    tell: (su) =>
      su.query(
        `insert into registry_epochs (epoch, registry) select 3, registry from registry_epochs limit 1`,
      ),
    found: ['epoch 3: a row'],
  },
  {
    what: 'an epoch that was opened at another time, so that more batches are over',
    tell: (su) =>
      su.query(`update registry_epochs set opened_at = opened_at + interval '1 day' where epoch = 2`),
    found: ['epoch 2: opened at'],
  },
  {
    what: 'an epoch of another registry',
    tell: (su) => su.query(`update registry_epochs set registry = gen_random_uuid() where epoch = 1`),
    found: ['registry'],
  },
];

test.each(lies)('A7 names $what', async ({ tell, found }) => {
  const copy = await base.clone();
  try {
    await tamper(copy, tell);
    const { violations } = await audit(copy.urlOf('auditor'));
    expect(violations.map(({ invariant }) => invariant)).toEqual(found.map(() => 'A7'));
    for (const [at, text] of found.entries()) {
      const { subject, found: told } = violations[at]!;
      expect(`${subject}: ${told}`.slice(0, text.length)).toBe(text);
    }
  } finally {
    await copy.drop();
  }
});

test('an adopted address explains a gap as well as a used one', async () => {
  const copy = await base.clone();
  try {
    await tamper(copy, async (su) => {
      await su.query(`delete from used_ranges`);
      await su.query(`insert into identifiers (issuer, kind, value, state, adopted_unit)
        select 'ieee', 'mac', '70:B3:D5:00:00:' || lpad(upper(to_hex(n)), 2, '0'), 'applied', 1
        from generate_series(${gap + 2}, ${gap + 9}) as n`);
    });
    const { violations } = await audit(copy.urlOf('auditor'));
    // Of the addresses themselves no file tells: that is another promise.
    expect(new Set(violations.map(({ invariant }) => invariant))).toEqual(new Set(['A15']));
  } finally {
    await copy.drop();
  }
});
