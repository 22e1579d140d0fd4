import { setTimeout as sleep } from 'node:timers/promises';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import type { Standing } from '../../domain/unit-lifecycle';
import { taskQueues, unitWorkflowId } from '../../domain/workflow-ids';
import { connectClient } from '../../workers/temporal-client';
import { createNamespace } from '../support/temporal-namespace';
import { testBundle } from '../support/workflow-bundle';

/** The real workflow on the real server; the office answers by a script, because the order of its answers is the point. */
const unit = { unitId: '00000000-0000-4000-8000-000000000001', serial: 'EUDV2647-000001', batch: 'B-1' };

function standing(seq: number, state: Standing['state'], attempt: number): Standing {
  const { unitId, serial } = unit;
  return { unitId, serial, state, step: 'test', attempt, seq };
}

beforeAll(() => void Runtime.install({ logger: new DefaultLogger('ERROR') }));

test('an answer about a unit that is overtaken by a newer one does not take the unit back', async () => {
  const temporal = await createNamespace(process.env.UNITRAIL_TEST_TEMPORAL_ADDRESS!);
  const client = await connectClient(temporal);
  const connection = await NativeConnection.connect({ address: temporal.connectionOptions.address! });
  let reads = 0;
  let answerLate: () => void = () => {};
  const late = new Promise<void>((resolve) => (answerLate = resolve));
  const office = {
    loadUnit: async () => {
      reads += 1;
      if (reads > 1) await late;
      return { ...standing(5, 'AwaitingEngineer', 1), batch: unit.batch, product: 'EUDV', trial: false };
    },
    decideUnit: async () => standing(7, 'InProgress', 2),
    acquireSlot: async () => ({ standing: standing(9, 'Scrapped', 2), lease: null, steps: [] }),
  };
  const { namespace } = temporal;
  const workers = [
    await Worker.create({
      ...{ connection, namespace, taskQueue: taskQueues.workflows },
      workflowBundle: await testBundle(),
    }),
    await Worker.create({ connection, namespace, taskQueue: taskQueues.office, activities: office }),
  ];
  const running = workers.map((worker) => worker.run());
  try {
    const run = await client.workflow.start('unit', {
      ...{ workflowId: unitWorkflowId(unit.serial), taskQueue: taskQueues.workflows, args: [unit] },
    });
    // One that comes before the unit waits for a decision changes nothing.
    while (reads < 2) {
      await run.signal('rowChanged');
      await sleep(50);
    }
    expect(await run.executeUpdate('retryStep')).toMatchObject({ state: 'InProgress', attempt: 2 });
    answerLate();
    const tooLate = sleep(120_000, 'it waits for a decision that was taken', { ref: false });
    expect(await Promise.race([run.result(), tooLate])).toMatchObject({ state: 'Scrapped', seq: 9 });
  } finally {
    answerLate();
    workers.forEach((worker) => worker.shutdown());
    await Promise.all(running);
    await connection.close();
    await client.connection.close();
  }
});
