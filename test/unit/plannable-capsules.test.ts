import { CAPSULE_UNITS, plannableCapsules, type DueGroup } from '../../domain/retention';

const group = (changes: Partial<DueGroup>): DueGroup => ({
  ...{ buyer: 'acme', product: 'EUDV', month: '2026-11', units: 3, held: 0, undelivered: 0, ready: 3 },
  ...changes,
});

test('what a run would plan: nothing of a blocked buyer, and a million units in slices with the next numbers', () => {
  const due = [
    group({ units: 2 * CAPSULE_UNITS + 1, ready: 2 * CAPSULE_UNITS + 1 }),
    group({ month: '2026-10', units: 5, held: 5, ready: 0 }),
    group({ buyer: 'cobalt', undelivered: 1, ready: 2 }),
    group({ buyer: 'cobalt', month: '2026-10' }),
    // Of nobody: what is not told yet keeps back itself alone.
    group({ buyer: null, undelivered: 1, ready: 2 }),
  ];
  const planned = plannableCapsules(due, ({ buyer }) => (buyer === 'acme' ? 4 : 0));
  expect(planned.map(({ capsule, units, step }) => [capsule, units, step])).toEqual([
    ['acme-EUDV-2026-11-5', CAPSULE_UNITS, 'due'],
    ['acme-EUDV-2026-11-6', CAPSULE_UNITS, 'due'],
    ['acme-EUDV-2026-11-7', 1, 'due'],
    ['own-EUDV-2026-11-1', 2, 'due'],
  ]);
});
