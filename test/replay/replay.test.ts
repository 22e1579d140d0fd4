import { DeterminismViolationError } from '@temporalio/workflow';
import { DefaultLogger, Runtime, Worker, type WorkflowBundleWithSourceMap } from '@temporalio/worker';
import { testBundle } from '../support/workflow-bundle';
import { historyFiles, readRecording, recordings, toReplay, type Recording } from './recordings';

/** What workflows that run today have behind them: a new version has to find its way through the same events. */
let bundle: WorkflowBundleWithSourceMap;

beforeAll(async () => {
  // A refused replay is what some tests here want; it needs no log.
  Runtime.install({
    logger: new DefaultLogger('ERROR', () => {}),
    telemetryOptions: { logging: { forward: {}, filter: 'OFF' } },
  });
  bundle = await testBundle();
});

/** Undefined, or why the code does not fit the history. */
async function replay(recording: Recording, workflowBundle = bundle): Promise<Error | undefined> {
  const histories = [toReplay(await readRecording(recording))];
  const errors: (Error | undefined)[] = [];
  for await (const { error } of Worker.runReplayHistories({ workflowBundle }, histories)) errors.push(error);
  expect(errors).toHaveLength(1);
  return errors[0];
}

/** The bundle of somebody who changed the workflows and forgot that some are running. */
function changed(from: string, to: string): WorkflowBundleWithSourceMap {
  expect(bundle.code.split(from)).toHaveLength(2);
  return { ...bundle, code: bundle.code.replace(from, to) };
}

test.each(recordings)('$version: $scenario replays', async (recording) => {
  expect(await replay(recording)).toBeUndefined();
});

test('every history in the folder is on the list, so that none is kept and not replayed', async () => {
  const listed = recordings.map(({ version, scenario }) => `${version}/${scenario}.json`);
  expect(await historyFiles()).toEqual(listed.sort());
});

test('a recording that is missing fails by its name', async () => {
  await expect(readRecording({ version: 'v0.0.0', scenario: 'batch' })).rejects.toThrow(
    'the recording v0.0.0/batch is missing',
  );
});

const breaking: readonly [what: string, scenario: Recording['scenario'], from: string, to: string][] = [
  ['asks for no certificate', 'unit-happy', 'await office.issueCertificate(desk.input);', ''],
  [
    'installs before it reads',
    'unit-happy',
    'await station.readCsr(at);',
    'await station.installCertificate(at);',
  ],
  ['holds at the first failure', 'unit-healed-by-retry', "=== 'repeat'", "=== 'never'"],
  [
    'reports the batch before it is opened',
    'batch',
    'return await office.openBatch',
    "await office.reportBatch({ batch: 'none' }); return await office.openBatch",
  ],
  ['closes nothing', 'shipment', 'await office.closeShipment({', 'await office.pack({'],
  ['tells the units nothing', 'packing', 'result.shipped > 0', 'result.shipped < 0'],
  ['asks absent buyers once', 'retention-absent', 'absent-buyers-last', 'no-buyers-last'],
  ["takes all trouble for the buyer's", 'retention-apart', 'capsules-fail-apart', 'no-capsules-apart'],
  ['begins units in a pause', 'partition-paused', 'claimed-units-wait', 'no-units-wait'],
  ['locks before it tells', 'store-check', 'await desk.endStoreCheck({', 'await desk.protectArchive({'],
];

test.each(breaking)('a version that %s is refused by %s', async (_what, scenario, from, to) => {
  const error = await replay({ version: 'v0.1.0', scenario }, changed(from, to));
  expect(error).toBeInstanceOf(DeterminismViolationError);
});
