import {
  condition,
  defineSignal,
  executeChild,
  getExternalWorkflowHandle,
  ParentClosePolicy,
  proxyActivities,
  setHandler,
  startChild,
  upsertSearchAttributes,
  WorkflowIdReusePolicy,
  workflowInfo,
} from '@temporalio/workflow';
import { shareOfWindow, usualPace } from '../../domain/pace';
import { office } from '../../workflows/timeouts';

export interface FloorActivities {
  nothing(): Promise<void>;
}

export interface FloorBatchInput {
  readonly batch: string;
  readonly units: number;
  /** Parents that share the window, as the partitions of a batch do. */
  readonly partitions: number;
  readonly queues: FloorQueues;
}

/** A partition's share of it. */
export interface FloorPartInput extends FloorBatchInput {
  readonly from: number;
  readonly to: number;
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

/** The shape of `batch` (workflows/batch.ts): it opens, has its parts done, and ends. */
export async function floorBatch(input: FloorBatchInput): Promise<void> {
  const { batch, units, partitions, queues } = input;
  const size = Math.ceil(units / partitions);
  await nothingAt(queues.office);
  upsertSearchAttributes({ BatchId: [batch], Product: ['floor'] });
  const parts = Array.from({ length: Math.ceil(units / size) }, (_, at) => ({
    from: at * size + 1,
    to: Math.min((at + 1) * size, units),
  }));
  await Promise.all(
    parts.map((range, at) =>
      executeChild(floorPartition, {
        workflowId: `${batch}/${at + 1}`,
        args: [{ ...input, ...range }],
        taskQueue: queues.workflows,
      }),
    ),
  );
  await nothingAt(queues.office);
}

/** The shape of `partition`: one activity for each chunk, as many children at once as there are places in the window. */
export async function floorPartition({ batch, from, to, partitions, queues }: FloorPartInput): Promise<void> {
  const open = new Set<string>();
  const window = shareOfWindow(usualPace.window, partitions);
  setHandler(reported, (id) => void open.delete(id));
  let claimed = from - 1;
  for (let next = from; next <= to;) {
    await condition(() => open.size < window);
    if (next > claimed) {
      await nothingAt(queues.office);
      claimed += usualPace.claimChunk;
    }
    const places = Math.min(window - open.size, to - next + 1, claimed - next + 1);
    const starts = Array.from({ length: places }, (_, at) =>
      startUnit(`${batch}-${next + at}`, batch, queues, open),
    );
    next += places;
    await Promise.all(starts);
  }
  await condition(() => open.size === 0);
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
