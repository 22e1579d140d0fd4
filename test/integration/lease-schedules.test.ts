import type { UnitrailError } from '../../domain/errors';
import { seeded, type Seeded } from '../support/seeded';
import { openSite, sharedScheme, siteKeys, type TestSite } from '../support/sites';

/** What two sites do with one scheme, two acts at a time, in any order that a seed gives. */
const SCHEDULES = Number(process.env.UNITRAIL_SCHEDULES ?? 5);
const FIRST_SEED = Number(process.env.UNITRAIL_TEST_SEED ?? 1);
const STEPS = 10;

let w1: TestSite;
let w2: TestSite;

beforeAll(async () => {
  const keys = siteKeys('W1', 'W2');
  [w1, w2] = (await Promise.all(
    ['W1', 'W2'].map((name) => openSite(name, keys, [sharedScheme('SH', { skip: ['4'] })])),
  )) as [TestSite, TestSite];
  await w2.accept((await w1.grant({ name: 'main', count: 2048 })).document);
});
afterAll(async () => {
  await w1?.close();
  await w2?.close();
});

/** Files on their way, and what is open; from one schedule to the next. */
const leases: unknown[] = [];
const returns: unknown[] = [];
const open: { site: TestSite; batch: string; quantity: number }[] = [];

type Act = (random: Seeded) => Promise<unknown>;

const acts: readonly Act[] = [
  async (random) => leases.push((await w1.grant({ name: 'SH', count: random.between(1, 14) })).document),
  async (random) => leases.length > 0 && w2.accept(random.oneOf(leases)),
  async (random) => openBatch(w1, random),
  async (random) => openBatch(w2, random),
  async (random) => openBatch(w2, random),
  async (random) => claim(random),
  async (random) => claim(random),
  async (random) => {
    const held: string[] = await w2.desk('number_leases').where({ name: 'SH' }).pluck('id');
    if (held.length > 0) returns.push((await w2.giveBack(random.oneOf(held))).document);
  },
  async (random) => returns.length > 0 && w1.takeBack(random.oneOf(returns)),
];

async function openBatch(site: TestSite, random: Seeded): Promise<void> {
  const quantity = random.between(1, 4);
  open.push({ site, batch: await site.open(quantity), quantity });
}

async function claim(random: Seeded): Promise<void> {
  if (open.length === 0) return;
  const { site, batch, quantity } = random.oneOf(open);
  await site.claim(batch, 1, random.between(1, quantity));
}

/** No lease has enough left; another act was faster. Everything else is a broken promise. */
async function allowed(act: Promise<unknown>): Promise<void> {
  await act.catch((error: unknown) => {
    const { code } = error as UnitrailError;
    if (code !== 'SCHEME_EXHAUSTED' && code !== 'STATE_MOVED_ON') throw error;
  });
}

const seeds = Array.from({ length: SCHEDULES }, (_, at) => [FIRST_SEED + at]);

test.each(seeds)(
  'schedule %s gives no number twice across both sites, and both balances hold',
  async (seed) => {
    const random = seeded(seed);
    for (let step = 0; step < STEPS; step += 1)
      await Promise.all([random.oneOf(acts), random.oneOf(acts)].map((act) => allowed(act(random))));
    const serials = [...(await w1.serials()), ...(await w2.serials())];
    expect(new Set(serials).size).toBe(serials.length);
    const [ours, theirs] = [await w1.balance('SH'), await w2.balance('SH')];
    expect([ours.culprits, theirs.culprits]).toEqual([[], []]);
    await expectDisjoint();
  },
);

test('what went out is what is held, granted or came back, and the auditor finds every promise kept', async () => {
  for (const lease of leases) await w2.accept(lease);
  for (const id of await w2.desk('number_leases').where({ name: 'SH' }).pluck('id'))
    await w1.takeBack((await w2.giveBack(id as string)).document);
  const [ours, theirs] = [await w1.balance('SH'), await w2.balance('SH')];
  expect(theirs.granted).toBe(ours.leased + ours.returned);
  expect(theirs.returned).toBe(ours.returned);
  expect(ours.leased).toBeGreaterThan(0);
  expect(ours.returned).toBeGreaterThan(0);
  expect(await w2.serials()).not.toEqual([]);
  expect([await w1.violations(), await w2.violations()]).toEqual([[], []]);
});

/** Blocks of batches at both sites, and what was handed back: no number is in two of them. */
async function expectDisjoint(): Promise<void> {
  const ranges = (await Promise.all([w1, w2].map(rangesOf))).flat().sort(([a], [b]) => a - b);
  const twice = ranges.filter(([first], at) => at > 0 && first < ranges[at - 1]![1]);
  expect(twice).toEqual([]);
}

async function rangesOf(site: TestSite): Promise<[number, number][]> {
  const answer = await site.desk.raw<{ rows: { first: string; end: string }[] }>(
    `select lower(b.numbers) as first, upper(b.numbers) as end from blocks b join number_spaces s on s.id = b.space_id
     left join number_leases l on l.id = b.lease_id
     where s.kind = 'serial' and s.name = 'SH' and (b.batch_id is not null or l.side = 'lessee')`,
  );
  return answer.rows.map(({ first, end }) => [Number(first), Number(end)]);
}
