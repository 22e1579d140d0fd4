import { canonicalJson } from '../../domain/canonical';
import { createTestDatabase, type TestDatabase } from './database';
import { applySmallPlant, openShopFloor, openTestBatch, type ShopFloor, type TestBatch } from './shop-floor';
import { sampleRecipe } from './unit-facts';
import { beginAct, decide, holdUnit, testBody, walkOn, walkUnit, type WalkedUnit } from './walk-unit';

/** Units in every kind of standing, for tests of what is read and shown. */
export interface UnitScene {
  readonly database: TestDatabase;
  readonly floor: ShopFloor;
  /** acme, DE: two units shipped, one held after a failed test, one at flash, one on quality hold, one scrapped. */
  readonly batch: TestBatch;
  readonly shipped: WalkedUnit;
  readonly alsoShipped: WalkedUnit;
  readonly held: WalkedUnit;
  readonly assigned: WalkedUnit;
  readonly onHold: WalkedUnit;
  readonly scrapped: WalkedUnit;
  /** borealis: one unit that is ready to ship, of another board in nothing but its batch. */
  readonly ready: WalkedUnit;
  close(): Promise<void>;
}

export async function openUnitScene(): Promise<UnitScene> {
  const database = await createTestDatabase();
  const floor = openShopFloor(database);
  const close = (): Promise<void> => floor.close().then(() => database.drop());
  try {
    return { database, floor, close, ...(await walkUnits(floor)) };
  } catch (error) {
    await close();
    throw error;
  }
}

async function walkUnits(floor: ShopFloor): Promise<Omit<UnitScene, 'database' | 'floor' | 'close'>> {
  await applySmallPlant(floor);
  const batch = await openTestBatch(floor, { id: 'B2647-01', order: 'PO-4711', quantity: 6 });
  const shipped = await walkUnit(floor, { upTo: 'Packed', batch, index: 1 });
  const alsoShipped = await walkUnit(floor, { upTo: 'Packed', batch, index: 2 });
  await walkOn(floor, shipped, 'Shipped', 'Shipped');
  const held = await walkUnit(floor, { upTo: 'flash', batch, index: 3 });
  await failTest(floor, held);
  const assigned = await walkUnit(floor, { upTo: 'assign', batch, index: 4 });
  const onHold = await walkUnit(floor, { upTo: 'claim', batch, index: 5 });
  await decide(floor, onHold, 'holdOpened', { hold: 'QH-1', reason: 'suspect reel' });
  const scrapped = await walkUnit(floor, { upTo: 'assign', batch, index: 6 });
  await decide(floor, scrapped, 'scrapped', { reason: 'broken board', step: 'flash', attempt: 1 });
  const other = await openTestBatch(floor, { id: 'B2647-02', buyer: 'borealis', quantity: 1 });
  const ready = await walkUnit(floor, { upTo: 'qc', batch: other });
  return { batch, shipped, alsoShipped, held, assigned, onHold, scrapped, ready };
}

async function failTest(floor: ShopFloor, unit: WalkedUnit): Promise<void> {
  const act = await beginAct(floor, unit, 'test', 'testIntended');
  await act.note('testFailed', 'outcome', testBody(3.5, 'FAIL'));
  await act.note('stepFailed', 'failed', {
    part: 'test',
    code: 'TEST_FAILED',
    message: 'missed a limit',
    detail: {},
  });
  await holdUnit(floor, unit, 'TEST_FAILED');
}

/** The same serial once more, in the namespace of the buyer. */
export async function claimForBuyer(floor: ShopFloor, serial: string): Promise<string> {
  const changes = {
    issuers: [{ id: 'acme', kind: 'buyer' }],
    buyers: [],
    operators: [],
    stations: [],
    objects: [],
  };
  await floor
    .as('desk')
    .raw('select apply_plant(?, ?, ?::jsonb)', ['{}', 'an issuer', JSON.stringify(changes)]);
  const id = `B-acme-${serial}`;
  const order = {
    batch: id,
    order: `PO-${id}`,
    product: 'EUDV',
    quantity: 1,
    buyer: 'acme',
    destination: 'FR',
  };
  const document = {
    ...order,
    firmware: '1.4.2',
    boardBatch: 'PB-1',
    boardLot: 'PCB-1',
    components: {},
    attributes: {},
  };
  await listNumber(floor, serial);
  const range = {
    scope: 'list:acme',
    first: 1,
    last: 1,
    runLength: 1,
    version: 1,
    pattern: 'list',
    dateParts: '{}',
  };
  const grants = [{ kind: 'serial', name: `acme-${serial}`, issuer: 'acme', ...range }];
  const recipe = canonicalJson(sampleRecipe);
  const values = [
    id,
    canonicalJson(document),
    recipe,
    sampleRecipe.firmware.sha256,
    1,
    false,
    id,
    JSON.stringify(grants),
    '17',
  ];
  const office = floor.as('office');
  await office.raw('select open_batch(?, ?, ?, ?, ?, ?, ?, ?::jsonb, ?)', values);
  const block = await office('blocks').where({ batch_id: id }).first('id');
  const claims = JSON.stringify([{ index: 1, block: Number(block.id), ordinal: 0, value: serial }]);
  const answer = await office.raw<{ rows: { unit_id: string }[] }>(
    'select unit_id from claim_units(?, ?::jsonb)',
    [id, claims],
  );
  return answer.rows[0]!.unit_id;
}

/** Claims every unit of the batch, a hundred at a time. */
export async function claimAll(floor: ShopFloor, batch: TestBatch): Promise<void> {
  for (let from = 1; from <= batch.quantity; from += 100) {
    const size = Math.min(100, batch.quantity - from + 1);
    const claims = Array.from({ length: size }, (_, at) => batch.claimAt(from + at));
    await floor
      .as('office')
      .raw('select count(*) from claim_units(?, ?::jsonb)', [batch.id, JSON.stringify(claims)]);
  }
}

/** A list of the buyer's with this one number. */
async function listNumber(floor: ShopFloor, serial: string): Promise<void> {
  await floor.as('desk').transaction(async (trx) => {
    const open = await trx.raw<{ rows: { space: string }[] }>(
      'select open_number_list(?, ?, null, ?, ?, ?, ?) as space',
      ['acme', `acme-${serial}`, 'numbers.csv', '0'.repeat(64), 'all of it', '17'],
    );
    const { space } = open.rows[0]!;
    await trx.raw('select add_listed_numbers(?, 1, ?::text[])', [space, [serial]]);
    await trx.raw('select close_number_list(?)', [space]);
  });
}
