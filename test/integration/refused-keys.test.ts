import { randomUUID } from 'node:crypto';
import { newestTry, openRefusalScene, refusalOf, sqlStateOf, type RefusalScene } from '../support/refusals';
import type { ShopFloor } from '../support/shop-floor';
import { beginAct, testBody } from '../support/walk-unit';

/** Keys are what repeats are found by, and bodies are kept for ever: neither may be anything at all. */
let scene: RefusalScene;
let floor: ShopFloor;

beforeAll(async () => {
  scene = await openRefusalScene();
  floor = scene.floor;
});
afterAll(() => scene?.close());

describe('a key', () => {
  it('that was used is refused to another request, another type and another decision', async () => {
    const unit = await scene.unitAfter('assign');
    const key = `${unit.unitId}/assign/1`;
    const repeat = { macBlock: scene.batch.macBlock, macs: unit.macs };
    expect(await scene.tell('office', unit, 'assigned', key, { ...repeat, request: 'f00' })).toBe('UT003');
    expect(await scene.tell('office', unit, 'assigned', key, repeat)).toBe('UT003');
    expect(await scene.tell('office', unit, 'scrapped', key, { reason: 'x' })).toBe('UT003');
    await scene.tell('office', unit, 'holdOpened', 'decision/hold', { by: '17', hold: 'Q1', reason: 'reel' });
    const other = { by: '17', hold: 'Q2', reason: 'reel' };
    expect(await scene.tell('office', unit, 'holdOpened', 'decision/hold', other)).toBe('UT003');
  });

  it('that was used for the same is answered, and nothing is added', async () => {
    const unit = await scene.unitAfter('claim');
    const told = { by: '17', hold: 'Q1', reason: 'reel' };
    await scene.tell('office', unit, 'holdOpened', 'decision/same', told);
    const events = () =>
      floor
        .as('office')('unit_events')
        .where({ stream: `unit:${unit.unitId}` })
        .select('hash');
    const before = await events();
    await scene.tell('office', unit, 'holdOpened', 'decision/same', told);
    expect(await events()).toEqual(before);
  });

  it("of another event can't be taken in advance", async () => {
    const unit = await scene.unitAfter('flash');
    await beginAct(floor, unit, 'test', 'testIntended');
    const facts = {
      ...(await newestTry(floor, unit, 'test')),
      part: 'test',
      code: 'TEST_ERROR',
      message: 'x',
    };
    const { unitId } = unit;
    const taken = [
      `${unitId}/test/1`,
      `${unitId}/test/1/2`,
      `${unitId}/shipped`,
      `${unitId}/held/test/1`,
      'decision/1',
    ];
    for (const key of [...taken, `${unitId}/label.print/1`, `${unitId}/test/1/2/failed`, 'x']) {
      const sqlState = await scene.tell('line-1', unit, 'stepFailed', key, facts);
      expect({ key, sqlState }).toEqual({ key, sqlState: 'UT007' });
    }
    for (const key of [`${unitId}/shipped`, `${unitId}/test/1`, `${unitId}/qc/1/1`]) {
      const sqlState = await scene.tell('office', unit, 'holdOpened', key, { hold: 'Q', reason: 'r' });
      expect({ key, sqlState }).toEqual({ key, sqlState: 'UT007' });
    }
    const passed = { ...facts, ...testBody(3.3, 'PASS') };
    expect(await scene.tell('line-1', unit, 'testPassed', `${unitId}/test/1/1/x`, passed)).toBe('UT007');
  });
});

describe('what is malformed', () => {
  const raw = (values: readonly (string | null)[]) =>
    floor.as('office').raw('select append_event(?, ?, ?, ?)', values as string[]);

  it.each([
    ['an array', '[]'],
    ['a number', '1'],
    ['a text', '"x"'],
    ['null', 'null'],
    ['nothing', ''],
    ['half a body', '{"by":'],
    ['two bodies', '{}{}'],
    ['a character that text can not hold', '{"by":"\\u0000"}'],
    ['a number beyond all bounds', '{"by":1e999999}'],
    ['a body nested deep', '{"by":' + '['.repeat(50_000) + ']'.repeat(50_000) + '}'],
    ['a body of half a megabyte', `{"by":"${'x'.repeat(500_000)}"}`],
    ['no body', null],
  ])('as a body is refused: %s', async (_what, body) => {
    const unit = await scene.unitAfter('claim');
    const values = [`unit:${unit.unitId}`, 'scrapped', 'decision/bad', body];
    expect(await refusalOf(floor, unit, () => raw(values))).toBe('UT007');
    const act = [unit.unitId, 'certificateIntended', 'me', body] as string[];
    expect(await sqlStateOf(floor.as('office').raw('select begin_act(?, ?, ?, null, null, ?)', act))).toBe(
      'UT007',
    );
  });

  it.each(['a|b', 'a\nb', 'a\tb', 'a\u007fb', 'a\u0085b', '', 'x'.repeat(257)])(
    'as a key is refused: %j',
    async (key) => {
      const unit = await scene.unitAfter('claim');
      const told = { hold: 'Q', reason: 'r' };
      expect(await scene.tell('office', unit, 'holdOpened', key, told)).toBe('UT007');
    },
  );

  it('as a stream or a type is refused', async () => {
    const unit = await scene.unitAfter('claim');
    const streams = [
      unit.unitId,
      `unit:${unit.unitId.toUpperCase()}`,
      `unit:{${unit.unitId}}`,
      'unit:x',
      `batch:${scene.batch.id}`,
      'order:x',
    ];
    for (const stream of streams) {
      expect({ stream, sqlState: await sqlStateOf(raw([stream, 'scrapped', 'decision/1', '{}'])) }).toEqual({
        stream,
        sqlState: 'UT007',
      });
    }
    for (const type of ['nothing', 'batchOpened', 'shipmentClosed', '', 'scra|pped', 'flashIntended\n']) {
      expect({
        type,
        sqlState: await sqlStateOf(raw([`unit:${unit.unitId}`, type, 'decision/1', '{}'])),
      }).toEqual({ type, sqlState: 'UT007' });
    }
    expect(await sqlStateOf(raw([`unit:${randomUUID()}`, 'scrapped', 'decision/1', '{}']))).toBe('UT009');
  });

  it('as an intent is refused: an intent opens a try, and only begin_act does that', async () => {
    const unit = await scene.unitAfter('test');
    expect(await scene.tell('office', unit, 'certificateIntended', 'decision/1', {})).toBe('UT007');
    expect(await scene.begin('office', unit, 'assigned')).toBe('UT007');
  });
});
