import { createHash } from 'node:crypto';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Client } from 'pg';
import { openCapsule } from '../../adapters/capsule-reader/capsule';
import { nodeCrypto, openFile } from '../../adapters/capsule-reader/files';
import type { ExportKey } from '../../adapters/keys/export-keys';
import { approveRetention, retentionInForce } from '../../adapters/postgres/retention';
import { createContentStore } from '../../adapters/store/content-store';
import { canonicalJson } from '../../domain/canonical';
import { capsuleFiles } from '../../domain/capsule';
import { contentPath } from '../../domain/store-place';
import { audit, type Violation } from '../../tools/audit/audit';
import { verifyFiles } from '../../workers/retention-parts';
import { capsuleDeps, moveAll, planRun } from '../support/capsule-run';
import { createTestDatabase, withSuperuser, type TestDatabase } from '../support/database';
import { shipBatch } from '../support/exports';
import { applyPolicy, handOut } from '../support/retention';
import { applySmallPlant, openShopFloor } from '../support/shop-floor';
import { rewriteTable } from '../support/rewrite-table';
import { rewriteHistory, tamper, withFacts } from '../support/tamper';
import { digest } from '../support/unit-acts';

/** A19. A superuser of the machine writes the table of a capsule anew, after its units have moved and its files have left. */
let base: TestDatabase;
let home: string;
let capsule: string;
let run: string;
let key: ExportKey;
let logKey: string;
/** In the order of the capsule. */
let serials: string[];
/** The buyer's checkpoint, kept on another machine. */
let kept: string;

beforeAll(async () => {
  home = await mkdtemp(join(process.env.UNITRAIL_TEST_HOME!, 'audit-table-'));
  base = await createTestDatabase();
  const floor = openShopFloor(base);
  try {
    await applySmallPlant(floor);
    await applyPolicy(floor);
    const { version } = await retentionInForce(floor.as('desk'));
    for (const by of ['17', '23']) await approveRetention(floor.as('desk'), version, by);
    await shipBatch(floor, 3);
    await handOut(floor.as('office'), 'acme', home);
    const planned = await planRun(floor.as('office'));
    const deps = await capsuleDeps(floor.as('office'), home);
    await moveAll(deps, floor.as('retention'), planned);
    [capsule, run, key, logKey] = [planned.capsules[0]!, planned.run.id, deps.key, deps.log.key.text];
    serials = await floor.as('office')('capsule_units').orderBy('serial').pluck('serial');
  } finally {
    await floor.close();
  }
  kept = await readFile(join(await folderOf(base, join(home, 'store')), 'checkpoint'), 'utf8');
});

afterAll(async () => {
  await base?.drop();
  await rm(home, { recursive: true, force: true });
});

interface Booked {
  readonly name: string;
  readonly role: string;
  readonly sha256: string;
}

async function filesIn(su: Client): Promise<Booked[]> {
  return (await su.query<Booked>('select name, role, sha256 from capsule_files')).rows;
}

/** The files of the capsule under their names, as the database names them and the store has them. */
async function folderOf(database: TestDatabase, store: string): Promise<string> {
  const folder = await mkdtemp(join(home, 'folder-'));
  const files = await withSuperuser(filesIn, database.superuserUrl);
  for (const { name, sha256 } of files) await cp(join(store, contentPath(sha256)), join(folder, name));
  return folder;
}

const lies: readonly (readonly [what: string, rows: () => string, inQuery: RegExp | null])[] = [
  [
    'a value was changed',
    () => `select * replace (if(serial = '${serials[1]!}', 'FAIL', test_verdict) as test_verdict) from t`,
    null,
  ],
  [
    'a record was changed',
    () =>
      `select * replace (sha256(record) as record_sha256) from (select * replace (
        if(serial = '${serials[1]!}', replace(record, '"PASS"', '"FAIL"'), record) as record) from t)`,
    /no proof of this unit is of this text/,
  ],
  [
    'a row was inserted',
    () =>
      `select * from t union all select * replace ('${serials[1]!}-2' as serial,
        replace(record, '${serials[1]!}', '${serials[1]!}-2') as record) from t where serial = '${serials[1]!}' order by serial`,
    /has no proof of this unit/,
  ],
  [
    'a row was doubled',
    () => `select * from t union all select * from t where serial = '${serials[2]!}'`,
    null,
  ],
  ['a row was deleted', () => `select * from t where serial <> '${serials[1]!}'`, /^none$/],
  ['the last row was deleted', () => `select * from t where serial <> '${serials[2]!}'`, null],
  ['rows were reordered', () => 'select * from t order by serial desc', null],
];

type Put = (su: Client, store: string, table: Buffer) => Promise<void>;

/** Under the digest of what was there. */
const inItsPlace: Put = async (su, store, table) => {
  const { sha256 } = (await filesIn(su)).find(({ role }) => role === 'parquet')!;
  const place = join(store, contentPath(sha256));
  await rm(place);
  await writeFile(place, table);
};

/** Under its own digest, with rows and manifests to match, and the events of the run told anew. */
const booked =
  (sign: (body: object, signature: unknown) => object): Put =>
  async (su, store, table) => {
    const contents = createContentStore({ folder: store });
    const book = async (role: string, bytes: Buffer): Promise<void> => {
      await su.query('update capsule_files set sha256 = $2, size_bytes = $3 where role = $1', [
        role,
        await contents.put(bytes),
        bytes.length,
      ]);
    };
    const change = async (column: string, role: string, facts: object): Promise<string> => {
      const { rows } = await su.query<{ text: string }>(`select ${column} as text from capsules`);
      const { signature, ...body } = JSON.parse(rows[0]!.text) as Record<string, unknown>;
      const text = canonicalJson(sign({ ...body, ...facts }, signature));
      await su.query(`update capsules set ${column} = $1`, [text]);
      await book(role, Buffer.from(text));
      return text;
    };
    await book('parquet', table);
    const { rows } = await su.query<{ text: string }>('select manifest as text from capsules');
    const { files } = JSON.parse(rows[0]!.text) as { files: { name: string }[] };
    const parquet = { sizeBytes: table.length, sha256: createHash('sha256').update(table).digest('hex') };
    const named = files.map((file) => (file.name === capsuleFiles.parquet ? { ...file, ...parquet } : file));
    const manifest = await change('manifest', 'manifest', { files: named });
    const events = await change('events_manifest', 'eventsManifest', { manifestSha256: digest(manifest) });
    const manifestSha256 = digest(events);
    await su.query('update capsule_copies set manifest_sha256 = $1', [manifestSha256]);
    await rewriteHistory(su, `retention:${run}`, (history) =>
      withFacts('copyVerified', { manifestSha256 })(withFacts('capsuleMade', { manifestSha256 })(history)),
    );
  };

const withTheKey = (body: object): object => {
  const value = key.sign(canonicalJson(body));
  return { ...body, signature: { algorithm: 'Ed25519', keyId: key.keyId, value } };
};

interface Told {
  readonly violations: readonly Violation[];
  readonly folder: string;
}

async function told(rows: string | null, put: Put): Promise<Told> {
  const store = join(await mkdtemp(join(home, 'store-')), 'store');
  await cp(join(home, 'store'), store, { recursive: true });
  const copy = await base.clone();
  try {
    const before = join(await folderOf(copy, store), capsuleFiles.parquet);
    const table = rows === null ? await readFile(before) : await rewriteTable(before, rows);
    await tamper(copy, (su) => put(su, store, table));
    const exportKeys = [key.publicKey];
    const { violations } = await audit(copy.urlOf('auditor'), { store, exportKeys });
    return { violations, folder: await folderOf(copy, store) };
  } finally {
    await copy.drop();
  }
}

const verified = (folder: string) => verifyFiles(folder, { publicKeys: [key.publicKey], logKeys: [logKey] });

/** What the table alone says of a unit, with the proofs and the checkpoint that was kept. */
async function asked(folder: string, serial: string): Promise<string> {
  await writeFile(join(folder, 'checkpoint'), kept);
  const names = ['parquet', 'proofs', 'checkpoint'] as const;
  const files = await Promise.all(names.map((name) => openFile(join(folder, capsuleFiles[name]))));
  try {
    const [parquet, proofs, checkpoint] = files;
    const found = await (
      await openCapsule({ parquet: parquet!, proofs: proofs!, checkpoint: checkpoint! }, nodeCrypto, null)
    ).find(serial);
    return found.length === 0 ? 'none' : found.map(({ record }) => JSON.stringify(record!.proof)).join();
  } finally {
    for (const file of files) await file.close();
  }
}

const table = (): string => `capsule ${capsule}, records.parquet`;

describe.each(lies)('where %s in the table of a capsule,', (what, rows, inQuery) => {
  test('the auditor names the file, and so does whoever verifies the files', async () => {
    const { violations, folder } = await told(rows(), inItsPlace);
    expect(violations).toEqual([expect.objectContaining({ invariant: 'A19', subject: table() })]);
    const report = await verified(folder);
    expect(report.ok).toBe(false);
    expect(JSON.stringify(report)).toContain('records.parquet');
  });

  test('and rows and manifests were changed to match, no key has signed that', async () => {
    const { violations, folder } = await told(
      rows(),
      booked((body, signature) => ({ ...body, signature })),
    );
    expect(violations).toContainEqual(
      expect.objectContaining({ subject: `capsule ${capsule}`, expected: 'one of a key on record' }),
    );
    expect((await verified(folder)).ok).toBe(false);
  });

  test('and all of it was signed again by the key of this house, the records give it away', async () => {
    const { violations, folder } = await told(rows(), booked(withTheKey));
    expect(violations).toEqual([expect.objectContaining({ invariant: 'A19', subject: table() })]);
    const report = await verified(folder);
    expect(report.ok).toBe(false);
    expect(JSON.stringify(report)).toMatch(/records\.parquet(, row \d)?/);
    if (inQuery === null) return;
    const serial = what === 'a row was inserted' ? `${serials[1]!}-2` : serials[1]!;
    expect(await asked(folder, serial)).toMatch(inQuery);
  });
});

test('a table that is as it was keeps every promise, in its place and signed again alike', async () => {
  for (const put of [inItsPlace, booked(withTheKey)]) {
    const { violations, folder } = await told(null, put);
    expect(violations).toEqual([]);
    expect(await verified(folder)).toMatchObject({ ok: true, counts: { records: 3 } });
    for (const serial of serials) expect(await asked(folder, serial)).toMatch(/"verdict":"holds"/);
  }
});

test('rows that were written anew by DuckDB, and say what they said, keep every promise', async () => {
  const { violations } = await told('select * from t', booked(withTheKey));
  expect(violations).toEqual([]);
});

test('a capsule whose manifest names no table any more, by the key of this house, is named', async () => {
  const { violations } = await told(null, async (su, store, bytes) => {
    await su.query(`delete from capsule_files where role = 'parquet'`);
    const without = ({ files, ...body }: Record<string, unknown>): object => ({
      ...body,
      ...(files !== undefined && {
        files: (files as { name: string }[]).filter(({ name }) => name !== capsuleFiles.parquet),
      }),
    });
    await booked((body) => withTheKey(without(body as Record<string, unknown>)))(su, store, bytes);
  });
  expect(violations).toContainEqual(
    expect.objectContaining({ subject: `capsule ${capsule}`, found: 'no file of parquet on record' }),
  );
});
