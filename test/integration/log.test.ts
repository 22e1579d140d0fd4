import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { createLogActivities } from '../../activities/log';
import { readLogKey, type LogKey } from '../../adapters/keys/log-key';
import { hasher, sha256 } from '../../adapters/log/hashing';
import { consistencyProof, leafProofs } from '../../adapters/log/leaf-proofs';
import { openLogFolder, type LogFolder } from '../../adapters/log/log-folder';
import { sequenceLog } from '../../adapters/log/sequence-log';
import { openDatabase, type Database } from '../../adapters/postgres/database';
import { parseCheckpoint, rootOfProof, entryOf, type Checkpoint } from '../../domain/log-proof';
import { isConsistent } from '../../domain/merkle';
import { createTestDatabase, type TestDatabase } from '../support/database';
import { all, shipBatch } from '../support/exports';
import { applySmallPlant, openShopFloor, openTestBatch, type ShopFloor } from '../support/shop-floor';
import { tamper } from '../support/tamper';
import { decide, walkUnit, type WalkedUnit } from '../support/walk-unit';

/** The log: every document gets a place, nothing that was signed changes, and a database that is another one is told. */
let database: TestDatabase;
let floor: ShopFloor;
let db: Database;
let home: string;
let folder: LogFolder;
let key: LogKey;

const manufacturer = { issuer: 'unitrail', name: 'Unitrail', companyPrefix: '061414112' };

beforeAll(async () => {
  home = await mkdtemp(join(process.env.UNITRAIL_TEST_HOME!, 'log-'));
  database = await createTestDatabase();
  floor = openShopFloor(database);
  db = openDatabase(database.urlOf('office'), { applicationName: 'test-log', maxConnections: 4 });
  folder = openLogFolder(join(home, 'log'));
  key = await readLogKey({ env: {}, manufacturer, home });
  await applySmallPlant(floor);
});
afterAll(async () => {
  await db?.destroy();
  await floor?.close();
  await database?.drop();
  await rm(home, { recursive: true, force: true });
});

const sequence = (changes: Partial<LogFolder> = {}): Promise<Checkpoint> =>
  sequenceLog({ db, key, folder: { ...folder, ...changes } });

async function queued(): Promise<{ id: string; format: string; stream: string }[]> {
  const { rows } = await db.raw<{ rows: { id: string; format: string; stream: string }[] }>(
    'select id, format, stream from log_queue order by id',
  );
  return rows;
}

async function documentsOf({ unitId }: WalkedUnit): Promise<string[]> {
  const { rows } = await db.raw<{ rows: { body: string }[] }>('select body from records where unit_id = ?', [
    unitId,
  ]);
  return rows.map(({ body }) => body);
}

test('a record is in the next checkpoint, its proof leads to the root, and each checkpoint goes on from the last', async () => {
  const first = await sequence();
  const { units } = await shipBatch(floor, 3);
  const second = await sequence();
  expect(second.size).toBeGreaterThanOrEqual(first.size + 3);
  expect(parseCheckpoint((await folder.checkpoint())!)).toEqual(second);
  const proven = units.map(({ unitId, serial }) => ({ unitId, serial }));
  const proofs = await all(leafProofs({ db, folder }, second, proven));
  expect(proofs.map(({ serial }) => serial)).toEqual(proven.map(({ serial }) => serial));
  for (const [at, proof] of proofs.entries()) {
    const [record] = await documentsOf(units[at]!);
    const entry = entryOf(sha256, Buffer.from(proof.salt, 'base64'), record!);
    expect(rootOfProof(hasher, entry, proof, second.size)).toEqual(new Uint8Array(second.root));
    const other = entryOf(sha256, Buffer.from(proof.salt, 'base64'), record!.replace('PASS', 'FAIL'));
    expect(rootOfProof(hasher, other, proof, second.size)).not.toEqual(new Uint8Array(second.root));
  }
  await shipBatch(floor, 1);
  const third = await sequence();
  const path = await consistencyProof(folder, second.size, third.size);
  const hashes = path.map((text) => new Uint8Array(Buffer.from(text, 'base64')));
  expect(isConsistent(hasher, second, third, hashes)).toBe(true);
  expect(await sequence()).toEqual(third);
});

test('what is not in the checkpoint yet has no proof against it', async () => {
  const before = await sequence();
  const { units } = await shipBatch(floor, 1);
  await sequence();
  const [unit] = units;
  await expect(all(leafProofs({ db, folder }, before, [unit!]))).rejects.toMatchObject({
    code: 'STATE_MOVED_ON',
  });
});

test('a scrapped unit and a unit that is void are statements of the log, and heads are told of what is open', async () => {
  const batch = await openTestBatch(floor, { quantity: 3 });
  const scrapped = await walkUnit(floor, { batch, index: 1, upTo: 'test' });
  await decide(floor, scrapped, 'scrapped', { code: 'test' });
  const open = await walkUnit(floor, { batch, index: 2, upTo: 'qc' });
  const leaves = await queued();
  expect(leaves.filter(({ stream }) => stream === `unit:${scrapped.unitId}`)).toMatchObject([
    { format: 'unitrail.statement/1' },
  ]);
  await db.raw(`select queue_heads('0 seconds')`);
  const { rows } = await db.raw<{ rows: { body: string }[] }>(
    'select body from log_heads order by number desc limit 1',
  );
  const told = JSON.parse(rows[0]!.body) as { heads: { stream: string; seq: number; hash: string }[] };
  const head = told.heads.find(({ stream }) => stream === `unit:${open.unitId}`);
  const stored = await db.raw<{ rows: { hash: string }[] }>(
    `select encode(hash, 'hex') as hash from unit_events where stream = ? and seq = ?`,
    [head!.stream, head!.seq],
  );
  expect(stored.rows).toEqual([{ hash: head!.hash }]);
  // What has not moved since is not told again.
  const again = await db.raw<{ rows: { documents: number }[] }>(
    `select queue_heads('0 seconds') as documents`,
  );
  expect(again.rows).toEqual([{ documents: 0 }]);
});

test('heads that a clock told which was ahead do not keep others from being told', async () => {
  await walkUnit(floor, { upTo: 'qc' });
  await tamper(database, (su) => su.query(`update log_heads set at = at + interval '1 day'`));
  const tell = (): Promise<unknown> =>
    db.raw<{ rows: unknown }>(`select queue_heads('1 hour') as documents`).then(({ rows }) => rows);
  expect(await tell()).toEqual([{ documents: 1 }]);
  expect(await tell()).toEqual([{ documents: 0 }]);
});

test('more heads than one document takes are told in several, each stream once', async () => {
  await tamper(database, (su) =>
    su.query(
      `insert into streams (stream, seq, head) select 'many:' || n, 1, sha256('') from generate_series(1, 10001) as n`,
    ),
  );
  const { rows } = await db.raw<{ rows: unknown }>(`select queue_heads('0 seconds') as documents`);
  expect(rows).toEqual([{ documents: 2 }]);
  const told = await db.raw<{ rows: unknown }>(
    `select count(*)::int as heads, count(distinct head ->> 'stream')::int as streams
     from log_heads h, json_array_elements(h.body::json -> 'heads') as head where head ->> 'stream' like 'many:%'`,
  );
  expect(told.rows).toEqual([{ heads: 10_001, streams: 10_001 }]);
});

const steps = ['keepTile', 'keepBundle', 'keepCheckpoint'] as const;
test.each(steps.flatMap((step) => ['before', 'after'].map((when) => [when, step] as const)))(
  'a crash %s %s is harmless: the next run ends with the same tree',
  async (when, step) => {
    await shipBatch(floor, 1);
    const cut = async (...values: never[]): Promise<void> => {
      if (when === 'after') await (folder[step] as (...args: never[]) => Promise<void>)(...values);
      throw new Error('cut off');
    };
    await expect(sequence({ [step]: cut })).rejects.toThrow('cut off');
    const kept = parseCheckpoint((await folder.checkpoint())!)!;
    const checkpoint = await sequence();
    if (step === 'keepCheckpoint' && when === 'after') expect(checkpoint.note).toBe(kept.note);
    const booked = await db.raw<{ rows: { note: string }[] }>(
      'select note from log_checkpoints where size = ?',
      [checkpoint.size],
    );
    expect(booked.rows).toEqual([{ note: checkpoint.note }]);
    const count = await db.raw<{ rows: { holes: string }[] }>(
      'select count(*) - max(index) - 1 as holes from log_leaves',
    );
    expect(count.rows).toEqual([{ holes: '0' }]);
  },
);

test('several sequencers at once give one tree', async () => {
  await shipBatch(floor, 2);
  const checkpoints = await Promise.all([sequence(), sequence(), sequence()]);
  expect(new Set(checkpoints.map(({ note }) => note)).size).toBe(1);
});

/** What was refused, with the leaf that says so, and the leaf of the document itself where it has one by now. */
async function refusals(): Promise<{ stream: string; told: number | null; leaf: number | null }[]> {
  const { rows } = await db.raw<{ rows: { stream: string; told: number | null; leaf: number | null }[] }>(
    `select q.stream, t.index::int as told, l.index::int as leaf from log_refusals f join log_queue q on q.id = f.queue_id
     left join log_queue tq on tq.stream = 'log:refused' and tq.seq = f.number left join log_leaves t on t.queue_id = tq.id
     left join log_leaves l on l.queue_id = f.queue_id order by f.number`,
  );
  return rows;
}

const setRecord = ({ unitId }: WalkedUnit, text: string): Promise<unknown> =>
  tamper(database, (su) =>
    su.query(
      `update records set body = $2, sha256 = encode(sha256(convert_to($2, 'UTF8')), 'hex') where unit_id = $1`,
      [unitId, text],
    ),
  );

test('a record that was changed before it got its place is refused alone, and that it was is a leaf of its own', async () => {
  const { units } = await shipBatch(floor, 2);
  const [changed, other] = units as [WalkedUnit, WalkedUnit];
  const [body] = await documentsOf(changed);
  await setRecord(changed, body!.replace('PASS', 'FAIL'));
  const { size } = await sequence();
  expect(
    await all(leafProofs({ db, folder }, { size, root: (await sequence()).root }, [other])),
  ).toHaveLength(1);
  const [refusal] = await refusals();
  expect(refusal).toEqual({
    stream: `unit:${changed.unitId}`,
    told: expect.any(Number) as number,
    leaf: null,
  });
  // In the very checkpoint that has all the others.
  expect(refusal!.told).toBeLessThan(size);
  await expect(all(leafProofs({ db, folder }, await sequence(), [changed]))).rejects.toMatchObject({
    code: 'LOG_BROKEN',
    message: expect.stringContaining('Restore it from a backup') as string,
  });
  expect(await refusals()).toHaveLength(1);
  const activity = createLogActivities({ db, log: () => Promise.resolve({ key, folder }) });
  const run = (): Promise<unknown> =>
    new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') }).run(activity.sequenceLog);
  await expect(run()).rejects.toMatchObject({
    code: 'LOG_BROKEN',
    message: expect.stringContaining(`unit:${changed.unitId}`) as string,
  });
  // A queue that says what is there now lets nothing in: the refusal knows what was queued.
  const setDigest = (text: string): Promise<unknown> =>
    tamper(database, (su) =>
      su.query(
        `update log_queue set sha256 = encode(sha256(convert_to($2, 'UTF8')), 'hex') where stream = $1 and format = 'unitrail.record/1'`,
        [`unit:${changed.unitId}`, text],
      ),
    );
  await setDigest(body!.replace('PASS', 'FAIL'));
  await sequence();
  expect((await refusals())[0]!.leaf).toBeNull();
  await setDigest(body!);
  await setRecord(changed, body!);
  const restored = await sequence();
  expect(restored.size).toBe(size + 1);
  expect((await refusals())[0]!.leaf).toBe(size);
  expect(await all(leafProofs({ db, folder }, restored, [changed]))).toHaveLength(1);
  await run();
});

test('a document that is gone, and one of nobody’s, are refused and hold up nothing else; each index is there once', async () => {
  const batch = await openTestBatch(floor, { quantity: 1 });
  const unit = await walkUnit(floor, { batch, index: 1, upTo: 'assign' });
  await decide(floor, unit, 'scrapped', { code: 'test' });
  await db.raw(`select queue_heads('0 seconds')`);
  await tamper(database, async (su) => {
    await su.query(`create table gone as select * from unit_events where stream = $1 and type = 'scrapped'`, [
      `unit:${unit.unitId}`,
    ]);
    await su.query(`delete from unit_events where stream = $1 and type = 'scrapped'`, [
      `unit:${unit.unitId}`,
    ]);
    await su.query(
      `update log_heads set body = body || ' ' where number = (select max(number) from log_heads)`,
    );
  });
  const { units } = await shipBatch(floor, 1);
  const checkpoint = await sequence();
  expect(await all(leafProofs({ db, folder }, checkpoint, [units[0]!]))).toHaveLength(1);
  expect((await refusals()).filter(({ leaf }) => leaf === null)).toEqual(
    expect.arrayContaining([
      { stream: `unit:${unit.unitId}`, told: expect.any(Number) as number, leaf: null },
      { stream: 'log', told: expect.any(Number) as number, leaf: null },
    ]),
  );
  await tamper(database, async (su) => {
    await su.query('insert into unit_events select * from gone');
    await su.query(
      `update log_heads set body = trim(body) where number = (select max(number) from log_heads)`,
    );
  });
  await sequence();
  expect((await refusals()).filter(({ leaf }) => leaf === null)).toEqual([]);
  const { rows } = await db.raw<{ rows: { holes: string }[] }>(
    'select count(*) - max(index) - 1 as holes from log_leaves',
  );
  expect(rows).toEqual([{ holes: '0' }]);
});

test('a database that is older than the kept checkpoint, or went on from an older one, is refused', async () => {
  await shipBatch(floor, 2);
  const { size } = await sequence();
  await tamper(database, async (su) => {
    await su.query('create table lost as select index, queue_id, entry from log_leaves where index >= $1', [
      size - 2,
    ]);
    await su.query('delete from log_leaves where index >= $1', [size - 2]);
  });
  await expect(sequence()).rejects.toMatchObject({
    code: 'LOG_BROKEN',
    message: expect.stringContaining('restore the newest backup') as string,
  });
  await tamper(database, (su) =>
    su.query('insert into log_leaves select index, queue_id, sha256(entry) from lost'),
  );
  await expect(sequence()).rejects.toMatchObject({
    code: 'LOG_BROKEN',
    message: expect.stringContaining('another one in the database') as string,
  });
  await tamper(database, (su) =>
    su.query('update log_leaves l set entry = x.entry from lost x where x.index = l.index'),
  );
  expect((await sequence()).size).toBe(size);
});

test('a folder that is gone, of another log or signed by a stranger is refused, and nothing is signed over it', async () => {
  const { note } = await sequence();
  const away = `${folder.folder}.away`;
  await rename(folder.folder, away);
  await expect(sequence()).rejects.toMatchObject({ code: 'LOG_BROKEN' });
  await rename(away, folder.folder);
  const another = await readLogKey({
    env: {},
    manufacturer: { ...manufacturer, logOrigin: 'another.example/log' },
    home,
  });
  await expect(sequenceLog({ db, key: another, folder })).rejects.toMatchObject({ code: 'LOG_BROKEN' });
  await folder.keepCheckpoint(note.replace(/ (\S{8})\S+\n$/, (all, start) => all.replace(start, 'AAAAAAAA')));
  await expect(sequence()).rejects.toMatchObject({
    code: 'LOG_BROKEN',
    message: expect.stringContaining('not signed by a key of this log') as string,
  });
  await folder.keepCheckpoint(note);
  expect(await readFile(join(folder.folder, 'checkpoint'), 'utf8')).toBe(note);
  await sequence();
});

test('a folder that was restored to an older state grows again to the same tree', async () => {
  const before = (await folder.checkpoint())!;
  await shipBatch(floor, 1);
  const { note } = await sequence();
  await folder.keepCheckpoint(before);
  expect((await sequence()).note).toBe(note);
});

test('a key on record is not enough: one that signed before is named outside the database', async () => {
  await shipBatch(floor, 1);
  const { note } = await sequence();
  const next = (env: Record<string, string>): Promise<LogKey> =>
    readLogKey({ env, manufacturer, home: join(home, 'next') });
  await expect(sequenceLog({ db, key: await next({}), folder })).rejects.toMatchObject({
    code: 'LOG_BROKEN',
    message: expect.stringContaining('UNITRAIL_LOG_KEYS_BEFORE') as string,
  });
  await expect(next({ UNITRAIL_LOG_KEYS_BEFORE: `x${key.text}` })).rejects.toMatchObject({
    code: 'CONFIGURATION_INVALID',
  });
  expect(await folder.checkpoint()).toBe(note);
  await shipBatch(floor, 1);
  const after = await next({ UNITRAIL_LOG_KEYS_BEFORE: key.text });
  const { size } = await sequenceLog({ db, key: after, folder });
  expect(size).toBeGreaterThan(parseCheckpoint(note)!.size);
  // The other way round, for the tests after this one.
  await shipBatch(floor, 1);
  key = await readLogKey({ env: { UNITRAIL_LOG_KEYS_BEFORE: after.text }, manufacturer, home });
  await sequence();
});

test('leaves that were changed after their checkpoint was booked are not signed by way of an older folder', async () => {
  const before = (await folder.checkpoint())!;
  await shipBatch(floor, 1);
  const { note, size } = await sequence();
  const entry = (value: string): Promise<unknown> =>
    tamper(database, (su) =>
      su.query(`update log_leaves set entry = ${value} from before_lie b where index = b.leaf`),
    );
  await tamper(database, (su) =>
    su.query(
      `create table before_lie as select index as leaf, entry as was from log_leaves where index = $1`,
      [size - 1],
    ),
  );
  await entry(`sha256('lie')`);
  await shipBatch(floor, 1);
  await folder.keepCheckpoint(before);
  await expect(sequence()).rejects.toMatchObject({
    code: 'LOG_BROKEN',
    message: expect.stringContaining(`checkpoint ${size}, which was signed`) as string,
  });
  expect(await folder.checkpoint()).toBe(before);
  await entry('b.was');
  await folder.keepCheckpoint(note);
  expect((await sequence()).size).toBeGreaterThan(size);
});

test('database and folder that were restored together are older than the mark, or of another tree: nothing is signed', async () => {
  const mark = join(home, 'watermark.json.checkpoint');
  const run = (): Promise<Checkpoint> => sequenceLog({ db, key, folder, mark });
  const before = await run();
  await shipBatch(floor, 1);
  const { size, note } = await run();
  expect(await readFile(mark, 'utf8')).toBe(note);
  await tamper(database, async (su) => {
    await su.query('create table later as select index, queue_id, entry from log_leaves where index >= $1', [
      before.size,
    ]);
    await su.query('create table later_booked as select * from log_checkpoints where size = $1', [size]);
    await su.query('delete from log_checkpoints where size = $1', [size]);
    await su.query('delete from log_leaves where index >= $1', [before.size]);
  });
  await folder.keepCheckpoint(before.note);
  await expect(run()).rejects.toMatchObject({
    code: 'LOG_BROKEN',
    message: expect.stringContaining(`checkpoint ${size} was signed`) as string,
  });
  // It went on: as many leaves, and others.
  await tamper(database, (su) =>
    su.query('insert into log_leaves select index, queue_id, sha256(entry) from later'),
  );
  await expect(run()).rejects.toMatchObject({
    code: 'LOG_BROKEN',
    message: expect.stringContaining('which was signed') as string,
  });
  expect(await folder.checkpoint()).toBe(before.note);
  await tamper(database, async (su) => {
    await su.query('update log_leaves l set entry = x.entry from later x where x.index = l.index');
    await su.query('insert into log_checkpoints select * from later_booked');
  });
  expect((await run()).note).toBe(note);
});

test('full tiles are on the disk before the checkpoint that needs them, or there is none', async () => {
  await tamper(database, async (su) => {
    await su.query(
      `with heads as (insert into log_heads (number, at, body) select 100000 + n, now(), 'heads ' || n from generate_series(1, 1500) as n returning number, body)
       insert into log_queue (format, stream, seq, sha256, salt)
       select 'unitrail.heads/1', 'log', number, encode(sha256(convert_to(body, 'UTF8')), 'hex'), sha256(body::bytea) from heads order by number`,
    );
    await su.query('insert into log_pending select id from log_queue where seq > 100000');
  });
  const before = await folder.checkpoint();
  const isFull = (width: number): boolean => width === 256;
  const failing: LogFolder['keepTile'] = async (tile, hashes) => {
    if (isFull(tile.width) && tile.index === 3) throw new Error('cut off');
    await folder.keepTile(tile, hashes);
  };
  await expect(sequence({ keepTile: failing })).rejects.toThrow('cut off');
  expect(await folder.checkpoint()).toBe(before);
  const kept = new Set<number>();
  const checkpoint = await sequence({
    async keepTile(tile, hashes) {
      await folder.keepTile(tile, hashes);
      if (isFull(tile.width)) kept.add(tile.index);
    },
    async keepCheckpoint(note) {
      expect(kept.size).toBeGreaterThanOrEqual(5);
      await folder.keepCheckpoint(note);
    },
  });
  // From the folder, tile by tile: the tree of the checkpoint.
  const path = await consistencyProof(folder, parseCheckpoint(before!)!.size, checkpoint.size);
  const hashes = path.map((text) => new Uint8Array(Buffer.from(text, 'base64')));
  expect(isConsistent(hasher, parseCheckpoint(before!)!, checkpoint, hashes)).toBe(true);
});

test('an office that stood still replaces no checkpoint that another one has kept since', async () => {
  const older = (await folder.checkpoint())!;
  await shipBatch(floor, 1);
  await sequence();
  await shipBatch(floor, 1);
  let moved = false;
  let read: string | null = null;
  const checkpoint = await sequence({
    async checkpoint() {
      return (read = await folder.checkpoint());
    },
    async keepTile(tile, hashes) {
      await folder.keepTile(tile, hashes);
      if (!moved) await folder.keepCheckpoint(older);
      moved = true;
    },
    async keepCheckpoint(note) {
      // What is replaced is what this run has begun with, or it would have begun anew.
      expect(read).toBe(older);
      await folder.keepCheckpoint(note);
    },
  });
  expect(await folder.checkpoint()).toBe(checkpoint.note);
});

test('a row of the queue that is nobody’s, and a number that is taken, hold up nothing: it is refused under a free one', async () => {
  const { units } = await shipBatch(floor, 2);
  const [changed, other] = units as [WalkedUnit, WalkedUnit];
  await tamper(database, async (su) => {
    await su.query(
      `update log_queue set stream = 'unit:x' where stream = $1 and format = 'unitrail.record/1'`,
      [`unit:${changed.unitId}`],
    );
    // The next one, and the largest there is.
    await su.query(
      `with planted as (insert into log_queue (format, stream, seq, sha256, salt)
         select 'unitrail.refusal/1', 'log:refused', n, 'x', sha256('salt')
         from (select max(number) + 1 from log_refusals union select 9223372036854775807) as taken(n) returning id)
       insert into log_pending select id from planted`,
    );
  });
  const checkpoint = await sequence();
  expect(await all(leafProofs({ db, folder }, checkpoint, [other]))).toHaveLength(1);
  const refused = (await refusals()).filter(({ leaf }) => leaf === null);
  expect(refused.map(({ stream }) => stream).sort()).toEqual(['log:refused', 'log:refused', 'unit:x']);
  for (const { told } of refused) expect(told).toBeLessThan(checkpoint.size);
});

test.each([
  ['the next number, and the one after it', null],
  ['heads of the largest number there is', '9223372036854775807'],
])('rows that somebody put there, with %s, stop neither heads nor the log', async (_what, largest) => {
  await walkUnit(floor, { upTo: 'qc' });
  const count = async (): Promise<number> =>
    Number((await db('log_heads').count<{ count: string }[]>())[0]!.count);
  await tamper(database, async (su) => {
    if (largest !== null) await su.query(`insert into log_heads values ($1, '2020-01-01', '{}')`, [largest]);
    // Behind their largest number, and behind their count.
    await su.query(
      `with planted as (insert into log_queue (format, stream, seq, sha256, salt)
         select 'unitrail.heads/1', 'log', last + n, 'x', sha256('salt') from generate_series(1, 2) as n,
           (select max(number) as last from log_heads where number < 9223372036854775807 union select count(*) from log_heads) as lasts
         on conflict do nothing returning id)
       insert into log_pending select id from planted`,
    );
  });
  const before = await count();
  const { rows } = await db.raw<{ rows: unknown }>(`select queue_heads('0 seconds') as documents`);
  expect(rows).toEqual([{ documents: 1 }]);
  expect(await count()).toBe(before + 1);
  const { size } = await sequence();
  const told = await db.raw<{ rows: { index: number }[] }>(
    `select l.index::int as index from log_leaves l join log_queue q on q.id = l.queue_id join log_heads h on h.number = q.seq
     where q.stream = 'log' and h.at = (select max(at) from log_heads where at <= now())`,
  );
  expect(told.rows).toEqual([{ index: expect.any(Number) as number }]);
  expect(told.rows[0]!.index).toBeLessThan(size);
});

test('a folder that can not be written is infrastructure: nothing is signed, and the next run goes on', async () => {
  const path = join(home, 'no-folder');
  await writeFile(path, '');
  const away = openLogFolder(join(path, 'log'));
  await expect(sequenceLog({ db, key, folder: away })).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  const full = (): Promise<void> => away.keepCheckpoint('never');
  await shipBatch(floor, 1);
  await expect(sequence({ keepTile: full })).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  const before = parseCheckpoint((await folder.checkpoint())!)!;
  expect((await sequence()).size).toBeGreaterThan(before.size);
});
