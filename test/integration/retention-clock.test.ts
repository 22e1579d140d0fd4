import { createLogActivities } from '../../activities/log';
import type { Database } from '../../adapters/postgres/database';
import { clockDoubt, clocksApartSeconds, markClock } from '../../adapters/postgres/clock';
import { readMetrics } from '../../adapters/postgres/metric-queries';
import {
  eraseContents,
  findRun,
  listRuns,
  openRun,
  type RetentionRun,
} from '../../adapters/postgres/retention';
import { createTestDatabase, withSuperuser, type TestDatabase } from '../support/database';
import { one } from '../support/retention';
import { applySmallPlant, openShopFloor, type ShopFloor } from '../support/shop-floor';

/** Which clocks retention trusts: what the database's said over the time, and what another one says now. */
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

let database: TestDatabase;
let floor: ShopFloor;
let office: Database;

beforeAll(async () => {
  database = await createTestDatabase();
  floor = openShopFloor(database);
  office = floor.as('office');
  await applySmallPlant(floor);
});
afterAll(async () => {
  await floor?.close();
  await database?.drop();
});

/** As if the clock had been seen so long ago each time, in this order, and never else. */
const seen = (...agoMs: number[]): Promise<void> =>
  withSuperuser(async (client) => {
    await client.query('alter table clock_marks disable trigger all');
    await client.query('delete from clock_marks');
    await client.query('alter table clock_marks enable trigger all');
    for (const ago of agoMs)
      await client.query(
        `insert into clock_marks (at) values (clock_timestamp() - make_interval(secs => $1))`,
        [ago / 1_000],
      );
  }, database.superuserUrl);

let runs = 0;
const open = (confirmedBy: string | null = null, now = Date.now): Promise<RetentionRun> =>
  openRun(office, { request: `clock-${(runs += 1)}`, asOf: new Date(), confirmedBy }, now);
const doubted = async (): Promise<number> => (await readMetrics(office)).retention.clockDoubted;
const daily = (days: number): number[] => Array.from({ length: days }, (_, at) => (days - at) * DAY);

test.each<[string, number[], RegExp | null]>([
  ['was seen each day for a month', daily(30), null],
  ['was seen last six days ago, as after a holiday', [6 * DAY], null],
  ['has jumped eight days since it was seen last', [8 * DAY], /went from .* to .* at once/],
  ['has jumped 99 days since it was seen last', [99 * DAY], /went from .* to .* at once/],
  [
    'has jumped weeks ago, and was seen each day since',
    [90 * DAY, ...daily(30)],
    /went from .* to .* at once/,
  ],
  ['was ahead of what it says now', [2 * HOUR, -5 * DAY], /went from .* to .* at once/],
  ['was ahead, and was set right days ago', [3 * DAY, -5 * DAY, 2 * DAY, DAY], /went from .* to .* at once/],
])('of a clock that %s, a run knows what to think', async (_what, marks, doubt) => {
  await seen(...marks);
  const run = await open();
  expect(run.clockTrusted).toBe(doubt === null);
  if (doubt === null) expect(run.clockDoubt).toBeNull();
  else expect(run.clockDoubt).toMatch(doubt);
  expect(await doubted()).toBe(doubt === null ? 0 : 1);
  if (doubt === null) return;
  // It is not forgotten by the next run, and over once somebody has said that the clock is right.
  expect(await open()).toMatchObject({ clockTrusted: false });
  expect(await open('17')).toMatchObject({ clockTrusted: true, clockDoubt: expect.stringMatching(doubt) });
  expect(await open()).toMatchObject({ clockTrusted: true, clockDoubt: null });
  expect(await doubted()).toBe(0);
});

test('where the office’s clock says something else nothing is moved or erased, whichever of the two is wrong', async () => {
  await seen(HOUR);
  for (const apart of [-HOUR, HOUR, 99 * DAY]) {
    const run = await open(null, () => Date.now() + apart);
    expect(run).toMatchObject({ clockTrusted: false, clockDoubt: expect.stringContaining('apart') });
    await expect(eraseContents(floor.as('retention'), run.id)).rejects.toMatchObject({ code: 'NOT_ALLOWED' });
  }
  expect(await open(null, () => Date.now() + 60_000)).toMatchObject({ clockTrusted: true });
  // Half an hour until the answer: that may be a slow answer, and is no difference of clocks.
  let asked = 0;
  expect(await clocksApartSeconds(office, () => Date.now() + ((asked += 1) > 1 ? HOUR / 2 : 0))).toBe(0);
});

test('a look says what a run would say, refuses a time that is not reached, and leaves nothing behind', async () => {
  const desk = floor.as('desk');
  await seen(20 * DAY);
  const before = [
    await listRuns(desk, 1_000),
    await one(office, '(select count(*)::integer from clock_marks)'),
  ];
  expect(await clockDoubt(desk, new Date())).toMatch(/went from/);
  await expect(clockDoubt(desk, new Date(Date.now() + HOUR))).rejects.toMatchObject({ code: 'NOT_ALLOWED' });
  await seen(HOUR);
  expect(await clockDoubt(desk, new Date())).toBeNull();
  expect([await listRuns(desk, 1_000), 1]).toEqual(before);
});

test('the clock is marked once an hour, at once where it has gone back, and never by others than the office', async () => {
  const count = (): Promise<number> => one(office, '(select count(*)::integer from clock_marks)');
  await seen(HOUR / 2);
  await markClock(office);
  expect(await count()).toBe(1);
  await seen(2 * HOUR);
  for (let tries = 0; tries < 2; tries += 1) await markClock(office);
  expect(await count()).toBe(2);
  await seen(2 * HOUR, -HOUR);
  for (let tries = 0; tries < 2; tries += 1) await markClock(office);
  expect(await count()).toBe(3);
  // The sequencer of the log does it every ten minutes, also where it has no key.
  await seen();
  const keyless = createLogActivities({ db: office, log: () => Promise.reject(new Error('no key')) });
  await expect(keyless.sequenceLog()).rejects.toThrow('no key');
  expect(await count()).toBe(1);
  await expect(markClock(floor.as('desk'))).rejects.toThrow();
  await expect(office('clock_marks').delete()).rejects.toMatchObject({ code: '42501' });
});

test('nobody confirms a clock who is not in the plant file, whatever a worker is told', async () => {
  await seen(20 * DAY);
  const before = (await listRuns(office, 1_000)).length;
  const words = { code: 'NOT_FOUND', message: expect.stringContaining('there is no operator nobody1') };
  await expect(open('nobody1')).rejects.toMatchObject(words);
  const asBefore = one(office, `open_retention_run('by nobody', now(), 'nobody1')`);
  await expect(asBefore).rejects.toMatchObject({ code: 'UT009' });
  expect(await listRuns(office, 1_000)).toHaveLength(before);
  // Who has left says nothing any more; what was said before stays, also where its answer was lost.
  const request = { request: 'said before', asOf: new Date(), confirmedBy: '23' };
  const { id } = await openRun(office, request);
  await floor.as('desk').raw('select note_operators(?)', [['17']]);
  await expect(open('23')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  expect(await openRun(office, request)).toMatchObject({ id, clockTrusted: true });
});

test('workers of the version before open runs as they did', async () => {
  await seen(20 * DAY);
  const id = await one<string>(office, `open_retention_run('as before', now(), null)`);
  expect(await findRun(office, id)).toMatchObject({ clockTrusted: false });
});
