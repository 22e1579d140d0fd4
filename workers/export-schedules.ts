import {
  ScheduleAlreadyRunning,
  ScheduleNotFoundError,
  ScheduleOverlapPolicy,
  type Client,
  type ScheduleOptions,
} from '@temporalio/client';
import type { Database } from '../adapters/postgres/database';
import { loadPlant } from '../adapters/postgres/plant-store';
import { exportScheduleId, taskQueues } from '../domain/workflow-ids';

/** A buyer's schedule as the plant file has it. */
export interface BuyerSchedule {
  readonly buyer: string;
  /** Five fields. */
  readonly cron: string;
  readonly timeZone: string;
}

/** A plant that was down over a long weekend sends one export then, and does not leave out the Friday's. */
const CATCH_UP = '7 days';

function optionsOf({ buyer, cron, timeZone }: BuyerSchedule): Omit<ScheduleOptions, 'scheduleId'> {
  return {
    spec: { cronExpressions: [cron], timezone: timeZone },
    // A run that waits for a server takes up what came since; one more is kept, so that nothing waits for the next time.
    policies: { overlap: ScheduleOverlapPolicy.BUFFER_ONE, catchupWindow: CATCH_UP },
    action: {
      type: 'startWorkflow',
      workflowType: 'export',
      workflowId: exportScheduleId(buyer),
      taskQueue: taskQueues.workflows,
      args: [{ buyer }],
      staticSummary: `Exports to ${buyer}`,
    },
  };
}

/** Those of the plant in force; none where no plant is. */
export async function buyerSchedules(db: Database): Promise<BuyerSchedule[]> {
  const plant = await loadPlant(db);
  return (plant?.buyers ?? []).flatMap(({ id, export: settings }) =>
    settings?.schedule ? [{ buyer: id, cron: settings.schedule, timeZone: settings.timeZone }] : [],
  );
}

export type ScheduleChange = { readonly buyer: string; readonly change: 'kept' | 'removed' };

/**
 * Makes the schedules those of the plant file: created, brought up to date, and taken away where a buyer has none any
 * more. Whether somebody paused one in the web UI is theirs to say, and stays.
 */
export async function reconcileExportSchedules(
  client: Client,
  wanted: readonly BuyerSchedule[],
): Promise<ScheduleChange[]> {
  const changes: ScheduleChange[] = [];
  for (const schedule of wanted) {
    await ensure(client, schedule);
    changes.push({ buyer: schedule.buyer, change: 'kept' });
  }
  const ids = new Set(wanted.map(({ buyer }) => exportScheduleId(buyer)));
  for (const id of await existing(client)) {
    if (ids.has(id)) continue;
    await remove(client, id);
    changes.push({ buyer: id.slice(exportScheduleId('').length), change: 'removed' });
  }
  return changes;
}

async function ensure(client: Client, schedule: BuyerSchedule): Promise<void> {
  const scheduleId = exportScheduleId(schedule.buyer);
  const options = optionsOf(schedule);
  try {
    await client.schedule.create({ ...options, scheduleId } as ScheduleOptions);
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
    await client.schedule
      .getHandle(scheduleId)
      .update(({ state }) => ({ ...options, state }) as ReturnType<Parameters<Handle['update']>[0]>);
  }
}

type Handle = ReturnType<Client['schedule']['getHandle']>;

async function existing(client: Client): Promise<string[]> {
  const ids: string[] = [];
  for await (const { scheduleId } of client.schedule.list())
    if (scheduleId.startsWith(exportScheduleId(''))) ids.push(scheduleId);
  return ids;
}

async function remove(client: Client, id: string): Promise<void> {
  try {
    await client.schedule.getHandle(id).delete();
  } catch (error) {
    if (!(error instanceof ScheduleNotFoundError)) throw error;
  }
}
