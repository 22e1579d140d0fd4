import {
  beginBySql,
  kindsOf,
  leaseOf,
  newestTry,
  openRefusalScene,
  placeOf,
  type RefusalScene,
} from '../support/refusals';
import type { ShopFloor } from '../support/shop-floor';
import { tamper } from '../support/tamper';
import { beginAct, testBody } from '../support/walk-unit';

/** What a stolen credential of a station could try, and what a worker that was thought dead still tries. */
let scene: RefusalScene;
let floor: ShopFloor;

beforeAll(async () => {
  scene = await openRefusalScene();
  floor = scene.floor;
});
afterAll(() => scene?.close());

describe('a station', () => {
  it('appends no event of the office, under whatever lease', async () => {
    const unit = await scene.unitAfter('flash');
    await beginAct(floor, unit, 'test', 'testIntended');
    const facts = await newestTry(floor, unit, 'test');
    for (const { type } of kindsOf('office', 'function')) {
      const sqlState = await scene.tell('line-1', unit, type, `decision/${type}`, facts);
      expect({ type, sqlState }).toEqual({ type, sqlState: '42501' });
    }
    expect(await scene.begin('line-1', unit, 'certificateIntended')).toBe('42501');
  });

  it('can not act without a lease', async () => {
    const unit = await scene.unitAfter('assign');
    const place = { station: 'line-1', slot: 1, virtual: true };
    expect(await scene.begin('line-1', unit, 'flashIntended', { place })).toBe('UT005');
    expect(await scene.begin('line-1', unit, 'flashIntended')).toBe('UT005');
    const body = { attempt: 1, try: 1, place: { ...place, fence: 1 } };
    for (const { type } of kindsOf('station', 'both').filter(({ nature }) => nature !== 'intent')) {
      const sqlState = await scene.tell('line-1', unit, type, `${unit.unitId}/x`, body);
      expect({ type, sqlState }).toEqual({ type, sqlState: 'UT005' });
    }
  });

  it("can not act on another station's unit, by its own name or by the other's", async () => {
    const unit = await scene.unitAfter('assign');
    const lease = await leaseOf(floor, unit);
    const own = { ...lease, station: 'label-1' };
    expect(await scene.begin('label-1', unit, 'flashIntended', { place: own })).toBe('UT005');
    expect(await scene.begin('label-1', unit, 'flashIntended', { place: lease })).toBe('UT005');
    await beginAct(floor, unit, 'flash', 'flashIntended');
    const facts = await newestTry(floor, unit, 'flash');
    const failed = { ...facts, part: 'flash', code: 'DEVICE_REFUSED', message: 'a lie' };
    const key = `${unit.unitId}/flash/1/1/failed`;
    expect(await scene.tell('label-1', unit, 'stepFailed', key, failed)).toBe('UT005');
  });

  it('can not make a virtual slot a real one, nor name another slot than the one it holds', async () => {
    const unit = await scene.unitAfter('assign');
    const place = await leaseOf(floor, unit);
    const lies = [
      { ...place, virtual: false },
      { ...place, slot: place.slot + 1 },
      { ...place, note: 1 },
      {},
    ];
    for (const told of lies) {
      expect(
        await scene.begin('line-1', unit, 'flashIntended', {
          place,
          caller: 'me',
          body: { caller: 'me', place: told },
        }),
      ).toBe('UT005');
    }
    await beginAct(floor, unit, 'flash', 'flashIntended');
    const facts = await newestTry(floor, unit, 'flash');
    for (const told of [
      { virtual: false },
      { virtual: 'true' },
      { virtual: null },
      { slot: place.slot + 1 },
      { slot: 'x' },
    ]) {
      const body = { ...facts, place: { ...facts.place, ...told }, chipUid: 'A1', chipFamily: 'virt32' };
      const key = `${unit.unitId}/flash/1/1/board`;
      expect(await scene.tell('line-1', unit, 'boardBound', key, body)).toBe('UT005');
    }
    const row = await floor.as('office')('units').where({ id: unit.unitId }).first('simulated');
    expect(row).toEqual({ simulated: true });
  });

  it('can not act at a step that it does not do, though it holds the unit', async () => {
    const unit = await scene.unitAfter('flash');
    const place = await leaseOf(floor, unit);
    await tamper(scene.database, (su) =>
      su.query(`update stations set steps = '{flash}' where id = 'line-1'`),
    );
    expect(await scene.begin('line-1', unit, 'testIntended', { place })).toBe('UT005');
    await tamper(scene.database, (su) =>
      su.query(`update stations set steps = '{flash,test,provision}' where id = 'line-1'`),
    );
    expect(await scene.begin('line-1', unit, 'testIntended', { place })).toBe('allowed');
  });

  it('can not speak for another caller', async () => {
    const unit = await scene.unitAfter('assign');
    const place = await leaseOf(floor, unit);
    const act = { place, caller: 'run/1', body: { caller: 'run/2', place } };
    expect(await scene.begin('line-1', unit, 'flashIntended', act)).toBe('UT007');
  });

  it('leaves no trace of a lease that a worker lost: an old fence is refused', async () => {
    const unit = await scene.unitAfter('assign');
    await beginAct(floor, unit, 'flash', 'flashIntended');
    const old = await newestTry(floor, unit, 'flash');
    await beginAct(floor, unit, 'flash', 'flashIntended');
    const body = {
      ...(await newestTry(floor, unit, 'flash')),
      place: old.place,
      chipUid: 'A1',
      chipFamily: 'virt32',
    };
    const key = `${unit.unitId}/flash/1/2/board`;
    expect(await scene.tell('line-1', unit, 'boardBound', key, body)).toBe('UT005');
    await floor.as('office').raw('select release_slot(?)', [unit.unitId]);
    const released = { ...body, place: await placeOf(floor, unit) };
    expect(await scene.tell('line-1', unit, 'boardBound', key, released)).toBe('UT005');
  });
});

describe('an older try', () => {
  it('is refused once a newer one has begun, even under the newest fence', async () => {
    const unit = await scene.unitAfter('flash');
    const place = await leaseOf(floor, unit);
    await beginBySql(floor, 'line-1', unit, 'testIntended', { place, caller: 'first' });
    await beginBySql(floor, 'line-1', unit, 'testIntended', { place, caller: 'second' });
    const now = await newestTry(floor, unit, 'test');
    const key = `${unit.unitId}/test/1`;
    for (const stale of [{ try: 1 }, { try: 3 }, { attempt: 2 }, { try: '2' }, { try: null }, { try: 2.5 }]) {
      const body = { ...now, ...stale, ...testBody(3.3, 'PASS') };
      expect(await scene.tell('line-1', unit, 'testPassed', key, body)).toBe('UT004');
      const failed = { ...now, ...stale, part: 'test', code: 'TEST_ERROR', message: 'x' };
      expect(await scene.tell('line-1', unit, 'stepFailed', `${key}/1/failed`, failed)).toBe('UT004');
    }
    expect(await scene.begin('line-1', unit, 'testIntended', { place, caller: 'first' })).toBe('UT004');
  });

  it('stays the newest for the caller whose answer was lost', async () => {
    const unit = await scene.unitAfter('flash');
    const place = await leaseOf(floor, unit);
    const once = await beginBySql(floor, 'line-1', unit, 'testIntended', { place, caller: 'first' });
    const again = await beginBySql(floor, 'line-1', unit, 'testIntended', { place, caller: 'first' });
    expect(again).toMatchObject({ done: false, try: once.try });
    expect(Number(again.fence)).toBeGreaterThan(Number(once.fence));
  });

  it('has no result without an intent', async () => {
    const unit = await scene.unitAfter('flash');
    const place = { ...(await leaseOf(floor, unit)), fence: (await placeOf(floor, unit)).fence };
    const body = { attempt: 1, try: 1, place, ...testBody(3.3, 'PASS') };
    expect(await scene.tell('line-1', unit, 'testPassed', `${unit.unitId}/test/1`, body)).toBe('UT004');
  });
});
