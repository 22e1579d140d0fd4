import { ScheduleOverlapPolicy, type Client } from '@temporalio/client';
import type { RetentionSchedule } from '../domain/plant-document';
import { retentionScheduleId, taskQueues } from '../domain/workflow-ids';
import type { Logger } from './log';
import { ensureSchedule, orWarn, removeSchedule, type Schedule } from './schedules';

/** A plant that was down for a holiday runs once then, for the time that it missed. */
const CATCH_UP = '31 days';

function optionsOf({ schedule, timeZone }: RetentionSchedule): Schedule {
  return {
    spec: { cronExpressions: [schedule], timezone: timeZone },
    policies: { overlap: ScheduleOverlapPolicy.BUFFER_ONE, catchupWindow: CATCH_UP },
    action: {
      type: 'startWorkflow',
      workflowType: 'retention',
      workflowId: retentionScheduleId,
      taskQueue: taskQueues.workflows,
      args: [{}],
      staticSummary: 'Retention: moves what is due into capsules, and erases what is over',
    },
  };
}

/** Makes the schedule that of the plant file: created, brought up to date, or taken away. A pause of the web UI stays. */
export async function reconcileRetentionSchedule(
  client: Client,
  wanted: RetentionSchedule | undefined,
): Promise<void> {
  if (wanted === undefined) await removeSchedule(client, retentionScheduleId);
  else await ensureSchedule(client, retentionScheduleId, optionsOf(wanted));
}

export async function keepRetentionSchedule(
  client: Client,
  wanted: RetentionSchedule | undefined,
  log: Logger,
): Promise<void> {
  await orWarn(
    log,
    'The schedule of retention could not be made that of the plant file. `unitrail apply` does it as well.',
    () => reconcileRetentionSchedule(client, wanted),
  );
}
