import { randomUUID } from 'node:crypto';
import { readyReadsAgainMs } from '../../workflows/timeouts';

const hour = 3_600_000;
const hoursOf = (ids: readonly string[]): number[] => ids.map((id) => readyReadsAgainMs(id) / hour);

test.each([
  ['as they are made', () => randomUUID()],
  ['that are numbered', (at: number) => `unit-${at}`],
])('units with ids %s read their rows again at paces between 24 and 30 hours, evenly spread', (_what, id) => {
  const hours = hoursOf(Array.from({ length: 6_000 }, (_, at) => id(at)));
  for (let from = 24; from < 30; from += 1) {
    const within = hours.filter((one) => one >= from && one < from + 1).length;
    expect(within).toBeGreaterThan(800);
    expect(within).toBeLessThan(1_200);
  }
});
