import { ScheduleOverlapPolicy, type Client } from '@temporalio/client';
import { logScheduleId, taskQueues } from '../domain/workflow-ids';
import type { Logger } from './log';
import { ensureSchedule, orWarn, type Schedule } from './schedules';

/** What ships is committed to within this time, without an export that asks for it. */
const EVERY = '10 minutes';

const schedule: Schedule = {
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
};

export async function keepLogSchedule(client: Client, log: Logger): Promise<void> {
  await orWarn(log, 'The schedule of the log could not be made. The next office worker tries again.', () =>
    ensureSchedule(client, logScheduleId, schedule),
  );
}
