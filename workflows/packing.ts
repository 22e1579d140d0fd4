import { proxyActivities, workflowInfo } from '@temporalio/workflow';
import type { PackingResult } from '../domain/packing-desk';
import { taskQueues } from '../domain/workflow-ids';
import type { OfficeActivities } from './activity-types';
import { bulk } from './timeouts';

const office = proxyActivities<OfficeActivities>({ ...bulk, taskQueue: taskQueues.office });

/**
 * One thing that a planner or a packer does to a shipment. Its input is one flat JSON object, judged by the first
 * activity, which also takes the numbers of new boxes: what follows can be repeated.
 */
export async function packing(input: unknown): Promise<PackingResult> {
  const id = workflowInfo().firstExecutionRunId;
  const request = await office.preparePacking({ id, input });
  const result = await office.packByHand({ id, request });
  if (result.shipped > 0) await office.notifyUnits({ shipment: result.shipment });
  return result;
}
