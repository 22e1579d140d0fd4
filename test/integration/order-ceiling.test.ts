import { appendEvent, beginAct as beginOf } from '../../adapters/postgres/ledger';
import { rememberingOrderRefusal } from '../../adapters/postgres/order-refusals';
import { claimUnits } from '../../adapters/postgres/claims';
import { closeShipment } from '../../adapters/postgres/shipments';
import { register as setOrder } from '../../cli/order-set';
import { register as showOrder } from '../../cli/order-show';
import { audit } from '../../tools/audit/audit';
import { leaseOf, openRefusalScene, refusalOf, type RefusalScene } from '../support/refusals';
import { openTestBatch, type ShopFloor, type TestBatch } from '../support/shop-floor';
import { typeCommand, type Register, type TypedAnswer } from '../support/type-command';
import { append, decide, walkOn, walkUnit, type Stage, type WalkedUnit } from '../support/walk-unit';

/** An order's quantity is a ceiling over all its batches, also where it is lowered while units are being built. */
let scene: RefusalScene;
let floor: ShopFloor;

beforeAll(async () => {
  scene = await openRefusalScene();
  floor = scene.floor;
});
afterAll(() => scene?.close());

const type = (words: string): Promise<TypedAnswer> =>
  typeCommand(scene.database, [setOrder, showOrder] as Register[], words);

const setQuantity = (batch: TestBatch, quantity: number): Promise<TypedAnswer> =>
  type(`order set PO-${batch.id} --quantity ${quantity} --note fewer --by 17`);

async function unitsOf(upTo: Stage, quantity = 2): Promise<{ batch: TestBatch; units: WalkedUnit[] }> {
  const batch = await openTestBatch(floor, { quantity });
  const units: WalkedUnit[] = [];
  for (let index = 1; index <= quantity; index += 1)
    units.push(await walkUnit(floor, { upTo, batch, index }));
  return { batch, units };
}

async function refusals(batch: TestBatch): Promise<unknown[]> {
  const rows: string[] = await floor
    .as('desk')('unit_events')
    .where({ stream: `order:PO-${batch.id}`, type: 'overproductionRefused' })
    .orderBy('seq')
    .pluck('body');
  return rows.map((body) => JSON.parse(body) as unknown);
}

const packedBody = ({ batch }: WalkedUnit) => ({
  carton: `carton of ${batch.id}`,
  shipment: `SH-${batch.id}`,
});

test('one more than was ordered is not labelled, and the order remembers the refusal once', async () => {
  const { batch, units } = await unitsOf('provision');
  const [first, second] = units as [WalkedUnit, WalkedUnit];
  await walkOn(floor, first, 'label', 'label');
  const lowered = await setQuantity(batch, 1);
  expect(lowered).toMatchObject({ code: 0, text: `Order PO-${batch.id} is for 1 units.\n` });
  expect(lowered.err).toContain('1 units are too many');
  const lease = await leaseOf(floor, second);
  const begin = (caller: string) =>
    beginOf(floor.as('label-1'), {
      ...{ unitId: second.unitId, intent: 'labelIntended', caller, lease },
      body: { caller, place: lease },
    });
  for (const caller of ['run/1', 'run/2'])
    await expect(begin(caller)).rejects.toMatchObject({ code: 'ORDER_QUANTITY_EXCEEDED' });
  const [serial, unit] = [second.serial, second.unitId];
  expect(await refusals(batch)).toEqual([
    { alive: 2, batch: batch.id, quantity: 1, serial, unit, what: 'labelIntended' },
  ]);
  // The other's place becomes free.
  await decide(floor, first, 'scrapped', { reason: 'dropped', step: 'qc', attempt: 1 });
  expect((await begin('run/3')).done).toBe(false);
  await floor.as('office').raw('select release_slot(?)', [second.unitId]);
});

test('nor is it packed, and the lowered order is raised again', async () => {
  const { batch, units } = await unitsOf('qc');
  const [first, second] = units as [WalkedUnit, WalkedUnit];
  await walkOn(floor, first, 'Packed', 'Packed');
  await setQuantity(batch, 1);
  const pack = () =>
    appendEvent(floor.as('office'), second.unitId, 'packed', `${second.unitId}/packed/1`, packedBody(second));
  await expect(pack()).rejects.toMatchObject({ code: 'ORDER_QUANTITY_EXCEEDED' });
  expect(await refusals(batch)).toMatchObject([{ serial: second.serial, what: 'packed' }]);
  await setQuantity(batch, 2);
  expect((await pack()).state).toBe('Packed');
});

test('of what is packed already no more ship than were ordered: the others are taken out', async () => {
  const { batch, units } = await unitsOf('Packed', 3);
  await setQuantity(batch, 2);
  const closed = await closeShipment(floor.as('office'), `SH-${batch.id}`, () => undefined);
  const out = closed.filter(({ obstacle }) => obstacle !== null);
  expect(out).toEqual([{ serial: expect.any(String), obstacle: expect.stringContaining('is for 2 units') }]);
  expect(await refusals(batch)).toMatchObject([{ serial: out[0]!.serial, what: 'shipped', alive: 3 }]);
  const shown = await type(`order show PO-${batch.id}`);
  expect(shown.text.replace(/ +/g, ' ')).toContain(
    ' ordered 2\n building 0\n in stock 1\n shipped 2\n outstanding 0\n too many 1\n',
  );
  expect((await setQuantity(batch, 1)).err).toContain('2 have shipped');
  expect(units).toHaveLength(3);
});

test('one that was missing and whose place is taken is not found again, and one is not claimed', async () => {
  const { batch, units } = await unitsOf('assign');
  const [first] = units as [WalkedUnit];
  await decide(floor, first, 'missing', { reason: 'not on the shelf' });
  await setQuantity(batch, 1);
  const find = () =>
    appendEvent(floor.as('office'), first.unitId, 'found', 'decision/found-1', { by: '17', place: 'a box' });
  await expect(find()).rejects.toMatchObject({ code: 'ORDER_QUANTITY_EXCEEDED' });
  const further = await openTestBatch(floor, { quantity: 2, orderQuantity: 2 });
  await setQuantity(further, 1);
  const claims = [further.claimAt(1), further.claimAt(2)];
  const asked = { order: `PO-${further.id}`, batch: further.id, what: 'claim', units: 2 } as const;
  const office = floor.as('office');
  const claiming = rememberingOrderRefusal(office, asked, claimUnits(office, further.id, claims));
  await expect(claiming).rejects.toMatchObject({ code: 'ORDER_QUANTITY_EXCEEDED' });
  expect(await refusals(batch)).toMatchObject([{ serial: first.serial, what: 'found' }]);
  expect(await refusals(further)).toMatchObject([{ asked: 2, what: 'claim', quantity: 1, alive: 0 }]);
});

test('what is not refused is not remembered', async () => {
  const { batch, units } = await unitsOf('qc', 1);
  const told = await floor
    .as('office')
    .raw<{ rows: { remembered: boolean }[] }>('select remember_refusal(?, ?) as remembered', [
      units[0]!.unitId,
      'packed',
    ]);
  expect(told.rows).toEqual([{ remembered: false }]);
  expect(await refusals(batch)).toEqual([]);
  // No event of the order is anybody's to append.
  const lie = () => append(floor, 'office', units[0]!.unitId, 'overproductionRefused', 'x', {});
  expect(await refusalOf(floor, units[0]!, lie)).toBe('UT007');
});

test('the auditor finds every promise kept', async () => {
  expect((await audit(scene.database.urlOf('auditor'))).violations).toEqual([]);
});
