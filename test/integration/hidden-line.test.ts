import { applyPlant } from '../../adapters/postgres/plant-store';
import { openDatabase } from '../../adapters/postgres/database';
import { readPlantFile } from '../../adapters/plant/plant-file';
import { parsePattern, serialParts } from '../../domain/serial-scheme';
import { batchWorkflowId, partitionWorkflowId, unitWorkflowId } from '../../domain/workflow-ids';
import { keyTexts } from '../support/hidden-keys';
import { startTestLine, type TestLine } from '../support/line';
import { samplePlant } from '../support/plant';
import { failureOfRun } from '../support/web-ui';

/** A scheme that hides its sequence, from order to shipment: by the office worker's own environment. */
const NAME = 'UNITRAIL_TEST_HIDDEN_KEY';
const pattern = parsePattern('HID{yy}-{seq:5}{tag:3}');
let line: TestLine;

beforeAll(async () => {
  line = await startTestLine();
  const { document } = await readPlantFile(samplePlant);
  const scheme = { name: 'HID', version: 1, kind: 'serial', pattern: pattern.text, trial: false } as const;
  const products = document.products.map((one) =>
    one.code === 'EUDV' ? { ...one, serialScheme: 'HID' } : one,
  );
  const desk = openDatabase(line.database.urlOf('desk'), { applicationName: 'test-desk' });
  const schemes = [...document.schemes, { ...scheme, hidden: { key: `env:${NAME}` } }];
  await applyPlant(desk, { ...document, products, schemes });
  await desk.destroy();
});

afterAll(async () => {
  delete process.env[NAME];
  await line?.stop();
});

test('without the key a batch is refused with what is needed, and no number is granted', async () => {
  const { batch } = await line.startBatch({ quantity: 1 });
  expect(await failureOfRun(line.batchRun(batch))).toMatchObject({
    nonRetryable: true,
    message: expect.stringContaining(`env:${NAME}: (missing) is not allowed; a key of 32 to 256 bytes`),
  });
  expect(await line.db('blocks').where({ batch_id: batch })).toEqual([]);
});

test('with it, units are made and shipped, and no history of a workflow holds the key', async () => {
  process.env[NAME] = keyTexts.first;
  const { batch } = await line.startBatch({ quantity: 2 });
  const units = await line.shipped(batch);
  const numbers = units.map(({ serial }) => serialParts(pattern, serial)!.number);
  expect(Math.abs(numbers[0]! - numbers[1]!)).toBeGreaterThan(1);
  const { serial } = units[0]!;
  const ids = [batchWorkflowId(batch), partitionWorkflowId(batch, 1), unitWorkflowId(serial)];
  for (const id of ids) {
    const run = line.client.workflow.getHandle(id);
    await run.result();
    const text = textOf(await run.fetchHistory());
    // The other way round: what is in it is found.
    expect(text).toContain(id === ids[0] ? batch : serial);
    expect(text).not.toContain(keyTexts.first);
  }
});

/** All of it, payloads included, as a person reads it in the web UI. */
function textOf(value: unknown): string {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('utf8');
  if (typeof value !== 'object' || value === null) return String(value);
  return Object.values(value).map(textOf).join('\n');
}
