import {
  condition,
  defineSignal,
  getExternalWorkflowHandle,
  ParentClosePolicy,
  proxyActivities,
  setHandler,
  startChild,
  upsertSearchAttributes,
  WorkflowIdReusePolicy,
  workflowInfo,
} from '@temporalio/workflow';
import { CLAIM_CHUNK, WINDOW } from '../../workflows/batch';
import { office } from '../../workflows/timeouts';

export interface FloorActivities {
  nothing(): Promise<void>;
}

export interface FloorBatchInput {
  readonly batch: string;
  readonly units: number;
  readonly queues: FloorQueues;
}

export interface FloorQueues {
  readonly workflows: string;
  readonly office: string;
  /** The queue of each activity of a unit, in order. */
  readonly ofUnit: readonly string[];
}

interface FloorUnitInput {
  readonly id: string;
  readonly queues: readonly string[];
}

const reported = defineSignal<[id: string]>('reported');

/** The shape of `batch` (workflows/batch.ts): one activity for each chunk, children one after another in the same window. */
export async function floorBatch({ batch, units, queues }: FloorBatchInput): Promise<void> {
  const open = new Set<string>();
  setHandler(reported, (id) => void open.delete(id));
  await nothingAt(queues.office);
  upsertSearchAttributes({ BatchId: [batch], Product: ['floor'] });
  for (let from = 1; from <= units; from += CLAIM_CHUNK) {
    await nothingAt(queues.office);
    for (let index = from; index < from + CLAIM_CHUNK && index <= units; index++) {
      await condition(() => open.size < WINDOW);
      await startUnit(`${batch}-${index}`, batch, queues, open);
    }
  }
  await condition(() => open.size === 0);
  await nothingAt(queues.office);
}

async function startUnit(id: string, batch: string, queues: FloorQueues, open: Set<string>): Promise<void> {
  open.add(id);
  await startChild(floorUnit, {
    workflowId: `floor:${id}`,
    args: [{ id, queues: queues.ofUnit }],
    taskQueue: queues.workflows,
    parentClosePolicy: ParentClosePolicy.ABANDON,
    workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
    searchAttributes: { BatchId: [batch], Product: ['floor'] },
    staticSummary: `Unit ${id}`,
  });
}

/** As many activities as a unit has, on the same queues one after another; then its report. */
export async function floorUnit({ id, queues }: FloorUnitInput): Promise<void> {
  const { parent } = workflowInfo();
  for (const queue of queues) await nothingAt(queue);
  await getExternalWorkflowHandle(parent!.workflowId).signal(reported, id);
}

function nothingAt(taskQueue: string): Promise<void> {
  return proxyActivities<FloorActivities>({ ...office, taskQueue }).nothing();
}
