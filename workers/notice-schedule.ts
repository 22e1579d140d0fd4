import { ScheduleOverlapPolicy, type Client } from '@temporalio/client';
import { noticesScheduleId, taskQueues } from '../domain/workflow-ids';
import { ensureSchedule, removeSchedule, type Schedule } from './schedules';

const EVERY = '1 minute';

const schedule: Schedule = {
  spec: { intervals: [{ every: EVERY }] },
  // A receiver that is away makes a run long; two at a time would tell everything twice.
  policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: EVERY },
  action: {
    type: 'startWorkflow',
    workflowType: 'notices',
    workflowId: noticesScheduleId,
    taskQueue: taskQueues.workflows,
  },
};

export async function ensureNoticeSchedule(client: Client): Promise<void> {
  await ensureSchedule(client, noticesScheduleId, schedule);
}

/** Where there is no webhook any more, nobody is to be told: the schedule goes, if there is one. */
export async function removeNoticeSchedule(client: Client): Promise<void> {
  await removeSchedule(client, noticesScheduleId);
}
