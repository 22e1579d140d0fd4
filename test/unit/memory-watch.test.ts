import { MemoryWatch, watchedSteps, type CapsulesDone } from '../../bench/retention/memory';

/** Looks of a run with so many capsules, one at each of them in each step: the memory is that of `bytesAt`. */
function watched(planned: number, bytesAt: (step: number, capsule: number) => number): MemoryWatch {
  const watch = new MemoryWatch(0);
  const none = { made: 0, delivered: 0, moved: 0 };
  // While exports are made nothing is planned yet: that is no capsule's.
  watch.note({ planned: 0, ...none }, 10_000);
  watchedSteps.forEach((name, step) => {
    const before = Object.fromEntries(watchedSteps.slice(0, step).map((earlier) => [earlier, planned]));
    for (let capsule = 0; capsule < planned; capsule += 1) {
      const done: CapsulesDone = { planned, ...none, ...before, [name]: capsule };
      watch.note(done, bytesAt(step, capsule));
    }
  });
  return watch;
}

test('memory that grows by each capsule is told, step by step, and what came before the plan is not counted', () => {
  const watch = watched(8, (step, capsule) => 100 + (step === 1 ? 50 * capsule : 0));
  expect(watch.peakBytes()).toBe(10_000);
  expect(watch.growth()).toEqual([
    { step: 'made', firstBytes: 100, lastBytes: 100, ratio: 1 },
    { step: 'delivered', firstBytes: 150, lastBytes: 450, ratio: 3 },
    { step: 'moved', firstBytes: 100, lastBytes: 100, ratio: 1 },
  ]);
});

test.each([
  [1, 'one capsule'],
  [3, '3 capsules'],
])('%i capsules have no first and last ones to compare', (capsules, why) => {
  expect(watched(capsules, () => 100).growth()).toBe(why);
});

test('capsules that nobody saw being made say nothing', () => {
  const watch = new MemoryWatch(0);
  watch.note({ planned: 4, made: 4, delivered: 4, moved: 4 }, 100);
  expect(watch.growth()).toBe('capsules so small that nobody looked while they were made');
});
