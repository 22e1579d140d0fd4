import {
  ScheduleAlreadyRunning,
  ScheduleNotFoundError,
  ScheduleOverlapPolicy,
  type Client,
  type ScheduleOptions,
} from '@temporalio/client';
import { noticesScheduleId, taskQueues } from '../domain/workflow-ids';

const EVERY = '1 minute';

const schedule = {
  spec: { intervals: [{ every: EVERY }] },
  // A receiver that is away makes a run long; two at a time would tell everything twice.
  policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: EVERY },
  action: {
    type: 'startWorkflow',
    workflowType: 'notices',
    workflowId: noticesScheduleId,
    taskQueue: taskQueues.workflows,
  },
} as const satisfies Omit<ScheduleOptions, 'scheduleId'>;

/** The schedule as this version has it, whoever made it first. */
export async function ensureNoticeSchedule(client: Client): Promise<void> {
  try {
    await client.schedule.create({ ...schedule, scheduleId: noticesScheduleId });
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
    await client.schedule.getHandle(noticesScheduleId).update(({ state }) => ({ ...schedule, state }));
  }
}

/** Where there is no webhook any more, nobody is to be told: the schedule goes, if there is one. */
export async function removeNoticeSchedule(client: Client): Promise<void> {
  try {
    await client.schedule.getHandle(noticesScheduleId).delete();
  } catch (error) {
    if (!(error instanceof ScheduleNotFoundError)) throw error;
  }
}
