import { filterOptions, parseUnitFilter } from '../../domain/unit-filter';

function refusalOf(typed: Record<string, string>): string {
  try {
    parseUnitFilter(typed);
  } catch (error) {
    expect(error).toMatchObject({ code: 'INPUT_INVALID' });
    return (error as Error).message;
  }
  throw new Error('the filter was taken');
}

describe('a filter of units', () => {
  it('is empty where nothing was typed', () => {
    expect(parseUnitFilter(Object.fromEntries(filterOptions.map((name) => [name, undefined])))).toEqual({});
  });

  it('takes states, steps, countries and codes in any case', () => {
    expect(parseUnitFilter({ state: 'onhold', step: 'QC', country: 'de', failure: 'test_failed' })).toEqual({
      state: 'OnHold',
      step: 'qc',
      destination: 'DE',
      failureCode: 'TEST_FAILED',
    });
  });

  it('takes names as they are, leading zeros included', () => {
    expect(parseUnitFilter({ 'component-lot': '00012', 'board-lot': 'PCB-1', batch: 'B1' })).toEqual({
      componentLot: '00012',
      boardLot: 'PCB-1',
      batch: 'B1',
    });
  });

  it('begins a day at 00:00 UTC, and takes instants with their zone', () => {
    const filter = parseUnitFilter({
      'shipped-after': '2026-11-23',
      'shipped-before': '2026-11-24T01:30:00+02:00',
    });
    expect(filter.shippedAfter?.toISOString()).toBe('2026-11-23T00:00:00.000Z');
    expect(filter.shippedBefore?.toISOString()).toBe('2026-11-23T23:30:00.000Z');
  });

  it.each([
    '2026-02-30',
    '2026-11-31T00:00:00Z',
    '2026-11-23T08:00:00',
    '23.11.2026',
    'yesterday',
    '2026-13-01',
    '2026-11-23T25:00:00Z',
  ])('refuses the time %s and says what is allowed', (time) => {
    expect(refusalOf({ 'shipped-after': time })).toContain(
      `--shipped-after: "${time}" is not allowed; a day YYYY-MM-DD`,
    );
  });

  it('refuses a state that is none, and lists those that are', () => {
    expect(refusalOf({ state: 'Finished' })).toContain(
      '--state: "Finished" is not allowed; one of InProgress, AwaitingEngineer, ReadyToShip, Packed, Shipped, Scrapped, Missing, Void, OnHold',
    );
  });

  it.each(['0', '-1', '1.5', '1000001', 'all', '1e3', ''])('refuses the limit %j', (limit) => {
    expect(refusalOf({ limit })).toContain('a whole number from 1 to 1000000');
  });

  it('names every mistake at once', () => {
    const message = refusalOf({ step: 'paint', country: 'XX', failure: 'BAD', batch: 'a\nb' });
    for (const option of ['--step', '--country', '--failure', '--batch']) expect(message).toContain(option);
  });
});
