import { execFile } from 'node:child_process';
import { createHash, generateKeyPairSync } from 'node:crypto';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { handOutExport } from '../../activities/hand-out-export';
import { makeExport, type MakeExportDeps } from '../../activities/make-export';
import { consistencyProof } from '../../adapters/log/leaf-proofs';
import {
  judgeCosignatures,
  MOST_WITNESSES,
  newestCosigned,
  readWitnesses,
} from '../../adapters/log/witnesses';
import { openDatabase, type Database } from '../../adapters/postgres/database';
import { openExport } from '../../adapters/postgres/exports';
import { addCosignature as addLine } from '../../adapters/postgres/log-cosignatures';
import { register as addCosignature } from '../../cli/log-add-cosignature';
import { signedManifest, type Manifest, type ManifestLog } from '../../domain/export-manifest';
import { parseCheckpoint } from '../../domain/log-proof';
import { cosign as cosignWith } from '../../tools/export-verifier/cosign';
import type { Report } from '../../tools/export-verifier/report';
import { createTestDatabase, type TestDatabase } from '../support/database';
import { asOf, makeDeps, shipBatch, testLook } from '../support/exports';
import { applySmallPlant, openShopFloor, type ShopFloor } from '../support/shop-floor';
import { tamper } from '../support/tamper';
import { typeCommand } from '../support/type-command';

/** A buyer co-signs what it was shown of the log; whoever trusts that buyer can demand it. Both by one file and Node alone. */
const run = promisify(execFile);
const look = testLook({ formats: ['records'] });
let database: TestDatabase;
let floor: ShopFloor;
let office: Database;
let home: string;
let good: string;
let deps: MakeExportDeps;
const at = (...parts: string[]): string => join(home, ...parts);

beforeAll(async () => {
  home = await mkdtemp(join(process.env.UNITRAIL_TEST_HOME!, 'witnesses-'));
  good = at('good');
  database = await createTestDatabase();
  floor = openShopFloor(database);
  office = openDatabase(database.urlOf('office'), { applicationName: 'test-witnesses', maxConnections: 4 });
  await applySmallPlant(floor);
  deps = await makeDeps(office, home);
  for (const request of ['one', 'two', 'three']) {
    await shipBatch(floor, 1);
    const id = (await openExport(office, 'acme', { request, asOf, look }))!;
    await makeExport(deps, id);
    await handOutExport(deps, id, good);
  }
  await writeFile(at('keys.txt'), `${deps.key.keyId} ${deps.key.publicKey}\n`);
  await mkdir(at('alone'));
  await build({
    entryPoints: [join(__dirname, '../../tools/export-verifier/main.ts')],
    outfile: at('alone', 'verify-export.cjs'),
    ...{ bundle: true, platform: 'node', target: 'node20', format: 'cjs', logLevel: 'error' },
  });
});
afterAll(async () => {
  await office?.destroy();
  await floor?.close();
  await database?.drop();
  await rm(home, { recursive: true, force: true });
});

const checkpoint = 'acme-000002.checkpoint';
const manifest = 'acme-000002.manifest.json';

async function withKey(folder: string, ...options: string[]): Promise<Report> {
  const args = ['verify-export.cjs', folder, '--json', '--key', at('keys.txt'), ...options];
  const { stdout } = await run(process.execPath, args, { cwd: at('alone'), env: {} }).catch(
    (error: { stdout: string }) => error,
  );
  return JSON.parse(stdout) as Report;
}

const problemsOf = ({ problems }: Report): string[] => problems.map(({ where, what }) => `${where}: ${what}`);

/** By whoever has the export key. */
async function retell(
  folder: string,
  change: (log: ManifestLog) => ManifestLog,
  name: string,
): Promise<void> {
  const path = join(folder, name);
  const { log, signature, ...body } = JSON.parse(await readFile(path, 'utf8')) as Manifest;
  expect(signature.keyId).toBe(deps.key.keyId);
  await writeFile(path, signedManifest({ ...body, log: change(log!) }, deps.key));
}

/** By the one file, in an empty folder. */
async function cosign(...args: string[]): Promise<{ code: number; note: string; said: string }> {
  const own = ['--log-key', deps.log.key.text, '--key', at('witness.pem'), '--name', 'acme.example/witness'];
  return run(process.execPath, ['verify-export.cjs', 'cosign', ...own, ...args], {
    cwd: at('alone'),
    env: {},
  }).then(
    ({ stdout, stderr }) => ({ code: 0, note: stdout, said: stderr }),
    (error: { code: number; stdout: string; stderr: string }) => ({
      ...{ code: error.code, note: error.stdout, said: error.stderr },
    }),
  );
}

const keep = async (file: string, note: string): Promise<string> => {
  await writeFile(at(file), note);
  return at(file);
};

const type = (line: string) => typeCommand(database, [addCosignature], line);

const checkpointOf = (note: string) => parseCheckpoint(note)!;

/** The last line of the note, with another signature that looks like one of the same witness. */
function junkLine(note: string): string {
  const line = note.trimEnd().split('\n').at(-1)!;
  const [dash, name, base64] = line.split(' ') as [string, string, string];
  const bytes = Buffer.from(base64, 'base64');
  bytes[bytes.length - 1] = bytes.at(-1)! ^ 1;
  return [dash, name, bytes.toString('base64')].join(' ');
}

/** Under the name and the key of a witness, by whoever has the desk's login: of what it co-signs, and of what it has not seen. */
async function plantJunk(cosigned: string, witness: string): Promise<void> {
  const bytes = Buffer.from(cosigned.trimEnd().split(' ').at(-1)!, 'base64');
  const signedAt = new Date(Number(bytes.readBigUInt64BE(4)) * 1000);
  const third = await readFile(join(good, 'acme-000003.checkpoint'), 'utf8');
  for (const note of [cosigned, third])
    expect(
      await addLine(floor.as('desk'), checkpointOf(note), { witness, signedAt, line: junkLine(cosigned) }),
    ).toBe(true);
  // And what no function lets in, by whoever has the superuser's rights.
  await tamper(database, (su) =>
    su.query(
      `insert into log_cosignatures (origin, size, witness, signed_at, line) select origin, size, $1, now(), '\u2014 acme.example/witness AAAA' from log_checkpoints`,
      [witness],
    ),
  );
}

/** The first two exports have a witness, who has co-signed their checkpoints one after the other; a fourth export brings that along. */
async function witnessed(): Promise<{ folder: string; witness: string; first: string }> {
  const { privateKey } = generateKeyPairSync('ed25519');
  await keep('witness.pem', privateKey.export({ format: 'pem', type: 'pkcs8' }) as string);
  const one = await cosign('--checkpoint', join(good, 'acme-000001.checkpoint'));
  const witness = /acme\.example\/witness\+[0-9a-f]{8}\+\S{44}/.exec(one.said)![0];
  const first = await keep('first.checkpoint', one.note);
  const two = await cosign(
    ...['--checkpoint', join(good, checkpoint), '--previous', first, '--consistency', join(good, manifest)],
  );
  expect([two.code, two.said]).toEqual([0, expect.stringContaining('It goes on from')]);
  const second = await keep('second.checkpoint', two.note);
  await plantJunk(two.note, witness);
  expect(await type(`log add-cosignature ${second} --witness ${witness}`)).toMatchObject({
    text: expect.stringMatching(
      /^Added: checkpoint \d+ of unitrail.log\/unitrail, co-signed by acme/,
    ) as string,
  });
  expect((await type(`log add-cosignature ${second} --witness ${witness}`)).text).toContain(
    'Was there already',
  );
  await shipBatch(floor, 1);
  const id = (await openExport(office, 'acme', { request: 'witnessed', asOf, look }))!;
  await makeExport(deps, id);
  const folder = at('witnessed');
  await cp(good, folder, { recursive: true });
  await handOutExport(deps, id, folder);
  return { folder, witness, first };
}

test('a witness co-signs what goes on from what it has seen, and the verifier demands it of each export', async () => {
  const { folder, witness, first } = await witnessed();
  const answer = await withKey(folder, '--witness', witness);
  expect(problemsOf(answer)).toEqual([]);
  const name = witness.split('+').slice(0, 2).join('+');
  // Of the newest export alone, by how much: what the one before it has more is within that.
  const [lag, ...more] = answer.notes.filter((note) => note.startsWith(name));
  expect(more).toEqual([]);
  const [, seen, size, behind] =
    /co-signed (\d+) of the (\d+) leaves of the log in acme-000004, the newest export here, at 20.*: the last (\d+) are not/.exec(
      lag!,
    )!;
  expect(Number(seen) + Number(behind)).toBe(Number(size));
  expect(Number(seen)).toBe(checkpointOf(await readFile(at('second.checkpoint'), 'utf8')).size);
  // A witness of whom nothing came, and one that is none.
  const base64 = witness.slice(name.length + 1);
  const other = noteKeyOf('other.example', base64);
  expect(problemsOf(await withKey(folder, '--witness', other))).toEqual(
    ['acme-000001', 'acme-000002', 'acme-000003', 'acme-000004'].map(
      (set) =>
        expect.stringMatching(
          `${set}.manifest.json: nothing that its log .* is co-signed by other`,
        ) as string,
    ),
  );
  expect((await type(`log add-cosignature ${first} --witness ${other}`)).code).toBe(2);
  expect((await type(`log add-cosignature ${first} --witness x${witness}`)).code).toBe(2);
  const one = { witness, signedAt: new Date(0), line: '\u2014 x AAAA' };
  await expect(
    addLine(floor.as('desk'), checkpointOf(await readFile(first, 'utf8')), one),
  ).rejects.toMatchObject({
    code: 'INPUT_INVALID',
    message: expect.stringMatching(/^line: .* is not allowed; "— acme/) as string,
  });
  // What was never signed here is not kept.
  const foreign = await keep(
    'foreign.checkpoint',
    (await readFile(first, 'utf8')).replace('unitrail.log', 'another.log'),
  );
  expect((await type(`log add-cosignature ${foreign} --witness ${witness}`)).code).toBe(2);

  const changed = async (change: (told: Cosigned) => Cosigned): Promise<string> =>
    problemsOf(await retold(folder, witness, (all) => all.map(change))).join('\n');
  const at73 = /(acme\.example\/witness .{20})(.)/;
  expect(
    await changed((told) => ({
      ...told,
      note: told.note.replace(at73, (_, start: string, one: string) => `${start}${one === 'A' ? 'B' : 'A'}`),
    })),
  ).toContain(`${last}: the co-signature by ${name} does not hold`);
  expect(await changed((told) => ({ ...told, path: told.path.slice(1) }))).toContain(
    `${last}: its log is not shown to go on from a checkpoint that it says is co-signed: the log has forked`,
  );
  await bringMore(folder, witness);
  await takeBackSeen(folder, first);
  const later = problemsOf(await withKey(folder, '--witness', witness)).join('\n');
  expect(later).toMatch(
    /acme-000004.manifest.json: brings checkpoint \d+ as the newest that acme.* and acme-000003, an export before it, brings/,
  );
});

type Cosigned = NonNullable<ManifestLog['cosigned']>[number];
const last = 'acme-000004.manifest.json';

/** Of a copy in which the last export brings something else of witnesses. */
async function retold(
  folder: string,
  witness: string,
  change: (cosigned: readonly Cosigned[]) => readonly Cosigned[],
): Promise<Report> {
  const copy = at('witnessed-copy');
  await rm(copy, { recursive: true, force: true });
  await cp(folder, copy, { recursive: true });
  await retell(copy, (log) => ({ ...log, cosigned: change(log.cosigned!) }), last);
  return withKey(copy, '--witness', witness);
}

/** Junk beside what the witness has signed hides it nowhere, and more than is allowed is named. */
async function bringMore(folder: string, witness: string): Promise<void> {
  const { log } = JSON.parse(await readFile(join(folder, last), 'utf8')) as Manifest;
  const [brought] = log!.cosigned!;
  expect(log!.cosigned).toEqual([
    { note: await readFile(at('second.checkpoint'), 'utf8'), path: brought!.path },
  ]);
  const junk = `${junkLine(brought!.note)}\n`;
  const newer = {
    note: (await readFile(join(good, 'acme-000003.checkpoint'), 'utf8')) + junk,
    path: log!.consistency!.path,
  };
  for (const [change, note] of [
    [(all: readonly Cosigned[]) => [newer, ...all], 'it brings 1 that do not hold'],
    [([one]: readonly Cosigned[]) => [{ ...one!, note: one!.note + junk }], 'has co-signed'],
  ] as const) {
    const report = await retold(folder, witness, change);
    expect(problemsOf(report)).toEqual([]);
    expect(report.notes.join('\n')).toContain(note);
  }
  const long = { ...brought!, note: `${brought!.note}\u2014 ${'x'.repeat(1_000)} AAAAAAAA\n` };
  for (const [more, problem] of [
    [
      [{ ...brought!, note: brought!.note + junk.repeat(64) }],
      'log.cosigned[0].note has 66 lines of signatures, and 64 are',
    ],
    [[long], 'log.cosigned[0].note has a line of 1011 characters among its signatures, and 1000 are allowed'],
    [Array<Cosigned>(65).fill(brought!), 'log.cosigned has 65 checkpoints, and 64 are allowed'],
  ] as const)
    expect(problemsOf(await retold(folder, witness, () => more)).join('\n')).toContain(`${last}: ${problem}`);
  for (const [file, note] of [
    ['lines', brought!.note + junk.repeat(64)],
    ['line', long.note],
  ] as const) {
    const added = await type(`log add-cosignature ${await keep(file, note)} --witness ${witness}`);
    expect(added).toMatchObject({
      code: 2,
      err: expect.stringMatching(
        /file.* is not allowed; a checkpoint with at most 64 lines .*; it has/,
      ) as string,
    });
  }
}

test('a log has so many witnesses: one more is refused, and takes no place of those who came first', async () => {
  const checkpoint = await readFile(join(good, 'acme-000001.checkpoint'), 'utf8');
  const { origin } = checkpointOf(checkpoint);
  const known = await newestCosigned(office, { origin });
  const sign = (name: string) => {
    const { privateKey } = generateKeyPairSync('ed25519');
    const pem = privateKey.export({ format: 'pem', type: 'pkcs8' }) as string;
    const asked = { checkpoint, logKey: deps.log.key.text, privateKey: pem, name };
    return cosignWith({ ...asked, previous: null, consistency: null, time: 1_800_000_000 });
  };
  const add = async (name: string) => {
    const { note, witness } = sign(name);
    return type(`log add-cosignature ${await keep('more', note)} --witness ${witness}`);
  };
  for (let more = known.length; more < MOST_WITNESSES; more += 1)
    expect((await add(`${more}.example`)).code).toBe(0);
  expect(await add('acme.example/witness')).toMatchObject({
    code: 2,
    err: expect.stringMatching(
      /--witness.* is not allowed; one of the 16 witnesses that unitrail.log/,
    ) as string,
  });
  const now = await newestCosigned(office, { origin });
  expect(now.slice(0, known.length)).toEqual(known);
  expect(now).toHaveLength(MOST_WITNESSES);
  // Two that are added at once: there was room for one when both of them looked.
  const { note, witness } = sign('late.example');
  const line = note.trimEnd().split('\n').at(-1)!;
  const late = { witness, signedAt: new Date(1_800_000_000_000), line };
  expect(await addLine(floor.as('desk'), checkpointOf(checkpoint), late)).toBe(true);
  for (const turn of ['as it waits', 'as the office has found']) {
    const { newest, leftOut } = await readWitnesses(office, { origin });
    expect({ turn, newest, leftOut }).toEqual({ turn, newest: now, leftOut: [witness] });
    await judgeCosignatures(office);
  }
});

/** The third export brings what the witness has co-signed last, and the fourth what it had co-signed before. */
async function takeBackSeen(folder: string, first: string): Promise<void> {
  const newer = await readFile(at('second.checkpoint'), 'utf8');
  const older = await readFile(first, 'utf8');
  const third = (log: ManifestLog) => ({ ...log, cosigned: [{ note: newer, path: log.consistency!.path }] });
  await retell(folder, third, 'acme-000003.manifest.json');
  const { size } = (JSON.parse(await readFile(join(folder, 'acme-000004.manifest.json'), 'utf8')) as Manifest)
    .log!;
  const path = await consistencyProof(deps.log.folder, Number(older.split('\n')[1]), size);
  const fourth = (log: ManifestLog) => ({ ...log, cosigned: [{ note: older, path }] });
  await retell(folder, fourth, 'acme-000004.manifest.json');
}

function noteKeyOf(name: string, base64: string): string {
  const bytes = Buffer.from(base64, 'base64');
  const id = createHash('sha256').update(`${name}\n`).update(bytes).digest('hex').slice(0, 8);
  return `${name}+${id}+${base64}`;
}

test('a witness does not co-sign what is older, does not go on, or is signed by nobody', async () => {
  const [older, newer] = ['acme-000001', 'acme-000003'].map((id) => join(good, `${id}.checkpoint`)) as [
    string,
    string,
  ];
  const previous = at('second.checkpoint');
  const refused: [string[], string][] = [
    [['--checkpoint', older, '--previous', previous], 'is older than'],
    [['--checkpoint', newer, '--previous', previous], 'is not shown to go on from'],
    [
      ['--checkpoint', newer, '--previous', previous, '--consistency', join(good, manifest)],
      'the consistency proof is from',
    ],
    [['--checkpoint', newer, '--previous', older], 'is not co-signed by acme.example/witness'],
    [
      ['--checkpoint', newer, '--log-key', deps.log.key.text.replace('unitrail+', 'other+')],
      'which is no key of',
    ],
    [['--checkpoint', join(good, manifest)], 'is no checkpoint'],
  ];
  for (const [args, why] of refused) {
    const { code, note, said } = await cosign(...args);
    expect({ args, code, note, said }).toEqual({
      args,
      code: 2,
      note: '',
      said: expect.stringContaining(why) as string,
    });
  }
  const good3 = await cosign(
    ...['--checkpoint', newer, '--previous', previous],
    ...['--consistency', join(good, 'acme-000003.manifest.json')],
  );
  expect(good3.code).toBe(0);
});

const countWaiting = async (): Promise<number> =>
  Number((await office('log_cosignatures_waiting').count<{ count: string }[]>('* as count'))[0]!.count);

/** Lines as `add_cosignature` keeps them, under the name and the key of a witness that never signed them, of a time to come. */
async function flood(note: string, witness: string, count: number): Promise<void> {
  const { origin, size } = checkpointOf(note);
  const [name, id] = witness.split('+');
  await tamper(database, (su) =>
    su.query(
      `with random as (select sha256(convert_to(gen_random_uuid()::text, 'UTF8')) as one, sha256(convert_to(gen_random_uuid()::text, 'UTF8')) as other
                       from generate_series(1, $6::integer)),
         added as (
           insert into log_cosignatures (origin, size, witness, signed_at, line)
           select $1::text, $2::bigint, $3::text, to_timestamp(4000000000), '\u2014 ' || $4::text || ' ' || translate(
             encode(decode($5::text || '00000000ee6b2800', 'hex') || r.one || r.other, 'base64'), chr(10), '')
           from random r returning id)
       insert into log_cosignatures_waiting select id from added`,
      [origin, size, witness, name, id, count],
    ),
  );
}

test('a flood of lines that nobody signed is looked at once, and hides nothing that a witness has signed', async () => {
  const third = ['--checkpoint', join(good, 'acme-000003.checkpoint')];
  const consistency = ['--consistency', join(good, 'acme-000003.manifest.json')];
  const { note, said } = await cosign(...third, '--previous', at('second.checkpoint'), ...consistency);
  const witness = /acme\.example\/witness\+[0-9a-f]{8}\+\S{44}/.exec(said)![0];
  const add = `log add-cosignature ${await keep('third.checkpoint', note)} --witness ${witness}`;
  // Whoever adds a line is told that there is no room, and that it was not kept.
  await flood(note, witness, 10_000 - (await countWaiting()));
  expect(await type(add)).toMatchObject({
    code: 2,
    err: expect.stringMatching(/nothing of acme.* was kept: 10000 lines wait to be verified/) as string,
  });
  await judgeCosignatures(office);
  expect(await countWaiting()).toBe(0);
  // It was looked at: what is added now waits alone. More junk comes before the export does.
  expect((await type(add)).text).toContain('Added');
  await flood(note, witness, 2_000);
  expect((await type(add)).text).toContain('Was there already');
  await shipBatch(floor, 1);
  const id = (await openExport(office, 'acme', { request: 'flooded', asOf, look }))!;
  await makeExport(deps, id);
  await handOutExport(deps, id, at('flooded'));
  const { log } = JSON.parse(await readFile(at('flooded', `${id}.manifest.json`), 'utf8')) as Manifest;
  expect(log!.cosigned![0]!.note).toBe(note);
  expect(await countWaiting()).toBe(0);
});
