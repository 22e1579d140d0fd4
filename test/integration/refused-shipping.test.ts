import { closeShipment, countShipped } from '../../adapters/postgres/shipments';
import { loadRecordFacts } from '../../adapters/postgres/record-facts';
import { canonicalJson } from '../../domain/canonical';
import { sealedText } from '../../domain/record';
import { withSuperuser } from '../support/database';
import {
  openRefusalScene,
  refusalOf,
  sqlStateOf,
  untilBlocked,
  type RefusalScene,
} from '../support/refusals';
import { openTestBatch, type ShopFloor, type TestBatch } from '../support/shop-floor';
import { tamper } from '../support/tamper';
import { append, decide, stages, walkOn, walkUnit, type WalkedUnit } from '../support/walk-unit';

/** What may not leave the house, and what may not be said of what left: invariant I5 of docs/lifecycle.md. */
let scene: RefusalScene;
let floor: ShopFloor;

beforeAll(async () => {
  scene = await openRefusalScene();
  floor = scene.floor;
});
afterAll(() => scene?.close());

const shipmentOf = ({ id }: TestBatch): string => `SH-${id}`;
const cartonOf = ({ id }: TestBatch): string => `carton of ${id}`;

/** Closes the batch's shipment; how many of its units have shipped by then. */
async function ship(batch: TestBatch): Promise<number> {
  await closeShipment(floor.as('office'), shipmentOf(batch), () => undefined);
  return countShipped(floor.as('office'), shipmentOf(batch));
}

/** The SQLSTATE of packing the unit, into its batch's shipment where nothing else is said. */
function pack(unit: WalkedUnit, where: { carton?: string; shipment?: string } = {}): Promise<string> {
  const body = { carton: cartonOf(unit.batch), shipment: shipmentOf(unit.batch), ...where };
  return scene.tell('office', unit, 'packed', `${unit.unitId}/packed/1/${body.shipment}`, body);
}

async function openShipment(batch: TestBatch, buyer = batch.buyer): Promise<void> {
  const values = [shipmentOf(batch), batch.id, buyer, batch.destination, cartonOf(batch)];
  await floor.as('office').raw('select open_shipment(?, ?, ?, ?, ?)', values);
}

/** A unit that is ready, with its shipment open. */
async function readyUnit(options: { buyer?: string; trial?: boolean } = {}): Promise<WalkedUnit> {
  const batch = await openTestBatch(floor, { quantity: 2, ...options });
  const unit = await walkUnit(floor, { upTo: 'qc', batch });
  await openShipment(batch);
  return unit;
}

const packed = (batch: TestBatch, index: number): Promise<WalkedUnit> =>
  walkUnit(floor, { upTo: 'Packed', batch, index });

const stateOf = async ({ unitId }: WalkedUnit) =>
  floor
    .as('office')('units')
    .where({ id: unitId })
    .first('state', 'step', 'shipment_id as shipment', 'carton');

describe('no unit is packed', () => {
  it.each(stages.slice(0, stages.indexOf('qc')))('that has only come to %s', async (stage) => {
    const unit = await scene.unitAfter(stage);
    await openShipment(unit.batch);
    expect(await pack(unit)).toBe('UT001');
  });

  it.each([
    ['that has no QC', 'qc_seq = null'],
    ['whose QC is older than a rework', 'rework_seq = qc_seq + 1'],
    ['whose QC is older than its last flash', 'flashed_seq = qc_seq + 1'],
  ])('%s, whatever state the row says', async (_why, change) => {
    const unit = await readyUnit();
    await tamper(scene.database, (su) => su.query(`update units set ${change} where id = $1`, [unit.unitId]));
    expect(await pack(unit)).toBe('UT002');
  });

  it('of a trial batch', async () => {
    expect(await pack(await readyUnit({ trial: true }))).toBe('UT002');
  });

  it('that is simulated, for anybody but a test buyer', async () => {
    expect(await pack(await readyUnit({ buyer: 'borealis' }))).toBe('UT002');
    expect(await pack(await readyUnit({ buyer: 'acme' }))).toBe('allowed');
  });

  it('that is on a quality hold', async () => {
    const unit = await readyUnit();
    await decide(floor, unit, 'holdOpened', { hold: 'Q1', reason: 'capacitors' });
    expect(await pack(unit)).toBe('UT006');
    await decide(floor, unit, 'holdReleased', { hold: 'Q1' });
    expect(await pack(unit)).toBe('allowed');
  });

  it('into a carton or a shipment that is not open, or twice', async () => {
    const unit = await readyUnit();
    expect(await pack(unit, { carton: 'another' })).toBe('UT002');
    expect(await pack(unit, { shipment: 'SH-nowhere' })).toBe('UT002');
    const other = await readyUnit();
    expect(await pack(other)).toBe('allowed');
    await ship(other.batch);
    expect(await pack(unit, { shipment: shipmentOf(other.batch), carton: cartonOf(other.batch) })).toBe(
      'UT002',
    );
    expect(await pack(unit)).toBe('allowed');
    const again = { carton: cartonOf(unit.batch), shipment: shipmentOf(unit.batch) };
    expect(await scene.tell('office', unit, 'packed', 'decision/twice', again)).toBe('UT001');
  });
});

describe('cartons and pallets', () => {
  const call = (sql: string, ...values: (string | number | null)[]): Promise<string> =>
    sqlStateOf(floor.as('office').raw(`select ${sql}`, values as string[]));
  const openCarton = (shipment: string, carton: string, pallet: string | null, capacity: number) =>
    call('open_carton(?, ?, ?, ?, ?)', shipment, carton, pallet, capacity, '17');
  const shipmentFor = (id: string, buyer: string) =>
    call('create_shipment(?, null, ?, ?, null, null, ?)', id, buyer, 'FR', '17');
  const [pallet, carton, second] = ['095060000000000018', '095060000000000025', '095060000000000032'];

  it('take no more than their capacity, in one shipment alone', async () => {
    const batch = await openTestBatch(floor, { quantity: 2 });
    const units = [
      await walkUnit(floor, { upTo: 'qc', batch, index: 1 }),
      await walkUnit(floor, { upTo: 'qc', batch, index: 2 }),
    ] as const;
    expect(await shipmentFor('SH-box', 'acme')).toBe('allowed');
    expect(await call('open_pallet(?, ?, 1, ?)', 'SH-box', pallet, '17')).toBe('allowed');
    expect(await openCarton('SH-box', carton, pallet, 1)).toBe('allowed');
    expect(await openCarton('SH-box', second, pallet, 1)).toBe('UT001');
    expect(await openCarton('SH-box', pallet, null, 1)).toBe('UT003');
    expect(await openCarton('SH-box', '4711', null, 1)).toBe('UT007');
    expect(await openCarton('SH-box', second, null, 1)).toBe('allowed');
    expect(await call('place_carton(?, ?, ?, ?)', second, pallet, '17', 'p1')).toBe('UT001');
    expect(await pack(units[0], { carton, shipment: 'SH-box' })).toBe('allowed');
    expect(await pack(units[1], { carton, shipment: 'SH-box' })).toBe('UT001');
    await openShipment(batch);
    expect(await pack(units[1], { carton, shipment: shipmentOf(batch) })).toBe('UT002');
    expect(await pack(units[1], { carton: second, shipment: 'SH-box' })).toBe('allowed');
    const [out, id] = ['wrong carton', `${units[1].unitId}/1`];
    const back = canonicalJson({ by: '17', carton, shipment: 'SH-box' });
    expect(await call('repack_unit(?, ?, ?, ?)', units[1].unitId, back, out, id)).toBe('UT001');
    expect(await stateOf(units[1])).toMatchObject({ state: 'Packed', carton: second });
    expect(await call('cancel_shipment(?, ?, ?)', 'SH-box', '17', 'not wanted')).toBe('UT021');
    const closed = await closeShipment(floor.as('office'), 'SH-box', () => undefined);
    expect(closed).toMatchObject([{ obstacle: null }, { obstacle: null }]);
    expect(await openCarton('SH-box', '095060000000000049', null, 1)).toBe('UT001');
  });

  it('of a shipment for one buyer take no unit that was made for another', async () => {
    const unit = await readyUnit({ buyer: 'acme' });
    await tamper(scene.database, (su) => su.query(`update buyers set test = true where id = 'borealis'`));
    expect(await shipmentFor('SH-other', 'borealis')).toBe('allowed');
    expect(await openCarton('SH-other', '095060000000000056', null, 9)).toBe('allowed');
    expect(await pack(unit, { carton: '095060000000000056', shipment: 'SH-other' })).toBe('UT002');
    await tamper(scene.database, (su) => su.query(`update buyers set test = false where id = 'borealis'`));
    expect(await call('cancel_shipment(?, ?, ?)', 'SH-other', '17', 'not wanted')).toBe('allowed');
    expect(await pack(unit, { carton: '095060000000000056', shipment: 'SH-other' })).toBe('UT002');
  });

  it('take no unit whose label was scanned as another one than QC saw', async () => {
    const unit = await readyUnit();
    const body = { carton: cartonOf(unit.batch), shipment: shipmentOf(unit.batch) };
    const label = { gtin: '09506000134352', print: 1, serial: unit.serial };
    const scanned = (found: object) =>
      scene.tell('office', unit, 'packed', `${unit.unitId}/packed/scan`, { ...body, by: '17', label: found });
    expect(await scanned({ ...label, print: 2 })).toBe('UT002');
    expect(await scanned({ ...label, serial: 'EUDV2647-999999' })).toBe('UT002');
    expect(await scanned(label)).toBe('allowed');
  });
});

describe('packing and closing at once', () => {
  it('leave no unit in a shipment that has left: one waits for the other', async () => {
    const batch = await openTestBatch(floor, { quantity: 2 });
    await packed(batch, 1);
    const late = await walkUnit(floor, { upTo: 'qc', batch, index: 2 });
    const trx = await floor.as('office').transaction();
    const body = canonicalJson({ carton: cartonOf(batch), shipment: shipmentOf(batch) });
    const key = `${late.unitId}/packed/1/${shipmentOf(batch)}`;
    await trx.raw('select append_event(?, ?, ?, ?)', [`unit:${late.unitId}`, 'packed', key, body]);
    const closing = ship(batch);
    await untilBlocked(scene.database);
    await trx.commit();
    expect(await closing).toBe(2);
  });

  it('refuse the packing that comes while the shipment is being closed', async () => {
    const batch = await openTestBatch(floor, { quantity: 2 });
    await packed(batch, 1);
    const late = await walkUnit(floor, { upTo: 'qc', batch, index: 2 });
    const trx = await floor.as('office').transaction();
    const shipped = await trx.raw<{ rows: { unit_id: string }[] }>('select unit_id from ship_units(?)', [
      shipmentOf(batch),
    ]);
    const packing = pack(late);
    await untilBlocked(scene.database);
    await seal(
      trx,
      shipped.rows.map((row) => row.unit_id),
    );
    await trx.commit();
    expect(await packing).toBe('UT002');
    expect(await stateOf(late)).toMatchObject({ state: 'ReadyToShip' });
  });
});

describe('what was packed and may not leave', () => {
  it('is taken out with the reason, and the others ship', async () => {
    const batch = await openTestBatch(floor, { quantity: 3 });
    const [good, onHold, changed] = [await packed(batch, 1), await packed(batch, 2), await packed(batch, 3)];
    await decide(floor, onHold, 'holdOpened', { hold: 'Q1', reason: 'capacitors' });
    await tamper(scene.database, (su) =>
      su.query('update units set rework_seq = qc_seq + 1 where id = $1', [changed.unitId]),
    );
    expect(await ship(batch)).toBe(1);
    expect(await stateOf(good)).toMatchObject({ state: 'Shipped' });
    expect(await eventsOf(`shipment:${shipmentOf(batch)}`, 'shipmentClosed')).toMatchObject([
      { units: 1, takenOutCount: 2 },
    ]);
    const out = { state: 'ReadyToShip', step: 'ship', shipment: null, carton: null };
    expect([await stateOf(onHold), await stateOf(changed)]).toEqual([out, out]);
    expect(await lastOf(onHold)).toEqual({
      type: 'unpacked',
      body: { reason: 'on quality hold', shipment: shipmentOf(batch) },
    });
    expect(await lastOf(changed)).toMatchObject({
      type: 'unpacked',
      body: { reason: expect.stringContaining('QC newer') },
    });
  });

  it('leaves the shipment open where nothing is left of it', async () => {
    const unit = await readyUnit();
    expect(await pack(unit)).toBe('allowed');
    await decide(floor, unit, 'holdOpened', { hold: 'Q1', reason: 'capacitors' });
    expect(await ship(unit.batch)).toBe(0);
    const stream = `shipment:${shipmentOf(unit.batch)}`;
    expect(await eventsOf(stream, 'shipmentEmptied')).toEqual([
      { takenOut: [{ reason: 'on quality hold', serial: unit.serial }], takenOutCount: 1 },
    ]);
    await decide(floor, unit, 'holdReleased', { hold: 'Q1' });
    await append(floor, 'office', unit.unitId, 'packed', `${unit.unitId}/packed/2`, {
      carton: cartonOf(unit.batch),
      shipment: shipmentOf(unit.batch),
    });
    expect(await ship(unit.batch)).toBe(1);
  });

  it('whose record tells another print than QC saw is taken out', async () => {
    const [unit, other] = [await readyUnit(), await readyUnit()];
    for (const one of [unit, other]) expect(await pack(one)).toBe('allowed');
    await tamper(scene.database, (su) =>
      su.query('update units set label_print = 2 where id = $1', [unit.unitId]),
    );
    expect(await ship(unit.batch)).toBe(0);
    expect(await lastOf(unit)).toMatchObject({
      body: { reason: 'its QC saw print 1, and print 2 is on record' },
    });
  });

  it('is taken out where its buyer turned out to be no test buyer', async () => {
    const unit = await readyUnit();
    expect(await pack(unit)).toBe('allowed');
    await tamper(scene.database, (su) => su.query(`update buyers set test = false where id = 'acme'`));
    try {
      expect(await ship(unit.batch)).toBe(0);
    } finally {
      await tamper(scene.database, (su) => su.query(`update buyers set test = true where id = 'acme'`));
    }
    expect(await lastOf(unit)).toMatchObject({
      type: 'unpacked',
      body: { reason: expect.stringContaining('test buyer') },
    });
  });

  it('was scrapped or lost on the way: it is in no carton any more', async () => {
    const [scrapped, missing] = [await readyUnit(), await readyUnit()];
    for (const unit of [scrapped, missing]) await pack(unit);
    await decide(floor, scrapped, 'scrapped', { reason: 'fell off the fork-lift' });
    await decide(floor, missing, 'missing', { reason: 'not in its carton' });
    expect(await stateOf(scrapped)).toMatchObject({ state: 'Scrapped', shipment: null, carton: null });
    expect(await stateOf(missing)).toMatchObject({ state: 'Missing', shipment: null, carton: null });
    expect([await ship(scrapped.batch), await ship(missing.batch)]).toEqual([0, 0]);
  });
});

describe('nothing ships unsealed', () => {
  it('at commit, not even behind a temporary table with the name of the records', async () => {
    const unit = await readyUnit();
    expect(await pack(unit)).toBe('allowed');
    const before = await stateOf(unit);
    const sqlState = await withSuperuser(async (office) => {
      await office.query('create temporary table records (unit_id uuid)');
      await office.query('insert into records select id from units');
      await office.query('begin');
      await office.query('select ship_units($1)', [shipmentOf(unit.batch)]);
      return sqlStateOf(office.query('commit'));
    }, scene.database.urlOf('office'));
    expect(sqlState).toBe('UT002');
    expect(await stateOf(unit)).toEqual(before);
  });

  it.each([
    ['another serial', { serial: 'EUDV2647-999999' }],
    ['another issuer', { issuer: 'acme' }],
    ['another product', { product: 'OTHER' }],
    ['another chip', { chipUid: '00' }],
    ['other addresses', { macs: [] }],
    ['other firmware', { firmware: { version: '9.9.9', sha256: 'f'.repeat(64) } }],
    ['another certificate', { provisioning: { certificateSha256: '0'.repeat(64) } }],
    ['a test that did not pass', { test: { verdict: 'FAIL' } }],
    ['that it is a real one', { simulated: false }],
    ['another buyer', { shipment: { buyer: 'borealis' } }],
    ['another history', { history: { events: 1, head: '00' } }],
    ['nothing', { format: null }],
  ])('with a record that says %s', async (_what, lie) => {
    const unit = await readyUnit();
    expect(await pack(unit)).toBe('allowed');
    const trx = await floor.as('office').transaction();
    try {
      await trx.raw('select ship_units(?)', [shipmentOf(unit.batch)]);
      const [facts] = await loadRecordFacts(trx, [unit.unitId]);
      const record = JSON.parse(sealedText(facts!)) as Record<string, object>;
      const merged = Object.entries(lie).map(([name, value]) => [
        name,
        isMap(value) ? { ...record[name], ...value } : value,
      ]);
      const text = canonicalJson({ ...record, ...Object.fromEntries(merged) });
      expect(
        await sqlStateOf(trx.raw('select seal_record(?, ?, ?)', [unit.unitId, text, Buffer.alloc(32)])),
      ).toBe('UT002');
    } finally {
      await trx.rollback();
    }
    expect(await stateOf(unit)).toMatchObject({ state: 'Packed' });
  });

  it('before it ships, and no record is sealed twice', async () => {
    const unit = await readyUnit();
    const sealText = 'select seal_record(?, ?, ?)';
    const early = () => floor.as('office').raw(sealText, [unit.unitId, '{}', Buffer.alloc(32)]);
    expect(await refusalOf(floor, unit, early)).toBe('UT002');
    await walkOn(floor, unit, 'Packed', 'Shipped');
    const { body } = await floor.as('office')('records').where({ unit_id: unit.unitId }).first('body');
    const again = () => floor.as('office').raw(sealText, [unit.unitId, body as string, Buffer.alloc(32)]);
    expect(await refusalOf(floor, unit, again)).toBe('23505');
  });
});

describe('a shipment', () => {
  it('that is closed ships nothing more, however often it is closed', async () => {
    const unit = await readyUnit();
    await walkOn(floor, unit, 'Packed', 'Shipped');
    const events = () =>
      floor
        .as('office')('unit_events')
        .where({ stream: `shipment:${shipmentOf(unit.batch)}` })
        .orderBy('seq')
        .pluck('type');
    expect(await ship(unit.batch)).toBe(1);
    expect(await events()).toEqual(['shipmentOpened', 'shipmentClosed']);
  });

  it('keeps its buyer and country: another opening under its id is refused', async () => {
    const batch = await openTestBatch(floor, { quantity: 1 });
    await openShipment(batch);
    expect(await sqlStateOf(openShipment(batch))).toBe('allowed');
    expect(await sqlStateOf(openShipment(batch, 'borealis'))).toBe('UT003');
  });

  it('is no way out of the end: a shipped unit stays shipped', async () => {
    const unit = await readyUnit();
    await walkOn(floor, unit, 'Packed', 'Shipped');
    for (const type of ['reworked', 'scrapped', 'missing', 'unpacked', 'packed', 'held', 'holdOpened']) {
      const told = { by: '17', step: 'label', reason: 'x', hold: 'Q', code: 'X' };
      expect({
        type,
        sqlState: await scene.tell('office', unit, type, `decision/out-${type}`, told),
      }).toEqual({ type, sqlState: 'UT001' });
    }
  });
});

async function seal(trx: Parameters<typeof loadRecordFacts>[0], unitIds: readonly string[]): Promise<void> {
  for (const facts of await loadRecordFacts(trx, unitIds)) {
    await trx.raw('select seal_record(?, ?, ?)', [facts.unit.unitId, sealedText(facts), Buffer.alloc(32)]);
  }
}

async function lastOf({ unitId }: WalkedUnit): Promise<{ type: string; body: unknown }> {
  const row = await floor
    .as('office')('unit_events')
    .where({ stream: `unit:${unitId}` })
    .orderBy('seq', 'desc')
    .first('type', 'body');
  return { type: row.type, body: JSON.parse(row.body) };
}

async function eventsOf(stream: string, type: string): Promise<unknown[]> {
  const rows = await floor.as('office')('unit_events').where({ stream, type }).orderBy('seq').pluck('body');
  return rows.map((body: string) => JSON.parse(body) as unknown);
}

function isMap(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
