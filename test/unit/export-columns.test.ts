import fc from 'fast-check';
import { columnProblems, chosenColumns, measurementNames } from '../../domain/export-columns';
import { unitFields, type ExportColumn, type ShippedUnit } from '../../domain/export-fields';
import { componentRows, readShipped, shippedUnits, testRows } from '../../domain/export-rows';
import { sampleRecord, sealed, sourceOf } from '../support/export-source';

const shipped = readShipped(sealed());
const valueOf = (field: string, unit = shipped): unknown => chosenColumns([{ field }])[0]!.value(unit);
const namesOf = (columns: readonly ExportColumn<ShippedUnit>[]): string[] => columns.map(({ name }) => name);

describe("a unit's row", () => {
  it('says something in every column for a whole record, each with a name and a meaning of its own', () => {
    for (const column of unitFields) expect([column.name, column.value(shipped)]).not.toContain(null);
    expect(new Set(namesOf(unitFields)).size).toBe(unitFields.length);
    expect(new Set(unitFields.map(({ heading }) => heading)).size).toBe(unitFields.length);
    expect(unitFields.every(({ meaning }) => meaning.length > 3)).toBe(true);
  });

  it('has text for identifiers, numbers for counts, instants for times', () => {
    expect(valueOf('gtin')).toBe('09506000134352');
    expect(valueOf('macs')).toBe('70:B3:D5:00:00:04, 70:B3:D5:00:00:05');
    expect(valueOf('components')).toBe('U1: MCU-LOT-7731, U7: RADIO-LOT-0092 + RADIO-LOT-0093');
    expect(valueOf('testAttempt')).toBe(2);
    expect(valueOf('shippedAt')).toEqual(new Date(sampleRecord.shipment!.at!));
    expect(valueOf('simulated')).toBe(true);
    expect(valueOf('label')).toContain('\u001d');
  });

  it('shows a time that is none as it was written', () => {
    const unit = readShipped(sealed({ qc: { at: 'yesterday', by: null, statementSha256: null } }));
    expect(valueOf('qcAt', unit)).toBe('yesterday');
  });

  it('tells a time as the record has it, and only where reading and writing it would give the same', () => {
    const qcAt = chosenColumns([{ field: 'qcAt' }])[0]!;
    const toldOf = (at: string): string | undefined =>
      qcAt.told!(readShipped(sealed({ qc: { at, by: null, statementSha256: null } })));
    for (const at of [
      'yesterday',
      '2026-11-27T10:00:00Z',
      '2026-11-27T24:00:00.000Z',
      '2026-02-30T10:00:00.000Z',
    ])
      expect([at, toldOf(at)]).toEqual([at, undefined]);
    const times = fc.date({ min: new Date('1990-01-01'), max: new Date('2110-01-01'), noInvalidDate: true });
    fc.assert(
      fc.property(times, (time) => [undefined, time.toISOString()].includes(toldOf(time.toISOString()))),
    );
    expect(toldOf('2026-11-27T23:59:59.999Z')).toBe('2026-11-27T23:59:59.999Z');
  });

  it('can be asked for one attribute, one position, one label, one MAC address', () => {
    expect(valueOf('attribute:revision')).toBe('C');
    expect(valueOf('component:U7')).toBe('RADIO-LOT-0092, RADIO-LOT-0093');
    expect(valueOf('label:housing')).toBe(sampleRecord.labels[0]!.content);
    expect(valueOf('mac:2')).toBe('70:B3:D5:00:00:05');
    for (const field of ['attribute:toString', 'component:U99', 'label:lid', 'mac:3'])
      expect([field, valueOf(field)]).toEqual([field, null]);
  });

  it('is not made from a record of another format', () => {
    const draft = sealed({ format: 'unitrail.record-draft/1' });
    expect(() => readShipped(draft)).toThrow('unitrail.record-draft/1');
  });
});

describe("a buyer's choice of columns", () => {
  it('has the names and the order of the buyer, and all of ours by default', () => {
    const chosen = chosenColumns([{ field: 'carton', name: 'SSCC' }, { field: 'serial' }]);
    expect(chosen.map(({ name, heading }) => [name, heading])).toEqual([
      ['SSCC', 'SSCC'],
      ['serial', 'Serial'],
    ]);
    expect(namesOf(chosenColumns(null))).toEqual(namesOf(unitFields));
  });

  it.each([
    ['no column', [], 'columns: an empty list is not allowed; from 1 to 16384 columns'],
    [
      'an unknown field',
      [{ field: 'colour' }],
      'columns[0].field: "colour" is not allowed; one of serial, issuer',
    ],
    ['a MAC address no. 0', [{ field: 'mac:0' }], 'mac:NUMBER'],
    ['an attribute without a name', [{ field: 'attribute:' }], 'attribute:NAME'],
    ['an inherited name', [{ field: 'constructor:x' }], 'columns[0].field: "constructor:x"'],
    ['an empty name', [{ field: 'serial', name: ' ' }], 'columns[0].name: " " is not allowed'],
    ['a name of two lines', [{ field: 'serial', name: 'a\nb' }], 'columns[0].name'],
    [
      'one name twice',
      [{ field: 'carton', name: 'serial' }, { field: 'serial' }],
      'columns[1].name: "serial" is not allowed; a name that no other column has',
    ],
  ])('is refused with %s', (_, choices, message) => {
    expect(() => chosenColumns(choices)).toThrow(message);
    expect(columnProblems(choices)).toHaveLength(1);
  });
});

describe('the test vector', () => {
  const result = (name: string, value: number | null) =>
    ({ name, value, unit: 'V', low: 1, high: 2, verdict: 'PASS' }) as const;
  const tested = (serial: string, planSha256: string, names: readonly string[]) =>
    sealed({
      serial,
      test: { ...sampleRecord.test!, planSha256, results: names.map((name, at) => result(name, at)) },
    });
  const records = [
    tested('1', 'a', ['vcc', 'rf']),
    tested('2', 'a', ['vcc', 'rf']),
    tested('3', 'b', ['rf', 'temp']),
  ];

  it('is a column for each measurement of each plan, in the order of their appearance', async () => {
    const names = await measurementNames(shippedUnits(sourceOf(records).records()));
    expect(names).toEqual(['vcc', 'rf', 'temp']);
    const columns = chosenColumns([{ field: 'serial' }], names);
    const row = columns.map((column) => column.value(readShipped(records[2]!)));
    expect([namesOf(columns), row]).toEqual([
      ['serial', 'vcc', 'rf', 'temp'],
      ['3', null, 0, 1],
    ]);
  });

  it('takes another name where a column has its own already', () => {
    const columns = chosenColumns([{ field: 'serial', name: 'rf' }, { field: 'batch' }], ['rf', 'batch']);
    expect(namesOf(columns)).toEqual(['rf', 'batch', 'rf (test)', 'batch (test)']);
  });

  it('is refused where it is wider than a sheet', () => {
    const many = Array.from({ length: 16_384 }, (_, at) => `m${at}`);
    expect(() => chosenColumns([{ field: 'serial' }], many)).toThrow(
      'testColumns: true is not allowed; at most 16384',
    );
  });

  it('is one row for each measurement of each unit, and lots are one for each position and lot', async () => {
    const source = sourceOf([records[0]!, tested('2', 'a', [])]);
    const rows = [];
    for await (const { serial, name, value } of testRows(source.records())) rows.push([serial, name, value]);
    expect(rows).toEqual([
      ['1', 'vcc', 0],
      ['1', 'rf', 1],
    ]);
    const lots = [];
    for await (const { serial, position, lot } of componentRows(sourceOf([records[0]!]).records()))
      lots.push([serial, position, lot]);
    expect(lots).toEqual([
      ['1', 'U1', 'MCU-LOT-7731'],
      ['1', 'U7', 'RADIO-LOT-0092'],
      ['1', 'U7', 'RADIO-LOT-0093'],
    ]);
  });
});
