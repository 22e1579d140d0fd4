import { jsonRow } from '../../domain/columns';
import { unitColumns, unitTableColumns } from '../../domain/unit-columns';
import { shownState } from '../../domain/unit-row';
import { sampleRow } from '../support/unit-facts';

describe('the columns of a list of units', () => {
  it('have one name and one heading each', () => {
    expect(new Set(unitColumns.map(({ name }) => name)).size).toBe(unitColumns.length);
    expect(new Set(unitColumns.map(({ heading }) => heading)).size).toBe(unitColumns.length);
  });

  it('give each value the type that they promise', () => {
    const types = { text: 'string', number: 'number', boolean: 'boolean', date: 'object' };
    for (const column of unitColumns) {
      const value = column.value(sampleRow);
      if (value !== null) expect([column.name, typeof value]).toEqual([column.name, types[column.kind]]);
    }
  });

  it('keep every identifier as text, leading zeros included', () => {
    const kinds = Object.fromEntries(unitColumns.map(({ name, kind }) => [name, kind]));
    for (const name of ['serial', 'order', 'boardLot', 'carton', 'firmware', 'chipUid'])
      expect(kinds[name]).toBe('text');
    expect(jsonRow(unitColumns, sampleRow)).toMatchObject({ order: '0004711', boardLot: '00012' });
  });

  it('are lists in JSON where a cell can only have a line', () => {
    const text = Object.fromEntries(unitColumns.map((column) => [column.name, column.value(sampleRow)]));
    expect(text).toMatchObject({
      macs: '70:B3:D5:00:00:04, 70:B3:D5:00:00:05',
      components: 'U1: MCU-LOT-7731 + MCU-LOT-7732',
    });
    expect(jsonRow(unitColumns, sampleRow)).toMatchObject({
      macs: ['70:B3:D5:00:00:04', '70:B3:D5:00:00:05'],
      components: [{ position: 'U1', lots: ['MCU-LOT-7731', 'MCU-LOT-7732'] }],
      shippedAt: '2026-11-23T08:20:00.125Z',
      failureCode: null,
    });
  });

  it('of a table are some of them, in the same order', () => {
    const names = unitTableColumns.map(({ name }) => name);
    expect(names[0]).toBe('serial');
    expect(unitColumns.map(({ name }) => name).filter((name) => names.includes(name))).toEqual(names);
  });
});

describe('the state that is shown', () => {
  it('is OnHold while a hold is open, except for units that have ended', () => {
    expect(shownState('InProgress', true)).toBe('OnHold');
    expect(shownState('Missing', true)).toBe('OnHold');
    expect(shownState('InProgress', false)).toBe('InProgress');
    expect(shownState('Scrapped', true)).toBe('Scrapped');
  });
});
