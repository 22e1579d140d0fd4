import { proxyActivities } from '@temporalio/workflow';
import { taskQueues } from '../domain/workflow-ids';
import type { OfficeActivities } from './activity-types';
import { bulk, waiting } from './timeouts';

const line = proxyActivities<OfficeActivities>({ ...waiting, taskQueue: taskQueues.office });
const office = proxyActivities<OfficeActivities>({ ...bulk, taskQueue: taskQueues.office });

/** The automatic shipment of a batch: held units are waited for, then all that are ready leave together. */
export async function shipment({ batch }: { batch: string }): Promise<{ shipment: string; shipped: number }> {
  await line.awaitReady({ batch });
  const packed = await office.pack({ batch });
  const { shipped } = await office.closeShipment({ shipment: packed.shipment });
  await office.notifyUnits({ shipment: packed.shipment });
  return { shipment: packed.shipment, shipped };
}
