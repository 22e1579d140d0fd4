import { randomBytes } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { WorkflowFailedError } from '@temporalio/client';
import { Client } from 'pg';
import { createContentStore } from '../../adapters/store/content-store';
import type { PlainStore } from '../../adapters/store/port';
import type { StoreReport } from '../../domain/store-check';
import { storeCheckScheduleId, taskQueues } from '../../domain/workflow-ids';
import type { Config } from '../../workers/config';
import type { Line } from '../../workers/line';
import { bareEnvironment, runCli, type CliAnswer } from '../support/cli';
import { startTestLine, type TestLine } from '../support/line';
import { until } from '../support/line-units';
import { samplePlant } from '../support/plant';
import { credentials, hasS3, itWithS3, S3Server } from '../support/s3-server';
import { allOf, flipBit } from '../support/store-contract';

/** The search for bit rot by its workflow, and the places of contents as a user names them. */
let line: TestLine;
let workers: Line;
let server: S3Server;
const config: { store?: Config['store']; metricsAddress: string } = { metricsAddress: '127.0.0.1:0' };

beforeAll(async () => {
  line = await startTestLine({ withoutWorkers: true, config });
  config.store = {
    first: { kind: 'folder', folder: folderOf('store') },
    copy: { kind: 'folder', folder: folderOf('copy') },
  };
  workers = await line.startRoles([{ kind: 'workflows' }, { kind: 'office' }]);
  if (hasS3()) server = await S3Server.start();
}, 120_000);
afterAll(async () => {
  await workers?.stop();
  await line?.stop();
  await server?.stop();
});

const folderOf = (name: string): string => join(line.home, name);
const plain = (name: string): PlainStore => createContentStore({ folder: folderOf(name), cacheBytes: 0 });
const fileOf = (name: string, sha256: string): string =>
  join(folderOf(name), 'sha256', sha256.slice(0, 2), sha256);

let runs = 0;
const search = (): Promise<StoreReport> =>
  line.client.workflow.execute<() => Promise<StoreReport>>('storeCheck', {
    workflowId: `${storeCheckScheduleId}-by-hand-${(runs += 1)}`,
    taskQueue: taskQueues.workflows,
  });

it('is started by a schedule, once a week', async () => {
  const { spec, action } = await line.client.schedule.getHandle(storeCheckScheduleId).describe();
  expect(spec.intervals).toEqual([expect.objectContaining({ every: 7 * 86_400_000 })]);
  expect(action).toMatchObject({ workflowType: 'storeCheck' });
});

/** Of the office's page of metrics. */
async function mendedTotal(): Promise<number> {
  const page = await (await fetch(new URL('/metrics', workers.metricsUrl!))).text();
  return Number(/^unitrail_store_mended_total (\d+)$/m.exec(page)![1]);
}

it('waits while the second copy is empty, which a person fills, and mends what rots in either place', async () => {
  const all = await allOf(plain('store'));
  const handle = await line.client.workflow.start<() => Promise<StoreReport>>('storeCheck', {
    ...{ workflowId: `${storeCheckScheduleId}-waiting`, taskQueue: taskQueues.workflows },
  });
  const isRefused = async (): Promise<boolean> => {
    const { raw } = await handle.describe();
    const failures = (raw.pendingActivities ?? []).map(({ lastFailure }) => lastFailure?.message ?? '');
    return failures.some((message) => message.includes(`There is nothing in ${folderOf('copy')}`));
  };
  expect(await until(isRefused)).toBe(true);
  expect(await allOf(plain('copy'))).toEqual([]);
  const places = { UNITRAIL_STORE: folderOf('store'), UNITRAIL_STORE_COPY: folderOf('copy') };
  const filled = JSON.parse((await type('store check --json', places)).out) as StoreReport;
  expect(filled).toMatchObject({ checked: all.length, lost: 0 });
  const waited = await handle.result();
  expect(waited).toMatchObject({ checked: all.length, lost: 0 });
  expect(await allOf(plain('copy'))).toEqual(all);
  // The search goes on as soon as the copy holds one content: it may have brought some while the person filled it.
  expect(filled.mended).toBeGreaterThan(0);
  expect(filled.mended + waited.mended).toBeGreaterThanOrEqual(all.length);
  expect(await mendedTotal()).toBe(waited.mended);
  await flipBit(fileOf('store', all[0]!));
  await flipBit(fileOf('copy', all[1]!));
  expect(await search()).toEqual({
    ...{ checked: all.length, mended: 2, lost: 0, removed: 0, locked: 0 },
    findings: [
      { sha256: all[0], first: 'damaged', copy: 'whole', outcome: 'mended' },
      { sha256: all[1], first: 'whole', copy: 'damaged', outcome: 'mended' },
    ],
  });
  expect(await search()).toMatchObject({ mended: 0, lost: 0 });
  expect(await mendedTotal()).toBe(waited.mended + 2);
});

/** Its activity's. */
async function failureOfSearch(): Promise<unknown> {
  const failure: unknown = await search().catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(WorkflowFailedError);
  return (failure as WorkflowFailedError).cause?.cause;
}

it('fails with CONTENT_LOST where a content is whole nowhere, also one that only the plant knows of', async () => {
  const [rotten, gone] = await allOf(plain('store'));
  const kept = { rotten: await plain('store').get(rotten!), gone: await plain('store').get(gone!) };
  for (const side of ['store', 'copy']) {
    await flipBit(fileOf(side, rotten!));
    await plain(side).remove(gone!);
  }
  expect(await failureOfSearch()).toMatchObject({
    type: 'CONTENT_LOST',
    message: expect.stringMatching(new RegExp(`^2 contents are whole in no place.*${rotten}.*${gone}`)),
  });
  for (const bytes of Object.values(kept)) for (const side of ['store', 'copy']) await plain(side).put(bytes);
  expect(await search()).toMatchObject({ lost: 0 });
});

async function removedTotal(): Promise<number> {
  const page = await (await fetch(new URL('/metrics', workers.metricsUrl!))).text();
  return Number(/^unitrail_store_removed_total (\d+)$/m.exec(page)![1]);
}

/** As if a retention run had erased them long ago. */
async function bookErased(digests: readonly string[]): Promise<void> {
  const owner = new Client({ connectionString: line.database.ownerUrl });
  await owner.connect();
  try {
    const run = `insert into retention_runs (id, request, as_of, clock_trusted) values ('R', 'long ago', now(), true)`;
    await owner.query(run);
    const erased = `insert into erased_contents (sha256, run_id, removed_at) select unnest($1::text[]), 'R', now()`;
    await owner.query(erased, [digests]);
  } finally {
    await owner.end();
  }
}

it('counts what was erased, was brought back and is removed again', async () => {
  await bookErased([await plain('store').put(randomBytes(30)), await plain('copy').put(randomBytes(30))]);
  expect(await removedTotal()).toBe(0);
  expect(await search()).toMatchObject({ removed: 2, mended: 0, lost: 0 });
  expect(await removedTotal()).toBe(2);
  expect(await search()).toMatchObject({ removed: 0 });
  expect(await removedTotal()).toBe(2);
});

it('names what its place does not take, and mends all others before it fails', async () => {
  const [stuck, , rotten] = await allOf(plain('store'));
  const bytes = await plain('store').get(stuck!);
  await rm(fileOf('copy', stuck!));
  // Nothing can be renamed to it.
  await mkdir(fileOf('copy', stuck!));
  await flipBit(fileOf('store', rotten!));
  expect(await failureOfSearch()).toMatchObject({
    type: 'CONTENT_UNMENDED',
    message: expect.stringMatching(new RegExp(`^1 contents are not whole in each place.*${stuck}.*EISDIR`)),
  });
  expect(await plain('store').check(rotten!)).toBe('whole');
  await rm(fileOf('copy', stuck!), { recursive: true });
  await plain('copy').put(bytes);
  expect(await search()).toMatchObject({ mended: 0, lost: 0 });
});

const type = (args: string, more: Record<string, string>): Promise<CliAnswer> =>
  runCli(args.split(' '), {
    ...bareEnvironment,
    UNITRAIL_HOME: line.home,
    UNITRAIL_DATABASE_URL: line.database.urlOf('desk'),
    TEMPORAL_ADDRESS: process.env.UNITRAIL_TEST_TEMPORAL_ADDRESS!,
    TEMPORAL_NAMESPACE: line.temporal.namespace,
    AWS_EC2_METADATA_DISABLED: 'true',
    ...more,
  });

itWithS3('a plant applied to a bucket, its second copy, and the word of check and doctor', async () => {
  await server.makeBucket('archive');
  await server.makeBucket('copy');
  const places = { UNITRAIL_STORE: server.textOf('archive'), UNITRAIL_STORE_COPY: server.textOf('copy') };
  const env = { ...places, ...credentials };
  expect(await type(`apply ${samplePlant}`, env)).toMatchObject({ code: 0, err: '' });
  const { out } = await type('store check --json', env);
  const report = JSON.parse(out) as StoreReport & { first: string };
  expect(report).toMatchObject({ mended: 0, lost: 0, first: `s3://archive/unitrail/ at ${server.endpoint}` });
  expect(report.checked).toBe((await allOf(plain('store'))).length);

  const [sha256] = await allOf(plain('store'));
  await flipBit(server.fileOf('archive', sha256!));
  expect(await type('store check', env)).toMatchObject({
    ...{ code: 0, err: '' },
    out: expect.stringContaining(`${sha256}: damaged in the first place, whole in the copy; mended\n`),
  });
  await flipBit(server.fileOf('archive', sha256!));
  const alone = await type('store check', { ...env, UNITRAIL_STORE_COPY: '' });
  expect(alone).toMatchObject({
    code: 1,
    out: expect.stringMatching(/: damaged; lost\n.*there is no second copy/),
  });

  const doctor = async (more: Record<string, string>): Promise<string[]> => {
    const told = await type('doctor --json', { ...env, ...more });
    expect(told.out).not.toContain(credentials.AWS_SECRET_ACCESS_KEY);
    const findings = JSON.parse(told.out) as { check: string; status: string; found: string }[];
    return findings.map(({ check, status, found }) => `${check}: ${status}: ${found}`);
  };
  expect(await doctor({})).toEqual(
    expect.arrayContaining([
      `content store: ok: s3://archive/unitrail/ at ${server.endpoint}`,
      `second copy: ok: s3://copy/unitrail/ at ${server.endpoint}`,
      'log folder: warn: UNITRAIL_LOG is not set here',
    ]),
  );
  expect(await doctor({ AWS_SECRET_ACCESS_KEY: 'wrong' })).toContainEqual(
    expect.stringMatching(/^content store: fail: .*can't be used: .*credentials/),
  );
});
