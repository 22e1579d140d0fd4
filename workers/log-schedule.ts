import {
  ScheduleAlreadyRunning,
  ScheduleOverlapPolicy,
  type Client,
  type ScheduleOptions,
} from '@temporalio/client';
import { logScheduleId, taskQueues } from '../domain/workflow-ids';
import type { Logger } from './log';

/** What ships is committed to within this time, without an export that asks for it. */
const EVERY = '10 minutes';

const schedule = {
  spec: { intervals: [{ every: EVERY }] },
  // What one run did not reach, the next one does.
  policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: EVERY },
  action: {
    type: 'startWorkflow',
    workflowType: 'log',
    workflowId: logScheduleId,
    taskQueue: taskQueues.workflows,
    staticSummary: 'Transparency log',
  },
} as const satisfies Omit<ScheduleOptions, 'scheduleId'>;

/** The schedule as this version has it, whoever made it first; a pause that somebody set stays. The office begins without it. */
export async function keepLogSchedule(client: Client, log: Logger): Promise<void> {
  try {
    await ensure(client);
  } catch (error) {
    log.warn(
      { error: error instanceof Error ? error.message : String(error) },
      'The schedule of the log could not be made. The next office worker tries again.',
    );
  }
}

async function ensure(client: Client): Promise<void> {
  try {
    await client.schedule.create({ ...schedule, scheduleId: logScheduleId });
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
    await client.schedule.getHandle(logScheduleId).update(({ state }) => ({ ...schedule, state }));
  }
}
