import { applySmallPlant, openTestBatch, type ShopFloor } from './shop-floor';
import { beginAct, decide, holdUnit } from './unit-acts';
import { claim, intendPrint, testBody, walkOn, walkUnit, type WalkedUnit } from './walk-unit';

/** Units of one history with a bit of everything, made by the real functions under the real logins. */
export interface Story {
  readonly shipped: WalkedUnit;
  /** Failed a test, was retried, and was reworked from flash after its QC. */
  readonly mended: WalkedUnit;
  readonly claimed: WalkedUnit;
  readonly flashed: WalkedUnit;
  readonly openPrint: WalkedUnit;
  readonly held: WalkedUnit;
  readonly onHold: WalkedUnit;
  readonly ready: WalkedUnit;
}

/** Three batches: one shipped, one under way with units everywhere, and a trial. */
export async function tellStory(floor: ShopFloor): Promise<Story> {
  await applySmallPlant(floor);
  const story = { ...(await shipABatch(floor)), ...(await leaveABatchUnderWay(floor)) };
  await walkUnit(floor, {
    upTo: 'qc',
    batch: await openTestBatch(floor, { id: 'TRIAL', trial: true, quantity: 1 }),
  });
  return story;
}

async function shipABatch(floor: ShopFloor) {
  const batch = await openTestBatch(floor, { id: 'B2647-01', quantity: 2 });
  const shipped = await walkUnit(floor, { upTo: 'qc', batch, index: 1 });
  const mended = await walkUnit(floor, { upTo: 'flash', batch, index: 2 });
  const act = await beginAct(floor, mended, 'test', 'testIntended');
  await act.note('testFailed', 'outcome', testBody(3.9, 'FAIL'));
  await act.note('stepFailed', 'failed', {
    part: 'test',
    code: 'TEST_FAILED',
    message: 'a limit was missed',
    detail: {},
  });
  await holdUnit(floor, mended, 'TEST_FAILED');
  await decide(floor, mended, 'retried', { note: 'probe cleaned', step: 'test', attempt: 1 });
  await walkOn(floor, mended, 'test', 'qc');
  await decide(floor, mended, 'reworked', { reason: 'wrong screws', step: 'flash' });
  await walkOn(floor, mended, 'flash', 'Packed');
  await walkOn(floor, shipped, 'Packed', 'Shipped');
  await floor.as('office').raw('select complete_batch(?, ?)', [batch.id, '{"units":2}']);
  return { shipped, mended };
}

async function leaveABatchUnderWay(floor: ShopFloor) {
  const batch = await openTestBatch(floor, { id: 'B2647-02', quantity: 10 });
  const claimed = await claim(floor, batch, 1);
  const flashed = await walkUnit(floor, { upTo: 'flash', batch, index: 2 });
  await beginAct(floor, flashed, 'test', 'testIntended');
  await beginAct(floor, flashed, 'test', 'testIntended');
  const openPrint = await walkUnit(floor, { upTo: 'provision', batch, index: 3 });
  await intendPrint(floor, openPrint);
  const held = await walkUnit(floor, { upTo: 'flash', batch, index: 4 });
  await holdUnit(floor, held, 'TEST_ERROR');
  const onHold = await walkUnit(floor, { upTo: 'provision', batch, index: 5 });
  await decide(floor, onHold, 'holdOpened', { hold: 'Q1', reason: 'capacitors' });
  const ready = await walkUnit(floor, { upTo: 'qc', batch, index: 6 });
  for (const [at, type] of ['scrapped', 'missing'].entries()) {
    const unit = await walkUnit(floor, { upTo: 'test', batch, index: 7 + at });
    await decide(floor, unit, type, { reason: 'dropped' });
    await floor.as('line-1').raw('select slots_to_clear()');
  }
  await decide(floor, await claim(floor, batch, 9), 'voided', { reason: 'not wanted' });
  await floor
    .as('office')
    .raw('select change_lots(?, ?, ?, ?, ?)', [batch.id, 'U1', ['MCU-LOT-7740'], '17', 'one']);
  return { claimed, flashed, openPrint, held, onHold, ready };
}
