import fc from 'fast-check';
import type { MacAddress } from '../../domain/brands';
import { needsMore, poolOutlook, serialOutlook, type SpaceStanding } from '../../domain/number-outlook';
import type { MacPool } from '../../domain/plant-document';

const now = new Date('2026-11-26T12:00:00Z');
const pool: MacPool = { name: 'main', block: '70:B3:D5:00:00:00/36', reserveFirst: 4, reserveLast: 4 };
const used = [{ from: '70:B3:D5:00:00:00' as MacAddress, to: '70:B3:D5:00:00:0F' as MacAddress }];

function daysAgo(days: number): Date {
  return new Date(now.getTime() - days * 86_400_000);
}

function space(next: number, more: Partial<SpaceStanding> = {}): SpaceStanding {
  return {
    ...{ kind: 'mac', name: 'main', scope: '', first: 4, last: 4_091, next },
    ...{ granted: next - 4, grantedLately: next - 4, firstGrantAt: daysAgo(100), byRun: { 1: next - 4 } },
    ...more,
  };
}

describe('the outlook of a pool', () => {
  it('that granted nothing yet is all free but for its ends and what was used before', () => {
    expect(poolOutlook({ ...pool, used }, null, now)).toMatchObject({
      ...{ block: '70:B3:D5:00:00:00/36', eui: 48, size: 4_096, reservedFirst: 4, reservedLast: 4 },
      ...{ usedBefore: 12, granted: 0, skipped: 0, free: 4_076, usedPercent: 0.2 },
      ...{ grantedADay: null, runsOutOn: null, forecast: 'not enough history' },
    });
  });

  it('of EUI-64 counts in its own range', () => {
    expect(poolOutlook({ ...pool, eui: 64 }, null, now)).toMatchObject({
      ...{ block: '70:B3:D5:00:00:00:00:00/36', eui: 64, size: 2 ** 28, free: 2 ** 28 - 8 },
    });
  });

  it('accounts for every number of its block exactly once', () => {
    fc.assert(
      fc.property(fc.integer({ min: 16, max: 4_092 }), fc.nat(), (next, part) => {
        const granted = part % (next - 15);
        const told = poolOutlook({ ...pool, used }, space(next, { granted }), now);
        const { reservedFirst, reservedLast, usedBefore, skipped, free, size } = told;
        expect(reservedFirst + reservedLast + usedBefore + granted + skipped + free).toBe(size);
        expect(Math.min(skipped, free)).toBeGreaterThanOrEqual(0);
      }),
    );
  });

  it.each([
    ['at the rate of the last 90 days', space(904), '2027-10-11, at 10 a day'],
    [
      'at the rate since its first grant',
      space(64, { firstGrantAt: daysAgo(10) }),
      '2028-09-27, at 6.0 a day',
    ],
    ['not enough history after some days', space(904, { firstGrantAt: daysAgo(6) }), 'not enough history'],
    ['not in sight without a grant lately', space(904, { grantedLately: 0 }), 'not in sight'],
    ['not in sight in fifty years', space(5, { grantedLately: 1 }), 'not in sight'],
    ['used up at its end', space(4_092), 'used up'],
  ])('says when it runs out: %s', (_name, standing, forecast) => {
    expect(poolOutlook(pool, standing, now).forecast).toBe(forecast);
  });

  it('warns from nine tenths on', () => {
    const at = (next: number) => needsMore(poolOutlook(pool, space(next), now));
    // 4,088 addresses can be granted.
    expect([at(4 + 3_679), at(4 + 3_680)]).toEqual([false, true]);
  });

  it('of serials is the same without a block', () => {
    const serials = { kind: 'serial', name: 'EUDV', scope: '2026W47', first: 1, last: 999_999 } as const;
    expect(serialOutlook(space(100_000, { ...serials, granted: 99_999 }), now)).toMatchObject({
      ...{ kind: 'serial', scope: '2026W47', block: null, size: 999_999, free: 900_000, usedPercent: 9.9 },
    });
  });
});
