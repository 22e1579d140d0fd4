import { Context } from '@temporalio/activity';
import type { Database } from '../adapters/postgres/database';
import { acquireSlot, releaseSlot, type AcquiredSlot } from '../adapters/postgres/ledger';
import type { Notifications } from '../adapters/postgres/notifications';
import { UnitrailError } from '../domain/errors';
import { startHeartbeat } from './act';
import type { UnitInput } from './types';

/** Shorter than the activity's heartbeat time-out: the workflow's retry keeps the place in line, also on another worker. */
const WAIT_MS = 20_000;

/**
 * A lease belongs to the unit and outlives its workers. The database keeps the line and calls the unit whose turn it
 * is. There is no activity that releases a slot: the lease ends with the event that ends its use, or with the hold.
 */
export function createSlotActivities({ db, calls }: { db: Database; calls: Notifications }) {
  return {
    async acquireSlot({ unitId }: UnitInput): Promise<AcquiredSlot> {
      const stopHeartbeat = startHeartbeat(Context.current());
      const deadline = Date.now() + WAIT_MS;
      try {
        for (;;) {
          const called = calls.next(
            unitId,
            Math.max(deadline - Date.now(), 0),
            Context.current().cancellationSignal,
          );
          const answer = await acquireSlot(db, unitId).catch((error: unknown) => leaveOnHold(unitId, error));
          const waits = answer.lease === null && answer.standing.state === 'InProgress';
          if (!waits) {
            called.cancel();
            return answer;
          }
          if (Date.now() >= deadline || calls.ended) {
            called.cancel();
            throw new UnitrailError(
              'SLOT_BUSY',
              `Every slot that does ${answer.standing.step} is taken; unit ${answer.standing.serial} waits in line.`,
            );
          }
          await called.promise;
        }
      } finally {
        stopHeartbeat();
      }
    },
  };

  /** A unit on quality hold keeps no slot that it had from the step before: others wait for it. */
  async function leaveOnHold(unitId: string, error: unknown): Promise<never> {
    if (error instanceof UnitrailError && error.code === 'ON_HOLD') await releaseSlot(db, unitId);
    throw error;
  }
}
