import { randomBytes } from 'node:crypto';
import { cp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from 'pg';
import { createContentStore } from '../../adapters/store/content-store';
import type { Sha256Hex } from '../../domain/brands';
import type { StoreReport } from '../../domain/store-check';
import { taskQueues } from '../../domain/workflow-ids';
import type { Config } from '../../workers/config';
import type { Line } from '../../workers/line';
import { loginUrls } from '../support/cli';
import { startTestLine, type TestLine } from '../support/line';
import { until } from '../support/line-units';
import { untilBlocked } from '../support/refusals';
import { allOf, flipBit } from '../support/store-contract';
import { WorkerProcess } from '../support/worker-process';

/** The search for bit rot, whose office is killed in the middle of it. */
let line: TestLine;
let office: WorkerProcess;
const others: Line[] = [];
const config: { store?: Config['store'] } = {};

beforeAll(async () => {
  line = await startTestLine({ withoutWorkers: true, config });
  config.store = {
    first: { kind: 'folder', folder: folderOf('store') },
    copy: { kind: 'folder', folder: folderOf('copy') },
  };
  others.push(await line.startRoles([{ kind: 'workflows' }]));
  const logins = join(line.home, 'logins.json');
  await writeFile(logins, JSON.stringify(loginUrls(line.database)), { mode: 0o600 });
  office = new WorkerProcess(['--role', 'office'], {
    UNITRAIL_HOME: line.home,
    UNITRAIL_DATABASE_URL: line.database.urlOf('desk'),
    UNITRAIL_LOGINS: logins,
    UNITRAIL_STORE: folderOf('store'),
    UNITRAIL_STORE_COPY: folderOf('copy'),
    TEMPORAL_ADDRESS: process.env.UNITRAIL_TEST_TEMPORAL_ADDRESS!,
    TEMPORAL_NAMESPACE: line.temporal.namespace,
  });
  await office.start();
});
afterAll(async () => {
  await office?.end('SIGKILL');
  for (const one of others) await one.stop();
  await line?.stop();
});

const folderOf = (name: string): string => join(line.home, name);
const fileOf = (name: string, sha256: string): string =>
  join(folderOf(name), 'sha256', sha256.slice(0, 2), sha256);

/** A content that the plant does not name, and that comes after the first one that it names. */
async function putLater(first: Sha256Hex): Promise<Sha256Hex> {
  const store = createContentStore({ folder: folderOf('store') });
  for (;;) {
    const sha256 = await store.put(randomBytes(30));
    if (sha256 > first) return sha256;
    await store.remove(sha256);
  }
}

/** As if a retention run had erased it long ago. */
async function bookErased(owner: Client, sha256: string): Promise<void> {
  const run = `insert into retention_runs (id, request, as_of, clock_trusted) values ('R', 'long ago', now(), true)`;
  await owner.query(run);
  const erased = `insert into erased_contents (sha256, run_id, removed_at) values ($1, 'R', now())`;
  await owner.query(erased, [sha256]);
}

test('an office that is killed while it searches is followed by one that goes on where it was, and ends', async () => {
  const [first] = (await allOf(createContentStore({ folder: folderOf('store') }))) as [Sha256Hex];
  const erased = await putLater(first);
  const all = await allOf(createContentStore({ folder: folderOf('store') }));
  await cp(folderOf('store'), folderOf('copy'), { recursive: true });
  await flipBit(fileOf('store', first));
  const owner = new Client({ connectionString: line.database.ownerUrl });
  await owner.connect();
  try {
    await bookErased(owner, erased);
    // The question whether it was erased waits here, in the middle of the search.
    await owner.query('begin');
    await owner.query('lock table legal_holds in access exclusive mode');
    const run = await line.client.workflow.start<() => Promise<StoreReport>>('storeCheck', {
      ...{ workflowId: 'store-check-killed', taskQueue: taskQueues.workflows },
    });
    await untilBlocked(line.database);
    const isTold = async (): Promise<boolean> => {
      const [pending] = (await run.describe()).raw.pendingActivities ?? [];
      const [details] = pending?.heartbeatDetails?.payloads ?? [];
      return Buffer.from(details?.data ?? []).includes('"mended":1');
    };
    expect(await until(isTold)).toBe(true);
    await office.end('SIGKILL');
    await owner.query('rollback');
    others.push(await line.startRoles([{ kind: 'office' }]));
    // The first was mended by the one that is gone: whoever began anew would have found it whole.
    expect(await run.result()).toEqual({
      ...{ checked: all.length, mended: 1, lost: 0, removed: 1, locked: 0 },
      findings: [
        { sha256: first, first: 'damaged', copy: 'whole', outcome: 'mended' },
        { sha256: erased, first: 'whole', copy: 'whole', outcome: 'removed' },
      ],
    });
  } finally {
    await owner.end();
  }
});
