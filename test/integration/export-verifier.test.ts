import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  appendFile,
  copyFile,
  cp,
  mkdir,
  mkdtemp,
  readFile,
  rename,
  rm,
  unlink,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { handOutExport } from '../../activities/hand-out-export';
import { makeExport, type MakeExportDeps } from '../../activities/make-export';
import { readExportKey } from '../../adapters/keys/export-keys';
import { readLogKey } from '../../adapters/keys/log-key';
import { correctRecord, recordReturn } from '../../adapters/postgres/amendments';
import { openDatabase, type Database } from '../../adapters/postgres/database';
import { logKeys } from '../../adapters/postgres/log';
import { openExport, openExtract, openReissue } from '../../adapters/postgres/exports';
import { canonicalJson } from '../../domain/canonical';
import {
  signedManifest,
  type Manifest,
  type ManifestBody,
  type ManifestLog,
} from '../../domain/export-manifest';
import type { Report } from '../../tools/export-verifier/report';
import { createTestDatabase, type TestDatabase } from '../support/database';
import { asOf, makeDeps, returnNumbers, shipBatch, testLook } from '../support/exports';
import { applySmallPlant, openShopFloor, openTestBatch, type ShopFloor } from '../support/shop-floor';
import { decide, walkUnit, type WalkedUnit } from '../support/walk-unit';

/** A buyer checks what came, by one file and Node: whatever was tampered with is named. */
const run = promisify(execFile);
let database: TestDatabase;
let floor: ShopFloor;
let office: Database;
let home: string;
let good: string;
let deps: MakeExportDeps;
const shipped: WalkedUnit[] = [];
const at = (...parts: string[]): string => join(home, ...parts);

beforeAll(async () => {
  home = await mkdtemp(join(process.env.UNITRAIL_TEST_HOME!, 'verifier-'));
  good = at('good');
  database = await createTestDatabase();
  floor = openShopFloor(database);
  office = openDatabase(database.urlOf('office'), { applicationName: 'test-exports', maxConnections: 4 });
  await applySmallPlant(floor);
  deps = await makeDeps(office, home);
  await makeSets();
  await writeFile(at('keys.txt'), `${deps.key.keyId} ${deps.key.publicKey}\n`);
  await mkdir(at('alone'));
  await build({
    ...{
      entryPoints: [join(__dirname, '../../tools/export-verifier/main.ts')],
      outfile: at('alone', 'verify-export.cjs'),
    },
    ...{ bundle: true, platform: 'node', target: 'node20', format: 'cjs', logLevel: 'error' },
  });
});
afterAll(async () => {
  await office?.destroy();
  await floor?.close();
  await database?.drop();
  await rm(home, { recursive: true, force: true });
});

/**
 * Three exports of the sequence with 4, 3 and 2 units, the second one with scrapped, missing, void and unused numbers and with
 * what was said of shipped units, and a reissue of the first.
 */
async function makeSets(): Promise<void> {
  const ids: string[] = [];
  for (const units of [4, 3, 2]) {
    shipped.push(...(await shipBatch(floor, units)).units);
    if (units === 3) await tellMore();
    const csv = { separator: ';', encoding: 'windows-1252' } as const;
    ids.push((await openExport(office, 'acme', { request: `e${units}`, asOf, look: testLook({ csv }) }))!);
    // At once: each of them has a checkpoint of its own.
    await makeExport(deps, ids.at(-1)!);
  }
  const look = testLook({ columns: [{ field: 'macs' }, { field: 'serial', name: 'S/N' }] });
  ids.push(await openReissue(office, ids[0]!, { request: 'reissue', asOf, look }));
  for (const id of ids) {
    await makeExport(deps, id);
    await handOutExport(deps, id, good);
  }
}

/** Two corrections of a unit and the return of another, of the first export; and numbers that came to nothing. */
async function tellMore(): Promise<void> {
  const batch = await openTestBatch(floor, { quantity: 3 });
  const [scrapped, missing] = [
    await walkUnit(floor, { batch, index: 1, upTo: 'assign' }),
    await walkUnit(floor, { batch, index: 2, upTo: 'assign' }),
  ];
  await decide(floor, scrapped, 'scrapped', { by: '17', code: 'test', reason: 'cracked' });
  await decide(floor, missing, 'missing');
  await voidOne();
  await returnNumbers(floor, 'acme', ['ACME-1']);
  const desk = floor.as('desk');
  const [first, second] = shipped;
  const { sha256: record } = (await office('records')
    .where({ unit_id: first!.unitId })
    .first<{ sha256: string }>('sha256'))!;
  for (const value of ['LOT-2', 'LOT-3'])
    await correctRecord(desk, first!.unitId, {
      ...{ record, field: 'boardLot', was: 'LOT-1', value, reason: 'typo', by: '17' },
    });
  await recordReturn(desk, second!.unitId, { rma: 'R1', condition: 'dead', reason: 'wet', by: '17' });
}

async function voidOne(): Promise<void> {
  const batch = await openTestBatch(floor, { quantity: 1 });
  const voided = { ...batch.claimAt(1), why: 'skipped' };
  await office.raw('select void_numbers(?, ?::jsonb)', [batch.id, JSON.stringify([voided])]);
}

interface Answer {
  readonly code: number;
  readonly report: Report;
}

/** In an empty folder with nothing but the one file, and nothing of this checkout in reach. */
async function verify(folder: string, ...options: string[]): Promise<Answer> {
  const args = ['verify-export.cjs', folder, '--json', ...options];
  const { code, stdout } = await run(process.execPath, args, { cwd: at('alone'), env: {} }).then(
    ({ stdout: out }) => ({ code: 0, stdout: out }),
    (error: { code: number; stdout: string }) => error,
  );
  return { code, report: JSON.parse(stdout) as Report };
}

const problemsOf = ({ report }: Answer): string[] =>
  report.problems.map(({ where, what }) => `${where}: ${what}`);
const withKey = (folder: string, ...more: string[]): Promise<Answer> =>
  verify(folder, '--key', at('keys.txt'), ...more);

test('sets as they were handed out hold, in an empty folder with Node alone', async () => {
  const answer = await withKey(good);
  expect(problemsOf(answer)).toEqual([]);
  expect(answer.code).toBe(0);
  expect(
    answer.report.sets.map(({ export: id, kind, units, amendments, numbers }) => [
      ...[id, kind, units, amendments, numbers],
    ]),
  ).toEqual([
    ['acme-000001-r1', 'reissue', 4, 0, 0],
    ['acme-000001', 'sequence', 4, 0, 0],
    ['acme-000002', 'sequence', 3, 3, 8],
    ['acme-000003', 'sequence', 2, 0, 0],
  ]);
  // All but the number that was never used: that is no event of its own.
  expect(answer.report.sets[2]!.log).toMatchObject({ proven: 3, amendments: 3, numbers: 7 });
  expect(answer.report.notes).toContain('numbers of acme-000002 of which the log has no statement: 1');
});

test('a signature that nobody was trusted for proves nothing, and one of another key less', async () => {
  expect(problemsOf(await verify(good))[0]).toContain('no key was given to compare it with');
  const other = await readExportKey({ env: {}, reference: null, home: at('elsewhere') });
  await writeFile(at('other.txt'), other.publicKey);
  const answer = await verify(good, '--key', at('other.txt'));
  expect(problemsOf(answer)[0]).toContain(`is signed by key ${deps.key.keyId}, which is none of those given`);
  expect(answer.code).toBe(1);
});

type Tampering = (folder: string) => Promise<void>;

async function edit(folder: string, name: string, change: (text: string) => string): Promise<void> {
  const path = join(folder, name);
  const text = await readFile(path, 'latin1');
  expect(change(text)).not.toBe(text);
  await writeFile(path, change(text), 'latin1');
}

const lines = (text: string, change: (all: string[]) => string[]): string => {
  const end = text.includes('\r\n') ? '\r\n' : '\n';
  return change(text.split(end)).join(end);
};

/** The manifest says of the file what is there now; who has no key can't sign that. */
async function adapt(
  folder: string,
  name: string,
  key?: MakeExportDeps['key'],
  of = 'acme-000002.manifest.json',
): Promise<void> {
  const path = join(folder, of);
  const { signature, ...body } = JSON.parse(await readFile(path, 'utf8')) as Manifest;
  const bytes = await readFile(join(folder, name));
  const digest = { sizeBytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
  const files = body.files.map((file) => (file.name === name ? { ...file, ...digest } : file));
  const adapted = { ...body, files };
  await writeFile(path, key ? signedManifest(adapted, key) : canonicalJson({ ...adapted, signature }));
}

const records = 'acme-000002.records.jsonl';
const csv = 'acme-000002.csv';
const manifest = 'acme-000002.manifest.json';
const proofs = 'acme-000002.proofs.jsonl';
const checkpoint = 'acme-000002.checkpoint';
const amendments = 'acme-000002.amendments.jsonl';
const amendmentProofs = 'acme-000002.proofs.amendments.jsonl';
const numbers = 'acme-000002.numbers.jsonl';
const numberProofs = 'acme-000002.proofs.numbers.jsonl';

/** In the order in which they were made. */
const shippedSerials = () => shipped.map(({ serial }) => serial) as [string, string, string];

/** What is signed of a manifest. */
function unsigned(manifest: Manifest): ManifestBody {
  return Object.fromEntries(
    Object.entries(manifest).filter(([name]) => name !== 'signature'),
  ) as unknown as ManifestBody;
}

/** By whoever has the export key. */
async function rewrite(folder: string, change: (body: ManifestBody) => ManifestBody): Promise<void> {
  const path = join(folder, manifest);
  const told = JSON.parse(await readFile(path, 'utf8')) as Manifest;
  await writeFile(path, signedManifest(change(unsigned(told)), deps.key));
}

/** By whoever has the export key, and not what the log says. */
async function retell(
  folder: string,
  change: (log: ManifestLog) => ManifestLog | null,
  name = manifest,
): Promise<void> {
  const path = join(folder, name);
  const { log, ...body } = JSON.parse(await readFile(path, 'utf8')) as Manifest;
  const told = change(log!);
  await writeFile(path, signedManifest(unsigned({ ...body, ...(told && { log: told }) }), deps.key));
}
const cell: Tampering = (folder) => edit(folder, csv, (text) => text.replace(';1.4.2;', ';1.4.3;'));

test.each<[string, Tampering, string[]]>([
  [
    'a cell',
    cell,
    [`${csv}: was changed`, `${csv}, row 1: column firmware says "1.4.3", and the sealed record "1.4.2"`],
  ],
  [
    'a row that is gone',
    (folder) => edit(folder, csv, (text) => lines(text, (all) => all.filter((_, index) => index !== 2))),
    [
      `${csv}: was changed`,
      `${csv}, row 2: column serial says`,
      `${csv}: has 2 rows, and the manifest says 3`,
    ],
  ],
  [
    'a row that is new',
    (folder) => appendFile(join(folder, csv), 'X;Y\r\n'),
    [`${csv}: was changed`, `${csv}: has 4 rows, and the manifest says 3`],
  ],
  [
    'a workbook',
    (folder) => appendFile(join(folder, 'acme-000002.xlsx'), 'x'),
    ['acme-000002.xlsx: was changed'],
  ],
  ['a file that is gone', (folder) => unlink(join(folder, records)), [`${records}: is missing`]],
  [
    'the order of the records',
    (folder) => edit(folder, records, (text) => lines(text, ([a, b, ...rest]) => [b!, a!, ...rest])),
    [`${records}: was changed`, `${records}, line 2: unitrail EUDV`, 'the order is not that of the export'],
  ],
  [
    'a record',
    (folder) => edit(folder, records, (text) => text.replace('"verdict":"PASS"', '"verdict":"FAIL"')),
    [`${records}: was changed`],
  ],
  [
    'the spelling of a record',
    (folder) => edit(folder, records, (text) => text.replace('"attributes":', '"attributes": ')),
    [`${records}: was changed`, `${records}, line 1: is not in its canonical form`],
  ],
  [
    'a number that was told',
    (folder) => edit(folder, numbers, (text) => lines(text, ([, ...rest]) => rest)),
    [`${numbers}: has 7 rows, and the manifest says 8`],
  ],
  [
    'what was said of a unit later',
    async (folder) => {
      await edit(folder, amendments, (text) => text.replace('"value":"LOT-2"', '"value":"LOT-9"'));
      await adapt(folder, amendments, deps.key);
    },
    [`${amendmentProofs}, line 1: proves another statement: of EUDV`, 'the export says content', 'LOT-9'],
  ],
  [
    'a proof of what was said later that is gone',
    async (folder) => {
      await edit(folder, amendmentProofs, (text) => lines(text, (all) => [...all.slice(0, 2), '']));
      await adapt(folder, amendmentProofs, deps.key);
    },
    [`${amendmentProofs}, line 3: is missing: amendment 3 has no proof`],
  ],
  [
    'a file of such proofs that is gone, and named no more',
    async (folder) => {
      await unlink(join(folder, amendmentProofs));
      await rewrite(folder, (body) => ({
        ...body,
        files: body.files.filter(({ name }) => name !== amendmentProofs),
      }));
    },
    [`${manifest}: says that its amendments are proven, and has no file ${amendmentProofs}`],
  ],
  [
    'what was said later, left out with its proofs',
    async (folder) => {
      const names = [amendments, amendmentProofs];
      for (const name of names) await unlink(join(folder, name));
      await rewrite(folder, (body) => ({
        ...body,
        files: body.files.filter(({ name }) => !names.includes(name)),
      }));
    },
    [`${manifest}: says that its amendments are proven, and has no file ${amendments}`],
  ],
  [
    'a reissue that tells other numbers than its original',
    async (folder) => {
      await writeFile(join(folder, 'acme-000001-r1.numbers.jsonl'), 'more\n');
      await adapt(folder, 'acme-000001-r1.numbers.jsonl', deps.key, 'acme-000001-r1.manifest.json');
    },
    ['acme-000001-r1.manifest.json: issues acme-000001 again, and holds other numbers'],
  ],
  [
    'proofs of what was said later that a reissue leaves out',
    (folder) => retell(folder, ({ proves, ...log }) => (proves ? log : null), 'acme-000001-r1.manifest.json'),
    ['acme-000001-r1.manifest.json: proves no amendments, and acme-00000'],
  ],
  [
    'another root at the same size, in what a witness is said to have co-signed',
    async (folder) => {
      for (const [id, byte] of [
        ['acme-000003', 1],
        ['acme-000001-r1', 2],
      ] as const)
        await retell(
          folder,
          (log) => {
            const root = Buffer.alloc(32, byte).toString('base64');
            return { ...log, cosigned: [{ note: `${log.origin}\n1\n${root}\n\n\u2014 w AAAA\n`, path: [] }] };
          },
          `${id}.manifest.json`,
        );
    },
    ['has checkpoint 1 of unitrail.log/unitrail with root A'],
  ],
  [
    'a proof of another leaf of the same unit',
    async (folder) => {
      await edit(folder, amendmentProofs, (text) => lines(text, ([, b, ...rest]) => [b!, b!, ...rest]));
      await adapt(folder, amendmentProofs, deps.key);
    },
    [`${amendmentProofs}, line 1: proves another statement: of EUDV`, 'the export says event'],
  ],
  [
    'what was said of another unit',
    async (folder) => {
      const [one, , other] = shippedSerials();
      for (const name of [amendments, amendmentProofs]) {
        await edit(folder, name, (text) => text.replaceAll(one, other));
        await adapt(folder, name, deps.key);
      }
    },
    [`${amendmentProofs}, line`, 'proves an amendment of another unit: it does not go on from the history'],
  ],
  [
    'what became of a number',
    async (folder) => {
      await edit(folder, numbers, (text) => text.replace('"fate":"scrapped"', '"fate":"missing"'));
      await adapt(folder, numbers, deps.key);
    },
    [
      `${numberProofs}, line`,
      'proves another statement',
      'the export says fate "missing", and the log "scrapped"',
    ],
  ],
  [
    'a number that is proven by nothing, and is not unused',
    async (folder) => {
      await edit(folder, numberProofs, (text) =>
        lines(text, (all) =>
          all.map((line) =>
            line.replace(
              /^.*("serial":"EUDV[^"]+").*$/,
              `{"format":"unitrail.statement-proof/1",$1,"statement":null}`,
            ),
          ),
        ),
      );
      await adapt(folder, numberProofs, deps.key);
    },
    [`${numberProofs}, line`, 'has no statement about EUDV'],
  ],
  [
    'two serials by one leaf',
    async (folder) => {
      const [first, second] = (await readFile(join(folder, numbers), 'utf8')).split('\n').flatMap((line) => {
        const row = JSON.parse(line || '{}') as { kind?: string; fate?: string; value: string };
        return row.kind === 'serial' && row.fate === 'scrapped' ? [row.value, `${row.value}X`] : [];
      });
      for (const name of [numbers, numberProofs]) {
        await edit(folder, name, (text) =>
          lines(text, (all) =>
            all.flatMap((line) =>
              line.includes(`"${first}"`) ? [line, line.replaceAll(`"${first}"`, `"${second}"`)] : [line],
            ),
          ),
        );
        await adapt(folder, name, deps.key);
      }
    },
    [`proves`, 'by the statement about EUDV'],
  ],
  [
    'proofs of what was said later that a following export leaves out',
    (folder) => retell(folder, ({ proves, ...log }) => (proves ? log : null), 'acme-000003.manifest.json'),
    ['acme-000003.manifest.json: proves no amendments, and acme-000002, an export before it, does'],
  ],
  [
    'the manifest',
    (folder) => edit(folder, manifest, (text) => text.replace('"units":3', '"units":2')),
    [`${manifest}: its signature does not hold`, `${manifest}: counts 2 units, and 3 rows of ${csv}`],
  ],
  [
    'a file and its digest in the manifest',
    async (folder) => {
      await cell(folder);
      await adapt(folder, csv);
    },
    [`${manifest}: its signature does not hold`, `${csv}, row 1: column firmware says "1.4.3"`],
  ],
  [
    'a set that was signed again with the stolen key, under those that follow',
    async (folder) => {
      await edit(folder, records, (text) => text.replace('"verdict":"PASS"', '"verdict":"FAIL"'));
      await adapt(folder, records, deps.key);
    },
    ['acme-000003.manifest.json: names another manifest of acme-000002 than acme-000002.manifest.json'],
  ],
  [
    'a manifest that is gone',
    (folder) => unlink(join(folder, manifest)),
    [
      'acme-000003.manifest.json: its predecessor acme-000002 is not here: after no. 1 comes no. 3',
      `${csv}: no manifest names this file`,
    ],
  ],
  [
    'a missing predecessor',
    async (folder) => {
      for (const { name } of (
        JSON.parse(await readFile(join(folder, 'acme-000001.manifest.json'), 'utf8')) as Manifest
      ).files)
        await unlink(join(folder, name));
      await unlink(join(folder, 'acme-000001.manifest.json'));
    },
    ['acme-000002.manifest.json: its predecessor acme-000001 is not here'],
  ],
  [
    'an export under two names',
    (folder) => copyFile(join(folder, manifest), join(folder, 'acme-000004.manifest.json')),
    ['acme-000004.manifest.json: is of export acme-000002, as acme-000002.manifest.json is'],
  ],
  [
    'a foreign proof',
    async (folder) => {
      const [foreign] = (await readFile(join(folder, 'acme-000003.proofs.jsonl'), 'utf8')).split('\n');
      await edit(folder, proofs, (text) => lines(text, ([, ...rest]) => [foreign!, ...rest]));
      await adapt(folder, proofs, deps.key);
    },
    [`${proofs}, line 1: proves unit EUDV`, 'and the record is of unit EUDV'],
  ],
  [
    'a proof that is gone',
    async (folder) => {
      await edit(folder, proofs, (text) => lines(text, (all) => all.filter((_, index) => index !== 2)));
      await adapt(folder, proofs, deps.key);
    },
    [`${proofs}, line 3: is missing: record 3 has no proof`],
  ],
  [
    'a salt, as whoever has changed a record would need another one',
    async (folder) => {
      await edit(folder, proofs, (text) =>
        text.replace(/"salt":"./, (start) => (start.endsWith('A') ? '"salt":"B' : '"salt":"A')),
      );
      await adapt(folder, proofs, deps.key);
    },
    [`${proofs}, line 1: does not lead unit EUDV`, 'to the root of checkpoint'],
  ],
  [
    'a record that was changed and signed with the stolen key of exports, last in its sequence',
    async (folder) => {
      for (const name of ['acme-000003', 'acme-000001-r1'])
        for (const file of (
          JSON.parse(await readFile(join(folder, `${name}.manifest.json`), 'utf8')) as Manifest
        ).files)
          await unlink(join(folder, file.name));
      for (const name of ['acme-000003', 'acme-000001-r1'])
        await unlink(join(folder, `${name}.manifest.json`));
      await edit(folder, records, (text) => text.replace('"verdict":"PASS"', '"verdict":"FAIL"'));
      await adapt(folder, records, deps.key);
    },
    [`${proofs}, line 1: proves another document of unit EUDV`],
  ],
  [
    'another checkpoint',
    async (folder) => {
      await copyFile(join(folder, 'acme-000001.checkpoint'), join(folder, checkpoint));
      await adapt(folder, checkpoint, deps.key);
    },
    [`${checkpoint}: is checkpoint`, 'the manifest says'],
  ],
  [
    'a checkpoint that the key of the log did not sign',
    async (folder) => {
      await edit(folder, checkpoint, (text) => text.replace(/^(.*\n)[0-9]+/, '$11000'));
      await adapt(folder, checkpoint, deps.key);
    },
    [`${checkpoint}: its signature by unitrail.log/unitrail+`, 'does not hold'],
  ],
  [
    'a fork: another tree behind the predecessor’s checkpoint',
    (folder) =>
      retell(folder, ({ consistency, ...log }) => ({
        ...log,
        consistency: { from: consistency!.from, path: [log.root, ...consistency!.path] },
      })),
    [`${manifest}: its checkpoint`, 'the log has forked'],
  ],
  [
    'a fork: another checkpoint than the one that the predecessor has',
    (folder) =>
      retell(folder, (log) => ({
        ...log,
        consistency: { from: { size: log.size, root: log.root }, path: [] },
      })),
    [`${manifest}: its log goes on from checkpoint`, 'the log has forked'],
  ],
  [
    'a log that is told of no more',
    (folder) => retell(folder, () => null),
    [`${manifest}: tells of no log, and acme-000001, an export before it, is in unitrail.log/unitrail`],
  ],
  [
    'a log that a reissue tells of no more',
    (folder) => retell(folder, () => null, 'acme-000001-r1.manifest.json'),
    ['acme-000001-r1.manifest.json: tells of no log, and other exports of acme do'],
  ],
  [
    'another root at the same size, in a reissue beside the sequence',
    async (folder) => {
      const path = join(folder, 'acme-000003.manifest.json');
      const { log } = JSON.parse(await readFile(path, 'utf8')) as Manifest;
      const told = { ...log!, root: Buffer.alloc(32, 1).toString('base64') };
      await retell(folder, () => told, 'acme-000001-r1.manifest.json');
    },
    ['acme-000003.manifest.json: has checkpoint', 'acme-000001-r1.manifest.json has it with AQEB'],
  ],
  [
    'a checkpoint that is longer than any',
    async (folder) => {
      await appendFile(join(folder, checkpoint), 'x'.repeat(1024 * 1024));
      await adapt(folder, checkpoint, deps.key);
    },
    [`${checkpoint}: is too long for a checkpoint`],
  ],
  [
    'a salt that took a byte of the record',
    async (folder) => {
      await edit(folder, proofs, (text) =>
        text.replace(/"salt":"([^"]+)"/, (_, salt: string) => {
          const more = Buffer.concat([Buffer.from(salt, 'base64'), Buffer.from('{')]);
          return `"salt":"${more.toString('base64')}"`;
        }),
      );
      await adapt(folder, proofs, deps.key);
    },
    [`${proofs}, line 1: has a salt of 33 bytes for unit EUDV`],
  ],
  [
    'a file in another’s place',
    (folder) => rename(join(folder, 'acme-000003.records.jsonl'), join(folder, records)),
    [`${records}: was changed`, 'acme-000003.records.jsonl: is missing'],
  ],
])('%s is named', async (what, tamperWith, expected) => {
  const folder = at(what.replaceAll(/\W/g, '-'));
  await cp(good, folder, { recursive: true });
  await tamperWith(folder);
  const answer = await withKey(folder);
  const found = problemsOf(answer).join('\n');
  for (const text of expected) expect(found).toContain(text);
  expect(answer.code).toBe(1);
});

test('the keys of the log count where they are given, and another one is named', async () => {
  const { key } = (await logKeys(office))[0]!;
  await writeFile(at('both.txt'), `${deps.key.keyId} ${deps.key.publicKey}\nlog  ${key}  2026\n`);
  const { report } = await verify(good, '--key', at('both.txt'));
  expect(report.problems).toEqual([]);
  // What was checked is said, and not that the key came with the files.
  expect(report.sets.map(({ log, units }) => [log!.proven, units])).toEqual([
    [4, 4],
    [4, 4],
    [3, 3],
    [2, 2],
  ]);
  expect(report.notes.join()).not.toContain('the key of the log');
  const other = await readLogKey({
    env: {},
    manufacturer: { issuer: 'unitrail', name: 'U', companyPrefix: '061414112' },
    home: at('elsewhere'),
  });
  await writeFile(at('both.txt'), `${deps.key.keyId} ${deps.key.publicKey}\nlog  ${other.text}  2026\n`);
  expect(problemsOf(await verify(good, '--key', at('both.txt')))[0]).toContain(
    `its log has the key ${key}, which is none of those given`,
  );
});

/** By whoever has the keys: the proofs of amendments no more show from where they go on. */
async function leaveOutLinks(folder: string, base: string): Promise<void> {
  const name = `${base}.proofs.amendments.jsonl`;
  await edit(folder, name, (text) => text.replaceAll(/"since":\[[^\]]*\]/g, '"since":null'));
  await adapt(folder, name, deps.key, `${base}.manifest.json`);
}

test('an amendment that goes on from nothing is wrong beside its record, and a note where that may have moved', async () => {
  const days = { from: '2020-01-01', to: '2099-12-31', timeZone: 'UTC' };
  const id = await openExtract(office, 'acme', days, { request: 'extract', asOf, look: testLook() });
  await makeExport(deps, id);
  const folder = at('extract');
  await cp(good, folder, { recursive: true, filter: (path) => !path.includes('acme-000003') });
  await handOutExport(deps, id, folder);
  expect(problemsOf(await withKey(folder))).toEqual([]);
  // By the export's own word the units of the second export's amendments had moved: nothing here tells otherwise.
  await leaveOutLinks(folder, 'acme-000002');
  const { code, report } = await withKey(folder);
  expect({ code, problems: report.problems }).toEqual({ code: 0, problems: [] });
  expect(report.notes).toContainEqual(
    expect.stringMatching(
      /^amendments of acme-000002 .* had moved into the archive by the export's word alone: 3$/,
    ),
  );
  // The extract has the records themselves.
  await leaveOutLinks(folder, id);
  const found = problemsOf(await withKey(folder));
  expect(found).toHaveLength(3);
  for (const problem of found)
    expect(problem).toMatch(
      /amendments.jsonl, line \d: does not show how .* was sealed with, and the set has its record/,
    );
});

test('an export that is made after the key of the log was changed is signed by the key that it tells', async () => {
  const manufacturer = { issuer: 'unitrail', name: 'Unitrail', companyPrefix: '061414112' };
  const env = { UNITRAIL_LOG_KEYS_BEFORE: deps.log.key.text };
  const key = await readLogKey({ env, manufacturer, home: at('rotated') });
  const rotated = { ...deps, log: { ...deps.log, key } };
  const id = await openReissue(office, 'acme-000001', { request: 'rotated', asOf, look: testLook() });
  await makeExport(rotated, id);
  await handOutExport(rotated, id, at('by-another-key'));
  expect(problemsOf(await withKey(at('by-another-key')))).toEqual([]);
  const known = (await logKeys(office)).map((row) => row.key);
  expect(known).toContain(key.text);
});

test('an export from before there was a log holds as it did', async () => {
  const folder = at('before-the-log');
  await cp(good, folder, {
    recursive: true,
    filter: (path) => !/acme-00000[123](-r1)?\.(proofs|checkpoint)/.test(path),
  });
  let before: { export: string; manifestSha256: string } | null = null;
  for (const id of ['acme-000001', 'acme-000002', 'acme-000003', 'acme-000001-r1']) {
    const path = join(folder, `${id}.manifest.json`);
    const { log, ...body } = JSON.parse(await readFile(path, 'utf8')) as Manifest;
    expect(log?.size).toBeGreaterThan(0);
    const files = body.files.filter(({ name }) => !/\.(proofs\..*|checkpoint)$/.test(name));
    const predecessor: Manifest['predecessor'] = body.number === null ? null : before;
    const text = signedManifest(unsigned({ ...body, files, predecessor }), deps.key);
    before = { export: id, manifestSha256: createHash('sha256').update(text).digest('hex') };
    await writeFile(path, text);
  }
  const { report } = await withKey(folder);
  expect(report.problems).toEqual([]);
  expect(report.sets.map(({ log }) => log)).toEqual([null, null, null, null]);
  expect(report.notes).toContain('no record of acme-000002 is proven to be in a log');
  // With the log's keys it has to be said that they are so old: whoever has the key of exports could leave the log out.
  const [known] = await logKeys(office);
  await writeFile(at('log-key.txt'), `${deps.key.keyId} ${deps.key.publicKey}\nlog  ${known!.key}  2026\n`);
  expect(problemsOf(await verify(folder, '--key', at('log-key.txt')))).toEqual(
    ['acme-000001-r1', 'acme-000001', 'acme-000002', 'acme-000003'].map(
      (id) => expect.stringContaining(`${id}.manifest.json: tells of no log, and the keys`) as string,
    ),
  );
  expect(problemsOf(await verify(folder, '--key', at('log-key.txt'), '--before-log'))).toEqual([]);
});

test('an export from before amendments and numbers were proven holds, and says what is not', async () => {
  const folder = at('records-only');
  await cp(good, folder, {
    recursive: true,
    filter: (path) =>
      !/\.proofs\.|acme-000003|-r1/.test(path) ||
      path.endsWith(proofs) ||
      path.endsWith('acme-000001.proofs.jsonl'),
  });
  let before: { export: string; manifestSha256: string } | null = null;
  for (const id of ['acme-000001', 'acme-000002']) {
    const path = join(folder, `${id}.manifest.json`);
    const { log, ...body } = unsigned(JSON.parse(await readFile(path, 'utf8')) as Manifest);
    const { proves, ...told } = log!;
    expect(proves).toEqual(['records', 'amendments', 'numbers']);
    const files = body.files.filter(({ name }) => !/\.proofs\.(amendments|numbers)\./.test(name));
    const text = signedManifest({ ...body, files, predecessor: before, log: told }, deps.key);
    before = { export: id, manifestSha256: createHash('sha256').update(text).digest('hex') };
    await writeFile(path, text);
  }
  const { report } = await withKey(folder);
  expect(report.problems).toEqual([]);
  expect(report.notes).toContain('the amendments of acme-000002 are not proven to be in a log');
  expect(report.notes).toContain('the numbers of acme-000002 are not proven to be in a log');
});

test('with an export missing in between, no fork is told that nobody has seen', async () => {
  const folder = at('hole');
  await cp(good, folder, { recursive: true, filter: (path) => !path.includes('acme-000002') });
  expect(problemsOf(await withKey(folder))).toEqual([
    'acme-000003.manifest.json: its predecessor acme-000002 is not here: after no. 1 comes no. 3',
  ]);
});

test('a folder may begin behind what was verified elsewhere', async () => {
  const folder = at('behind');
  await cp(good, folder, { recursive: true, filter: (path) => !path.includes('acme-000001') });
  expect((await withKey(folder)).code).toBe(1);
  expect(problemsOf(await withKey(folder, '--after', 'acme-000001'))).toEqual([]);
  const digestOf = async (name: string) =>
    createHash('sha256')
      .update(await readFile(join(good, `${name}.manifest.json`)))
      .digest('hex');
  const [first, last] = [await digestOf('acme-000001'), await digestOf('acme-000003')];
  const { code, report } = await withKey(folder, '--after', first);
  expect({ code, problems: report.problems }).toEqual({ code: 0, problems: [] });
  // What to say next time, and what files can't say.
  expect(report.notes).toEqual([
    // By the digest alone nothing is known of the predecessor's checkpoint.
    expect.stringMatching(/^acme-000002.manifest.json: its log goes on from checkpoint .* is not checked/),
    expect.stringMatching(`newer than acme-000003 .* can't tell .* --after ${last}$`),
    // The records of those units are in the export that is not here.
    expect.stringMatching(/^amendments of acme-000002 .* were not compared with .*: 3$/),
    expect.stringMatching(/^numbers of acme-000002 .*: 1$/),
    expect.stringMatching(
      /^the key of the log was taken from the manifest, and compared with none: unitrail/,
    ),
  ]);
  expect(problemsOf(await withKey(folder, '--after', 'f'.repeat(64)))[0]).toContain(
    'its predecessor acme-000001 is not here',
  );
});

test('files are handed out again without a change, and never over others', async () => {
  await handOutExport(deps, 'acme-000001', good);
  const folder = at('taken');
  await mkdir(folder);
  await writeFile(join(folder, 'acme-000001.csv'), 'mine');
  await expect(handOutExport(deps, 'acme-000001', folder)).rejects.toMatchObject({ code: 'INPUT_INVALID' });
  expect(await readFile(join(folder, 'acme-000001.csv'), 'utf8')).toBe('mine');
  const { rows } = await office.raw<{ rows: { outcome: string; code: string | null }[] }>(
    `select outcome, code from deliveries where export_id = 'acme-000001' order by id`,
  );
  expect(rows.map(({ outcome, code }) => [outcome, code])).toEqual([
    ['delivered', null],
    ['delivered', null],
    ['failed', 'INPUT_INVALID'],
  ]);
});
