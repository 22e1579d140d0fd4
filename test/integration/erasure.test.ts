import { removeErased } from '../../activities/remove-erased';
import { recordReturn } from '../../adapters/postgres/amendments';
import type { Database } from '../../adapters/postgres/database';
import { endRun, eraseCapsule, erasableCapsules } from '../../adapters/postgres/retention';
import { wantedContents } from '../../adapters/postgres/wanted-contents';
import type { ContentStore } from '../../adapters/store/port';
import { register as runRetention } from '../../cli/retention-run';
import { register as show } from '../../cli/unit-show';
import type { Sha256Hex } from '../../domain/brands';
import { UnitrailError } from '../../domain/errors';
import { ArchiveEnd } from '../support/archive-end';
import { all, shipBatch } from '../support/exports';
import { untilBlocked } from '../support/refusals';
import { handOut, one, openRun, planned } from '../support/retention';
import { openTestBatch } from '../support/shop-floor';
import { tamper } from '../support/tamper';
import { typeCommand, type Register, type TypedAnswer } from '../support/type-command';
import { digest } from '../support/unit-acts';
import type { WalkedUnit } from '../support/walk-unit';

/** The archive's end in the content store: what goes, what stays, and what a broken run leaves to the next one. */
let archive: ArchiveEnd;
let office: Database;
let retention: Database;
let store: ContentStore;

beforeAll(async () => {
  archive = await ArchiveEnd.open();
  ({ office, retention, store } = archive);
});
afterAll(() => archive?.close());

test('a run that broke off before, or while, it removed files is gone on with by the next one', async () => {
  await archive.ship(1);
  const capsule = await archive.move();
  const [records, page] = [`records of ${capsule}`, 'the page'];
  const run = await openRun(office);
  await eraseCapsule(retention, capsule, run);
  const dying = { ...store, remove: () => Promise.reject(new Error('killed')) };
  await expect(removeErased({ retentionDb: retention, store: dying }, run)).rejects.toThrow('killed');
  const report = {
    ...{ run, asOf: '', dryRun: false, clockTrusted: true, due: [], blocked: [], capsules: [] },
  };
  await endRun(office, run, { ...report, erased: [], names: [] });
  // Nothing is left to be erased: only the files are.
  expect(await erasableCapsules(office, new Date(), 10)).toEqual({ capsules: [], later: 0 });
  expect(await archive.isKept(records)).toBe(true);
  expect(await archive.exportFilesKept()).not.toEqual([]);
  await archive.remove();
  expect(await archive.isKept(records)).toBe(false);
  expect(await archive.exportFilesKept()).toEqual([]);
  expect(await archive.isKept(page)).toBe(true);
  expect(await office('erased_contents').count({ exported: '*' })).not.toEqual([{ exported: '0' }]);
  expect(await archive.lost()).toEqual([]);
  expect(await office('erased_contents').whereNull('removed_at')).toEqual([]);
  const told = await office('unit_events')
    .where({ stream: `retention:${run}` })
    .orderBy('seq')
    .pluck<string[]>('type');
  expect(told).toEqual(['retentionOpened', 'capsuleErased', 'contentsErased', 'retentionEnded']);
});

const dryRun = (): Promise<TypedAnswer> =>
  typeCommand(archive.database, [runRetention as Register], 'retention run --dry-run');

test('what its place has locked stays, is told by a dry run, and is tried again, and keeps back nothing else', async () => {
  await archive.ship(1);
  const capsule = await archive.move();
  const records = digest(`records of ${capsule}`);
  const run = await openRun(office);
  await eraseCapsule(retention, capsule, run);
  const locked = new UnitrailError('NOT_ALLOWED', 'locked until 2037');
  const locking: ContentStore = {
    ...store,
    remove: (sha256) => (sha256 === records ? Promise.reject(locked) : store.remove(sha256)),
  };
  await expect(removeErased({ retentionDb: retention, store: locking }, run)).rejects.toBe(locked);
  const left = () => office('erased_contents').whereNull('removed_at').pluck('sha256');
  expect(await left()).toEqual([records]);
  expect((await dryRun()).text).toContain(
    '- 1 contents that earlier runs decided to erase are in the content',
  );
  await archive.remove();
  expect(await left()).toEqual([]);
  expect((await dryRun()).text).not.toContain('content store');
});

test('the files of an export stay as long as anybody holds one of its units, in whichever capsule that is', async () => {
  const [first, second] = (await archive.ship(2)) as [WalkedUnit, WalkedUnit];
  const before = await archive.addHold(second);
  const early = await archive.move();
  await archive.release(before);
  const late = await archive.move();
  // What is held takes no place of what can go, and what can go beyond the limit is counted.
  const meanwhile = await archive.addHold(first);
  const due = await erasableCapsules(office, new Date(), 1);
  expect(due).toMatchObject({ capsules: [{ capsule: late, problem: null }], later: 0 });
  await archive.release(meanwhile);
  expect(await erasableCapsules(office, new Date(), 1)).toMatchObject({ later: 1 });
  const onSecond = await archive.addHold(second);
  const run = await openRun(office);
  await eraseCapsule(retention, early, run);
  await archive.remove();
  expect(await archive.isKept(`records of ${early}`)).toBe(false);
  const whole = await archive.exportFilesKept();
  expect(whole).not.toEqual([]);
  await expect(eraseCapsule(retention, late, run)).rejects.toMatchObject({ code: 'NOT_ALLOWED' });
  expect((await dryRun()).text).toMatch(
    new RegExp(`^- ${late}: stays, although it was to be kept until .*on legal hold ${onSecond}\\.$`, 'm'),
  );
  // Now the unit whose capsule is erased is held: what the export tells of it is the last there is.
  const onFirst = await archive.addHold(first);
  await archive.release(onSecond);
  await eraseCapsule(retention, late, run);
  await archive.remove();
  expect(await archive.isKept(`records of ${late}`)).toBe(false);
  expect(await archive.exportFilesKept()).toEqual(whole);
  await archive.release(onFirst);
  await archive.remove();
  expect(await archive.exportFilesKept()).toEqual([]);
});

test('an export that tells of a number of no unit stays until the archive of what it was for is over', async () => {
  await shipBatch(archive.floor, 1);
  const voided = await voidNumber();
  await handOut(office, 'acme', archive.home);
  expect(
    await one(office, '(select count(*)::integer from export_items where value = ? and unit_id is null)', [
      voided,
    ]),
  ).toBe(1);
  const capsule = await archive.move();
  await eraseCapsule(retention, capsule, await openRun(office));
  await archive.keepFor(10);
  await archive.remove();
  expect(await archive.isKept(`records of ${capsule}`)).toBe(false);
  expect(await archive.exportFilesKept()).not.toEqual([]);
  await archive.keepFor(-1);
  await archive.remove();
  expect(await archive.exportFilesKept()).toEqual([]);
});

/** A number that the house skips, of a batch of the same buyer. */
async function voidNumber(): Promise<string> {
  const batch = await openTestBatch(archive.floor, { quantity: 1 });
  const number = batch.claimAt(1);
  await office.raw('select void_numbers(?, ?::jsonb)', [
    batch.id,
    JSON.stringify([{ ...number, why: 'skipped' }]),
  ]);
  return number.value;
}

test('what another capsule needs stays, and two runs that remove at once decide one after the other', async () => {
  await archive.ship(1);
  const gone = await archive.move(['in both']);
  await archive.ship(1);
  const kept = await archive.move(['in both']);
  const runs = [await openRun(office), await openRun(office)];
  await eraseCapsule(retention, gone, runs[0]!);
  const deciding = await retention.transaction();
  await deciding.raw('select erase_contents(?)', [runs[0]!]);
  const other = removeErased({ retentionDb: retention, store }, runs[1]!);
  await untilBlocked(archive.database);
  await deciding.commit();
  await other;
  expect([await archive.isKept(`records of ${gone}`), await archive.isKept(`records of ${kept}`)]).toEqual([
    false,
    true,
  ]);
  expect(await archive.isKept('in both')).toBe(true);
  await eraseCapsule(retention, kept, runs[1]!);
  await archive.remove();
  expect(await archive.isKept('in both')).toBe(false);
});

/** A run that has decided what goes, and dies before any of it is gone. */
async function dieWhileRemoving(run: string): Promise<void> {
  const dying = { ...store, remove: () => Promise.reject(new Error('killed')) };
  await expect(removeErased({ retentionDb: retention, store: dying }, run)).rejects.toThrow('killed');
}

test.each([
  ['erased in the database alone', false],
  ['decided to go, and is not gone yet,', true],
])(
  'what was %s stays where somebody holds it by now, and goes when nobody does',
  async (_what, isDecided) => {
    const [unit] = (await archive.ship(1)) as [WalkedUnit];
    const capsule = await archive.move();
    const records = `records of ${capsule}`;
    const run = await openRun(office);
    await eraseCapsule(retention, capsule, run);
    if (isDecided) await dieWhileRemoving(run);
    const hold = await archive.addHold(unit);
    const whole = await archive.exportFilesKept();
    expect(whole).not.toEqual([]);
    await archive.remove();
    expect(await archive.isKept(records)).toBe(true);
    expect(await archive.exportFilesKept()).toEqual(whole);
    await archive.release(hold);
    await archive.remove();
    expect(await archive.isKept(records)).toBe(false);
    expect(await archive.exportFilesKept()).toEqual([]);
  },
);

test.each(['unit', 'buyer'])(
  'a hold on a %s that is added while files go waits for the handful under way, and keeps all that are left',
  async (kind) => {
    const [unit] = (await archive.ship(1)) as [WalkedUnit];
    const capsule = await archive.move();
    const run = await openRun(office);
    await eraseCapsule(retention, capsule, run);
    const removed: string[] = [];
    let added: Promise<string> | undefined;
    const watched: ContentStore = {
      ...store,
      remove: async (sha256) => {
        removed.push(sha256);
        added ??= archive.addHold(kind === 'unit' ? unit : 'acme');
        if (removed.length === 1) await untilBlocked(archive.database);
        await store.remove(sha256);
      },
    };
    await removeErased({ retentionDb: retention, store: watched, atOnce: 1 }, run);
    const hold = await added!;
    expect(removed).toHaveLength(1);
    const left = await office('erased_contents').whereNull('removed_at').pluck<Sha256Hex[]>('sha256');
    const kept = async () => (await Promise.all(left.map((sha256) => store.has(sha256)))).filter(Boolean);
    // Files of the capsule, and of the export: the one that has gone may be either's.
    expect(left.length).toBeGreaterThan((await archive.exportFiles()).length);
    expect(await kept()).toHaveLength(left.length);
    await archive.release(hold);
    await archive.remove();
    expect(await kept()).toEqual([]);
  },
);

test('what a store that is slow has not removed within some seconds is asked about again', async () => {
  await archive.ship(1);
  const capsule = await archive.move();
  const run = await openRun(office);
  await eraseCapsule(retention, capsule, run);
  await removeErased({ retentionDb: retention, store, heldUpMs: -1 }, run);
  expect(await office('erased_contents').whereNull('removed_at')).toEqual([]);
  // Each was booked before the next one went.
  const told = await office('unit_events').where({ stream: `retention:${run}`, type: 'contentsRemoved' });
  const { removed } = (await office('erased_contents')
    .where({ run_id: run })
    .count({ removed: '*' })
    .first())!;
  expect(told).toHaveLength(Number(removed));
  expect(told.length).toBeGreaterThan(1);
});

test('a store that removes nothing in time is given up: a hold can be added, and all counts as still there', async () => {
  const [unit] = (await archive.ship(1)) as [WalkedUnit];
  const capsule = await archive.move();
  const run = await openRun(office);
  await eraseCapsule(retention, capsule, run);
  const tooSlow = new UnitrailError('STORE_UNAVAILABLE', 'too slow');
  let asked = 0;
  let added: Promise<string> | undefined;
  const hanging: ContentStore = {
    ...store,
    remove: (_sha256, signal) => {
      asked += 1;
      added = archive.addHold(unit);
      return new Promise((_gone, reject) => signal!.addEventListener('abort', () => reject(tooSlow)));
    },
  };
  const deps = { retentionDb: retention, store: hanging, eachMs: 500 };
  await expect(removeErased(deps, run)).rejects.toBe(tooSlow);
  const hold = await added!;
  expect(asked).toBe(1);
  const { left } = (await office('erased_contents').whereNull('removed_at').count({ left: '*' }).first())!;
  expect(Number(left)).toBeGreaterThan(1);
  await archive.remove();
  expect(await archive.isKept(`records of ${capsule}`)).toBe(true);
  await archive.release(hold);
  await archive.remove();
  expect(await archive.isKept(`records of ${capsule}`)).toBe(false);
});

/** Of what a run that broke off has left. */
async function mayGo(run: string, db: Database = retention): Promise<string[]> {
  const left = await office('erased_contents').whereNull('removed_at').orderBy('sha256').pluck('sha256');
  const sql = 'select array(select contents_to_remove(?, ?)) as contents';
  const { rows } = await db.raw<{ rows: [{ contents: string[] }] }>(sql, [run, left]);
  return rows[0].contents;
}

test('a hold is not held up while it is decided what goes, and one that is added while that is asked about counts', async () => {
  const [unit] = (await archive.ship(1)) as [WalkedUnit];
  const capsule = await archive.move();
  const run = await openRun(office);
  await eraseCapsule(retention, capsule, run);
  const deciding = await retention.transaction();
  await deciding.raw('select erase_contents(?)', [run]);
  const first = await archive.addHold(unit);
  await deciding.commit();
  expect(await mayGo(run)).toEqual([]);
  await archive.release(first);
  const whole = await mayGo(run);
  expect(whole).toContain(digest(`records of ${capsule}`));

  const adding = await archive.desk.transaction();
  await adding.raw(`select add_legal_hold('H-meanwhile', 'unit', ?, ?, 'a claim', '17')`, [
    unit.serial,
    unit.unitId,
  ]);
  // What is held already was looked at by now: it waits with the rest.
  const answer = mayGo(run);
  await untilBlocked(archive.database);
  await adding.commit();
  expect(await answer).toEqual([]);
  await archive.release('H-meanwhile');
  expect(await mayGo(run)).toEqual(whole);
  await archive.remove();
});

test('what an export that is being made may have found in the store stays, and not for one that can not be made any more', async () => {
  await archive.ship(1);
  const capsule = await archive.move();
  const run = await openRun(office);
  await eraseCapsule(retention, capsule, run);
  await dieWhileRemoving(run);
  const whole = await mayGo(run);
  expect(whole.length).toBeGreaterThan(2);
  const asSuperuser = (sql: string, values: readonly string[]) =>
    tamper(archive.database, (superuser) => superuser.query(sql, [...values]));
  const opened = `insert into exports (id, buyer, kind, request, as_of, look, reissue_of, records, amendments, numbers)
    select 'on-its-way', $1, 'reissue', 'on-its-way', as_of, look, id, records, amendments, numbers from exports limit 1`;
  await asSuperuser(opened, ['cobalt']);
  expect(await mayGo(run)).toEqual(whole);
  await asSuperuser(`update exports set buyer = $1 where id = 'on-its-way'`, ['acme']);
  expect(await mayGo(run)).toEqual([]);
  await asSuperuser(`update capsules set moved_at = moved_at - interval '2 days' where id = $1`, [capsule]);
  expect(await mayGo(run)).toEqual(whole);
  await asSuperuser(`delete from exports where id = $1`, ['on-its-way']);
  await archive.remove();
});

test('an export that was over when it was decided stays where the archive of one of its numbers is over no more', async () => {
  await shipBatch(archive.floor, 1);
  await voidNumber();
  await handOut(office, 'acme', archive.home);
  const capsule = await archive.move();
  const run = await openRun(office);
  await eraseCapsule(retention, capsule, run);
  await dieWhileRemoving(run);
  const whole = await mayGo(run);
  const ofExport = (await archive.exportFiles()).map(({ sha256 }) => sha256);
  expect(whole).toEqual(expect.arrayContaining(ofExport));
  await archive.keepFor(10);
  const now = await mayGo(run);
  expect(now).toContain(digest(`records of ${capsule}`));
  expect(now.filter((sha256) => (ofExport as string[]).includes(sha256))).toEqual([]);
  await archive.keepFor(-1);
  expect(await mayGo(run)).toEqual(whole);
  await archive.remove();
});

test('what was decided to go, and is not gone yet, stays where the same bytes were made once more', async () => {
  await archive.ship(1);
  const gone = await archive.move(['made again']);
  const run = await openRun(office);
  await eraseCapsule(retention, gone, run);
  await dieWhileRemoving(run);
  await archive.ship(1);
  const kept = await archive.move(['made again']);
  await archive.remove();
  expect([await archive.isKept('made again'), await archive.isKept(`records of ${gone}`)]).toEqual([
    true,
    false,
  ]);
  expect(await all(wantedContents(office, null))).toContain(digest('made again'));
  expect(await archive.lost()).toEqual([]);
  await eraseCapsule(retention, kept, await openRun(office));
  await archive.remove();
  expect(await archive.isKept('made again')).toBe(false);
});

test('a unit whose capsule is erased shows what stays of it, and what is gone', async () => {
  const unit = (await shipBatch(archive.floor, 1)).units[0]!;
  const { unitId, serial } = unit;
  const type = (line: string): Promise<TypedAnswer> =>
    typeCommand(archive.database, [show as Register], `unit show ${line}`);
  const back = (rma: string) => ({ rma, condition: 'cracked', reason: 'fell', by: '17' });
  await recordReturn(archive.desk, unitId, back('RMA-BEFORE'));
  await handOut(office, 'acme', archive.home);
  const { body, sha256 } = await office('records')
    .where({ unit_id: unitId })
    .first<{ body: string; sha256: string }>('body', 'sha256');
  const { shipment } = JSON.parse(body) as { shipment: { id: string; at: string; carton: string } };
  const capsule = await archive.move();
  await recordReturn(archive.desk, unitId, back('RMA-AFTER'));
  await eraseCapsule(retention, capsule, await openRun(office));
  for (const id of [serial, unit.macs[0]!, unit.chipUid, unit.certificateSha256]) {
    const { code, text } = await type(id);
    expect(code).toBe(0);
    for (const [label, told] of [
      ['Serial', `${serial}  (issuer unitrail)`],
      ['MAC', unit.macs.join(', ')],
      ['Chip UID', unit.chipUid],
      ['Certificate', `sha256 ${unit.certificateSha256}`],
      ['State', 'Shipped'],
      ['Shipment', shipment.id],
      ['Carton', shipment.carton],
      ['To', 'acme, DE'],
      ['Sealed', `sha256 ${sha256}`],
      ['From', `archive ${capsule}, erased`],
      ['Gone', 'the record and the history up to event '],
    ] as const)
      expect(text).toContain(`\n  ${label.padEnd(13)} ${told}`);
    expect(text).toContain('Came back under RMA RMA-AFTER, cracked');
    expect(text).not.toContain('RMA-BEFORE');
  }
  expect(JSON.parse((await type(`${serial} --json`)).text)).toMatchObject({
    ...{ serial, state: 'Shipped', macs: unit.macs, shipment: shipment.id, record: null, proof: null },
    ...{ from: `archive ${capsule}, erased`, amendments: [{ body: { rma: 'RMA-AFTER' } }] },
    erased: { capsule, recordSha256: sha256, at: expect.stringMatching(/^20/) as string },
  });
  for (const [more, what] of [
    ['--record', 'record'],
    ['--history', 'history'],
    ['--pdf no-such-folder/unit.pdf', 'dossier'],
  ] as const)
    expect(await type(`${serial} ${more}`)).toMatchObject({
      ...{ code: 2, text: '' },
      err: expect.stringContaining(
        `Unit ${serial} has no ${what} any more: its capsule, ${capsule}, was erased on 20`,
      ) as string,
    });
});

test('a worker of the version before finds the view of its last step, and removes no file of an export by it', async () => {
  expect(await office('exports').count({ exports: '*' })).not.toEqual([{ exports: '0' }]);
  expect(await office('erased_exports').select('id')).toEqual([]);
});

test('what a capsule had that was given up stays while its units are put into another one', async () => {
  await archive.ship(1);
  const capsule = await archive.move();
  const records = digest(`records of ${capsule}`);
  await tamper(archive.database, async (superuser) => {
    await superuser.query('delete from capsule_units where capsule_id = $1', [capsule]);
    const abandoned = `update capsules set state = 'abandoned', abandoned_at = now(), moved_at = null where id = $1`;
    await superuser.query(abandoned, [capsule]);
  });
  const run = await openRun(office);
  await dieWhileRemoving(run);
  expect(await mayGo(run)).toContain(records);
  await archive.ship(1);
  const { capsules } = await planned(office);
  expect(capsules).toHaveLength(1);
  expect(await mayGo(run)).not.toContain(records);
  await tamper(archive.database, (superuser) =>
    superuser.query('delete from capsules where id = $1', [capsules[0]!]),
  );
  expect(await mayGo(run)).toContain(records);
  await archive.remove();
  expect(await archive.isKept(`records of ${capsule}`)).toBe(false);
});
