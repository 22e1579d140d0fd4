import type { Database } from '../../adapters/postgres/database';
import { locateUnit } from '../../adapters/postgres/located-unit';
import { loadRecordFacts } from '../../adapters/postgres/record-facts';
import { unitDetails } from '../../adapters/postgres/unit-details';
import {
  findOneUnit,
  findUnit,
  listUnits,
  unitHistory,
  unitRecord,
} from '../../adapters/postgres/unit-queries';
import { canonicalJson } from '../../domain/canonical';
import type { RecordV1 } from '../../domain/record-document';
import type { UnitFilter } from '../../domain/unit-filter';
import type { UnitRow } from '../../domain/unit-row';
import { openTestBatch } from '../support/shop-floor';
import { claimAll, claimForBuyer, openUnitScene, type UnitScene } from '../support/unit-scene';
import { decide, digest, walkOn, type WalkedUnit } from '../support/walk-unit';

let scene: UnitScene;
let desk: Database;

beforeAll(async () => {
  scene = await openUnitScene();
  desk = scene.floor.as('desk');
});

afterAll(() => scene?.close());

async function serialsOf(filter: UnitFilter): Promise<string[]> {
  return (await list(filter)).map(({ serial }) => serial);
}

async function list(filter: UnitFilter): Promise<UnitRow[]> {
  const rows: UnitRow[] = [];
  for await (const row of listUnits(desk, filter)) rows.push(row);
  return rows;
}

const serials = (...units: WalkedUnit[]): string[] => units.map(({ serial }) => serial).sort();

describe('a unit', () => {
  it.each([
    ['its serial', (unit: WalkedUnit) => unit.serial],
    ['issuer and serial', (unit: WalkedUnit) => `unitrail:${unit.serial}`],
    ['its id', (unit: WalkedUnit) => unit.unitId.toUpperCase()],
    ['either MAC address', (unit: WalkedUnit) => unit.macs[1]!],
    [
      'a MAC address as a router prints it',
      (unit: WalkedUnit) =>
        unit.macs[0]!.toLowerCase()
          .replace(/:(..):/g, '$1.')
          .replace(/:/g, ''),
    ],
    ['its chip UID in lower case', (unit: WalkedUnit) => unit.chipUid.toLowerCase()],
    [
      'its certificate, as openssl prints the fingerprint',
      (unit: WalkedUnit) => unit.certificateSha256.toUpperCase().match(/../g)!.join(':'),
    ],
  ])('is found by %s', async (_, nameOf) => {
    const { unitId, serial } = scene.shipped;
    const found = await findUnit(desk, nameOf(scene.shipped));
    expect(found.map((unit) => unit.unitId)).toEqual([unitId]);
    expect(await locateUnit(desk, nameOf(scene.shipped))).toMatchObject({
      ...{ unitId, serial, issuer: 'unitrail', place: null },
      record: { sealed: true, sealedAt: expect.any(Date) },
    });
  });

  it('is told from the batch, its own lots and identifiers, and the shipment', async () => {
    const { shipped } = scene;
    expect(await findOneUnit(desk, shipped.serial)).toMatchObject({
      serial: shipped.serial,
      issuer: 'unitrail',
      batch: 'B2647-01',
      batchIndex: 1,
      order: 'PO-4711',
      state: 'Shipped',
      step: 'ship',
      attempt: 1,
      firmware: '1.4.2',
      macs: shipped.macs,
      chipUid: shipped.chipUid,
      certificateSha256: shipped.certificateSha256,
      boardBatch: 'PB-118',
      boardLot: 'PCB-2406-17',
      components: [
        { position: 'U1', lots: ['MCU-LOT-7731'] },
        { position: 'U7', lots: ['RADIO-LOT-0092', 'RADIO-LOT-0093'] },
      ],
      buyer: 'acme',
      destination: 'DE',
      shipment: 'SH-B2647-01',
      shippedAt: expect.any(Date),
      simulated: true,
    });
  });

  it('that does not exist is told with all that was looked for', async () => {
    const none = {
      code: 'NOT_FOUND',
      message:
        'No unit has "70:B3:D5:FF:FF:FF" as serial, MAC address, chip UID, asset number, certificate serial number.',
    };
    await expect(findUnit(desk, '70:B3:D5:FF:FF:FF')).rejects.toMatchObject(none);
    await expect(locateUnit(desk, '70:B3:D5:FF:FF:FF')).rejects.toMatchObject(none);
  });

  it('whose serial another issuer gave as well is asked for by issuer', async () => {
    const unitId = await claimForBuyer(scene.floor, scene.assigned.serial);
    const found = await findUnit(desk, scene.assigned.serial);
    expect(found.map(({ issuer }) => issuer)).toEqual(['acme', 'unitrail']);
    const several = {
      code: 'INPUT_INVALID',
      message: `"${scene.assigned.serial}" names 2 units; say which: acme:${scene.assigned.serial}, unitrail:${scene.assigned.serial}.`,
    };
    for (const find of [findOneUnit, locateUnit]) {
      expect((await find(desk, `acme:${scene.assigned.serial}`)).unitId).toBe(unitId);
      await expect(find(desk, scene.assigned.serial)).rejects.toMatchObject(several);
    }
  });
});

describe('a list of units', () => {
  const batch = 'B2647-01';

  it('is ordered by serial', async () => {
    const all = await serialsOf({ batch });
    expect(all).toEqual([1, 2, 3, 4, 5, 6].map((index) => scene.batch.serialAt(index)));
  });

  it('knows each state as it is shown: a hold hides the one beneath', async () => {
    expect(await serialsOf({ batch, state: 'OnHold' })).toEqual(serials(scene.onHold));
    expect(await serialsOf({ batch, state: 'InProgress' })).toEqual(serials(scene.assigned));
    expect(await serialsOf({ batch, state: 'AwaitingEngineer' })).toEqual(serials(scene.held));
    expect(await serialsOf({ batch, state: 'Scrapped' })).toEqual(serials(scene.scrapped));
    expect(await list({ state: 'OnHold' })).toMatchObject([{ state: 'OnHold', stateBeneath: 'InProgress' }]);
  });

  it.each([
    ['step', { step: 'test' }, () => [scene.held]],
    ['failure code', { failureCode: 'TEST_FAILED' }, () => [scene.held]],
    ['order', { order: 'PO-4711', step: 'assign' }, () => [scene.onHold]],
    [
      'board lot',
      { boardLot: 'PCB-2406-17' },
      () => [scene.shipped, scene.alsoShipped, scene.held, scene.ready],
    ],
    [
      'component lot in any position',
      { componentLot: 'RADIO-LOT-0093' },
      () => [scene.shipped, scene.alsoShipped, scene.held, scene.ready],
    ],
    ['buyer of a shipment', { buyer: 'acme', state: 'Shipped' }, () => [scene.shipped, scene.alsoShipped]],
    ['buyer of a batch that has not shipped', { buyer: 'borealis' }, () => [scene.ready]],
    ['country', { destination: 'DE', state: 'ReadyToShip' }, () => [scene.ready]],
    [
      'product and firmware',
      { product: 'EUDV', firmware: '1.4.2', state: 'Scrapped' },
      () => [scene.scrapped],
    ],
  ] as const)('is narrowed by %s', async (_, filter, expected) => {
    expect(await serialsOf(filter)).toEqual(serials(...expected()));
  });

  it.each<UnitFilter>([
    { firmware: '9.9.9' },
    { boardLot: 'X' },
    { componentLot: 'X' },
    { buyer: 'X' },
    { product: 'X' },
  ])('is empty where nothing fits %j', async (filter) => {
    expect(await serialsOf(filter)).toEqual([]);
  });

  it('holds what was shipped from one instant on and before another', async () => {
    const { shippedAt } = await findOneUnit(desk, scene.shipped.serial);
    const later = (ms: number): Date => new Date(shippedAt!.getTime() + ms);
    const one = { batch, state: 'Shipped' } as const;
    expect(await serialsOf({ ...one, shippedAfter: shippedAt! })).toContain(scene.shipped.serial);
    expect(await serialsOf({ ...one, shippedBefore: shippedAt! })).not.toContain(scene.shipped.serial);
    expect(await serialsOf({ batch, shippedAfter: later(60_000) })).toEqual([]);
    expect(await serialsOf({ batch, shippedAfter: later(-60_000), shippedBefore: later(60_000) })).toEqual(
      serials(scene.shipped, scene.alsoShipped),
    );
  });

  it('of more than a page has every unit once, and stops at the limit', async () => {
    const many = await openTestBatch(scene.floor, { id: 'B2647-many', quantity: 1_030 });
    await claimAll(scene.floor, many);
    const all = await serialsOf({ batch: many.id });
    expect(all).toEqual(Array.from({ length: 1_030 }, (_, at) => many.serialAt(at + 1)));
    expect(await serialsOf({ batch: many.id, limit: 501 })).toEqual(all.slice(0, 501));
    const facts = await loadRecordFacts(
      desk,
      (await list({ batch: many.id })).map(({ unitId }) => unitId),
    );
    expect(facts.map(({ unit }) => unit.serial)).toEqual(all);
  });
});

describe('the history of a unit', () => {
  it('tells each event with its position, time, login, person and what happened', async () => {
    const history = await unitHistory(desk, scene.scrapped.unitId);
    expect(history.map(({ seq, type, login, by }) => ({ seq, type, login, by }))).toEqual([
      { seq: 1, type: 'claimed', login: 'unitrail_office_login', by: null },
      { seq: 2, type: 'assigned', login: 'unitrail_office_login', by: null },
      { seq: 3, type: 'scrapped', login: 'unitrail_office_login', by: 'operator 17' },
    ]);
    expect(history[2]).toMatchObject({
      at: expect.any(Date),
      summary: 'Scrapped by operator 17: broken board',
    });
  });

  it('has words for every event of a whole life', async () => {
    const history = await unitHistory(desk, scene.shipped.unitId);
    expect(history.length).toBeGreaterThan(15);
    for (const { type, summary } of history) expect(summary).not.toBe(type);
    expect(history.map(({ summary }) => summary).join('\n')).not.toContain('?');
    expect(new Set(history.map(({ login }) => login)).size).toBe(3);
  });

  it('of no unit is refused', async () => {
    await expect(unitHistory(desk, '00000000-0000-4000-8000-000000000000')).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
  });
});

describe('the record of a unit', () => {
  it('that is sealed takes one question, whoever may ask it', async () => {
    const { serial, unitId } = scene.shipped;
    const { record: sealed } = await locateUnit(desk, unitId);
    for (const login of ['desk', 'office', 'auditor', 'retention'] as const) {
      const db = scene.floor.as(login);
      const asked: string[] = [];
      const note = ({ sql }: { sql: string }): void => void asked.push(sql);
      db.on('query', note);
      const record = await unitRecord(db, await locateUnit(db, serial));
      db.removeListener('query', note);
      expect([login, asked.length, record]).toEqual([login, 1, sealed]);
    }
    await expect(locateUnit(scene.floor.as('line-1'), serial)).rejects.toMatchObject({ code: 'NOT_ALLOWED' });
  });

  it('is what was sealed, byte for byte, and agrees with what its history still says', async () => {
    const record = await unitRecord(desk, await locateUnit(desk, scene.shipped.serial));
    if (!record.sealed) throw new Error('the record is not sealed');
    expect(digest(record.text)).toBe(record.sha256);
    const sealed = JSON.parse(record.text) as RecordV1;
    const history = await unitHistory(desk, scene.shipped.unitId);
    const at = (type: string) => history.findLast((event) => event.type === type)!.at.toISOString();
    expect(canonicalJson(sealed)).toBe(record.text);
    expect(sealed).toMatchObject({
      format: 'unitrail.record/1',
      gtin: '09506000134352',
      macs: scene.shipped.macs,
      buyerPart: 'AC-77-B',
      attributes: { revision: 'C' },
      provisioning: { at: at('provisioned'), chainNotAfter: '2036-11-20T00:00:00.000Z' },
      test: { at: at('testPassed'), attempt: 1, station: 'line-1', verdict: 'PASS' },
      labels: [
        { print: 1, printedAt: at('printed'), verifiedAt: at('labelVerified'), material: 'polyester' },
      ],
      qc: { at: at('qualityPassed'), by: 'station label-1' },
      shipment: { id: 'SH-B2647-01', at: at('shipped'), buyer: 'acme', destination: 'DE' },
      history: { events: history.length },
    });
  });

  it('is a draft in the house, null where nothing happened yet', async () => {
    const record = await unitRecord(desk, await locateUnit(desk, scene.assigned.unitId));
    expect(record.sealed).toBe(false);
    expect(JSON.parse(record.text)).toMatchObject({
      format: 'unitrail.record-draft/1',
      macs: scene.assigned.macs,
      chipUid: null,
      test: null,
      labels: [],
      history: { events: 2 },
    });
  });

  it('of no unit is refused', async () => {
    const unit = { unitId: '00000000-0000-4000-8000-000000000000', issuer: 'unitrail', serial: 'NOBODY' };
    await expect(unitRecord(desk, { ...unit, record: null, place: null })).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
  });
});

describe('the details of a unit', () => {
  it('of one that is held name the failure, since when, and the test that failed', async () => {
    const details = await unitDetails(desk, scene.held.unitId);
    const history = await unitHistory(desk, scene.held.unitId);
    expect(details).toMatchObject({
      unit: { state: 'AwaitingEngineer', step: 'test', failureCode: 'TEST_FAILED' },
      since: history.at(-1)!.at,
      failure: { code: 'TEST_FAILED', message: `TEST_FAILED of ${scene.held.serial}` },
      lastTest: { verdict: 'FAIL', results: [{ name: 'vcc_3v3', value: 3.5, verdict: 'FAIL' }] },
      record: { test: null },
      sealed: null,
    });
  });

  it('of one on hold name the hold', async () => {
    const { unit, holds, failure } = await unitDetails(desk, scene.onHold.unitId);
    expect({ state: unit.state, holds, failure }).toMatchObject({
      state: 'OnHold',
      holds: [{ hold: 'QH-1', reason: 'suspect reel', since: expect.any(Date) }],
      failure: null,
    });
  });

  it('forget a failure once the unit goes on, and the test once it is reworked', async () => {
    await decide(scene.floor, scene.held, 'retried', { step: 'test', attempt: 1, note: 'contacts cleaned' });
    expect(await unitDetails(desk, scene.held.unitId)).toMatchObject({
      unit: { state: 'InProgress', attempt: 2 },
      failure: null,
    });
    await walkOn(scene.floor, scene.held, 'test', 'qc');
    expect((await unitDetails(desk, scene.held.unitId)).record).toMatchObject({
      test: { attempt: 2 },
      labels: [{ print: 1 }],
    });
    await decide(scene.floor, scene.held, 'reworked', { step: 'flash', reason: 'new firmware' });
    const { record, lastTest } = await unitDetails(desk, scene.held.unitId);
    expect(record).toMatchObject({ test: null, labels: [], qc: null, firmware: { version: '1.4.2' } });
    expect(lastTest).toMatchObject({ verdict: 'PASS', attempt: 2 });
  });
});
