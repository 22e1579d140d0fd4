import { stat } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { Connection } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time';
import { readPlantFile } from '../../adapters/plant/plant-file';
import { openDatabase } from '../../adapters/postgres/database';
import { applyPlant } from '../../adapters/postgres/plant-store';
import { bareEnvironment, openCliScene, runCli, type CliScene } from '../support/cli';
import { withSuperuser } from '../support/database';
import { until } from '../support/line-units';
import { applySamplePlant, samplePlant } from '../support/plant';
import { createNamespace } from '../support/temporal-namespace';

interface Finding {
  readonly check: string;
  readonly status: 'ok' | 'warn' | 'fail';
  readonly found: string;
  readonly mend?: string;
}

let scene: CliScene;
let devices: Server;

beforeAll(async () => {
  const { namespace } = await createNamespace(process.env.UNITRAIL_TEST_TEMPORAL_ADDRESS!);
  scene = await openCliScene({ TEMPORAL_NAMESPACE: namespace });
  devices = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
});

afterAll(async () => {
  await new Promise((resolve) => devices.close(resolve));
  await scene?.close();
});

async function examine(
  more: Record<string, string> = {},
): Promise<{ code: number | null; findings: Finding[] }> {
  const { code, out } = await scene.run('doctor --json', more);
  return { code, findings: JSON.parse(out) as Finding[] };
}

/** `check: found`, of those with the status. */
function told(findings: readonly Finding[], status: Finding['status']): string[] {
  return findings
    .filter((finding) => finding.status === status)
    .map(({ check, found }) => `${check}: ${found}`);
}

test('with nothing reachable each thing is named with its mend, no password is shown, and the exit code is 1', async () => {
  const { code, out } = await scene.run('doctor', {
    UNITRAIL_DATABASE_URL: 'postgres://unitrail_desk_login:secret@127.0.0.1:9/unitrail',
    UNITRAIL_OWNER_URL: '',
    UNITRAIL_LOGINS: '',
    TEMPORAL_ADDRESS: '127.0.0.1:9',
  });
  expect(code).toBe(1);
  expect(out).toMatch(
    /^fail {2}database +The database at 127\.0\.0\.1:9\/unitrail does not answer \(ECONNREFUSED\)\.\n +→ /m,
  );
  expect(out).toMatch(/^fail {2}Temporal +nothing answers at 127\.0\.0\.1:9\n +→ /m);
  expect(out).not.toContain('secret');
});

test('an environment that is half given is a finding, with every problem', async () => {
  const { code, findings } = await examine({ TEMPORAL_ADDRESS: '', UNITRAIL_BENCH_ADDRESS: 'nonsense' });
  expect(code).toBe(1);
  expect(told(findings, 'fail')).toEqual([
    expect.stringContaining('UNITRAIL_BENCH_ADDRESS: "nonsense" is not allowed'),
    expect.stringContaining('TEMPORAL_ADDRESS: (missing) is not allowed'),
  ]);
});

test('a machine on which nothing was started yet is well, and nothing is made on it', async () => {
  const home = join(scene.folder, 'fresh');
  const { code, out } = await runCli(['doctor', '--json'], { ...bareEnvironment, UNITRAIL_HOME: home });
  const findings = JSON.parse(out) as Finding[];
  expect({ code, fail: told(findings, 'fail') }).toEqual({ code: 0, fail: [] });
  expect(told(findings, 'ok')).toContain(
    `embedded servers: none run in ${home}; \`unitrail up\` and \`unitrail demo\` start them`,
  );
  await expect(stat(home)).rejects.toMatchObject({ code: 'ENOENT' });
});

test('on servers that are not set up it says what to do next, and on ready ones only that the workers are missing', async () => {
  const before = await examine();
  await applySamplePlant(scene.database, join(scene.env.UNITRAIL_HOME!, 'store'));
  const { port } = devices.address() as { port: number };
  const after = await examine({ UNITRAIL_BENCH_ADDRESS: `127.0.0.1:${port}` });
  expect(told(before.findings, 'fail')).toEqual([
    'plant: no plant file has been applied',
    'workers: nobody asks for work on unitrail.workflows, unitrail.office',
  ]);
  expect(after.code).toBe(1);
  expect(told(after.findings, 'fail')).toEqual([
    'workers: nobody asks for work on unitrail.workflows, unitrail.office, station.line-1, station.label-1',
  ]);
  expect(told(after.findings, 'ok')).toEqual(
    expect.arrayContaining([
      'schema: up to date',
      'logins: all 6 are there, each in its group',
      'search attributes: UnitState, UnitStep, BatchId, Product, FailureCode, StationId',
      `devices: of line-1, label-1: 127.0.0.1:${port} answers`,
    ]),
  );
});

test('the key of a hidden sequence that is missing or no key here is a warning, and one that is there is none', async () => {
  const db = openDatabase(scene.database.urlOf('desk'), { applicationName: 'test-desk', maxConnections: 1 });
  const { document } = await readPlantFile(samplePlant);
  const hidden = document.schemes.map((scheme) =>
    scheme.name === 'CHECKED' ? { ...scheme, hidden: { key: 'env:SERIAL_KEY' } } : scheme,
  );
  await applyPlant(db, { ...document, schemes: hidden });
  await db.destroy();
  const warned = async (env: Record<string, string>) =>
    told((await examine(env)).findings, 'warn').filter((text) => text.startsWith('hidden sequences'));
  expect(await warned({})).toEqual(['hidden sequences: scheme CHECKED/1: env:SERIAL_KEY holds no key here']);
  expect(await warned({ SERIAL_KEY: 'short' })).toEqual([
    expect.stringContaining('env:SERIAL_KEY: (hidden) is not allowed'),
  ]);
  expect(await warned({ SERIAL_KEY: 'ab'.repeat(32) })).toEqual([]);
});

test('a store without the firmware, devices that do not answer and a wrong password are found', async () => {
  const wrong = new URL(scene.database.urlOf('office'));
  wrong.password = 'wrong';
  const urls = { unitrail_desk_login: scene.database.urlOf('desk'), unitrail_office_login: wrong.href };
  const logins = await scene.file('some.json', JSON.stringify(urls));
  const { code, findings } = await examine({
    UNITRAIL_STORE: join(scene.folder, 'elsewhere'),
    UNITRAIL_BENCH_ADDRESS: '127.0.0.1:9',
    UNITRAIL_LOGINS: logins,
  });
  const failures = told(findings, 'fail');
  expect(code).toBe(1);
  expect(failures).toEqual(
    expect.arrayContaining([
      expect.stringMatching(/^content store: .* lacks the image of EUDV 1\.4\.1, SBOM of EUDV 1\.4\.1/),
      'devices: of line-1, label-1: nothing answers at 127.0.0.1:9',
      expect.stringMatching(
        /^login unitrail_office_login: .* refuses the password of login unitrail_office_login/,
      ),
      expect.stringMatching(/^login unitrail_retention_login: .*no URL for login unitrail_retention_login/),
    ]),
  );
});

test('a database without schema, a namespace without search attributes and one that is not there are found', async () => {
  const name = `empty_${scene.database.name}`;
  await withSuperuser((superuser) => superuser.query(`create database ${name}`));
  const connection = await Connection.connect({ address: scene.env.TEMPORAL_ADDRESS! });
  const namespace = `bare-${scene.database.name.replace(/_/g, '-')}`;
  await connection.workflowService.registerNamespace({
    namespace,
    workflowExecutionRetentionPeriod: msToTs('1 day'),
  });
  // The server's parts learn of it one after the other.
  const isKnown = () => connection.operatorService.listSearchAttributes({ namespace });
  await until(() =>
    isKnown().then(
      () => true,
      () => false,
    ),
  );
  await connection.close();
  const empty = scene.database.urlOf('desk').replace(scene.database.name, name);
  const [bare, nowhere] = await Promise.all([
    examine({
      UNITRAIL_DATABASE_URL: empty,
      UNITRAIL_LOGINS: '',
      UNITRAIL_OWNER_URL: '',
      TEMPORAL_NAMESPACE: namespace,
    }),
    examine({ TEMPORAL_NAMESPACE: 'nowhere' }),
  ]);
  await withSuperuser((superuser) => superuser.query(`drop database ${name} with (force)`));
  expect(told(bare.findings, 'fail')).toEqual(
    expect.arrayContaining([
      'schema: there is none',
      'search attributes: missing, or of another type: UnitState, UnitStep, BatchId, Product, FailureCode, StationId',
    ]),
  );
  expect(told(nowhere.findings, 'fail')).toEqual(
    expect.arrayContaining([expect.stringMatching(/^namespace: .*nowhere/)]),
  );
});

test('a command without a database, without a schema or with nothing to audit says so in one line', async () => {
  const dead = 'postgres://unitrail_desk_login:secret@127.0.0.1:9/unitrail';
  const other = scene.database.urlOf('desk').replace(scene.database.name, 'postgres');
  const [away, bare, audited] = await Promise.all([
    scene.run('batch list', { UNITRAIL_DATABASE_URL: dead, UNITRAIL_LOGINS: '' }),
    scene.run('batch list', { UNITRAIL_DATABASE_URL: other, UNITRAIL_LOGINS: '' }),
    scene.run('audit'),
  ]);
  expect(away).toEqual({
    code: 1,
    out: '',
    err: 'unitrail: The database at 127.0.0.1:9/unitrail does not answer (ECONNREFUSED).\n',
  });
  expect(bare).toEqual({
    code: 2,
    out: '',
    err: expect.stringMatching(
      /^unitrail: The database .*\/postgres has no Unitrail schema yet\. Run `unitrail migrate` as its owner first\.\n$/,
    ),
  });
  expect(audited).toEqual({ code: 0, out: expect.stringMatching(/All \d+ invariants hold\.\n$/), err: '' });
});
