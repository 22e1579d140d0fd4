import {
  ScheduleAlreadyRunning,
  ScheduleNotFoundError,
  type Client,
  type ScheduleOptions,
} from '@temporalio/client';
import type { Logger } from './log';

export type Schedule = Omit<ScheduleOptions, 'scheduleId'>;
type Handle = ReturnType<Client['schedule']['getHandle']>;

/** The schedule as this version has it, whoever made it first; a pause that somebody set in the web UI stays. */
export async function ensureSchedule(client: Client, scheduleId: string, schedule: Schedule): Promise<void> {
  try {
    await client.schedule.create({ ...schedule, scheduleId } as ScheduleOptions);
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
    await client.schedule
      .getHandle(scheduleId)
      .update(({ state }) => ({ ...schedule, state }) as ReturnType<Parameters<Handle['update']>[0]>);
  }
}

/** Whether there was one. */
export async function removeSchedule(client: Client, scheduleId: string): Promise<boolean> {
  try {
    await client.schedule.getHandle(scheduleId).delete();
    return true;
  } catch (error) {
    if (error instanceof ScheduleNotFoundError) return false;
    throw error;
  }
}

/** A worker begins without its schedules: they are no reason for a line to stand still. */
export async function orWarn(log: Logger, warning: string, work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    log.warn({ error: error instanceof Error ? error.message : String(error) }, warning);
  }
}
