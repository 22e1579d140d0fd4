import type { Client } from 'pg';
import { audit } from '../../tools/audit/audit';
import { newSiteKey } from '../../adapters/keys/site-keys';
import { openSite, sharedScheme, siteKeys, type TestSite } from '../support/sites';
import { rewriteHistory, tamper, withFacts } from '../support/tamper';

/** A16: what a superuser does to a lease is found, at either site. */
let w1: TestSite;
let w2: TestSite;

beforeAll(async () => {
  const keys = siteKeys('W1', 'W2');
  [w1, w2] = (await Promise.all(['W1', 'W2'].map((name) => openSite(name, keys, [sharedScheme('SH')])))) as [
    TestSite,
    TestSite,
  ];
  for (const [name, count, lease] of [
    ['main', 16, 'L0'],
    ['SH', 10, 'L1'],
    ['SH', 10, 'L2'],
  ] as const)
    await w2.accept((await w1.grant({ name, count, lease })).document);
  await w2.make(3);
  await w1.takeBack((await w2.giveBack('L1')).document);
});
afterAll(async () => {
  await w1?.close();
  await w2?.close();
});

interface Lie {
  readonly what: string;
  readonly at: () => TestSite;
  tell(superuser: Client): Promise<unknown>;
  /** `A16 lease:L1` */
  readonly found: readonly string[];
}

const lies: Lie[] = [
  {
    what: 'a lease of more numbers than were signed',
    at: () => w1,
    tell: (su) => su.query(`update number_leases set numbers = int8range(11, 31) where id = 'L2'`),
    found: ['A16 lease:L2'],
  },
  {
    what: 'a document that was changed, event to match',
    at: () => w2,
    tell: async (su) => {
      await su.query(
        `update number_leases set document = replace(document, '"last":20', '"last":20.0') where id = 'L2'`,
      );
    },
    found: ['A16 lease:L2'],
  },
  {
    what: 'a key that no plant file named',
    at: () => w2,
    tell: (su) =>
      su.query(`update number_leases set public_key = $1 where id = 'L2'`, [newSiteKey().publicKey]),
    found: ['A16 lease:L2'],
  },
  {
    what: 'an event that tells of another document',
    at: () => w1,
    tell: (su) => rewriteHistory(su, 'lease:L2', withFacts('leaseGranted', { sha256: '0'.repeat(64) })),
    found: ['A16 lease:L2'],
  },
  {
    what: 'a lease that is gone, and left its event and its block',
    at: () => w1,
    tell: (su) => su.query(`delete from number_leases where id = 'L2'`),
    found: ['A16 lease:L2'],
  },
  {
    what: 'two leases that overlap',
    at: () => w2,
    tell: async (su) => {
      await su.query('alter table number_leases drop constraint number_leases_no_overlap');
      await su.query(`update number_leases set numbers = int8range(10, 21) where id = 'L2'`);
    },
    found: ['A16 lease:L2'],
  },
  {
    what: 'a counter that was widened beyond its lease',
    at: () => w2,
    tell: (su) => su.query(`update number_spaces set last_number = 500 where scope = 'lease:L2'`),
    found: ['A16 lease:L2'],
  },
  {
    what: 'a return that says of more numbers that they came back',
    at: () => w1,
    tell: (su) => su.query(`update lease_returns set unused = int8range(2, 11) where lease_id = 'L1'`),
    found: ['A16 lease:L1', 'A7 block 2 (SH, lease L1)'],
  },
  {
    what: 'a return that is gone',
    at: () => w2,
    tell: (su) => su.query(`delete from lease_returns where lease_id = 'L1'`),
    found: ['A16 lease:L1'],
  },
  {
    what: 'a movement of leased numbers that is gone',
    at: () => w1,
    tell: (su) => su.query(`delete from movements where to_account = 'returned'`),
    found: ['A7 block 2 (SH, lease L1)'],
  },
];

test('what nobody touched keeps every promise', async () => {
  expect([await w1.violations(), await w2.violations()]).toEqual([[], []]);
});

test.each(lies)('the auditor names $what', async ({ at, tell, found }) => {
  const copy = await at().backUp();
  try {
    await tamper(copy, tell);
    const { violations } = await audit(copy.urlOf('auditor'));
    expect([...new Set(violations.map((one) => `${one.invariant} ${one.subject}`))].sort()).toEqual(
      [...found].sort(),
    );
  } finally {
    await copy.drop();
  }
});
