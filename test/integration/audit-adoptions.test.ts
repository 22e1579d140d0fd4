import type { Client } from 'pg';
import { audit } from '../../tools/audit/audit';
import { createTestDatabase, withSuperuser, type TestDatabase, type TestLogin } from '../support/database';
import { sqlStateOf } from '../support/refusals';
import { applySmallPlant, openShopFloor } from '../support/shop-floor';
import { rewriteHistory, tamper, withFacts } from '../support/tamper';

/** What was adopted can't be changed; and A15: what a superuser does to it all the same is found. */
let base: TestDatabase;
const logins: TestLogin[] = ['office', 'desk', 'line-1', 'retention', 'auditor'];
const tables = ['adoptions', 'adopted_units'];

beforeAll(async () => {
  base = await createTestDatabase();
  const floor = openShopFloor(base);
  try {
    await applySmallPlant(floor);
    await adopt(floor);
  } finally {
    await floor.close();
  }
});
afterAll(() => base?.drop());

const row = (serial: string, macs: string[], state: string, row: number): string =>
  JSON.stringify({ chipFamily: null, chipUid: null, facts: {}, macs, row, serial, state });

async function adopt(floor: ReturnType<typeof openShopFloor>): Promise<void> {
  await floor.as('desk').transaction(async (trx) => {
    const values = ['unitrail', 'eudv', 'old.csv', '0'.repeat(64), 'all', '17'];
    await trx.raw('select open_adoption(?, ?, ?, ?, ?, ?)', values);
    const rows = [row('OLD-1', ['00:11:22:33:44:55'], 'shipped', 2), row('OLD-2', [], 'used', 3)];
    await trx.raw('select add_adopted_units(1, 1, ?)', [[...rows, row('OLD-2', [], 'void', 4)]]);
    const space = { kind: 'serial', name: 'eudv', scope: '2026W47', issuer: 'unitrail' };
    const spaces = JSON.stringify([{ ...space, first: 1, last: 999_999, next: 8 }]);
    await trx.raw('select close_adoption(1, ?::jsonb)', [spaces]);
  });
}

const stream = 'history:1';

interface Lie {
  readonly what: string;
  readonly subject: string;
  tell(superuser: Client): Promise<unknown>;
}

const lies: Lie[] = [
  {
    what: 'a number that became free',
    tell: (su) => su.query(`delete from identifiers where value = 'OLD-1'`),
    subject: 'adopted OLD-1, row 1 of history:1',
  },
  {
    what: 'an address of another state',
    tell: (su) => su.query(`update identifiers set state = 'void' where kind = 'mac'`),
    subject: 'adopted OLD-1, row 1 of history:1',
  },
  {
    what: 'an identifier that its row does not tell of',
    tell: (su) =>
      su.query(
        `insert into identifiers (issuer, kind, value, state, adopted_unit)
         select 'unitrail', 'serial', 'OLD-9', 'shipped', adopted_unit from identifiers where value = 'OLD-1'`,
      ),
    subject: 'adopted OLD-1, row 1 of history:1',
  },
  {
    what: 'a fact that is another one',
    tell: (su) =>
      su.query(`update adopted_units set body = replace(body, '"row":3', '"row":5') where position = 2`),
    subject: stream,
  },
  {
    what: 'a reading that is gone',
    tell: (su) => su.query(`delete from adopted_units where position = 3`),
    subject: stream,
  },
  {
    what: 'a column that its body does not say',
    tell: (su) => su.query(`update adopted_units set state = 'void' where position = 2`),
    subject: 'adopted OLD-2, row 2 of history:1',
  },
  {
    what: 'an event that tells of fewer disputes',
    tell: (su) => rewriteHistory(su, stream, withFacts('historyAdopted', { disputed: 0 })),
    subject: stream,
  },
  {
    what: 'a counter that went back',
    tell: (su) => su.query(`update number_spaces set next_number = 3 where name = 'eudv'`),
    subject: stream,
  },
];

test('what nobody touched keeps every promise', async () => {
  expect((await audit(base.urlOf('auditor'))).violations).toEqual([]);
});

test.each(lies)('A15 names $what', async ({ tell, subject }) => {
  const copy = await base.clone();
  try {
    await tamper(copy, tell);
    const { violations } = await audit(copy.urlOf('auditor'));
    expect(new Set(violations.map((one) => `${one.invariant} ${one.subject}`))).toEqual(
      new Set([`A15 ${subject}`]),
    );
  } finally {
    await copy.drop();
  }
});

describe('nobody', () => {
  let copy: TestDatabase;
  beforeAll(async () => (copy = await base.clone()));
  afterAll(() => copy?.drop());

  test.each(logins)('with the login of %s changes what was adopted', async (login) => {
    const floor = openShopFloor(copy);
    try {
      for (const table of tables) {
        const insert = `insert into ${table} (issuer) values ('unitrail')`;
        for (const sql of [...rewritesOf(table), insert])
          expect(await sqlStateOf(floor.as(login).raw(sql))).toBe('42501');
      }
    } finally {
      await floor.close();
    }
  });

  test('not even the owner, and an adopted number keeps its state', async () => {
    await withSuperuser(async (superuser) => {
      for (const sql of tables.flatMap(rewritesOf))
        expect(await sqlStateOf(superuser.query(sql))).toBe('42501');
      const shipped = `update identifiers set state = 'shipped' where value = 'OLD-2'`;
      expect(await sqlStateOf(superuser.query(shipped))).toBe('42501');
    }, copy.superuserUrl);
  });
});

function rewritesOf(table: string): string[] {
  return [`update ${table} set issuer = issuer`, `delete from ${table}`, `truncate ${table} cascade`];
}
