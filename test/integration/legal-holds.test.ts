import type { Database } from '../../adapters/postgres/database';
import { createTestDatabase, withSuperuser, type TestDatabase } from '../support/database';
import { shipBatch } from '../support/exports';
import { applyPolicy } from '../support/retention';
import { applySmallPlant, openShopFloor, openTestBatch, type ShopFloor } from '../support/shop-floor';
import { sampleRecipe } from '../support/unit-facts';
import { decide, walkUnit, type WalkedUnit } from '../support/walk-unit';

/** What a legal hold covers: any unit that fits what it is about, whenever it comes to fit. */
let database: TestDatabase;
let floor: ShopFloor;
let office: Database;

beforeAll(async () => {
  database = await createTestDatabase();
  floor = openShopFloor(database);
  office = floor.as('office');
  await applySmallPlant(floor);
  await applyPolicy(floor);
});
afterAll(async () => {
  await floor?.close();
  await database?.drop();
});

let holds = 0;

/** Serials of the units that a new hold on it covers. */
async function heldBy(kind: string, value: string): Promise<string[]> {
  const id = `H-${(holds += 1)}`;
  const add = 'select add_legal_hold(?, ?, ?, null, ?, ?)';
  await floor.as('desk').raw(add, [id, kind, value, 'a claim', '17']);
  return onHold(id);
}

const onHold = (id: string): Promise<string[]> =>
  office('units_on_legal_hold as h')
    .join('units as u', 'u.id', 'h.unit_id')
    .where('h.hold_id', id)
    .distinct('u.serial')
    .orderBy('u.serial')
    .pluck('u.serial');

/** What only time, another plant or another order would bring about. */
const make = (sql: string, ...values: unknown[]): Promise<void> =>
  withSuperuser(async (client) => {
    await client.query('set session_replication_role = replica');
    await client.query(sql, values);
  }, database.superuserUrl);

const serials = (...units: WalkedUnit[]): string[] => units.map(({ serial }) => serial).sort();

test('a hold on a buyer covers all that was made, packed or shipped for it, and what is packed or scrapped later', async () => {
  const { units } = await shipBatch(floor, 1, { buyer: 'cobalt' });
  const batch = await openTestBatch(floor, { buyer: 'cobalt', quantity: 3 });
  const [working, scrapped] = [
    await walkUnit(floor, { batch, index: 1, upTo: 'claim' }),
    await walkUnit(floor, { batch, index: 2, upTo: 'claim' }),
  ];
  await decide(floor, scrapped, 'scrapped', { code: 'test' });
  await shipBatch(floor, 1);
  expect(await heldBy('buyer', 'cobalt')).toEqual(serials(...units, working, scrapped));
  const later = await walkUnit(floor, { batch, index: 3, upTo: 'Packed' });
  expect(await onHold(`H-${holds}`)).toEqual(serials(...units, working, scrapped, later));
});

test('of an order that names no buyer it covers what shipped to the buyer, and all that has not shipped', async () => {
  const of = { order: 'PO-nobody', orderQuantity: 10, buyer: 'borealis' };
  const first = await openTestBatch(floor, { ...of, quantity: 2 });
  const scrapped = await walkUnit(floor, { batch: first, index: 1, upTo: 'claim' });
  await decide(floor, scrapped, 'scrapped', { code: 'test' });
  const packed = await walkUnit(floor, { batch: first, index: 2, upTo: 'qc' });
  const second = await openTestBatch(floor, { ...of, quantity: 1 });
  const working = await walkUnit(floor, { batch: second, upTo: 'claim' });
  const foreign = (await shipBatch(floor, 1, { ...of, buyer: 'acme' })).units;
  await make(`update batches set buyer = null where order_id = $1`, of.order);
  expect(await heldBy('buyer', 'borealis')).toEqual([]);
  // One unit is packed for the buyer: from then on whatever of the order went to nobody else may be the buyer's.
  await make(`insert into shipments (id, buyer, destination) values ('by-hand', 'borealis', 'DE')`);
  await make(`update units set shipment_id = 'by-hand' where id = $1`, packed.unitId);
  expect(await onHold(`H-${holds}`)).toEqual(serials(scrapped, packed, working));
  expect(await heldBy('buyer', 'acme')).toEqual(expect.arrayContaining(serials(...foreign)));
});

test('a shipment that is opened for a batch without a buyer is enough, and so is a number of the buyer’s own', async () => {
  const batch = await openTestBatch(floor, { quantity: 1 });
  const unit = await walkUnit(floor, { batch, upTo: 'claim' });
  const numbered = await walkUnit(floor, {
    batch: await openTestBatch(floor, { quantity: 1 }),
    upTo: 'claim',
  });
  await make(`update batches set buyer = null where id in ($1, $2)`, batch.id, numbered.batch.id);
  await make(`insert into buyers (id, name, test) values ('dorado', 'Dorado', true)`);
  await make(`insert into issuers (id, kind) values ('dorado', 'buyer')`);
  expect(await heldBy('buyer', 'dorado')).toEqual([]);
  await make(
    `insert into shipments (id, batch_id, buyer, destination) values ('early', $1, 'dorado', 'DE')`,
    batch.id,
  );
  await make(
    `insert into number_spaces (kind, name, issuer, first_number, last_number, next_number)
     values ('serial', 'theirs', 'dorado', 1, 9, 2)`,
  );
  await make(
    `update blocks set space_id = (select id from number_spaces where issuer = 'dorado') where batch_id = $1
       and id = (select block_id from identifiers where unit_id = $2 and kind = 'serial')`,
    ...[numbered.batch.id, numbered.unitId],
  );
  await make(`update units set issuer = 'dorado' where id = $1`, numbered.unitId);
  expect(await onHold(`H-${holds}`)).toEqual(serials(unit, numbered));
});

test('a hold on a release covers units that are pinned to it, have it in the flash, or reported it after shipping', async () => {
  const { version, sha256 } = sampleRecipe.firmware;
  const [reworked, reporting] = [
    await walkUnit(floor, { upTo: 'flash' }),
    (await shipBatch(floor, 1)).units[0]!,
  ];
  expect(await heldBy('firmware', '9.9.9')).toEqual([]);
  await make(
    `insert into field_reports (import_id, position, unit_id, version, reported_at, source, source_row)
     values (1, 1, $1, '9.9.9', date_trunc('milliseconds', now()), 'fleet', 1)`,
    reporting.unitId,
  );
  expect(await onHold(`H-${holds}`)).toEqual(serials(reporting));
  // Pinned to another release by a rework, and not flashed since.
  await make(
    `update units set firmware_version = '8.8.8', firmware_sha256 = $2, flashed_sha256 = $3 where id = $1`,
    ...[reworked.unitId, '0'.repeat(64), sha256],
  );
  expect(await heldBy('firmware', '8.8.8')).toEqual(serials(reworked));
  expect(await heldBy('firmware', version)).toEqual(expect.arrayContaining(serials(reworked, reporting)));
});

test('a hold on a lot covers boards and components of it', async () => {
  const unit = await walkUnit(floor, { upTo: 'flash' });
  for (const lot of ['PCB-2406-17', 'MCU-LOT-7731', 'RADIO-LOT-0093'])
    expect([lot, await heldBy('lot', lot)]).toEqual([lot, expect.arrayContaining([unit.serial])]);
});
