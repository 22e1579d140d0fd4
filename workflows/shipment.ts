import { proxyActivities } from '@temporalio/workflow';
import { taskQueues } from '../domain/workflow-ids';
import type { OfficeActivities } from './activity-types';
import { bulk, waiting } from './timeouts';

const line = proxyActivities<OfficeActivities>({ ...waiting, taskQueue: taskQueues.office });
const office = proxyActivities<OfficeActivities>({ ...bulk, taskQueue: taskQueues.office });

/**
 * The automatic shipment of a batch: held units are waited for, then all that are ready leave together. A unit that was
 * reworked or put on hold in the moment before the closing leaves in a further shipment.
 */
export async function shipment({
  batch,
}: {
  batch: string;
}): Promise<{ shipment: string; shipped: number }[]> {
  const closed = [];
  for (;;) {
    await line.awaitReady({ batch });
    const packed = await office.pack({ batch });
    if (!packed) return closed;
    const { shipped } = await office.closeShipment({ shipment: packed.shipment });
    await office.notifyUnits({ shipment: packed.shipment });
    // Of one of which every unit was taken out nothing left: it is still open, and packed again.
    if (shipped > 0) closed.push({ shipment: packed.shipment, shipped });
  }
}
