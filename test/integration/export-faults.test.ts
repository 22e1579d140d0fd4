import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readExportKey } from '../../adapters/keys/export-keys';
import { newSiteKey } from '../../adapters/keys/site-keys';
import { recordReturn } from '../../adapters/postgres/amendments';
import { openDatabase, type Database } from '../../adapters/postgres/database';
import { applyPlant, requirePlant } from '../../adapters/postgres/plant-store';
import { register as listExports } from '../../cli/export-list';
import type { Manifest } from '../../domain/export-manifest';
import { defaultExportSettings } from '../../domain/export-schema';
import type { SftpTarget } from '../../domain/export-settings';
import { taskQueues } from '../../domain/workflow-ids';
import { readKeys } from '../../tools/export-verifier/keys';
import { verifyFolder } from '../../tools/export-verifier/verify';
import { reconcileExportSchedules, buyerSchedules } from '../../workers/export-schedules';
import type { ExportDesk } from '../../workflows/export-details';
import type { ExportResult } from '../../workflows/export';
import { newOrder, startTestLine, type TestLine } from '../support/line';
import { until as isInTime } from '../support/line-units';
import { hasSshd, itWithSshd, Sshd } from '../support/sshd';
import { TcpProxy } from '../support/tcp-proxy';
import { typeCommand, type Register } from '../support/type-command';

/** Each fault of a real server goes through the workflow, stands in `export list`, and leaves one complete set once it is gone. */
let server: Sshd;
let proxy: TcpProxy;
let line: TestLine;
let desk: Database;
let folder: string;
let sets = 0;
/** What the client sends for one set. */
let wholeBytes = 0;

beforeAll(async () => {
  if (!hasSshd()) return;
  folder = await mkdtemp(join(tmpdir(), 'unitrail-export-faults-'));
  await writeFile(join(folder, 'export.pem'), newSiteKey().secret, { mode: 0o600 });
  server = await Sshd.start({ sizeMiB: 8 });
  proxy = await TcpProxy.before(server.target.port);
  // The office worker looks its secrets up in its environment.
  Object.assign(process.env, server.secrets);
  line = await startTestLine();
  desk = openDatabase(line.database.urlOf('desk'), { applicationName: 'test-desk' });
});

afterAll(async () => {
  await line?.stop();
  await desk?.destroy();
  await proxy?.close();
  await server?.close();
  if (folder) await rm(folder, { recursive: true, force: true });
});

/** What does not come is named. */
async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  if (!(await isInTime(isSo))) throw new Error(`${what}: that did not come in time`);
}

async function pin(
  schedule: string | null = null,
  secret: Pick<SftpTarget, 'key' | 'password'> = { key: 'env:USER_KEY' },
): Promise<void> {
  const plant = await requirePlant(desk);
  const { host, user, folder: inside, hostKeys } = server.target;
  const place = { host, user, folder: inside, hostKeys, port: proxy.ownPort };
  const sftp = { ...place, ...secret };
  const settings = { ...defaultExportSettings(), schedule, sftp };
  const buyers = plant.buyers.map((buyer) => (buyer.id === 'acme' ? { ...buyer, export: settings } : buyer));
  const manufacturer = { ...plant.manufacturer, exportKey: `file:${join(folder, 'export.pem')}` };
  await applyPlant(desk, { ...plant, manufacturer, buyers });
}

/** A unit that ships is due; what is said of it later is due again, and needs no line. */
async function shipOne(): Promise<void> {
  const { batch } = await line.startBatch(newOrder({ quantity: 1 }));
  await line.waitFor(batch, (units) => units.length === 1 && units.every(({ state }) => state === 'Shipped'));
}

async function sayMore(): Promise<void> {
  const { unit_id: unitId } = (await desk('records').first('unit_id')) as { unit_id: string };
  await recordReturn(desk, unitId, { rma: `RMA-${sets}`, condition: 'dead', reason: 'no power', by: '17' });
}

interface Listed {
  readonly exports: {
    export: string;
    state: string;
    deliveries: { outcome: string | null; code: string | null; message: string | null }[];
  }[];
}

const type = (words: string) => typeCommand(line.database, [listExports] as unknown as Register[], words);
const listed = async (id: string) =>
  (JSON.parse((await type('--json export list acme')).text) as Listed).exports.find(
    (one) => one.export === id,
  );

/** One complete set with the right digests, and nothing else beside those of before. */
async function expectWhole(): Promise<void> {
  const { publicKey } = await readExportKey({
    env: {},
    reference: `file:${join(folder, 'export.pem')}`,
    home: folder,
  });
  const report = await verifyFolder(server.folder, { keys: readKeys(publicKey) });
  expect(report.problems).toEqual([]);
  expect(report.sets).toHaveLength(sets);
  const names: string[] = [];
  for (const { export: id } of report.sets) {
    const name = `${id}.manifest.json`;
    const { files } = JSON.parse(String(await server.read(name))) as Manifest;
    for (const file of files)
      expect(
        createHash('sha256')
          .update(await server.read(file.name))
          .digest('hex'),
      ).toBe(file.sha256);
    names.push(name, ...files.map((file) => file.name));
  }
  expect(await server.list()).toEqual(names.sort());
}

interface Fault {
  readonly what: string;
  readonly code: string;
  /** What stands in `export list`. */
  readonly says: RegExp;
  inject(): Promise<unknown>;
  mend(): Promise<unknown>;
  /** It waits for a person. */
  readonly asks?: boolean;
}

const gone = {
  code: 'SFTP_UNREACHABLE',
  says: /closed the connection|broke the connection off|can't be reached/,
};

/** Of what a whole delivery sends. */
const cutAt = (part: number): Fault => ({
  ...{ what: `an upload that is cut after ${part * 100} % of its bytes`, ...gone },
  inject: () => Promise.resolve((proxy.cutAfterBytes = Math.floor(wholeBytes * part))),
  mend: () => Promise.resolve((proxy.cutAfterBytes = Infinity)),
});

/** Of the server; it is over before another one starts. */
let killing: Promise<void> = Promise.resolve();

/** Nothing moves any more in the middle of a file, and then the server is gone. */
async function killInTheMiddle(): Promise<void> {
  proxy.stillAfterBytes = Math.floor(wholeBytes * 0.6);
  const hasBegun = async () => (await server.list()).some((name) => name.endsWith('.part'));
  killing = isInTime(hasBegun, 10_000).then(() => server.kill());
}

async function bringBack(): Promise<void> {
  await killing;
  proxy.stillAfterBytes = Infinity;
  await server.startServer();
}

/** With more than fits. */
async function fillDisk(): Promise<void> {
  await server.put('filler', Buffer.alloc(16 * 2 ** 20)).catch(() => undefined);
}

const faults: readonly Fault[] = [
  ...[0.1, 0.3, 0.5, 0.7, 0.9].map(cutAt),
  {
    ...{ what: 'a server that is killed in the middle', ...gone },
    inject: killInTheMiddle,
    mend: bringBack,
  },
  {
    ...{ what: 'a full disk', code: 'SFTP_FULL', says: /bytes free, and the files need/ },
    inject: fillDisk,
    mend: () => rm(join(server.folder, 'filler')),
  },
  {
    ...{
      what: 'a disk that fills up in the middle',
      code: 'SFTP_FULL',
      says: /could not write all of .* the disk is full/,
    },
    inject: () =>
      Promise.resolve((proxy.pause = { afterBytes: Math.floor(wholeBytes * 0.6), happens: fillDisk })),
    mend: () => rm(join(server.folder, 'filler')),
  },
  {
    ...{
      what: 'another host key',
      code: 'SFTP_HOST_KEY_MISMATCH',
      says: /shows the host key SHA256:/,
      asks: true,
    },
    inject: () => server.changeHostKey(),
    mend: () => pin(),
  },
  {
    ...{
      what: 'a wrong password',
      code: 'SFTP_LOGIN_REFUSED',
      says: /does not let the user nobody in by the password/,
      asks: true,
    },
    inject: () => pin(null, { password: 'env:WRONG_PASSWORD' }),
    mend: () => pin(),
  },
  {
    ...{
      what: 'a folder that may only be read',
      code: 'SFTP_REFUSED',
      says: /does not let the user nobody make/,
      asks: true,
    },
    inject: () => server.setWritable(false),
    mend: () => server.setWritable(true),
  },
];

itWithSshd('scheduled exports arrive in the chroot', async () => {
  await pin('0 6 * * MON');
  await shipOne();
  await reconcileExportSchedules(line.client, await buyerSchedules(desk));
  for (const id of ['acme-000001', 'acme-000002']) {
    if (sets > 0) await sayMore();
    proxy.mostBytes = 0;
    await line.client.schedule.getHandle('export:acme').trigger();
    await until(`the booking of ${id}`, async () => (await listed(id))?.state === 'delivered');
    sets += 1;
    await expectWhole();
  }
  wholeBytes = proxy.mostBytes;
});

for (const fault of faults)
  itWithSshd(
    `${fault.what}: its cause stands in the list, and once it is gone there is one complete set`,
    async () => {
      await pin();
      await sayMore();
      await fault.inject();
      sets += 1;
      const id = `acme-${String(sets).padStart(6, '0')}`;
      const handle = await line.client.workflow.start('export', {
        workflowId: `export:acme-fault-${sets}`,
        taskQueue: taskQueues.workflows,
        args: [{ buyer: 'acme' }],
      });
      await until(
        'a failed try',
        async () => (await listed(id))?.deliveries.some(({ outcome }) => outcome === 'failed') ?? false,
      );
      if (fault.asks)
        await until(
          'the question to a person',
          async () => ((await handle.query('exportProgress')) as ExportDesk).failure !== null,
        );
      await fault.mend();
      if (fault.asks) await handle.executeUpdate('tryAgain');
      expect((await handle.result()) as ExportResult).toMatchObject({ opened: id, delivered: [id] });

      const { state, deliveries } = (await listed(id))!;
      expect(state).toBe('delivered');
      expect(deliveries.at(-1)).toMatchObject({ outcome: 'delivered', code: null });
      expect(deliveries[0]).toMatchObject({
        outcome: 'failed',
        code: fault.code,
        message: expect.stringMatching(fault.says),
      });
      expect(deliveries.filter(({ outcome }) => outcome === 'delivered')).toHaveLength(1);
      const { text } = await type('export list acme');
      expect(text).toMatch(new RegExp(`^${id} .* failed: ${fault.code}: `, 'm'));
      await expectWhole();
    },
  );
