import { ScheduleOverlapPolicy, type Client } from '@temporalio/client';
import { storeCheckScheduleId, taskQueues } from '../domain/workflow-ids';
import type { Logger } from './log';
import { ensureSchedule, orWarn, type Schedule } from './schedules';

const EVERY = '7 days';

const schedule: Schedule = {
  spec: { intervals: [{ every: EVERY }] },
  // One that takes longer than a week goes on, and the next one is left out.
  policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: '1 day' },
  action: {
    type: 'startWorkflow',
    workflowType: 'storeCheck',
    workflowId: storeCheckScheduleId,
    taskQueue: taskQueues.workflows,
    staticSummary: 'Search for bit rot',
  },
};

export async function keepStoreCheckSchedule(client: Client, log: Logger): Promise<void> {
  const warning = 'The schedule of the search for bit rot could not be made. The next worker tries again.';
  await orWarn(log, warning, () => ensureSchedule(client, storeCheckScheduleId, schedule));
}
