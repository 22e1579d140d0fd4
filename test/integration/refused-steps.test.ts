import { beginBySql, leaseOf, newestTry, openRefusalScene, type RefusalScene } from '../support/refusals';
import type { ShopFloor } from '../support/shop-floor';
import { tamper } from '../support/tamper';
import {
  beginAct,
  bindBoard,
  decide,
  digest,
  holdUnit,
  intendPrint,
  testBody,
  walkOn,
  type WalkedUnit,
} from '../support/walk-unit';
import { sampleRecipe, sha } from '../support/unit-facts';

/** The order of the steps is a rule of the database: invariants I1 to I4 of docs/lifecycle.md. */
let scene: RefusalScene;
let floor: ShopFloor;

beforeAll(async () => {
  scene = await openRefusalScene();
  floor = scene.floor;
});
afterAll(() => scene?.close());

/** What no program can do: the row says something else than the history. The rules hold even so. */
const lie = (unit: WalkedUnit, change: string): Promise<unknown> =>
  tamper(scene.database, (su) => su.query(`update units set ${change} where id = $1`, [unit.unitId]));

const told = ({ unitId }: WalkedUnit): Promise<string[]> =>
  floor
    .as('office')('unit_events')
    .where({ stream: `unit:${unitId}` })
    .orderBy('seq')
    .pluck('type');

/** Tells of the newest try of this part, as its station. */
async function tellOfTry(
  unit: WalkedUnit,
  part: string,
  type: string,
  facts: object,
  what?: string,
): Promise<string> {
  const now = await newestTry(floor, unit, part);
  const key = [unit.unitId, part, now.attempt, ...(what === undefined ? [] : [now.try, what])].join('/');
  const login = now.place.station === 'line-1' ? 'line-1' : 'label-1';
  return scene.tell(login, unit, type, key, { ...now, ...(JSON.parse(JSON.stringify(facts)) as object) });
}

describe('no firmware counts', () => {
  it('before the board is bound, nor another than the pinned one', async () => {
    const unit = await scene.unitAfter('assign');
    const act = await beginAct(floor, unit, 'flash', 'flashIntended');
    const flashed = (firmwareSha256?: string) => tellOfTry(unit, 'flash', 'flashed', { firmwareSha256 });
    expect(await flashed(sampleRecipe.firmware.sha256)).toBe('UT002');
    await bindBoard(act, unit);
    expect(await flashed(sha('0'))).toBe('UT002');
    expect(await flashed()).toBe('UT002');
    expect(await flashed(sampleRecipe.firmware.sha256)).toBe('allowed');
  });
});

describe('no test counts', () => {
  it.each([
    ['of other firmware than is in the unit', 'testPassed', { firmwareSha256: sha('0') }],
    ['of no firmware', 'testPassed', { firmwareSha256: null }],
    ['of another plan than the pinned one', 'testPassed', { planSha256: sha('0') }],
    ['with a verdict of its own', 'testPassed', { verdict: 'FAIL' }],
    ['without a verdict', 'testPassed', { verdict: null }],
  ])('%s', async (_why, type, wrong) => {
    const unit = await scene.unitAfter('flash');
    await beginAct(floor, unit, 'test', 'testIntended');
    expect(await tellOfTry(unit, 'test', type, { ...testBody(3.3, 'PASS'), ...wrong })).toBe('UT002');
  });

  it('as failed or erred with another verdict than that', async () => {
    const unit = await scene.unitAfter('flash');
    await beginAct(floor, unit, 'test', 'testIntended');
    expect(await tellOfTry(unit, 'test', 'testFailed', testBody(3.3, 'PASS'), 'outcome')).toBe('UT002');
    expect(await tellOfTry(unit, 'test', 'testErred', testBody(3.9, 'FAIL'), 'outcome')).toBe('UT002');
    expect(await tellOfTry(unit, 'test', 'testFailed', testBody(3.9, 'FAIL'), 'outcome')).toBe('allowed');
  });
});

describe('no certificate', () => {
  const keyOf = ({ serial }: WalkedUnit): string => digest(`key ${serial}`);

  async function unitThatAsked(): Promise<WalkedUnit> {
    const unit = await scene.unitAfter('test');
    const act = await beginAct(floor, unit, 'provision.request', 'requestIntended');
    await act.result('requestRead', { csr: 'a request', keySha256: keyOf(unit) });
    return unit;
  }

  it('is intended for a key that the device did not ask with', async () => {
    const intend = (unit: WalkedUnit, told: object) =>
      scene.begin('office', unit, 'certificateIntended', { caller: 'me', body: { caller: 'me', ...told } });
    const [asked, silent] = [await unitThatAsked(), await scene.unitAfter('test')];
    expect(await intend(asked, { keySha256: sha('0'), serialNumber: '4f' })).toBe('UT002');
    expect(await intend(silent, { keySha256: keyOf(silent), serialNumber: '4f' })).toBe('UT002');
    expect(await intend(silent, { serialNumber: '4f' })).toBe('UT007');
    expect(await intend(asked, { keySha256: keyOf(asked) })).toBe('UT007');
  });

  it('is issued under another number or for another key than was intended', async () => {
    const unit = await unitThatAsked();
    const intended = { keySha256: keyOf(unit), serialNumber: '4f' };
    await beginAct(floor, unit, 'provision.certificate', 'certificateIntended', intended);
    const { attempt, try: number } = await newestTry(floor, unit, 'provision.certificate');
    const issued = { attempt, try: number, ...intended, certificateSha256: unit.certificateSha256 };
    const key = `${unit.unitId}/provision.certificate/1`;
    for (const wrong of [{ serialNumber: '50' }, { keySha256: sha('0') }, { serialNumber: null }]) {
      expect(await scene.tell('office', unit, 'certificateIssued', key, { ...issued, ...wrong })).toBe(
        'UT002',
      );
    }
    expect(await scene.tell('office', unit, 'certificateIssued', key, issued)).toBe('allowed');
  });

  it('is installed before one was issued, nor another than that', async () => {
    const unit = await unitThatAsked();
    const place = await leaseOf(floor, unit);
    expect(await scene.begin('line-1', unit, 'installIntended', { place })).toBe('UT002');
    const intended = { keySha256: keyOf(unit), serialNumber: '4f' };
    const issue = await beginAct(floor, unit, 'provision.certificate', 'certificateIntended', intended);
    await issue.result('certificateIssued', { ...intended, certificateSha256: unit.certificateSha256 });
    await beginAct(floor, unit, 'provision.install', 'installIntended');
    for (const certificateSha256 of [sha('0'), null]) {
      expect(await tellOfTry(unit, 'provision.install', 'provisioned', { certificateSha256 })).toBe('UT002');
    }
  });

  it('of an earlier attempt counts after a rework', async () => {
    const unit = await scene.unitAfter('provision');
    await holdUnit(floor, unit, 'LABEL_UNREADABLE');
    await decide(floor, unit, 'reworked', { reason: 'a new module', step: 'provision' });
    const place = await leaseOf(floor, unit);
    expect(await scene.begin('line-1', unit, 'installIntended', { place })).toBe('UT002');
  });
});

describe('no label', () => {
  it('is begun, printed or verified while the unit stands before its test', async () => {
    const unit = await scene.unitAfter('flash');
    const place = await leaseOf(floor, unit);
    const before = await told(unit);
    // An intent of a step where the unit is not answers "nothing to do", and writes nothing.
    expect(await beginBySql(floor, 'line-1', unit, 'labelIntended', { place })).toMatchObject({
      done: true,
      try: null,
    });
    await beginAct(floor, unit, 'test', 'testIntended');
    for (const [type, what] of [
      ['printIntended', 'print'],
      ['printAbsent', 'x'],
      ['printed'],
      ['labelVerified'],
    ] as const) {
      const part = type === 'labelVerified' ? 'label.verify' : 'label.print';
      const facts = { ...(await newestTry(floor, unit, 'test')), print: 1, content: 'x' };
      const key = [unit.unitId, part, 1, ...(what ? [1, what] : [])].join('/');
      expect({ type, sqlState: await scene.tell('line-1', unit, type, key, facts) }).toEqual({
        type,
        sqlState: 'UT004',
      });
      expect(await scene.tell('label-1', unit, type, key, facts)).toBe('UT005');
    }
    expect(await told(unit)).toEqual([...before, 'testIntended']);
  });

  it.each([
    ['has not passed', 'tested_seq = null'],
    ['passed before the last flash', 'tested_seq = flashed_seq - 1'],
    ['passed, but the certificate is older than the flash', 'provisioned_seq = flashed_seq - 1'],
    ['passed, but there is no certificate', 'provisioned_seq = null'],
  ])('is intended where the test %s, whatever step the row says', async (_why, change) => {
    const unit = await scene.unitAfter('provision');
    const { act } = await intendPrint(floor, unit);
    await act.note('printAbsent', 'absent', { print: 1 });
    await lie(unit, change);
    expect(await tellOfTry(unit, 'label.print', 'printIntended', { print: 2 }, 'again')).toBe('UT002');
    expect(await scene.begin('label-1', unit, 'labelIntended', { place: await leaseOf(floor, unit) })).toBe(
      'UT002',
    );
  });

  it('is printed without an intent, and none verified that was not printed', async () => {
    const unit = await scene.unitAfter('provision');
    await beginAct(floor, unit, 'label.print', 'labelIntended');
    await beginAct(floor, unit, 'label.verify', 'verifyIntended');
    for (const print of [undefined, null, 0, 1, '1', -1, 1.5]) {
      expect(await tellOfTry(unit, 'label.print', 'printed', { print })).toBe('UT002');
      expect(await tellOfTry(unit, 'label.verify', 'labelVerified', { print })).toBe('UT002');
      expect(await tellOfTry(unit, 'label.print', 'printAbsent', { print }, 'x')).toBe('UT002');
    }
  });

  it('is printed under a number that jumps, or while another print is open', async () => {
    const unit = await scene.unitAfter('provision');
    await beginAct(floor, unit, 'label.print', 'labelIntended');
    const intend = (print: unknown, what: string) =>
      tellOfTry(unit, 'label.print', 'printIntended', { print, content: 'x' }, what);
    for (const print of [0, 2, null, '1']) expect(await intend(print, 'a')).toBe('UT002');
    expect(await intend(1, 'a')).toBe('allowed');
    for (const print of [1, 2]) expect(await intend(print, 'b')).toBe('UT002');
    expect(await tellOfTry(unit, 'label.print', 'printed', { print: 2 })).toBe('UT002');
    expect(await tellOfTry(unit, 'label.print', 'printAbsent', { print: 2 }, 'x')).toBe('UT002');
    await beginAct(floor, unit, 'label.verify', 'verifyIntended');
    expect(await tellOfTry(unit, 'label.verify', 'labelVerified', { print: 1 })).toBe('UT002');
    expect(await tellOfTry(unit, 'label.print', 'printed', { print: 1 })).toBe('allowed');
    expect(await tellOfTry(unit, 'label.verify', 'labelVerified', { print: 2 })).toBe('UT002');
  });

  it('answers for a newer one whose fate is open', async () => {
    const unit = await scene.unitAfter('provision');
    const { act } = await intendPrint(floor, unit);
    await act.result('printed', { print: 1, how: 'printer' });
    await holdUnit(floor, unit, 'LABEL_UNREADABLE');
    await decide(floor, unit, 'retried', { step: 'label', attempt: 1 });
    await intendPrint(floor, unit);
    expect(await tellOfTry(unit, 'label.print', 'printed', { print: 1 })).toBe('UT002');
    await holdUnit(floor, unit, 'PRINT_UNKNOWN');
    const found = (print: number, attempt: number) =>
      scene.tell('office', unit, 'printFound', `${unit.unitId}/label.print/${attempt}`, { print, by: '17' });
    expect(await found(1, 3)).toBe('UT002');
    expect(await found(2, 2)).toBe('UT007');
    expect(await found(2, 3)).toBe('allowed');
  });

  it('of before a rework counts any more, also where nobody knew what became of it', async () => {
    const unit = await scene.unitAfter('provision');
    await intendPrint(floor, unit);
    await holdUnit(floor, unit, 'PRINT_UNKNOWN');
    await decide(floor, unit, 'reworked', { reason: 'scratched', step: 'test' });
    await walkOn(floor, unit, 'test', 'provision');
    await beginAct(floor, unit, 'label.print', 'labelIntended');
    expect(await tellOfTry(unit, 'label.print', 'printed', { print: 1 })).toBe('UT002');
    const found = { print: 1, by: '17' };
    expect(await scene.tell('office', unit, 'printFound', `${unit.unitId}/label.print/2`, found)).toBe(
      'UT002',
    );
    expect(await tellOfTry(unit, 'label.print', 'printIntended', { print: 2, content: 'x' }, 'print')).toBe(
      'allowed',
    );
  });
});

describe('no QC', () => {
  it('passes while the unit stands at its label', async () => {
    const unit = await scene.unitAfter('provision');
    await beginAct(floor, unit, 'label.print', 'labelIntended');
    const facts = {
      ...(await newestTry(floor, unit, 'label.print')),
      by: 'me',
      statement: {},
      statementSha256: sha('0'),
    };
    expect(await scene.tell('label-1', unit, 'qualityPassed', `${unit.unitId}/qc/1`, facts)).toBe('UT004');
  });

  it.each([
    ['there is no verified label', 'label_seq = null'],
    ['the label is older than the test', 'label_seq = tested_seq - 1'],
    ['the label is older than a rework', 'rework_seq = label_seq + 1'],
  ])('passes where %s, whatever step the row says', async (_why, change) => {
    const unit = await scene.unitAfter('label');
    await beginAct(floor, unit, 'qc', 'qualityIntended');
    await lie(unit, change);
    const passed = { by: 'me', statement: {}, statementSha256: sha('0') };
    expect(await tellOfTry(unit, 'qc', 'qualityPassed', passed)).toBe('UT002');
    expect(await scene.begin('label-1', unit, 'qualityIntended', { place: await leaseOf(floor, unit) })).toBe(
      'UT002',
    );
  });
});
