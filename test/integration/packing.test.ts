import { randomUUID } from 'node:crypto';
import { openDatabase } from '../../adapters/postgres/database';
import { openHolds, releaseHolds } from '../../adapters/postgres/holds';
import { buildLabelContent } from '../../domain/label-content';
import type { PackingRequest, PackingResult } from '../../domain/packing-desk';
import { taskQueues } from '../../domain/workflow-ids';
import { bareEnvironment, runCli, type CliAnswer } from '../support/cli';
import { startTestLine, type TestLine, type TestUnit } from '../support/line';

let line: TestLine;

beforeAll(async () => {
  line = await startTestLine();
});

afterAll(() => line?.stop());

describe('a batch that ships itself', () => {
  test('is packed by the rule of its order: so many in a carton, so many cartons on a pallet', async () => {
    const { batch } = await line.startBatch({ quantity: 5, cartonSize: 2, palletSize: 2 });
    const units = await line.shipped(batch);
    expect(await line.shipmentRun(batch).result()).toEqual([{ shipment: `SH-${batch}`, shipped: 5 }]);
    const packed = await Promise.all(units.map((unit) => line.facts(unit, 'packed')));
    const cartons = packed.map(([body]) => String(body!.carton));
    const rows = await line
      .db('cartons')
      .where({ shipment_id: `SH-${batch}` })
      .orderBy('opened_at');
    const [first, second, third] = rows.map(({ sscc }) => String(sscc));
    expect(cartons).toEqual([first, first, second, second, third]);
    const pallets = rows.map(({ pallet }) => String(pallet));
    expect(pallets[0]).toBe(pallets[1]);
    expect(new Set(pallets).size).toBe(2);
    const records: { body: string }[] = await line.db('records').select('body').orderBy('serial');
    const sealed = records.map(({ body }) => JSON.parse(body) as { shipment: { carton: string } });
    expect(sealed.map(({ shipment }) => shipment.carton)).toEqual(cartons);
  });
});

describe('a shipment by hand', () => {
  let one: TestUnit[];
  let other: TestUnit[];

  beforeAll(async () => {
    const byHand = { ship: 'byHand', quantity: 3 } as const;
    const { batch } = await line.startBatch(byHand);
    const second = await line.startBatch({ ...byHand, quantity: 1 });
    const ready = (units: TestUnit[]) =>
      units.length > 0 && units.every(({ state }) => state === 'ReadyToShip');
    one = await line.waitFor(batch, (units) => units.length === 3 && ready(units));
    other = await line.waitFor(second.batch, ready);
    await line.batchRun(batch).result();
  });

  const pack = (request: Omit<PackingRequest, 'by'>): Promise<PackingResult> =>
    line.client.workflow.execute('packing', {
      workflowId: `packing:${randomUUID()}`,
      taskQueue: taskQueues.workflows,
      args: [{ by: 17, ...request }],
    });

  const type = (...args: string[]): Promise<CliAnswer> =>
    runCli(args, {
      ...bareEnvironment,
      UNITRAIL_DATABASE_URL: line.database.urlOf('desk'),
      UNITRAIL_HOME: line.home,
      TEMPORAL_ADDRESS: line.temporal.connectionOptions.address ?? '',
      TEMPORAL_NAMESPACE: line.temporal.namespace,
    });

  const label = (serial: string, print: number): string =>
    buildLabelContent({ gtin: '09506000134352', serial, print });

  const stateOf = async ({ serial }: TestUnit): Promise<string> => (await line.unit(serial)).state;

  let first: string;

  test('is opened, packed by scan and by serial with units of several batches, and shown', async () => {
    const created = await type(
      ...['shipment', 'create', '--id', 'SH-hand', '--buyer', 'acme', '--destination', 'FR'],
      ...['--carrier', 'DPD-1', '--date', '2026-12-01', '--by', '17'],
    );
    expect(created).toMatchObject({ code: 0, err: '' });
    const codes = [label(one[0]!.serial, 1), other[0]!.serial, 'EUDV0000-000000'];
    const added = await type(
      ...['shipment', 'add', 'SH-hand', '--carton', 'new', '--carton-size', '2', '--pallet', 'new'],
      ...['--by', '17', '--json', ...codes],
    );
    expect(added.code).toBe(1);
    const result = JSON.parse(added.out) as PackingResult;
    expect(result.units).toMatchObject([
      { serial: one[0]!.serial, outcome: 'packed' },
      { serial: other[0]!.serial, outcome: 'packed' },
      { serial: null, outcome: 'refused' },
    ]);
    first = result.carton!;
    const events = await line.facts(one[0]!, 'packed');
    expect(events).toMatchObject([{ by: '17', carton: first, label: { print: 1, serial: one[0]!.serial } }]);
    const shown = await type('shipment', 'show', 'SH-hand', '--json');
    expect(JSON.parse(shown.out)).toMatchObject({
      ...{
        buyer: 'acme',
        destination: 'FR',
        carrier: 'DPD-1',
        shipOn: '2026-12-01',
        state: 'open',
        units: 2,
      },
      cartons: [{ carton: first, pallet: result.pallet, capacity: 2, units: 2 }],
    });
    expect((await type('shipment', 'list', '--open')).out).toContain('SH-hand');
  });

  test('is split, and a unit is taken out: each is an event of the unit', async () => {
    const full = await pack({ action: 'add', shipment: 'SH-hand', carton: first, codes: [one[1]!.serial] });
    expect(full.units).toMatchObject([{ outcome: 'refused', why: `carton ${first} is full: 2 units` }]);
    const move = { action: 'move', shipment: 'SH-hand', carton: 'new', reason: 'too heavy' } as const;
    const moved = await pack({ ...move, codes: [other[0]!.serial] });
    expect(moved.units).toMatchObject([{ outcome: 'packed' }]);
    expect(await line.facts(other[0]!, 'unpacked', 'packed')).toMatchObject([
      { carton: first },
      { by: '17', reason: 'too heavy', shipment: 'SH-hand' },
      { by: '17', carton: moved.carton, shipment: 'SH-hand' },
    ]);
    const codes = [one[1]!.serial, one[2]!.serial];
    expect(
      (await pack({ action: 'add', shipment: 'SH-hand', carton: moved.carton!, codes })).units,
    ).toMatchObject([{ outcome: 'packed' }, { outcome: 'packed' }]);
    const out = await pack({
      action: 'remove',
      shipment: 'SH-hand',
      codes: [one[2]!.serial],
      reason: 'scratched',
    });
    expect(out.units).toMatchObject([{ outcome: 'removed' }]);
    expect(await stateOf(one[2]!)).toBe('ReadyToShip');
    const placed = await pack({ action: 'pallet', shipment: 'SH-hand', pallet: 'none', cartons: [first] });
    expect(placed).toMatchObject({ pallet: 'none' });
  });

  test('a label that is not the one that QC saw holds the unit', async () => {
    const scanned = await pack({
      ...{ action: 'add', shipment: 'SH-hand', carton: first },
      codes: [label(one[2]!.serial, 2)],
    });
    expect(scanned.units).toMatchObject([
      { outcome: 'held', why: expect.stringContaining('LABEL_MISMATCH') },
    ]);
    const held = await line.held(one[2]!.batch, one[2]!.index);
    expect(await line.facts(held, 'held')).toMatchObject([
      { code: 'LABEL_MISMATCH', detail: { scanned: { print: 2 }, seen: { print: 1 } } },
    ]);
  });

  test('is closed without the unit that is on hold, and its records are sealed', async () => {
    const db = openDatabase(line.database.urlOf('office'), { applicationName: 'test-office' });
    await openHolds(db, { hold: 'Q-9', by: '17', note: 'suspect reel' }, [one[1]!.unitId]);
    const closed = await type('shipment', 'close', 'SH-hand', '--by', '17');
    expect(closed.out).toBe(
      `${one[1]!.serial} was taken out: on quality hold\nShipment SH-hand is closed: 2 units have left, records sealed.\n`,
    );
    expect(closed.code).toBe(1);
    expect(await Promise.all([one[0]!, other[0]!, one[1]!].map(stateOf))).toEqual([
      ...['Shipped', 'Shipped', 'ReadyToShip'],
    ]);
    // The workflows of what has shipped have ended.
    for (const unit of [one[0]!, other[0]!]) await line.unitRun(unit).result();
    const late = pack({ action: 'add', shipment: 'SH-hand', carton: first, codes: [one[1]!.serial] });
    await expect(late).rejects.toMatchObject({ cause: { cause: { type: 'NOT_ALLOWED' } } });
    await releaseHolds(db, { hold: 'Q-9', by: '17', note: 'looked at' }, [one[1]!.unitId]);
    await db.destroy();
  });

  test('is not closed empty, and is given up instead', async () => {
    const create = { action: 'create', buyer: 'acme', destination: 'DE' } as const;
    const { shipment } = await pack(create);
    // Begun in the same minute, and yet another one.
    expect((await pack(create)).shipment).not.toBe(shipment);
    await expect(pack({ ...create, shipment, carrier: 'another' })).rejects.toMatchObject({
      cause: { cause: { type: 'REQUEST_CONFLICT', message: expect.stringContaining('is there already') } },
    });
    await expect(pack({ ...create, buyer: 'nordlicht', destination: 'US' })).rejects.toMatchObject({
      cause: { cause: { type: 'INPUT_INVALID', message: expect.stringContaining('"US" is not allowed') } },
    });
    expect(await pack({ action: 'close', shipment })).toMatchObject({ closed: false, shipped: 0 });
    await pack({ action: 'cancel', shipment, reason: 'not wanted' });
    expect(JSON.parse((await type('shipment', 'show', shipment, '--json')).out)).toMatchObject({
      state: 'cancelled',
    });
  });

  test('is refused as wrong input where there is no such buyer, or no such shipment', async () => {
    const answer = await type(
      ...['shipment', 'create', '--buyer', 'nobody', '--destination', 'DE', '--by', '17'],
    );
    expect(answer).toMatchObject({ code: 2, out: '' });
    expect(answer.err).toContain('there is no buyer nobody');
    const close = pack({ action: 'close', shipment: 'SH-nowhere' });
    await expect(close).rejects.toMatchObject({ cause: { cause: { type: 'NOT_FOUND' } } });
  });
});

test('the auditor finds every promise kept', () => line.audit());
