import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Client } from '@temporalio/client';
import { parse } from 'yaml';
import { openDatabase, type Database } from '../../adapters/postgres/database';
import { createContentStore } from '../../adapters/store/content-store';
import { openBatch, serialBlocks } from '../../adapters/postgres/batch-ledger';
import { claimUnits } from '../../adapters/postgres/claims';
import { prepareBatch } from '../../activities/prepare-batch';
import { parseOrder } from '../../domain/order';
import { connectClient } from '../../workers/temporal-client';
import { openCliScene, saidBy, startCli, type CliScene } from '../support/cli';
import { applySamplePlant, sampleOrder } from '../support/plant';
import { createNamespace } from '../support/temporal-namespace';

let scene: CliScene;
let client: Client;
let office: Database;
let sample: string;

beforeAll(async () => {
  const temporal = await createNamespace(process.env.UNITRAIL_TEST_TEMPORAL_ADDRESS!);
  client = await connectClient(temporal);
  scene = await openCliScene({ TEMPORAL_NAMESPACE: temporal.namespace });
  office = openDatabase(scene.database.urlOf('office'), {
    applicationName: 'test-office',
    maxConnections: 2,
  });
  await applySamplePlant(scene.database, storeFolder());
  sample = await readFile(sampleOrder, 'utf8');
});

afterAll(async () => {
  await office?.destroy();
  await scene?.close();
  await client?.connection.close();
});

const storeFolder = () => join(scene.env.UNITRAIL_HOME!, 'store');

/** What the office's worker does first with a batch that was started. */
async function openAsOffice(order: unknown): Promise<void> {
  const parsed = parseOrder(order);
  const prepared = await prepareBatch(
    { db: office, store: createContentStore({ folder: storeFolder() }) },
    parsed,
  );
  await openBatch(office, {
    order: parsed,
    ...prepared!,
    workflowId: `batch:${parsed.batch}`,
    by: 'planner',
  });
}

async function openBatches(): Promise<number> {
  const [{ count } = { count: '?' }] = await office('batches').count<{ count: string }[]>('* as count');
  return Number(count) + (await client.workflow.count('WorkflowType = "batch"')).count;
}

describe('a wrong order exits 2 with one message that names field, value and what is allowed', () => {
  test.each([
    [
      'an unknown product',
      'product: EUDV',
      'product: EUDX',
      'product: "EUDX" is not allowed; one of EUDV, EUBT',
    ],
    [
      'no unit at all',
      'quantity: 24',
      'quantity: 0',
      'quantity: 0 is not allowed; a whole number from 1 to 1000000 (line 8)',
    ],
    [
      'ten million units',
      'quantity: 24',
      'quantity: 10000000',
      'quantity: 10000000 is not allowed; a whole number from 1 to 1000000 (line 8)',
    ],
    [
      'a release that is not there',
      'firmware: 1.4.2',
      'firmware: 9.9.9',
      'firmware: "9.9.9" is not allowed; a release of EUDV: 1.4.1, 1.4.2',
    ],
    [
      'an unknown buyer',
      'buyer: acme',
      'buyer: nobody',
      'buyer: "nobody" is not allowed; one of acme, nordlicht',
    ],
    [
      'an unknown field',
      'serials: scheme',
      'serial: scheme',
      'serial: "scheme" is not allowed; the fields here are batch, order,',
    ],
    [
      'a critical component without lots',
      '  U7: [RADIO-LOT-0092]\n',
      '',
      'components.U7: (missing) is not allowed; the lots of each critical component of EUDV: U1, U7',
    ],
    ['bad YAML', 'components:', 'components: [', 'is not good YAML at line'],
  ])('%s', async (_, right, wrong, message) => {
    const file = await scene.file('wrong.yaml', sample.replace(right, wrong));
    const before = await openBatches();
    const { code, out, err } = await scene.run(`batch start ${file}`);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain(message);
    expect(err.match(/unitrail:/g)).toHaveLength(1);
    expect(await openBatches()).toBe(before);
  });

  test('a file that is not there', async () => {
    const { code, err } = await scene.run('batch start no-such-order.yaml');
    expect({ code, err }).toEqual({
      code: 2,
      err: `unitrail: The order can't be read: "no-such-order.yaml" does not exist.\n`,
    });
  });

  test('an image in the store whose bytes are not those of the release', async () => {
    const digest = '0153beaf78212a71eb19b86d35c64e39f25b1dd22e6ae970716eee97c37b913f';
    const image = join(storeFolder(), 'sha256', digest.slice(0, 2), digest);
    const bytes = await readFile(image);
    await overwrite(image, Buffer.from('other bytes'));
    const { code, err } = await scene.run(`batch start ${sampleOrder}`);
    await overwrite(image, bytes);
    expect({ code, err }).toEqual({ code: 2, err: expect.stringContaining(digest.slice(0, 8)) });
  });

  test('the message is JSON where --json is given', async () => {
    const { code, out, err } = await scene.run('batch start no-such-order.yaml --json');
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(JSON.parse(err)).toMatchObject({
      error: { code: 'ORDER_INVALID', message: expect.stringContaining('does not exist') },
    });
  });
});

async function overwrite(file: string, bytes: Uint8Array): Promise<void> {
  await chmod(file, 0o644);
  await writeFile(file, bytes);
}

describe('a batch is started once', () => {
  test('nothing is there at first, and every command says so', async () => {
    const [list, status, order, resumed] = await Promise.all([
      scene.run('batch list'),
      scene.run('batch status B-NONE'),
      scene.run('order show PO-NONE'),
      scene.run('resume'),
    ]);
    expect(list).toMatchObject({ code: 0, out: '', err: expect.stringContaining('There is no batch yet.') });
    expect(status).toMatchObject({ code: 2, err: expect.stringContaining('There is no batch B-NONE.') });
    expect(order).toMatchObject({ code: 2, err: expect.stringContaining('There is no order PO-NONE') });
    expect(resumed).toEqual({ code: 0, out: 'Nothing to resume: every batch has ended.\n', err: '' });
  });

  test('the start is the workflow of the order, and says that no worker is there', async () => {
    const { code, out, err } = await scene.run(`batch start ${sampleOrder}`);
    expect({ code, err }).toEqual({
      code: 0,
      err: expect.stringContaining('No worker asks for work on unitrail.workflows and unitrail.office'),
    });
    expect(out).toContain('Batch B2647-01 is started: 24 × EUDV, firmware 1.4.2, for acme in DE.');
    const { type, taskQueue, searchAttributes, ...run } = await describeBatch('B2647-01');
    expect({ type, taskQueue, searchAttributes, status: run.status.name }).toEqual({
      type: 'batch',
      taskQueue: 'unitrail.workflows',
      searchAttributes: expect.objectContaining({ BatchId: ['B2647-01'], Product: ['EUDV'] }),
      status: 'RUNNING',
    });
    expect(await run.staticSummary()).toBe('Batch B2647-01: 24 × EUDV');
  });

  test('the same order again is a no-op, before the office has opened the batch and after', async () => {
    const before = await scene.run(`batch start ${sampleOrder} --json`);
    await openAsOffice(orderOf('B2647-01'));
    const after = await scene.run(`batch start ${sampleOrder}`);
    expect(before).toMatchObject({ code: 0 });
    expect(JSON.parse(before.out)).toEqual({
      batch: 'B2647-01',
      workflowId: 'batch:B2647-01',
      started: false,
      product: 'EUDV',
      quantity: 24,
      firmware: '1.4.2',
      trial: false,
    });
    expect(after).toEqual({
      code: 0,
      out: 'Batch B2647-01 was started before by the same order: nothing to do.\n',
      err: '',
    });
  });

  test('another order under the same id is refused, before the office has opened the batch and after', async () => {
    await scene.run(`batch start ${await orderFile('B-TAKEN')}`);
    const changed = await scene.file(
      'changed.yaml',
      orderText('B-TAKEN').replace('quantity: 24', 'quantity: 25'),
    );
    const before = await scene.run(`batch start ${changed}`);
    await openAsOffice(orderOf('B-TAKEN'));
    const after = await scene.run(`batch start ${changed} --trial`);
    expect(before).toMatchObject({
      code: 2,
      err: 'unitrail: batch: "B-TAKEN" is not allowed; a new batch id, or the order that it runs with\n',
    });
    expect(after).toMatchObject({
      code: 2,
      err: expect.stringContaining('the order that opened it (they differ in quantity, trial)'),
    });
  });

  test('resume starts what Temporal has lost, leaves alone what runs, and does nothing the second time', async () => {
    await openAsOffice(orderOf('B-LOST'));
    await claimAsOffice('B-LOST', 2);
    const warned = await scene.run(`batch start ${await orderFile('B-LOST')}`);
    const resumed = await scene.run('resume --batch B-LOST --json');
    const again = await scene.run('resume --batch B-LOST');
    expect(warned.err).toContain('Temporal does not know batch B-LOST any longer');
    expect(JSON.parse(resumed.out)).toEqual([
      { batch: 'B-LOST', started: true, open: 2, unitsStarted: 0, ofLostEpoch: false },
    ]);
    expect(again).toMatchObject({
      code: 0,
      out: 'Batch B-LOST runs; 2 of its units had no workflow and were started again.\n',
    });
    expect((await describeBatch('B-LOST')).status.name).toBe('RUNNING');
    expect(await scene.run('resume --batch B-LOST')).toMatchObject({
      out: 'Batch B-LOST runs, and so do its 2 open units.\n',
    });
    expect(await scene.run('resume --batch B-NONE')).toMatchObject({
      code: 2,
      err: expect.stringContaining('There is no batch B-NONE.'),
    });
  });

  test('what was started is shown by batch, by order and as links', async () => {
    const [list, status, order, links] = await Promise.all([
      scene.run('batch list --json'),
      scene.run('batch status B-LOST --json'),
      scene.run('order show PO-4711 --json'),
      scene.run('links --json --ui http://127.0.0.1:8233/'),
    ]);
    const batches = list.out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(batches.map(({ batch }) => batch)).toEqual(['B-LOST', 'B-TAKEN', 'B2647-01']);
    expect(JSON.parse(status.out)).toMatchObject({
      batch: 'B-LOST',
      claimed: 2,
      inProgress: 2,
      counts: [{ state: 'InProgress', step: 'assign', units: 2 }],
      firstPass: { passed: 0, judged: 0, yield: null },
      outcome: 'under way',
    });
    expect(JSON.parse(order.out)).toMatchObject({
      order: 'PO-4711',
      ordered: 2000,
      building: 2,
      inStock: 0,
      shipped: 0,
      outstanding: 2000,
    });
    const urls = (JSON.parse(links.out) as { name: string; url: string }[]).map(({ url }) =>
      decodeURIComponent(url),
    );
    expect(urls).toContain(
      `http://127.0.0.1:8233/namespaces/${scene.env.TEMPORAL_NAMESPACE}/workflows?query=BatchId="B-LOST"`,
    );
    expect(await scene.run('links')).toMatchObject({
      code: 2,
      err: expect.stringContaining('TEMPORAL_UI_URL'),
    });
  });
});

describe('a batch that is watched', () => {
  test('goes on when the watcher has seen enough', async () => {
    const child = startCli(['batch', 'status', 'B-LOST', '--watch'], scene.env);
    const ended = new Promise((resolve) => child.once('close', resolve));
    const seen = await saidBy(child, '0 of 24 ready');
    child.kill('SIGINT');
    expect(await ended).toBe(0);
    expect(seen()).toContain('2 in progress, 22 not begun (assign 2)');
    expect(seen()).toContain('The batch goes on without us: `unitrail batch status B-LOST` shows it.');
    expect((await describeBatch('B-LOST')).status.name).toBe('RUNNING');
  });

  test('is given up where its workflow ended before the batch was opened', async () => {
    await scene.run(`batch start ${await orderFile('B-ENDED')}`);
    await client.workflow.getHandle('batch:B-ENDED').terminate();
    const { code, err } = await scene.run('batch status B-ENDED --watch');
    expect({ code, err }).toEqual({
      code: 2,
      err: expect.stringContaining('Batch B-ENDED was not opened: its workflow ended (terminated).'),
    });
  });
});

test('a namespace that is not there is told as such, and nothing is started', async () => {
  const answer = await scene.run(`batch start ${await orderFile('B-NOWHERE')}`, {
    TEMPORAL_NAMESPACE: 'nowhere',
  });
  expect(answer).toEqual({
    code: 2,
    out: '',
    err: expect.stringContaining('Temporal has no namespace nowhere.'),
  });
});

test('the auditor exits 1 and names every broken promise: these serials are not those of the scheme', async () => {
  const { code, out } = await scene.run('audit --json');
  const report = JSON.parse(out) as { ok: boolean; violations: { invariant: string; subject: string }[] };
  expect({ code, ok: report.ok }).toEqual({ code: 1, ok: false });
  expect(report.violations.map(({ subject }) => subject)).toEqual(
    expect.arrayContaining([expect.stringContaining('B-LOST-1')]),
  );
});

describe('the lots in force', () => {
  test('change for the positions that are named, with the person on record', async () => {
    const changed = await scene.run(
      'batch lots B-LOST --component U7=RADIO-2,RADIO-3 --component U1=MCU-LOT-7731 --by 17',
    );
    const again = await scene.run('batch lots B-LOST --component U7=RADIO-2,RADIO-3 --by 17 --json');
    expect(changed).toEqual({ code: 0, out: 'U7: RADIO-LOT-0092 → RADIO-2, RADIO-3\n', err: '' });
    expect(JSON.parse(again.out)).toEqual({
      batch: 'B-LOST',
      changed: [],
      lots: { U1: ['MCU-LOT-7731'], U7: ['RADIO-2', 'RADIO-3'] },
    });
    const events = await office('unit_events')
      .where({ stream: 'batch:B-LOST', type: 'lotsChanged' })
      .pluck('body');
    expect(events).toEqual(['{"by":"17","lots":["RADIO-2","RADIO-3"],"position":"U7"}']);
  });

  test.each([
    [
      'a position that the batch does not have',
      'B-LOST --component U9=A --by 17',
      '--component: "U9" is not allowed; a position of batch B-LOST: U1, U7',
    ],
    ['no lot', 'B-LOST --component U7 --by 17', '--component: "U7" is not allowed; POSITION=LOT'],
    [
      'a lot twice',
      'B-LOST --component U7=A,A --by 17',
      '--component: "U7=A,A" is not allowed; at most 16 lots, each once',
    ],
    ['nobody', 'B-LOST --component U7=A', "required option '--by <operator>' not specified"],
    [
      'a name in place of an operator number',
      'B-LOST --component U7=A --by Ada_L',
      '--by: "Ada_L" is not allowed; an operator number',
    ],
    ['an unknown batch', 'B-NONE --component U7=A --by 17', 'There is no batch B-NONE.'],
  ])('are not changed by %s', async (_, line, message) => {
    expect(await scene.run(`batch lots ${line}`)).toEqual({
      code: 2,
      out: '',
      err: expect.stringContaining(message),
    });
  });
});

describe('the template of an order', () => {
  test('starts a batch once it is filled in', async () => {
    const { out } = await scene.run('batch template EUBT');
    const filled = { batch: 'B-FILLED', order: 'PO-9', quantity: '3', boardBatch: 'PB-1', boardLot: 'PCB-1' };
    const text = Object.entries(filled)
      .reduce(
        (order, [field, value]) => order.replace(new RegExp(`^${field}: *`, 'm'), `${field}: ${value} `),
        out,
      )
      .replace('U1: []', 'U1: [MCU-1]');
    expect(await scene.run(`batch start ${await scene.file('filled.yaml', text)}`)).toMatchObject({
      code: 0,
      out: expect.stringContaining('3 × EUBT, firmware 1.0.0'),
    });
    expect(await scene.run(`batch start ${await scene.file('empty.yaml', out)}`)).toMatchObject({
      code: 2,
      err: expect.stringContaining('batch: null is not allowed'),
    });
  });

  test('is not there for an unknown product', async () => {
    expect(await scene.run('batch template NOPE')).toEqual({
      code: 2,
      out: '',
      err: 'unitrail: product: "NOPE" is not allowed; one of EUDV, EUBT\n',
    });
  });
});

function orderText(batch: string): string {
  return sample.replace('B2647-01', batch);
}

function orderOf(batch: string): unknown {
  return parse(orderText(batch));
}

function orderFile(batch: string): Promise<string> {
  return scene.file(`${batch}.yaml`, orderText(batch));
}

function describeBatch(batch: string) {
  return client.workflow.getHandle(`batch:${batch}`).describe();
}

async function claimAsOffice(batch: string, units: number): Promise<void> {
  const [block] = await serialBlocks(office, batch);
  const claims = Array.from({ length: units }, (_, at) => ({
    ...{ index: at + 1, block: block!.id, ordinal: at },
    value: `${batch}-${at + 1}`,
  }));
  await claimUnits(office, batch, claims);
}
