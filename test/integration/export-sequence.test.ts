import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import fc from 'fast-check';
import { makeExport, type MakeExportDeps } from '../../activities/make-export';
import { openDatabase, type Database } from '../../adapters/postgres/database';
import { listExports, openExport, undeliveredExports } from '../../adapters/postgres/exports';
import { parseSha256Hex } from '../../domain/brands';
import type { Manifest } from '../../domain/export-manifest';
import { audit } from '../../tools/audit/audit';
import { createTestDatabase, withSuperuser, type TestDatabase } from '../support/database';
import { asOf, makeDeps, shipBatch, testLook } from '../support/exports';
import { applySmallPlant, openShopFloor, openTestBatch, type ShopFloor } from '../support/shop-floor';
import { decide, walkUnit } from '../support/walk-unit';

/**
 * Whatever ships while exports are opened and made, by several at once, with crashes and repeats in between: every shipped
 * unit is in exactly one export of the sequence, and the sequence has no hole.
 *
 *   UNITRAIL_SCHEDULES=200 npx jest test/integration/export-sequence
 */
const schedules = Number(process.env.UNITRAIL_SCHEDULES ?? 5);
jest.setTimeout(300_000 + schedules * 40_000);

let database: TestDatabase;
let floor: ShopFloor;
let office: Database;
let home: string;
let deps: MakeExportDeps;

beforeAll(async () => {
  home = await mkdtemp(join(process.env.UNITRAIL_TEST_HOME!, 'sequence-'));
  database = await createTestDatabase();
  floor = openShopFloor(database);
  office = openDatabase(database.urlOf('office'), { applicationName: 'test-exports', maxConnections: 8 });
  await applySmallPlant(floor, { slots: 64 });
  deps = await makeDeps(office, home);
  for (const units of [2, 1]) {
    await shipBatch(floor, units);
    await perform({ do: 'scrap' }, 'first');
    await open(`first ${units}`);
    await makeAll(null);
  }
});
afterAll(async () => {
  await office?.destroy();
  await floor?.close();
  await database?.drop();
  await rm(home, { recursive: true, force: true });
});

type Step =
  | { readonly do: 'ship'; readonly units: number }
  | { readonly do: 'scrap' }
  | { readonly do: 'open'; readonly request: number }
  | { readonly do: 'make'; readonly breaks: 'putFile' | 'put' | null };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constant('ship' as const), units: fc.integer({ min: 1, max: 2 }) }),
  fc.constant({ do: 'scrap' as const }),
  fc.record({ do: fc.constant('open' as const), request: fc.nat(3) }),
  fc.record({ do: fc.constant('make' as const), breaks: fc.constantFrom('putFile', 'put', null) }),
);
/** What stands in one list is done at the same time. */
const schedule = fc.array(fc.array(step, { minLength: 1, maxLength: 3 }), { minLength: 2, maxLength: 4 });

/** Stations have one hand: units are walked one after the other, while exports are opened and made beside them. */
let line: Promise<unknown> = Promise.resolve();
function inLine<T>(walk: () => Promise<T>): Promise<T> {
  const walked = line.then(walk);
  line = walked.catch(() => undefined);
  return walked;
}

async function perform(one: Step, run: string): Promise<void> {
  if (one.do === 'ship') await inLine(() => shipBatch(floor, one.units));
  if (one.do === 'scrap') {
    const unit = await walkUnit(floor, { batch: await openTestBatch(floor, { quantity: 1 }), upTo: 'claim' });
    await decide(floor, unit, 'scrapped', { code: 'test' });
  }
  // The same request by several at once, and again later.
  if (one.do === 'open') await open(`${run}/${one.request}`);
  if (one.do === 'make') await makeAll(one.breaks);
}

const open = (request: string): Promise<string | null> =>
  openExport(office, 'acme', { request, asOf, look: testLook({ formats: ['records'] }) });

/** A maker that dies in the middle, or finds that another one was faster. */
async function makeAll(breaks: 'putFile' | 'put' | null): Promise<void> {
  const store = breaks ? { ...deps.store, [breaks]: () => Promise.reject(new Error('died')) } : deps.store;
  for (const id of await undeliveredExports(office, 'acme'))
    await makeExport({ ...deps, store }, id).catch((error: Error & { code?: string }) => {
      if (error.message !== 'died' && error.code !== 'STATE_MOVED_ON') throw error;
    });
}

/** Serials of every record that was made for the sequence, as they stand in the files. */
async function toldSerials(): Promise<string[]> {
  const serials: string[] = [];
  const made = (await listExports(office, 'acme')).sort((a, b) => a.number! - b.number!);
  let before: { export: string; manifestSha256: string } | null = null;
  for (const [at, { id, manifest }] of made.entries()) {
    const told = JSON.parse(manifest!) as Manifest;
    expect([told.number, told.predecessor]).toEqual([at + 1, before]);
    before = { export: id, manifestSha256: createHash('sha256').update(manifest!).digest('hex') };
    const file = told.files.find(({ name }) => name.endsWith('.records.jsonl'))!;
    const lines = (await text(deps.store.open(parseSha256Hex(file.sha256))))
      .split('\n')
      .filter((line) => line !== '');
    expect(lines).toHaveLength(told.counts.units);
    serials.push(...lines.map((line) => (JSON.parse(line) as { serial: string }).serial));
  }
  return serials;
}

let runs = 0;

test('every shipped unit is in exactly one export, whatever is done at once, and the auditor finds every promise kept', async () => {
  await fc.assert(
    fc.asyncProperty(schedule, async (rounds) => {
      const run = `run ${(runs += 1)}`;
      for (const round of rounds) await Promise.all(round.map((one) => perform(one, run)));
      await open(`${run}/last`);
      await makeAll(null);
      const { rows } = await office.raw<{ rows: { serial: string }[] }>(
        'select serial from records order by serial',
      );
      expect((await toldSerials()).sort()).toEqual(rows.map(({ serial }) => serial));
    }),
    { numRuns: schedules, endOnFailure: true },
  );
  expect((await audit(database.urlOf('auditor'))).violations).toEqual([]);
});

/** What a superuser does to exports is found, each in a copy of what was made above. */
test.each<[string, string, string]>([
  [
    'an item that is gone',
    `delete from export_items where export_id = 'acme-000001' and value = (select min(value) from export_items where kind = 'record')`,
    'items',
  ],
  [
    'an item of another export',
    `update export_items set export_id = 'acme-000002' where export_id = 'acme-000001'`,
    'items',
  ],
  [
    'a record of nobody',
    `update export_items set value = 'X' where export_id = 'acme-000002'`,
    'a unit of that name that was shipped to the buyer',
  ],
  [
    'an item twice',
    `drop index export_items_record; insert into export_items select 'acme-000002', kind, issuer, identifier, value, 0, unit_id from export_items where export_id = 'acme-000001' and kind = 'record'`,
    'in 2 exports',
  ],
  [
    'a hole',
    `alter table exports drop constraint exports_number; update exports set number = number + 1 where number > 1`,
    'no. 2 behind acme-000001',
  ],
  ['another look', `update exports set look = '{}' where number = 1`, 'by the event that opened it'],
  [
    'another manifest',
    `update exports set manifest = replace(manifest, '"acme"', '"emca"') where number = 1`,
    'one of a key on record',
  ],
  [
    'a delivery that never was',
    `update exports set state = 'delivered', delivered_at = now() where number = 1`,
    'made, by its events',
  ],
  [
    'a file that was never made',
    `update export_files set sha256 = repeat('0', 64) where export_id = 'acme-000001' and name like '%.records.jsonl'`,
    'by its manifest',
  ],
  [
    'a try that says that it delivered what was not',
    `insert into deliveries (export_id, target, ended_at, outcome) values ('acme-000001', 'sftp://elsewhere', now(), 'delivered')`,
    'no try that delivered it, by its events',
  ],
  [
    'another fate of a number',
    `update export_items set fate_at = fate_at - interval '1 day' where kind = 'number' and fate = 'scrapped'`,
    'an event that says so',
  ],
  [
    'an export that is gone',
    `alter table exports drop constraint exports_predecessor; alter table export_files drop constraint export_files_export; alter table export_items drop constraint export_items_export; delete from exports where number = 1`,
    'the export that they tell of',
  ],
])('%s is found', async (_, lie, expected) => {
  await Promise.all([office.destroy(), floor.close()]);
  const copy = await database.clone();
  try {
    await withSuperuser(async (superuser) => {
      await superuser.query('set session_replication_role = replica');
      await superuser.query(lie);
    }, copy.superuserUrl);
    const { violations } = await audit(copy.urlOf('auditor'));
    const found = violations.filter(({ invariant }) => invariant === 'A17');
    expect(found.map((one) => `${one.found} | ${one.expected}`).join('\n')).toContain(expected);
  } finally {
    await copy.drop();
  }
});
