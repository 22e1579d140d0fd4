import { MockActivityEnvironment } from '@temporalio/testing';
import { createResolveActivities } from '../../activities/resolve-units';

/** A database that takes its time: nothing is answered in this test. */
const silent = { raw: () => new Promise(() => {}) };

beforeEach(() => jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate'] }));
afterEach(() => jest.useRealTimers());

const input = { action: 'retry', by: '17', batch: 'B-1' };

test.each([
  ['openResolution', { id: 'R', input }],
  ['resolveChunk', { id: 'R', from: 1, to: 100 }],
  ['resolutionResult', { id: 'R' }],
] as const)('%s tells that it lives while the database counts', (name, argument) => {
  const activities = createResolveActivities({ db: silent as never, client: {} as never });
  const environment = new MockActivityEnvironment();
  let beats = 0;
  environment.on('heartbeat', () => (beats += 1));
  void environment.run(activities[name] as (argument: unknown) => Promise<unknown>, argument);
  jest.advanceTimersByTime(20_000);
  expect(beats).toBeGreaterThanOrEqual(2);
});
