/**
 * Every time-out and retry policy, with its reason. Infrastructure that is away is retried without end; what a device
 * or a station does wrong is not retried by Temporal at all (those failures are thrown non-retryable): the unit's
 * workflow repeats it a few times and then asks a person.
 */
import type { ActivityOptions, RetryPolicy } from '@temporalio/common';

/** Five minutes between tries at most: an engineer who mends a database should not wait longer for the line. */
const withoutEnd: RetryPolicy = {
  initialInterval: '1 second',
  backoffCoefficient: 2,
  maximumInterval: '5 minutes',
};

/** Database work of milliseconds; half a minute covers a failover. */
export const office: ActivityOptions = { startToCloseTimeout: '30 seconds', retry: withoutEnd };

/** Waits in line for a slot up to 20 s a try, and tells that it lives every 4 s. */
export const waiting: ActivityOptions = {
  startToCloseTimeout: '1 minute',
  heartbeatTimeout: '20 seconds',
  retry: { ...withoutEnd, maximumInterval: '10 seconds' },
};

/** A hundred claims or a shipment of thousands in one transaction. */
export const bulk: ActivityOptions = {
  startToCloseTimeout: '30 minutes',
  heartbeatTimeout: '20 seconds',
  retry: withoutEnd,
};

/** A million records are read, written and hashed; a repeat finds what was made. */
export const making: ActivityOptions = {
  startToCloseTimeout: '2 hours',
  heartbeatTimeout: '1 minute',
  retry: withoutEnd,
};

/** All there is in the content store. The next worker goes on from the last heartbeat of one that died: they come close together. */
export const searching: ActivityOptions = { ...making, heartbeatTimeout: '20 seconds' };

/** A gigabyte over a slow line takes hours; each call to the server has a deadline of its own. */
export const delivery: ActivityOptions = {
  startToCloseTimeout: '12 hours',
  heartbeatTimeout: '1 minute',
  retry: withoutEnd,
};

/** Six hours of tries in a row, of runs that were begun before absent buyers came last. */
export const capsuleDelivery: ActivityOptions = {
  ...delivery,
  scheduleToCloseTimeout: '6 hours',
  startToCloseTimeout: '6 hours',
};

/** One try: who does not answer gives way to all others, and is asked again behind them. */
export const capsuleTry: ActivityOptions = {
  ...capsuleDelivery,
  retry: { ...withoutEnd, maximumAttempts: 1 },
};

/** How long a run asks buyers that do not answer: by then it goes on without their capsules, and the next one tries again. */
export const deliveryPatience = '6 hours';

/**
 * When they are asked, as shares of that patience: after a minute, because it may have been a failover here, then after twice
 * as long each time, and once an hour at most. A history has an end.
 */
export const sharesOfPatience = [1, 2, 4, 8, 16, 32, 60, 60, 60, 60, 57].map((minutes) => minutes / 360);

/** How long a retention run waits for an export: one that waits for a person goes on by itself. */
export const exportPatience = '6 hours';

/** What a person has to mend is looked at again this often: more would lock a login that is refused. */
export const exportAgainAfter = '1 hour';

/** A receiver outside: a sending ends by itself after 10 s. Four tries in a run; the run of the next minute goes on. */
export const webhook: ActivityOptions = {
  startToCloseTimeout: '20 seconds',
  retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumAttempts: 4 },
};

/**
 * At the fixture. The lease is held before, so a task that nobody picks up for two minutes means that the station's
 * worker is away (STATION_OFFLINE). Five minutes is longer than the slowest flash; a dead worker is noticed by its
 * missing heartbeat after 20 s, and the next try fences the old one.
 */
export const station: ActivityOptions = {
  scheduleToStartTimeout: '2 minutes',
  startToCloseTimeout: '5 minutes',
  heartbeatTimeout: '20 seconds',
  retry: withoutEnd,
  cancellationType: 'WAIT_CANCELLATION_COMPLETED',
};

/** Between two repeats of a step that the workflow makes by itself: time for a fixture to settle. */
export const betweenRepeatsMs = 1_000;

/** A unit on hold in the line reads its row again this often, in case the signal was lost: its release is waited for. */
export const heldReadsAgainEvery = '6 hours';

const HOUR_MS = 3_600_000;

/**
 * One that waits to be shipped does so once in 24 to 30 hours (ADR 0038). Nothing waits for it, and a hundred thousand may lie
 * in the house for months. Each has a pace of its own: timers that came due together, while a server was away, drift apart.
 */
export function readyReadsAgainMs(unitId: string): number {
  return Math.round((24 + 6 * shareOf(unitId)) * HOUR_MS);
}

/** From 0 to below 1, evenly, and the same at every replay (FNV-1a). */
function shareOf(text: string): number {
  let hash = 0x811c9dc5;
  for (const letter of text) hash = Math.imul(hash ^ letter.charCodeAt(0), 0x01000193);
  return (hash >>> 0) / 2 ** 32;
}
