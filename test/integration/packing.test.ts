import { startTestLine, type TestLine } from '../support/line';

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

test('the auditor finds every promise kept', () => line.audit());
