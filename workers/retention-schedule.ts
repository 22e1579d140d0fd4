import {
  ScheduleAlreadyRunning,
  ScheduleNotFoundError,
  ScheduleOverlapPolicy,
  type Client,
  type ScheduleOptions,
} from '@temporalio/client';
import type { RetentionSchedule } from '../domain/plant-document';
import { retentionScheduleId, taskQueues } from '../domain/workflow-ids';
import type { Logger } from './log';

/** A plant that was down for a holiday runs once then, for the time that it missed. */
const CATCH_UP = '31 days';

function optionsOf({ schedule, timeZone }: RetentionSchedule): Omit<ScheduleOptions, 'scheduleId'> {
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
  if (wanted === undefined) return remove(client);
  const options = optionsOf(wanted);
  try {
    await client.schedule.create({ ...options, scheduleId: retentionScheduleId } as ScheduleOptions);
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
    await client.schedule
      .getHandle(retentionScheduleId)
      .update(({ state }) => ({ ...options, state }) as ReturnType<Parameters<Handle['update']>[0]>);
  }
}

/** Retention is no reason for a line to stand still. */
export async function keepRetentionSchedule(
  client: Client,
  wanted: RetentionSchedule | undefined,
  log: Logger,
): Promise<void> {
  try {
    await reconcileRetentionSchedule(client, wanted);
  } catch (error) {
    log.warn(
      { error: error instanceof Error ? error.message : String(error) },
      'The schedule of retention could not be made that of the plant file. `unitrail apply` does it as well.',
    );
  }
}

type Handle = ReturnType<Client['schedule']['getHandle']>;

async function remove(client: Client): Promise<void> {
  try {
    await client.schedule.getHandle(retentionScheduleId).delete();
  } catch (error) {
    if (!(error instanceof ScheduleNotFoundError)) throw error;
  }
}
