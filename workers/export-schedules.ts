import { ScheduleOverlapPolicy, type Client } from '@temporalio/client';
import type { Database } from '../adapters/postgres/database';
import { loadPlant } from '../adapters/postgres/plant-store';
import { exportScheduleId, taskQueues } from '../domain/workflow-ids';
import type { Logger } from './log';
import { ensureSchedule, orWarn, removeSchedule, type Schedule } from './schedules';

interface When {
  /** Five fields. */
  readonly cron: string;
  readonly timeZone: string;
}

/** A buyer's schedule as the plant file has it; null: none. */
export interface BuyerSchedule {
  readonly buyer: string;
  readonly when: When | null;
}

/** A plant that was down over a long weekend sends one export then, and does not leave out the Friday's. */
const CATCH_UP = '7 days';

function optionsOf(buyer: string, { cron, timeZone }: When): Schedule {
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

/** Of each buyer of the plant in force. */
export async function buyerSchedules(db: Database): Promise<BuyerSchedule[]> {
  const plant = await loadPlant(db);
  return (plant?.buyers ?? []).map(({ id: buyer, export: settings }) => ({
    buyer,
    when: settings?.schedule ? { cron: settings.schedule, timeZone: settings.timeZone } : null,
  }));
}

/**
 * Makes the schedules those of the plant file: created, brought up to date, and taken away where a buyer has none. Each by
 * its own id: what somebody else has in this namespace stays. So does a pause that somebody set in the web UI. Returns
 * the buyers whose schedules were taken away.
 */
export async function reconcileExportSchedules(
  client: Client,
  wanted: readonly BuyerSchedule[],
): Promise<string[]> {
  const removed: string[] = [];
  for (const { buyer, when } of wanted) {
    const id = exportScheduleId(buyer);
    if (when) await ensureSchedule(client, id, optionsOf(buyer, when));
    else if (await removeSchedule(client, id)) removed.push(buyer);
  }
  return removed;
}

export async function keepExportSchedules(client: Client, db: Database, log: Logger): Promise<void> {
  await orWarn(
    log,
    'The schedules of exports could not be made those of the plant file. `unitrail apply` does it as well.',
    async () => reconcileExportSchedules(client, await buyerSchedules(db)),
  );
}
