import { createHash, createPublicKey, verify } from 'node:crypto';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { makeExport, type MakeExportDeps } from '../../activities/make-export';
import type { LogFolder } from '../../adapters/log/log-folder';
import { correctRecord } from '../../adapters/postgres/amendments';
import { openDatabase, type Database } from '../../adapters/postgres/database';
import {
  exportKeys,
  findExport,
  openExport,
  openReissue,
  pinExportLook,
} from '../../adapters/postgres/exports';
import { parseSha256Hex } from '../../domain/brands';
import { canonicalJson } from '../../domain/canonical';
import type { Manifest } from '../../domain/export-manifest';
import { createTestDatabase, type TestDatabase } from '../support/database';
import { asOf, makeDeps, shipBatch, testLook } from '../support/exports';
import { applySmallPlant, openShopFloor, openTestBatch, type ShopFloor } from '../support/shop-floor';
import { tamper } from '../support/tamper';
import { decide, walkUnit } from '../support/walk-unit';

/** The files of an export are made once; what is on record is what is delivered, for ever. */
let database: TestDatabase;
let floor: ShopFloor;
let office: Database;
let home: string;
let deps: MakeExportDeps;

beforeAll(async () => {
  home = await mkdtemp(join(process.env.UNITRAIL_TEST_HOME!, 'exports-'));
  database = await createTestDatabase();
  floor = openShopFloor(database);
  office = openDatabase(database.urlOf('office'), { applicationName: 'test-exports', maxConnections: 4 });
  deps = await makeDeps(office, home);
  await applySmallPlant(floor);
});
afterAll(async () => {
  await office?.destroy();
  await floor?.close();
  await database?.drop();
  await rm(home, { recursive: true, force: true });
});

async function opened(request: string, units = 1): Promise<string> {
  await shipBatch(floor, units);
  return (await openExport(office, 'acme', { request, asOf, look: testLook() }))!;
}

const content = (sha256: string): Promise<string> => text(deps.store.open(parseSha256Hex(sha256)));

async function manifestOf(exportId: string): Promise<Manifest> {
  return JSON.parse((await findExport(office, exportId)).manifest!) as Manifest;
}

test('an export has its files in the store, and a signed manifest that names them', async () => {
  const id = await opened('first', 2);
  const made = await makeExport(deps, id);
  expect(made.files.map(({ name }) => name)).toEqual([
    'acme-000001.amendments.csv',
    'acme-000001.amendments.jsonl',
    'acme-000001.checkpoint',
    'acme-000001.csv',
    'acme-000001.numbers.csv',
    'acme-000001.numbers.jsonl',
    'acme-000001.proofs.amendments.jsonl',
    'acme-000001.proofs.jsonl',
    'acme-000001.proofs.numbers.jsonl',
    'acme-000001.records.jsonl',
    'acme-000001.xlsx',
    'acme-000001.manifest.json',
  ]);
  const manifestText = await content(made.files.at(-1)!.sha256);
  const { signature, ...body } = JSON.parse(manifestText) as Manifest;
  expect(canonicalJson({ ...body, signature })).toBe(manifestText);
  expect(body).toMatchObject({
    ...{ export: 'acme-000001', kind: 'sequence', number: 1, predecessor: null, reissueOf: null },
    ...{ counts: { units: 2, amendments: 0, numbers: 0 }, asOf: asOf.toISOString() },
  });
  const { rows } = await office.raw<{ rows: { serial: string; body: string }[] }>(
    'select serial, body from records order by serial',
  );
  const lines = await content(made.files.find(({ name }) => name.endsWith('.records.jsonl'))!.sha256);
  expect(lines).toBe(rows.map((row) => `${row.body}\n`).join(''));
  expect([body.firstSerial, body.lastSerial]).toEqual(rows.map(({ serial }) => serial));
  for (const { sha256, sizeBytes } of made.files) {
    const bytes = await deps.store.get(parseSha256Hex(sha256));
    expect(bytes).toHaveLength(sizeBytes);
  }
  expect(isSigned(canonicalJson(body), signature.value)).toBe(true);
  expect(isSigned(canonicalJson({ ...body, number: 2 }), signature.value)).toBe(false);
  expect(await exportKeys(office)).toMatchObject([{ id: signature.keyId, publicKey: deps.key.publicKey }]);
  expect((await stat(join(home, 'export-key.pem'))).mode & 0o777).toBe(0o600);
});

function isSigned(told: string, signature: string): boolean {
  const key = createPublicKey({
    key: Buffer.from(deps.key.publicKey, 'base64'),
    format: 'der',
    type: 'spki',
  });
  return verify(null, Buffer.from(told), key, Buffer.from(signature, 'base64'));
}

test('a repeat makes nothing, and two makers at once come to one set', async () => {
  const id = await opened('twice');
  const [one, other] = await Promise.all([makeExport(deps, id), makeExport(deps, id)]);
  expect(one).toEqual(other);
  const broken = {
    ...deps,
    store: { ...deps.store, putFile: () => Promise.reject(new Error('made again')) },
  };
  expect(await makeExport(broken, id)).toEqual(one);
  expect(await readdir(deps.workFolder)).toEqual([]);
});

test('what was cut off before it was booked is made by the next try', async () => {
  const id = await opened('cut off');
  for (const put of ['putFile', 'put'] as const) {
    const store = { ...deps.store, [put]: () => Promise.reject(new Error('cut off')) };
    await expect(makeExport({ ...deps, store }, id)).rejects.toThrow('cut off');
    expect(await findExport(office, id)).toMatchObject({ state: 'opened', manifest: null });
  }
  await makeExport(deps, id);
  expect(await findExport(office, id)).toMatchObject({ state: 'made' });
  expect(await readdir(deps.workFolder)).toEqual([]);
});

test('exports are made in their order, and each names the one before it by its digest', async () => {
  const [first, second] = [await opened('one'), await opened('two')];
  await expect(makeExport(deps, second)).rejects.toMatchObject({ code: 'STATE_MOVED_ON' });
  await makeExport(deps, first);
  await makeExport(deps, second);
  const { manifest } = await findExport(office, first);
  expect((await manifestOf(second)).predecessor).toEqual({
    export: first,
    manifestSha256: createHash('sha256').update(manifest!).digest('hex'),
  });
});

test('a reissue has files of its own, in its own look, and says of what', async () => {
  const look = testLook({ columns: [{ field: 'serial', name: 'S/N' }], formats: ['csv'] });
  const id = await openReissue(office, 'acme-000001', { request: 'reissue', asOf, look });
  const { files } = await makeExport(deps, id);
  expect(files.map(({ name }) => name)).toContain('acme-000001-r1.csv');
  expect((await content(files.find(({ name }) => name.endsWith('-r1.csv'))!.sha256)).split('\r\n')[0]).toBe(
    'S/N',
  );
  expect(await manifestOf(id)).toMatchObject({
    kind: 'reissue',
    number: null,
    reissueOf: 'acme-000001',
    predecessor: null,
  });
});

/** As a worker of before looks were pinned anew books it. */
async function bookedWithoutLook(id: string): Promise<boolean> {
  const { number, predecessor, counts } = await findExport(office, id);
  const before = await findExport(office, predecessor!);
  const manifestSha256 = createHash('sha256').update(before.manifest!).digest('hex');
  const manifest = canonicalJson({
    ...(await manifestOf('acme-000001')),
    ...{ export: id, number, counts, predecessor: { export: before.id, manifestSha256 } },
  });
  const answer = await office.raw<{ rows: { made: boolean }[] }>('select export_made(?, ?, ?) as made', [
    ...[id, manifest, deps.key.publicKey],
  ]);
  return answer.rows[0]!.made;
}

test('a worker that says nothing of the look books no export that has got another one', async () => {
  expect(await bookedWithoutLook(await opened('as it was to look'))).toBe(true);
  const id = await opened('to look otherwise');
  const look = testLook({ formats: ['csv'] });
  const desk = openDatabase(database.urlOf('desk'), { applicationName: 'test-desk', maxConnections: 1 });
  await pinExportLook(desk, id, { look, by: '17', reason: 'no workbook', id: 'otherwise' });
  await desk.destroy();
  await expect(bookedWithoutLook(id)).rejects.toMatchObject({ code: '40001' });
  expect(await findExport(office, id)).toMatchObject({ state: 'opened', manifest: null });
  const { files } = await makeExport(deps, id);
  expect(files.map(({ name }) => name)).not.toContain(`${id}.xlsx`);
});

test('a proof that does not hold leaves with no export: it is made once the log is whole again', async () => {
  const id = await opened('rotten');
  const broken = { code: 'LOG_BROKEN', message: expect.stringContaining('does not lead') as string };
  const { folder } = deps.log;
  let isRotten = false;
  const rotten: LogFolder = {
    ...folder,
    keepCheckpoint: async (note) => {
      await folder.keepCheckpoint(note);
      isRotten = true;
    },
    // The first hash of each tile, as a disk that rots: no proof but that of leaf 0 holds.
    tile: async (tile) => {
      const hashes = Uint8Array.from(await folder.tile(tile));
      if (isRotten) hashes[0]! ^= 1;
      return hashes;
    },
  };
  await expect(makeExport({ ...deps, log: { ...deps.log, folder: rotten } }, id)).rejects.toMatchObject(
    broken,
  );
  const flip = `update log_queue set salt = set_byte(salt, 0, get_byte(salt, 0) # 1)
    where id = (select max(id) from log_queue where format = 'unitrail.record/1')`;
  await tamper(database, (su) => su.query(flip));
  await expect(makeExport(deps, id)).rejects.toMatchObject(broken);
  expect(await findExport(office, id)).toMatchObject({ state: 'opened', manifest: null });
  await tamper(database, (su) => su.query(flip));
  const digest = `update log_queue set sha256 = reverse(sha256)
    where id = (select max(id) from log_queue where format = 'unitrail.record/1')`;
  await tamper(database, (su) => su.query(digest));
  await expect(makeExport(deps, id)).rejects.toMatchObject({
    code: 'LOG_BROKEN',
    message: expect.stringContaining('which the queue of the log has') as string,
  });
  await tamper(database, (su) => su.query(digest));
  expect((await makeExport(deps, id)).files.length).toBeGreaterThan(0);
});

const correct = async (unitId: string, value: string): Promise<void> => {
  const { sha256: record } = (await office('records')
    .where({ unit_id: unitId })
    .first<{ sha256: string }>('sha256'))!;
  await correctRecord(floor.as('desk'), unitId, {
    ...{ record, field: 'boardLot', was: 'LOT-1', value, reason: 'typo', by: '17' },
  });
};

test('what a buyer would find to be of another history leaves with no export', async () => {
  const { units } = await shipBatch(floor, 1);
  const { unitId } = units[0]!;
  const open = async (request: string): Promise<string> =>
    (await openExport(office, 'acme', { request, asOf, look: testLook() }))!;
  await correct(unitId, 'LOT-2');
  await makeExport(deps, await open('corrected'));
  await correct(unitId, 'LOT-3');
  const batch = await openTestBatch(floor, { quantity: 1 });
  const scrapped = await walkUnit(floor, { batch, index: 1, upTo: 'assign' });
  await decide(floor, scrapped, 'scrapped', { code: 'test' });
  const id = await open('corrected again');
  // The correction that was told before, and is told no more.
  const edit = (from: string, to: string): Promise<unknown> =>
    tamper(database, (su) =>
      su.query(
        `update unit_events set body = replace(body, $2, $3),
           hash = sha256(prev || sha256(convert_to(header, 'UTF8')) || sha256(convert_to(replace(body, $2, $3), 'UTF8')))
         where stream = $1 and type = 'recordCorrected' and seq =
           (select min(seq) from unit_events where stream = $1 and type = 'recordCorrected')`,
        [`unit:${unitId}`, from, to],
      ),
    );
  await edit('"reason":"typo"', '"reason":"typed"');
  await expect(makeExport(deps, id)).rejects.toMatchObject({
    code: 'LOG_BROKEN',
    message: expect.stringContaining('does not go on from what the unit was sealed with') as string,
  });
  await edit('"reason":"typed"', '"reason":"typo"');
  // That one, and the record, are gone, and have not moved into the archive.
  for (const [table, which] of [
    ['unit_events', `stream = 'unit:${unitId}' and body like '%"value":"LOT-2"%'`],
    ['records', `unit_id = '${unitId}'`],
  ] as const) {
    await tamper(database, async (su) => {
      await su.query(`create table lost as select * from ${table} where ${which}`);
      await su.query(`delete from ${table} where ${which}`);
    });
    await expect(makeExport(deps, id)).rejects.toMatchObject({
      code: 'LOG_BROKEN',
      message: expect.stringContaining('the record or an event between was changed or removed') as string,
    });
    await tamper(database, async (su) => {
      await su.query(`insert into ${table} select * from lost`);
      await su.query('drop table lost');
    });
  }
  const shift = (by: string): Promise<unknown> =>
    tamper(database, (su) =>
      su.query(
        `update export_items set fate_at = fate_at + $2::interval where export_id = $1 and fate = 'scrapped'`,
        [id, by],
      ),
    );
  await shift('1 second');
  await expect(makeExport(deps, id)).rejects.toMatchObject({
    code: 'LOG_BROKEN',
    message: expect.stringContaining('No event tells what became of number') as string,
  });
  expect(await findExport(office, id)).toMatchObject({ state: 'opened', manifest: null });
  await shift('-1 second');
  expect((await makeExport(deps, id)).exportId).toBe(id);
});

test('a document that was changed before the log had it holds up the export that tells it, and no other buyer’s', async () => {
  const { units } = await shipBatch(floor, 2);
  const id = (await openExport(office, 'acme', {
    request: 'changed',
    asOf,
    look: testLook({ formats: ['csv'] }),
  }))!;
  const batch = await openTestBatch(floor, { quantity: 1, buyer: 'borealis' });
  const scrapped = await walkUnit(floor, { batch, index: 1, upTo: 'claim' });
  await decide(floor, scrapped, 'scrapped', { code: 'test' });
  const other = (await openExport(office, 'borealis', { request: 'other', asOf, look: testLook() }))!;
  const flip = (from: string, to: string): Promise<unknown> =>
    tamper(database, (su) =>
      su.query(
        `update records set body = replace(body, $2, $3), sha256 = encode(sha256(convert_to(replace(body, $2, $3), 'UTF8')), 'hex') where unit_id = $1`,
        [units[0]!.unitId, from, to],
      ),
    );
  await flip('"verdict":"PASS"', '"verdict":"FAIL"');
  await expect(makeExport(deps, id)).rejects.toMatchObject({
    code: 'LOG_BROKEN',
    message: expect.stringMatching(
      `^${id} waits. The unitrail.record/1 of unit:${units[0]!.unitId}, event \\d+, has no place in the log since`,
    ) as string,
  });
  expect(await findExport(office, id)).toMatchObject({ state: 'opened', manifest: null });
  expect((await makeExport(deps, other)).buyer).toBe('borealis');
  await flip('"verdict":"FAIL"', '"verdict":"PASS"');
  expect((await makeExport(deps, id)).exportId).toBe(id);
});

test('a manifest that says anything else than the row is refused', async () => {
  const id = await opened('lies');
  const honest = await manifestOf('acme-000001');
  const lie = canonicalJson({ ...honest, export: id });
  await expect(
    office.raw('select export_made(?, ?, ?)', [id, lie, deps.key.publicKey]),
  ).rejects.toMatchObject({
    code: 'UT002',
  });
  expect(await findExport(office, id)).toMatchObject({ state: 'opened', manifest: null });
});

test('a key that is none is refused with what is allowed', async () => {
  const id = await opened('keyless');
  const manifest = canonicalJson({ ...(await manifestOf('acme-000001')), export: id });
  const sql = 'select export_made(?, ?, ?)';
  for (const key of ['not base64!', 'c2hvcnQ=', deps.key.publicKey.slice(0, -1)])
    await expect(office.raw(sql, [id, manifest, key])).rejects.toMatchObject({
      ...{ code: 'UT007' },
      message: expect.stringContaining(`publicKey: ${key} is not allowed; an Ed25519 public key`) as string,
    });
  expect(await findExport(office, id)).toMatchObject({ state: 'opened', manifest: null });
});
