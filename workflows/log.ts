import { proxyActivities } from '@temporalio/workflow';
import type { OfficeActivities } from './activity-types';
import { making } from './timeouts';
import { taskQueues } from '../domain/workflow-ids';

const desk = proxyActivities<OfficeActivities>({ ...making, taskQueue: taskQueues.office });

/**
 * Started by its schedule every ten minutes: everything that waits gets its place in the transparency log, and a checkpoint is
 * signed. A run that fails is a log that is not the one that was signed: somebody has to look.
 */
export async function keepLog(): Promise<{ origin: string; size: number; root: string }> {
  return desk.sequenceLog();
}
