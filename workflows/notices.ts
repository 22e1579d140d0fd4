import { log, proxyActivities } from '@temporalio/workflow';
import type { OfficeActivities } from './activity-types';
import { office, webhook } from './timeouts';
import { taskQueues } from '../domain/workflow-ids';

const desk = proxyActivities<OfficeActivities>({ ...office, taskQueue: taskQueues.office });
const outside = proxyActivities<OfficeActivities>({ ...webhook, taskQueue: taskQueues.office });

/** A receiver that fails so often is away: the rest waits for the next run. */
const MOST_FAILURES = 3;

/**
 * Started by its schedule every minute: raises a notice for each unit that is held too long, once a hold, and sends what
 * was not taken yet. It ends whatever the receiver does: what was not sent stays in the database.
 */
export async function notices(): Promise<{ raised: number; delivered: number; failed: number }> {
  const { raised, undelivered } = await desk.raiseNotices();
  let [delivered, failed] = [0, 0];
  for (const notice of undelivered) {
    if (failed === MOST_FAILURES) break;
    try {
      await outside.deliverNotice({ notice });
      delivered += 1;
    } catch (error) {
      failed += 1;
      log.warn(`Notice ${notice} was not taken; it is kept.`, { error });
    }
  }
  return { raised, delivered, failed };
}
