import type { Client } from 'pg';
import { audit } from '../../tools/audit/audit';
import { createTestDatabase, type TestDatabase } from '../support/database';
import { applySmallPlant, openShopFloor } from '../support/shop-floor';
import { rewriteHistory, tamper, withFacts } from '../support/tamper';

/** A14: what a superuser does to a buyer's list is found. */
let base: TestDatabase;

beforeAll(async () => {
  base = await createTestDatabase();
  const floor = openShopFloor(base);
  try {
    await applySmallPlant(floor);
    await listNumbers(floor);
  } finally {
    await floor.close();
  }
});
afterAll(() => base?.drop());

async function listNumbers(floor: ReturnType<typeof openShopFloor>): Promise<void> {
  const desk = floor.as('desk');
  const changes = { issuers: [{ id: 'acme', kind: 'buyer' }], buyers: [], operators: [], stations: [] };
  await desk.raw('select apply_plant(?, ?, ?::jsonb)', ['{}', 'a buyer', JSON.stringify(changes)]);
  await desk.transaction(async (trx) => {
    const sql = 'select open_number_list(?, ?, ?, ?, ?, ?, ?) as space';
    const values = ['acme', 'L1', 'A{digit:2}', 'l1.csv', '0'.repeat(64), 'all', '17'];
    const { space } = (await trx.raw<{ rows: { space: string }[] }>(sql, values)).rows[0]!;
    await trx.raw('select add_listed_numbers(?, 1, ?)', [space, ['A01', 'A02', 'A03', 'A04']]);
    await trx.raw('select close_number_list(?)', [space]);
  });
}

const stream = 'list:acme/L1';

interface Lie {
  readonly what: string;
  readonly subject: string;
  readonly also?: string;
  tell(superuser: Client): Promise<unknown>;
}

const lies: Lie[] = [
  {
    what: 'a number that is gone',
    tell: (su) => su.query(`delete from listed_numbers where value = 'A02'`),
    subject: stream,
  },
  {
    what: 'a last number that is another one',
    tell: (su) => su.query(`update listed_numbers set value = 'A09' where value = 'A04'`),
    subject: stream,
  },
  {
    what: 'a number in the middle that is another one',
    tell: (su) => su.query(`update listed_numbers set value = 'A09' where value = 'A02'`),
    subject: stream,
  },
  {
    what: 'numbers in the middle that changed places',
    tell: (su) =>
      su.query(`update listed_numbers set position = case position when 2 then 3 when 3 then 2 else position end + 10 where position in (2, 3);
        update listed_numbers set position = position - 10 where position > 10`),
    subject: stream,
  },
  {
    what: 'a space that ends early',
    tell: (su) => su.query(`update number_spaces set last_number = 2 where name = 'L1'`),
    subject: stream,
  },
  {
    what: 'an event that tells of more',
    tell: (su) => rewriteHistory(su, stream, withFacts('numbersListed', { count: 5 })),
    subject: stream,
  },
  {
    what: 'a list that is gone, and left its event',
    tell: async (su) => {
      await su.query('delete from listed_numbers');
      await su.query('delete from number_lists');
    },
    subject: stream,
  },
  {
    what: 'a number that stands twice',
    tell: async (su) => {
      await su.query('alter table listed_numbers drop constraint listed_numbers_value');
      await su.query(`update listed_numbers set value = 'A01' where value = 'A02'`);
    },
    subject: 'listed number A01 of acme',
    also: stream,
  },
  {
    what: 'a number of a list that is none',
    tell: (su) => su.query(`insert into listed_numbers values (999, 1, 'X1', 'acme')`),
    subject: 'listed number X1 of acme',
  },
];

test('what nobody touched keeps every promise', async () => {
  expect((await audit(base.urlOf('auditor'))).violations).toEqual([]);
});

test.each(lies)('A14 names $what', async ({ tell, subject, also = subject }) => {
  const copy = await base.clone();
  try {
    await tamper(copy, tell);
    const { violations } = await audit(copy.urlOf('auditor'));
    expect(new Set(violations.map((one) => `${one.invariant} ${one.subject}`))).toEqual(
      new Set([`A14 ${subject}`, `A14 ${also}`]),
    );
  } finally {
    await copy.drop();
  }
});
