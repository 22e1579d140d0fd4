import { execFile } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { handOutExport } from '../../activities/hand-out-export';
import { makeExport, type MakeExportDeps } from '../../activities/make-export';
import { sequenceLog } from '../../adapters/log/sequence-log';
import { openDatabase, type Database } from '../../adapters/postgres/database';
import { openExport } from '../../adapters/postgres/exports';
import { register as addCosignature } from '../../cli/log-add-cosignature';
import { cosign } from '../../tools/export-verifier/cosign';
import { witnessKey } from '../../tools/export-verifier/cosignature';
import { createTestDatabase, type TestDatabase } from '../support/database';
import { asOf, makeDeps, shipBatch, testLook } from '../support/exports';
import { itWithTool } from '../support/it-with-tool';
import { applySmallPlant, openShopFloor, type ShopFloor } from '../support/shop-floor';
import { tamper } from '../support/tamper';
import { typeCommand } from '../support/type-command';

/** What we sign, keep and prove holds by code for transparency logs that was not written here: test/go/tlog. */
const run = promisify(execFile);
const go = { program: 'go', probe: ['version'] };
const source = join(__dirname, '../go/tlog');
let database: TestDatabase;
let floor: ShopFloor;
let office: Database;
let home: string;
let deps: MakeExportDeps;

beforeAll(async () => {
  home = await mkdtemp(join(process.env.UNITRAIL_TEST_HOME!, 'go-'));
  database = await createTestDatabase();
  floor = openShopFloor(database);
  office = openDatabase(database.urlOf('office'), { applicationName: 'test-go', maxConnections: 4 });
  await applySmallPlant(floor);
  deps = await makeDeps(office, home);
});
afterAll(async () => {
  await office?.destroy();
  await floor?.close();
  await database?.drop();
  await rm(home, { recursive: true, force: true });
});

/** Leaves enough for several tiles; what they say does not matter here. */
const fill = (first: number, last: number): Promise<unknown> =>
  tamper(database, async (su) => {
    await su.query(
      `insert into log_heads select n, now(), '{}' from generate_series($1::bigint, $2::bigint) as n`,
      [first, last],
    );
    await su.query(`set session_replication_role = origin`);
    await su.query(
      `insert into log_queue (format, stream, seq, sha256, salt)
       select 'unitrail.heads/1', 'log', n, encode(sha256('{}'), 'hex'), new_salt() from generate_series($1::bigint, $2::bigint) as n`,
      [first, last],
    );
  });

async function makeOne(request: string, units: number): Promise<string> {
  await shipBatch(floor, units);
  const id = (await openExport(office, 'acme', { request, asOf, look: testLook({ formats: ['records'] }) }))!;
  await makeExport(deps, id);
  await handOutExport(deps, id, join(home, 'out'));
  return join(home, 'out', id);
}

/** Of the log as it stands, by a witness of whom nothing else is known. Its public key. */
async function cosignNewest(): Promise<string> {
  const { folder, key } = deps.log;
  const { privateKey } = generateKeyPairSync('ed25519');
  const { note, witness } = cosign({
    ...{ checkpoint: (await folder.checkpoint())!, logKey: key.text, name: 'acme.example/witness' },
    privateKey: privateKey.export({ format: 'pem', type: 'pkcs8' }) as string,
    ...{ previous: null, consistency: null, time: Math.floor(Date.now() / 1000) },
  });
  await writeFile(join(home, 'cosigned'), note);
  await typeCommand(
    database,
    [addCosignature],
    `log add-cosignature ${join(home, 'cosigned')} --witness ${witness}`,
  );
  return witness;
}

itWithTool(
  go,
  'checkpoint, tiles, entries, inclusion and consistency hold by golang.org/x/mod/sumdb, and a lie does not',
  async () => {
    const program = join(home, 'tlog');
    await run('go', ['build', '-mod=readonly', '-o', program, '.'], { cwd: source });
    await sequenceLog({ db: office, ...deps.log });
    const names = [await makeOne('first', 3)];
    await fill(1_001, 1_300);
    names.push(await makeOne('second', 2));
    await fill(2_001, 2_300);
    await sequenceLog({ db: office, ...deps.log });
    const { folder, key } = deps.log;
    const witness = await cosignNewest();
    names.push(await makeOne('third', 1));
    const check = (...options: string[]) => run(program, [...options, key.text, folder.folder, ...names]);
    const { stdout } = await check();
    expect(stdout).toMatch(/^checkpoint 6\d\d of unitrail.log\/unitrail\n6\d\d leaves and entries\n/);
    expect(stdout).toContain('acme-000001: 3 proofs');
    expect(stdout).toMatch(/acme-000003: 6\d\d goes on from 3\d\d/);
    // By its own verifier of notes, which knows nothing of witnesses but what it is told.
    expect((await check('-witness', witness)).stdout).toMatch(
      /acme-000003: goes on from 6\d\d, co-signed by acme.example\/witness/,
    );
    const { publicKey } = generateKeyPairSync('ed25519');
    await expect(check('-witness', witnessKey('acme.example/witness', publicKey).text)).rejects.toMatchObject(
      {
        stderr: expect.stringContaining('1 signatures hold') as string,
      },
    );
    const path = `${names[1]!}.records.jsonl`;
    const records = await readFile(path, 'utf8');
    await writeFile(path, records.replace('"verdict":"PASS"', '"verdict":"FAIL"'));
    await expect(check()).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining('proof 0') as string,
    });
    await writeFile(path, records);
    const tile = join(folder.folder, 'tile/0/000');
    const bytes = await readFile(tile);
    bytes[0] = bytes[0]! ^ 1;
    await writeFile(tile, bytes);
    await expect(check()).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining('tile') as string,
    });
  },
);
