import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sequenceLog } from '../../adapters/log/sequence-log';
import { readLogKey } from '../../adapters/keys/log-key';
import { logFolderIn, openLogFolder } from '../../adapters/log/log-folder';
import { openDatabase } from '../../adapters/postgres/database';
import { addCosignature } from '../../adapters/postgres/log-cosignatures';
import { requirePlant } from '../../adapters/postgres/plant-store';
import { parseCheckpoint } from '../../domain/log-proof';
import { cosign as cosignWith } from '../../tools/export-verifier/cosign';
import { openCliScene, type CliAnswer, type CliEnvironment, type CliScene } from '../support/cli';
import { shipBatch } from '../support/exports';
import { openShopFloor, type ShopFloor } from '../support/shop-floor';
import { tamper } from '../support/tamper';
import { sampleRecipe } from '../support/unit-facts';
import { walkUnit, type WalkedUnit } from '../support/walk-unit';

/** `unitrail log …`, and what `unit show` and `keys` say of the log. */
let scene: CliScene;
let floor: ShopFloor;
let unit: WalkedUnit;
let folder: string;

beforeAll(async () => {
  scene = await openCliScene({});
  floor = openShopFloor(scene.database);
  folder = logFolderIn(scene.env.UNITRAIL_STORE ?? join(scene.env.UNITRAIL_HOME!, 'store'));
  const { privateKey } = generateKeyPairSync('ed25519');
  await scene.file('key.pem', privateKey.export({ format: 'pem', type: 'pkcs8' }) as string);
  expect((await type('apply', await plantFile())).code).toBe(0);
  // The units of the test's shop floor have another chip than those of the sample.
  const owner = openDatabase(scene.database.ownerUrl, { applicationName: 'test-owner', maxConnections: 1 });
  await owner('issuers').insert({ id: sampleRecipe.product.chipFamily, kind: 'chip-family' });
  await owner.destroy();
  const shipped = await shipBatch(floor, 2);
  unit = shipped.units[0]!;
});
afterAll(async () => {
  await floor?.close();
  await scene?.close();
});

async function plantFile(): Promise<string> {
  const sample = join(__dirname, '../../sample');
  await cp(sample, join(scene.folder, 'sample'), { recursive: true });
  const path = join(scene.folder, 'sample', 'plant.yaml');
  const named = `issuer: unitrail\n  logKey: file:${join(scene.folder, 'key.pem')}\n  logOrigin: log.example.com/unitrail`;
  await writeFile(path, (await readFile(path, 'utf8')).replace('issuer: unitrail', named));
  return path;
}

const type = (...args: string[]): Promise<CliAnswer> => scene.run(args);

/** As the office does it by its schedule. */
async function sequence(): Promise<void> {
  const db = openDatabase(scene.database.urlOf('office'), { applicationName: 'test-log', maxConnections: 3 });
  try {
    const { manufacturer } = await requirePlant(db);
    const key = await readLogKey({ env: {}, manufacturer, home: null });
    await sequenceLog({ db, key, folder: openLogFolder(folder) });
  } finally {
    await db.destroy();
  }
}

/** What the page and the program's document say of the unit's record. */
async function proofOf(serial: string, more: CliEnvironment = {}): Promise<{ line: string; proof: unknown }> {
  const page = await scene.run(['unit', 'show', serial], more);
  const document = await scene.run(['unit', 'show', serial, '--json'], more);
  expect([page.code, document.code, page.err]).toEqual([0, 0, '']);
  const [, line = 'none'] = /\n {2}Proof {9}(.*)/.exec(page.out) ?? [];
  return { line, proof: (JSON.parse(document.out) as { proof: unknown }).proof };
}

test('what waits is told, and then what the checkpoint has', async () => {
  expect(await type('log', 'show')).toMatchObject({
    code: 2,
    err: expect.stringContaining(folder) as string,
  });
  expect((await type('unit', 'show', unit.serial)).out).toContain(
    'Log           waits for the next checkpoint',
  );
  await sequence();
  const shown = await type('log', 'show');
  expect(shown.out).toMatch(/^Log {8}log\.example\.com\/unitrail, in /);
  expect(shown.out).toContain('Waiting    0');
  const page = (await type('unit', 'show', unit.serial)).out;
  expect(page).toMatch(/\n {2}Proof {9}holds: leaf \d+ of \d+ in the log log\.example\.com\/unitrail\n/);
  expect(page).not.toContain('\n  Log  ');
  const keys = (await type('keys')).out;
  expect(keys).toMatch(/^log {2}log\.example\.com\/unitrail\+[0-9a-f]{8}\+[A-Za-z0-9+/]{44} /m);
});

test('a proof is shown to a person, and is there for a program', async () => {
  expect((await type('log', 'proof', unit.serial)).out).toMatch(
    new RegExp(`^${unit.serial}  unitrail.record/1  leaf \\d+ of checkpoint \\d+`),
  );
  const told = JSON.parse((await type('log', 'proof', unit.serial, '--json')).out) as { proofs: unknown[] };
  expect(told).toMatchObject({
    serial: unit.serial,
    checkpoint: await readFile(join(folder, 'checkpoint'), 'utf8'),
    proofs: [{ format: 'unitrail.proof/1', document: 'unitrail.record/1', serial: unit.serial }],
  });
  const open = await walkUnit(floor, { upTo: 'assign' });
  expect(await type('log', 'proof', open.serial)).toMatchObject({
    code: 2,
    err: expect.stringContaining('nothing of it is sealed') as string,
  });
});

test('a witness co-signs by command, what it signed is kept and shown, and the auditor agrees', async () => {
  const { privateKey } = generateKeyPairSync('ed25519');
  const key = await scene.file('witness.pem', privateKey.export({ format: 'pem', type: 'pkcs8' }) as string);
  const logKey = /^log {2}(\S+)/m.exec((await type('keys')).out)![1]!;
  const own = ['--log-key', logKey, '--key', key, '--name', 'acme.example/witness'];
  const cosign = (...args: string[]): Promise<CliAnswer> => type('log', 'cosign', ...own, ...args);
  const first = await cosign('--checkpoint', join(folder, 'checkpoint'));
  expect(first.err).toContain('The first one by this key');
  const previous = await scene.file('first.checkpoint', first.out);
  const from = first.out.split('\n')[1]!;
  await shipBatch(floor, 1);
  await sequence();
  const hashes = await scene.file('hashes', (await type('log', 'consistency', from)).out);
  const told = await scene.file('hashes.json', (await type('log', 'consistency', from, '--json')).out);
  for (const consistency of [hashes, told]) {
    const args = [
      '--checkpoint',
      join(folder, 'checkpoint'),
      '--previous',
      previous,
      '--consistency',
      consistency,
    ];
    const cosigned = JSON.parse((await cosign(...args, '--json')).out) as {
      note: string;
      witness: string;
      from: number;
    };
    expect(cosigned).toMatchObject({ from: Number(from) });
    const file = await scene.file('cosigned', cosigned.note);
    expect((await type('log', 'add-cosignature', file, '--witness', cosigned.witness)).code).toBe(0);
    expect((await type('log', 'show')).out).toMatch(/^Co-signed {2}\d+ leaves by acme\.example\/witness\+/m);
  }
  const broken = await scene.file('broken.json', '{');
  const empty = await scene.file('empty.json', '{"from":null,"path":[]}');
  const odd = await scene.file('odd.json', `{"from":${from},"path":[1]}`);
  const onPrevious = ['--checkpoint', join(folder, 'checkpoint'), '--previous', previous];
  const otherLog = 'other.example/log+00000000+AAAA';
  for (const [args, told] of [
    [
      ['--checkpoint', previous, '--log-key', 'x'],
      /--log-key: \(hidden\) is not allowed; .* no key of log\.example/,
    ],
    [['--checkpoint', previous, '--log-key', otherLog], /--log-key: \(hidden\)/],
    [['--checkpoint', hashes], /--checkpoint: .* is no checkpoint of a log/],
    [['--checkpoint', previous, '--key', hashes], /--key: .* is not allowed; .*private key of Ed25519/],
    [['--checkpoint', previous, '--name', 'a b'], /--name: "a b" is not allowed; .*without blanks/],
    [['--checkpoint', previous, '--previous', hashes], /--previous: .* is no checkpoint of a log/],
    [[...onPrevious, '--consistency', broken], /--consistency: .* is no JSON/],
    [[...onPrevious, '--consistency', empty], /--consistency: .* is from no size that it names/],
    [[...onPrevious, '--consistency', odd], /--consistency: .* is no list of hashes in base64/],
  ] as const) {
    const { code, err } = await cosign(...args);
    expect([args, code, err]).toEqual([args, 2, expect.stringMatching(told)]);
  }
  expect((await type('log', 'consistency', '999999')).code).toBe(2);
  expect((await type('log', 'verify')).out).toContain('The log is whole.');
  expect((await type('log', 'verify', '--log-key', logKey)).out).toContain('The log is whole.');
});

test('a witness that no export brings is named', async () => {
  const checkpoint = await readFile(join(folder, 'checkpoint'), 'utf8');
  const logKey = /^log {2}(\S+)/m.exec((await type('keys')).out)![1]!;
  // As by so many that are added at once: each of them found room.
  for (let number = 2; number <= 17; number += 1) {
    const { privateKey } = generateKeyPairSync('ed25519');
    const pem = privateKey.export({ format: 'pem', type: 'pkcs8' }) as string;
    const own = { logKey, checkpoint, privateKey: pem, name: `w${number}.example`, time: 1_800_000_000 };
    const { note, witness } = cosignWith({ ...own, previous: null, consistency: null });
    const line = note.trimEnd().split('\n').at(-1)!;
    const told = { witness, signedAt: new Date(own.time * 1000), line };
    await addCosignature(floor.as('desk'), parseCheckpoint(checkpoint)!, told);
  }
  const { out } = await type('log', 'show');
  expect(out.match(/^Co-signed {2}/gm)).toHaveLength(16);
  expect(out.match(/^LEFT OUT .*/gm)).toEqual([
    expect.stringMatching(/^LEFT OUT {3}w17\.example\+[0-9a-f]{8}\+\S{44}: no export brings what it signs/),
  ]);
  const told = JSON.parse((await type('log', 'show', '--json')).out) as { leftOut: string[] };
  expect(told.leftOut).toEqual([expect.stringMatching(/^w17\.example/)]);
});

test('a record that was changed before the log had it is shown where the log and the unit are', async () => {
  const [changed] = (await shipBatch(floor, 1)).units;
  const set = (from: string, to: string): Promise<unknown> =>
    tamper(scene.database, (su) =>
      su.query(
        `update records set body = replace(body, $2, $3), sha256 = encode(sha256(convert_to(replace(body, $2, $3), 'UTF8')), 'hex') where unit_id = $1`,
        [changed!.unitId, from, to],
      ),
    );
  await set('"PASS"', '"PASSED"');
  await sequence();
  expect((await type('log', 'show')).out).toContain(
    `REFUSED    The unitrail.record/1 of unit:${changed!.unitId}`,
  );
  expect((await type('unit', 'show', changed!.serial)).out).toMatch(/Log {11}NO PLACE in it since 20/);
  expect((await proofOf(changed!.serial)).line).toMatch(
    /^DOES NOT HOLD: The unitrail\.record\/1 of \S+ has no place in the log since 20.*Restore it from a backup/,
  );
  expect((await type('log', 'proof', changed!.serial)).err).toContain('Restore it from a backup');
  expect((await type('log', 'verify')).out).toContain('which has no place in the log');
  await set('"PASSED"', '"PASS"');
  await sequence();
  expect((await type('log', 'show')).out).not.toContain('REFUSED');
});

test('a unit in the database shows that the log holds its record, in the words for one that has moved', async () => {
  const { proofs } = JSON.parse((await type('log', 'proof', unit.serial, '--json')).out) as {
    proofs: [{ index: number }];
  };
  const [, size] = (await readFile(join(folder, 'checkpoint'), 'utf8')).split('\n').map(Number);
  const { index } = proofs[0];
  expect(await proofOf(unit.serial)).toEqual({
    line: `holds: leaf ${index} of ${size} in the log log.example.com/unitrail`,
    proof: { verdict: 'holds', index, size },
  });
  const open = await walkUnit(floor, { upTo: 'assign' });
  expect(await proofOf(open.serial)).toEqual({ line: 'none', proof: null });
  const [waiting] = (await shipBatch(floor, 1)).units;
  expect(await proofOf(waiting!.serial)).toEqual({ line: 'none', proof: null });
});

test.each([
  [
    'its bytes, and the digest beside them',
    [
      `update records set body = replace(body, '"PASS"', '"FAIL"'), sha256 = encode(sha256(convert_to(replace(body, '"PASS"', '"FAIL"'), 'UTF8')), 'hex') where unit_id = $1`,
    ],
    'is not the one of SHA-256',
  ],
  [
    'its bytes, and both digests',
    [
      `update records set body = replace(body, '"PASS"', '"FAIL"'), sha256 = encode(sha256(convert_to(replace(body, '"PASS"', '"FAIL"'), 'UTF8')), 'hex') where unit_id = $1`,
      `update log_queue q set sha256 = r.sha256 from records r where r.unit_id = $1 and q.stream = 'unit:' || r.unit_id and q.format = 'unitrail.record/1'`,
    ],
    'does not lead to the root',
  ],
  ['the record away', ['delete from records where unit_id = $1'], 'is not in the database any more'],
  [
    'what the log knows of it away',
    [`delete from log_queue where stream = 'unit:' || $1::uuid`],
    'was never queued for the log',
  ],
])('after the checkpoint the superuser changes %s: the page tells', async (_what, statements, told) => {
  const [changed] = (await shipBatch(floor, 1)).units;
  await sequence();
  await tamper(scene.database, async (su) => {
    await su.query('create table kept_records as select * from records');
    await su.query('create table kept_queue as select * from log_queue');
    for (const statement of statements) await su.query(statement, [changed!.unitId]);
  });
  try {
    expect(await proofOf(changed!.serial)).toEqual({
      line: expect.stringMatching(new RegExp(`^DOES NOT HOLD: The unitrail.record/1 .*${told}`)) as string,
      proof: { verdict: 'broken', why: expect.stringContaining(told) as string },
    });
  } finally {
    await tamper(scene.database, async (su) => {
      await su.query('delete from records; insert into records select * from kept_records');
      await su.query(
        'delete from log_queue; insert into log_queue overriding system value select * from kept_queue',
      );
      await su.query('drop table kept_records, kept_queue');
    });
  }
  expect(await proofOf(changed!.serial)).toMatchObject({ proof: { verdict: 'holds' } });
});

test('a log that is away or silent refuses nobody the page, which says why the proof is not told', async () => {
  const silent = join(scene.folder, 'silent');
  await mkdir(silent);
  execFileSync('mkfifo', [join(silent, 'checkpoint')]);
  const locked = await scene.file('no-folder', '');
  for (const [env, told] of [
    [{ UNITRAIL_LOG: join(scene.folder, 'none') }, `There is no checkpoint in ${join(scene.folder, 'none')}`],
    [{ UNITRAIL_LOG: locked }, `The log's folder ${locked} can't be used (ENOTDIR)`],
    [{ UNITRAIL_LOG: silent }, `The log's folder ${silent} does not answer within 5 s`],
    [{ UNITRAIL_STORE: 's3://bucket?region=eu-1' }, 'UNITRAIL_LOG: (missing) is not allowed'],
  ] as const) {
    const { line, proof } = await proofOf(unit.serial, env);
    expect(line).toContain(`can't be told: ${told}`);
    expect(proof).toEqual({ verdict: 'missing', why: expect.stringContaining(told) as string });
  }
  const page = await scene.run(['unit', 'show', unit.serial], { UNITRAIL_LOG: silent });
  expect(page.out).toMatch(/\n {2}Log {11}leaf \d+ of checkpoint \d+ of log\.example\.com\/unitrail\n/);
});

test('the log is verified alone, and a tile that is gone is named', async () => {
  expect(await type('log', 'verify')).toMatchObject({
    code: 0,
    out: expect.stringContaining('The log is whole.') as string,
  });
  const parts = join(folder, 'tile/0/000.p');
  for (const width of await readdir(parts))
    await writeFile(join(parts, width), Buffer.alloc(32 * Number(width), 1));
  expect((await proofOf(unit.serial)).line).toMatch(
    /^DOES NOT HOLD: .* does not lead to the root of checkpoint/,
  );
  await rm(join(folder, 'tile/0'), { recursive: true });
  const wrong = await type('log', 'verify');
  expect((await proofOf(unit.serial)).line).toMatch(/^DOES NOT HOLD: .*tile\/0\/000.* is missing/);
  expect(wrong.code).toBe(1);
  expect(wrong.out).toContain('A18  tile/0/000');
});
