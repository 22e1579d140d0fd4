import { bundleWorkflowCode, DefaultLogger, Worker, type WorkerOptions } from '@temporalio/worker';
import type { Station } from '../../domain/plant';
import { taskQueues } from '../../domain/workflow-ids';
import { workerSettings } from '../../workers/create-worker';
import type { TemporalHost } from '../../workers/temporal-host';
import type { FloorActivities, FloorQueues } from './floor-workflows';

export interface Floor {
  /** The floor's counterparts of these queues of the product. */
  queues(ofUnit: readonly string[]): FloorQueues;
  stop(): Promise<void>;
}

const activities: FloorActivities = { nothing: async () => {} };

/** A worker for each worker of the line, in the same process, on the same connection and under the same settings. */
export async function startFloor(host: TemporalHost, stations: readonly Station[]): Promise<Floor> {
  const workflowBundle = await bundleWorkflowCode({
    workflowsPath: require.resolve('./floor-workflows.ts'),
    logger: new DefaultLogger('WARN'),
  });
  const shared = { connection: host.connection, namespace: host.namespace };
  const options: WorkerOptions[] = [
    { ...shared, taskQueue: queueOf(taskQueues.workflows), workflowBundle, ...workerSettings.workflows },
    { ...shared, taskQueue: queueOf(taskQueues.office), activities, ...workerSettings.office },
    ...stations.map(({ id, slots }) => ({
      ...shared,
      taskQueue: queueOf(taskQueues.station(id)),
      activities,
      ...workerSettings.station(slots),
    })),
  ];
  const running: { worker: Worker; run: Promise<void> }[] = [];
  for (const each of options) {
    const worker = await Worker.create(each);
    running.push({ worker, run: worker.run() });
  }
  return { queues, stop: () => stopAll(running) };
}

function queueOf(queue: string): string {
  return `floor.${queue}`;
}

function queues(ofUnit: readonly string[]): FloorQueues {
  return {
    workflows: queueOf(taskQueues.workflows),
    office: queueOf(taskQueues.office),
    ofUnit: ofUnit.map(queueOf),
  };
}

async function stopAll(running: readonly { worker: Worker; run: Promise<void> }[]): Promise<void> {
  for (const { worker } of running) if (worker.getState() === 'RUNNING') worker.shutdown();
  await Promise.allSettled(running.map(({ run }) => run));
}
