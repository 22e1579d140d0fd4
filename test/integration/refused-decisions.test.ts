import { transitions } from '../../domain/unit-lifecycle';
import {
  kindsOf,
  newestTry,
  openRefusalScene,
  placeOf,
  refusalOf,
  sqlStateOf,
  type RefusalScene,
} from '../support/refusals';
import type { ShopFloor } from '../support/shop-floor';
import { append, beginAct, bindBoard, decide, holdUnit, testBody } from '../support/walk-unit';

/** What the office, and the people behind it, can't say of a unit. */
let scene: RefusalScene;
let floor: ShopFloor;

beforeAll(async () => {
  scene = await openRefusalScene();
  floor = scene.floor;
});
afterAll(() => scene?.close());

describe('the office', () => {
  it('can not say what only a station can have seen', async () => {
    const unit = await scene.unitAfter('flash');
    await beginAct(floor, unit, 'test', 'testIntended');
    const body = { ...(await newestTry(floor, unit, 'test')), ...testBody(3.3, 'PASS') };
    for (const { type, nature } of kindsOf('station', 'function')) {
      const sqlState =
        nature === 'intent'
          ? await scene.begin('office', unit, type)
          : await scene.tell('office', unit, type, `${unit.unitId}/test/1`, body);
      expect({ type, sqlState }).toEqual({ type, sqlState: '42501' });
    }
  });

  it('can move nothing along a way that is not in the table', async () => {
    const unit = await scene.unitAfter('test');
    const possible = new Set(
      transitions.filter(({ fromState }) => fromState === 'InProgress').map(({ type }) => type),
    );
    for (const { type } of kindsOf('office').filter(
      ({ type: t, nature }) => nature === 'other' && !possible.has(t),
    )) {
      const sqlState = await scene.tell('office', unit, type, `decision/${type}`, { step: 'flash' });
      expect({ type, sqlState }).toEqual({ type, sqlState: 'UT001' });
    }
  });

  it('can not hold or retry an attempt that is over', async () => {
    const unit = await scene.unitAfter('flash');
    const held = { code: 'TEST_ERROR', message: 'x', step: 'flash', attempt: 1 };
    expect(await scene.tell('office', unit, 'held', 'decision/old', held)).toBe('UT001');
    await holdUnit(floor, unit, 'TEST_ERROR');
    await decide(floor, unit, 'retried', { step: 'test', attempt: 1 });
    await holdUnit(floor, unit, 'TEST_ERROR');
    const late = { by: '17', step: 'test', attempt: 1 };
    expect(await scene.tell('office', unit, 'retried', 'decision/late', late)).toBe('UT001');
  });

  it('can tell nothing more of a unit that has ended, but what was under way', async () => {
    const scrapped = await scene.unitAfter('test');
    await decide(floor, scrapped, 'scrapped', { reason: 'dropped' });
    const voided = await scene.unitAfter('claim');
    await decide(floor, voided, 'voided', { reason: 'not wanted' });
    for (const unit of [scrapped, voided]) {
      for (const { type } of kindsOf('office').filter(({ nature }) => nature === 'other')) {
        const told = { step: 'flash', hold: 'Q', reason: 'r', code: 'X' };
        const sqlState = await scene.tell('office', unit, type, `decision/after-${type}`, told);
        expect({ type, sqlState }).toEqual({ type, sqlState: 'UT001' });
      }
    }
  });

  it('can not rework a unit from a step that is later than its label or than itself', async () => {
    const unit = await scene.unitAfter('qc');
    for (const step of ['assign', 'qc', 'ship', 'nowhere', '', null, 3]) {
      const told = { by: '17', reason: 'x', step };
      const sqlState = await scene.tell('office', unit, 'reworked', `decision/to-${step}`, told);
      expect({ step, sqlState }).toEqual({ step, sqlState: 'UT002' });
    }
    const early = await scene.unitAfter('flash');
    await holdUnit(floor, early, 'TEST_ERROR');
    const told = { by: '17', reason: 'x', step: 'label' };
    expect(await scene.tell('office', early, 'reworked', 'decision/early', told)).toBe('UT002');
  });
});

describe('a quality hold', () => {
  it('refuses new intents and slots, and takes the result of what was under way', async () => {
    const unit = await scene.unitAfter('flash');
    const act = await beginAct(floor, unit, 'test', 'testIntended');
    const { station, slot, virtual } = await placeOf(floor, unit);
    await decide(floor, unit, 'holdOpened', { hold: 'Q1', reason: 'capacitors' });
    const place = { station, slot, virtual };
    expect(await scene.begin('line-1', unit, 'testIntended', { place })).toBe('UT006');
    expect(
      await refusalOf(floor, unit, () => floor.as('office').raw('select acquire_slot(?)', [unit.unitId])),
    ).toBe('UT006');
    await act.result('testPassed', testBody(3.3, 'PASS'));
    expect(await scene.begin('line-1', unit, 'requestIntended', { place })).toBe('UT006');
  });

  it('is opened once by its id, released once, and releases no other', async () => {
    const unit = await scene.unitAfter('assign');
    await decide(floor, unit, 'holdOpened', { hold: 'Q1', reason: 'a' });
    await decide(floor, unit, 'holdOpened', { hold: 'Q2', reason: 'b' });
    const again = { hold: 'Q1', reason: 'c' };
    expect(await scene.tell('office', unit, 'holdOpened', 'decision/again', again)).toBe('UT002');
    await decide(floor, unit, 'holdReleased', { hold: 'Q1' });
    for (const hold of ['Q1', 'Q3', null]) {
      expect(await scene.tell('office', unit, 'holdReleased', `decision/rel-${hold}`, { hold })).toBe(
        'UT002',
      );
    }
    expect(await sqlStateOf(floor.as('office').raw('select acquire_slot(?)', [unit.unitId]))).toBe('UT006');
  });
});

describe('an identifier', () => {
  it('of another unit is refused, and the constraint says which kind', async () => {
    const first = await scene.unitAfter('flash');
    const second = await scene.unitAfter('assign');
    const act = await beginAct(floor, second, 'flash', 'flashIntended');
    const error = await bindBoard(act, first).catch((found: unknown) => found);
    expect(error).toMatchObject({ code: 'UT010', constraint: 'chip-uid' });
    const row = await floor
      .as('office')('units')
      .where({ id: second.unitId })
      .first('chip_uid', 'state', 'step');
    expect(row).toEqual({ chip_uid: null, state: 'InProgress', step: 'flash' });
    const third = await scene.unitAfter('claim');
    const macs = { macBlock: scene.batch.macBlock, macs: first.macs };
    const taken = await append(
      floor,
      'office',
      third.unitId,
      'assigned',
      `${third.unitId}/assign/1`,
      macs,
    ).catch((e: unknown) => e);
    expect(taken).toMatchObject({ code: 'UT010', constraint: 'mac' });
  });

  it('that is too few or too many addresses for the recipe is refused', async () => {
    const unit = await scene.unitAfter('claim');
    for (const macs of [[], unit.macs.slice(1), [...unit.macs, unit.macs[0]]]) {
      const body = { macBlock: scene.batch.macBlock, macs };
      expect(await scene.tell('office', unit, 'assigned', `${unit.unitId}/assign/1`, body)).toBe('UT002');
    }
  });

  it('of another board, another board lot or a chip family that is not in the recipe is refused', async () => {
    const unit = await scene.unitAfter('assign');
    const act = await beginAct(floor, unit, 'flash', 'flashIntended');
    const facts = await newestTry(floor, unit, 'flash');
    const key = `${unit.unitId}/flash/1/1/other`;
    const board = { ...facts, boardBatch: 'PB-118', boardLot: 'PCB-2406-17', components: {} };
    const elsewhere = { ...board, chipUid: unit.chipUid, chipFamily: 'ieee' };
    expect(await scene.tell('line-1', unit, 'boardBound', key, elsewhere)).toBe('UT002');
    const recalled = { ...board, chipUid: unit.chipUid, chipFamily: 'virt32', boardLot: 'PCB-1' };
    expect(await scene.tell('line-1', unit, 'boardBound', key, recalled)).toBe('UT002');
    expect(await scene.tell('line-1', unit, 'boardBound', key, { ...board, chipFamily: 'virt32' })).toBe(
      'UT007',
    );
    await bindBoard(act, unit);
    const swapped = { ...board, chipUid: 'B0B0', chipFamily: 'virt32' };
    expect(await scene.tell('line-1', unit, 'boardBound', key, swapped)).toBe('UT013');
  });
});
