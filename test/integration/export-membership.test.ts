import { correctRecord, recordReturn } from '../../adapters/postgres/amendments';
import { openDatabase, type Database } from '../../adapters/postgres/database';
import { createExportSource } from '../../adapters/postgres/export-source';
import { dueItems, findExport, openExport, openExtract, openReissue } from '../../adapters/postgres/exports';
import { createTestDatabase, type TestDatabase } from '../support/database';
import { all, asOf, itemsOf, returnNumbers, shipBatch, testLook } from '../support/exports';
import { sqlStateOf } from '../support/refusals';
import { applySmallPlant, openShopFloor, openTestBatch, type ShopFloor } from '../support/shop-floor';
import { decide, walkUnit } from '../support/walk-unit';

/** Which item is in which export: each one in exactly one of its buyer's sequence. */
let database: TestDatabase;
let floor: ShopFloor;
let office: Database;

beforeAll(async () => {
  database = await createTestDatabase();
  floor = openShopFloor(database);
  office = openDatabase(database.urlOf('office'), { applicationName: 'test-exports', maxConnections: 4 });
  await applySmallPlant(floor);
});
afterAll(async () => {
  await office?.destroy();
  await floor?.close();
  await database?.drop();
});

let requests = 0;
const open = (buyer: string, look = testLook(), request = `r${(requests += 1)}`): Promise<string | null> =>
  openExport(office, buyer, { request, asOf, look });

test('an export takes what shipped to its buyer and is in none yet, and the next one goes on from there', async () => {
  const { units } = await shipBatch(floor, 2);
  expect(await dueItems(office, 'acme')).toEqual({ units: 2, amendments: 0, numbers: 0 });
  expect(await open('borealis')).toBeNull();
  const first = await open('acme');
  expect(first).toBe('acme-000001');
  expect(await itemsOf(office, first!)).toEqual(units.map(({ serial }) => `record ${serial}`));
  expect(await open('acme')).toBeNull();
  const { units: later } = await shipBatch(floor, 1);
  expect(await open('acme')).toBe('acme-000002');
  expect(await itemsOf(office, 'acme-000002')).toEqual(later.map(({ serial }) => `record ${serial}`));
  expect(await findExport(office, 'acme-000002')).toMatchObject({
    ...{ number: 2, predecessor: 'acme-000001', kind: 'sequence', state: 'opened' },
    counts: { units: 1, amendments: 0, numbers: 0 },
  });
});

test('the same request finds the export that it opened, also when the look has changed since', async () => {
  await shipBatch(floor, 1);
  const id = await open('acme', testLook(), 'again');
  await shipBatch(floor, 1);
  expect(await open('acme', testLook({ naming: 'x-{export}' }), 'again')).toBe(id);
  expect((await findExport(office, id!)).look.naming).toBe('{buyer}-{export}');
  expect(await open('acme')).not.toBe(id);
});

test('two that open at once share the items between them, and their numbers have no hole', async () => {
  await shipBatch(floor, 2);
  const before = Number((await open('acme', testLook(), 'before'))!.slice(-6));
  await shipBatch(floor, 1);
  const ids = await Promise.all(['a', 'b', 'c'].map((request) => open('acme', testLook(), request)));
  expect(ids.filter((id) => id !== null)).toEqual([`acme-${String(before + 1).padStart(6, '0')}`]);
});

test('what was said after the sealing travels in the next export, each word of it once, in the order of the history', async () => {
  const { units } = await shipBatch(floor, 1);
  await open('acme');
  const { unitId, serial } = units[0]!;
  const desk = floor.as('desk');
  const { sha256: record } = await desk('records').where({ unit_id: unitId }).first('sha256');
  const wrong = { record, field: 'boardLot', was: 'PCB-2406-17', value: 'PCB-0007' };
  await correctRecord(desk, unitId, { ...wrong, reason: 'mistyped', by: '17' });
  await recordReturn(desk, unitId, { rma: 'RMA-1', condition: 'dead', reason: 'no power', by: '23' });
  expect(await dueItems(office, 'acme')).toEqual({ units: 0, amendments: 2, numbers: 0 });
  const id = (await open('acme'))!;
  const told = await all(createExportSource(office, await findExport(office, id)).amendments());
  expect(told.map((row) => [row.serial, row.type])).toEqual([
    [serial, 'recordCorrected'],
    [serial, 'unitReturned'],
  ]);
  expect(JSON.parse(told[0]!.body)).toMatchObject(wrong);
  expect(await open('acme')).toBeNull();
});

test('numbers that came to no shipped unit are told once, and a missing one again when it is scrapped', async () => {
  const batch = await openTestBatch(floor, { quantity: 3 });
  const [scrapped, missing, found] = await Promise.all(
    [1, 2, 3].map((index) => walkUnit(floor, { batch, index, upTo: 'assign' })),
  );
  await decide(floor, scrapped!, 'scrapped', { code: 'test' });
  await decide(floor, missing!, 'missing');
  await decide(floor, found!, 'missing');
  const first = (await open('acme'))!;
  const numbers = await all(createExportSource(office, await findExport(office, first)).numbers());
  expect(numbers.filter(({ kind }) => kind === 'serial')).toEqual([
    expect.objectContaining({
      issuer: 'unitrail',
      value: scrapped!.serial,
      fate: 'scrapped',
      reason: 'test',
    }),
    expect.objectContaining({ value: missing!.serial, fate: 'missing', batch: batch.id }),
    expect.objectContaining({ value: found!.serial, fate: 'missing', reason: null }),
  ]);
  expect(numbers.filter(({ kind }) => kind === 'mac').map(({ value }) => value)).toHaveLength(6);
  await decide(floor, missing!, 'scrapped', { code: 'lost' });
  await decide(floor, found!, 'found');
  await decide(floor, found!, 'missing');
  const second = (await open('acme'))!;
  const later = await all(createExportSource(office, await findExport(office, second)).numbers());
  expect(later.map(({ value, fate }) => [value, fate])).toEqual([
    ...missing!.macs.map((mac) => [mac, 'scrapped']),
    [missing!.serial, 'scrapped'],
  ]);
});

test('a buyer that declines reports gets none, and all of them once it wants them', async () => {
  const unit = await walkUnit(floor, { upTo: 'claim' });
  await decide(floor, unit, 'scrapped', { code: 'other' });
  expect(await open('acme', testLook({ include: { scrapped: false, unused: true } }))).toBeNull();
  expect(await itemsOf(office, (await open('acme'))!)).toEqual([`number ${unit.serial} scrapped other`]);
});

test('numbers of a trial are nobody’s, and those that a scheme skips are told to the buyer of their batch', async () => {
  const trial = await openTestBatch(floor, { quantity: 1, trial: true });
  const unit = await walkUnit(floor, { batch: trial, upTo: 'claim' });
  await decide(floor, unit, 'scrapped', { code: 'other' });
  const batch = await openTestBatch(floor, { quantity: 1, buyer: 'borealis' });
  const voided = { ...batch.claimAt(1), why: 'skipped' };
  await office.raw('select void_numbers(?, ?::jsonb)', [batch.id, JSON.stringify([voided])]);
  expect(await open('acme')).toBeNull();
  expect(await itemsOf(office, (await open('borealis'))!)).toEqual([`number ${voided.value} void skipped`]);
});

test('what is left of a buyer’s list at the end of a cancelled batch is unused', async () => {
  const values = await returnNumbers(floor, 'acme', ['AC-01', 'AC-02', 'AC-03']);
  expect(await itemsOf(office, (await open('acme'))!)).toEqual(
    values.map((value) => `number ${value} unused`),
  );
  expect(await open('acme')).toBeNull();
});

test('a reissue tells the same items again and an extract those of some days; neither counts', async () => {
  const { units } = await shipBatch(floor, 2);
  const original = (await open('acme'))!;
  const again = { request: 'reissue', asOf, look: testLook({ columns: [{ field: 'serial' }] }) };
  const reissue = await openReissue(office, original, again);
  expect(reissue).toBe(`${original}-r1`);
  expect(await openReissue(office, original, again)).toBe(reissue);
  const told = await all(createExportSource(office, await findExport(office, reissue)).records());
  expect(told.map(({ serial }) => serial)).toEqual(units.map(({ serial }) => serial));
  const { units: later } = await shipBatch(floor, 1);
  // From the day of the first of them to that of the last: there may be a midnight between.
  const sealed = await office('records').orderBy('sealed_at').pluck<Date[]>('sealed_at');
  const [from, to] = [sealed[0]!, sealed.at(-1)!].map((at) => at.toISOString().slice(0, 10)) as [
    string,
    string,
  ];
  const days = { from, to, timeZone: 'UTC' };
  const extract = await openExtract(office, 'acme', days, { ...again, request: 'extract' });
  expect(extract).toBe('acme-x0001');
  const extracted = await all(createExportSource(office, await findExport(office, extract)).records());
  expect(extracted.map(({ serial }) => serial)).toEqual(
    expect.arrayContaining([...units, ...later].map(({ serial }) => serial)),
  );
  expect(await itemsOf(office, (await open('acme'))!)).toEqual(later.map(({ serial }) => `record ${serial}`));
  expect(await sqlStateOf(openReissue(office, extract, { ...again, request: 'no' }))).toBe('NOT_ALLOWED');
});

test('membership can not be changed by anybody, and an export only goes on', async () => {
  const owner = openDatabase(database.ownerUrl, { applicationName: 'test-owner', maxConnections: 1 });
  try {
    for (const change of [
      `update export_items set export_id = 'acme-000002'`,
      'delete from export_items',
      `update exports set number = 9 where id = 'acme-000001'`,
      `update exports set state = 'delivered', delivered_at = now() where id = 'acme-000001'`,
      'delete from exports',
    ]) {
      expect(await sqlStateOf(owner.raw(change))).toBe('42501');
      expect(await sqlStateOf(office.raw(change))).toBe('42501');
    }
    const twice = `insert into export_items select 'acme-000002', kind, issuer, identifier, value, seq, unit_id
      from export_items where export_id = 'acme-000001' limit 1`;
    expect(await sqlStateOf(owner.raw(twice))).toBe('23505');
  } finally {
    await owner.destroy();
  }
});
