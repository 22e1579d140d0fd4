import { monthsLater, termsOf } from '../../domain/unit-terms';

const promised = { warrantyMonths: 24, supportEnds: '2036-12-31' };
const shipped = new Date('2026-11-30T23:59:00Z');

describe('what a buyer was promised', () => {
  it.each([
    ['2026-11-30T23:59:00Z', 24, '2028-11-30'],
    ['2027-12-31T00:00:00Z', 2, '2028-02-29'],
    ['2026-01-31T00:00:00Z', 1, '2026-02-28'],
    ['2026-11-30T00:00:00Z', 0, '2026-11-30'],
  ])('counts months by the calendar: %s and %i', (from, months, until) => {
    expect(monthsLater(new Date(from), months)).toBe(until);
  });

  it('begins with the shipping, and has no end before it', () => {
    expect(termsOf(promised, undefined, null, null)).toMatchObject({ warrantyUntil: null, lastPlaced: null });
    expect(termsOf(promised, undefined, shipped, shipped)).toEqual({
      ...{ warrantyMonths: 24, warrantyUntil: '2028-11-30' },
      ...{ supportEnds: '2036-12-31', lastPlaced: '2026-11-30' },
    });
  });

  it('is made longer by the plant file, and never shorter', () => {
    const told = (warrantyMonths: number, supportEnds: string) =>
      termsOf(promised, { warrantyMonths, supportEnds }, shipped, null);
    expect(told(12, '2038-01-01')).toMatchObject({ warrantyMonths: 24, supportEnds: '2038-01-01' });
    expect(told(36, '2030-01-01')).toMatchObject({ warrantyMonths: 24, supportEnds: '2036-12-31' });
  });
});
