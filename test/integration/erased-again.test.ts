import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { join } from 'node:path';
import { createCheckStoreActivities } from '../../activities/check-store';
import { protectArchive } from '../../activities/protect-archive';
import { keptContents } from '../../adapters/postgres/archive-ends';
import { isErased, questionsOfSearch } from '../../adapters/postgres/wanted-contents';
import { checkStore } from '../../adapters/store/check-store';
import { createContentStore } from '../../adapters/store/content-store';
import type { ContentStore, PlainStore } from '../../adapters/store/port';
import { UnitrailError } from '../../domain/errors';
import type { StoreReport } from '../../domain/store-check';
import { ArchiveEnd, digestOf } from '../support/archive-end';
import { all } from '../support/exports';
import { tamper } from '../support/tamper';
import type { WalkedUnit } from '../support/walk-unit';

/** What the search for bit rot asks of the database: what was erased, and until when all else is kept. */
let archive: ArchiveEnd;

beforeAll(async () => {
  archive = await ArchiveEnd.open();
});
afterAll(() => archive?.close());

const folder = (name: string): PlainStore =>
  createContentStore({ folder: join(archive.home, name), cacheBytes: 0 });

/** With an older folder that is named as the copy. */
async function searched(db = archive.office): Promise<StoreReport> {
  const sides = { first: folder('store'), copy: folder('old') };
  const { report } = await checkStore({
    ...{ ...sides, ...questionsOfSearch(db), workFolder: join(archive.home, 'work') },
  });
  return report;
}

test('what was erased and is brought back is removed again, and not while somebody holds it', async () => {
  const [unit] = (await archive.ship(1)) as [WalkedUnit];
  const capsule = await archive.move();
  const records = `records of ${capsule}`;
  const ofExport = (await archive.exportFiles()).map(({ sha256 }) => archive.store.get(sha256));
  const brought = [Buffer.from(records), ...(await Promise.all(ofExport))];
  expect(brought.length).toBeGreaterThan(1);
  await archive.erase(capsule);
  await archive.remove();
  // The first search fills the folder that is named as the copy.
  expect(await searched()).toMatchObject({ lost: 0, removed: 0 });
  for (const bytes of brought) await folder('old').put(bytes);
  const report = await searched();
  expect(report).toMatchObject({ mended: 0, lost: 0, removed: brought.length, locked: 0 });
  expect(report.findings.map(({ outcome }) => outcome)).toEqual(brought.map(() => 'removed'));
  expect(await folder('old').has(digestOf(records))).toBe(false);

  const hold = await archive.addHold(unit);
  for (const bytes of brought) await folder('old').put(bytes);
  expect(await searched()).toMatchObject({ mended: brought.length, removed: 0 });
  expect(await archive.isKept(records)).toBe(true);
  await archive.release(hold);
  // As a person types it, by the login of the desk.
  expect(await searched(archive.desk)).toMatchObject({ removed: brought.length });
  expect(await archive.isKept(records)).toBe(false);
  expect(await archive.exportFilesKept()).toEqual([]);
});

/** Its files are put before they are on record. */
async function whileAnExportIsMade(work: () => Promise<void>): Promise<void> {
  const made = `insert into exports (id, buyer, kind, request, as_of, look, reissue_of, records, amendments, numbers)
    select 'on-its-way', buyer, 'reissue', 'on-its-way', as_of, look, id, records, amendments, numbers from exports limit 1`;
  await tamper(archive.database, (su) => su.query(made));
  await work();
  await tamper(archive.database, (su) => su.query(`delete from exports where id = 'on-its-way'`));
}

/** As if the capsule's units had gone into another one, and that one were over. */
async function whileGivenUp(capsule: string, work: () => Promise<void>): Promise<void> {
  await tamper(archive.database, async (su) => {
    await su.query(`create table given_up as select * from capsule_units where capsule_id = $1`, [capsule]);
    await su.query(`create table as_before as select * from capsules where id = $1`, [capsule]);
    await su.query('delete from capsule_units where capsule_id = $1', [capsule]);
    await su.query(
      `update capsules set state = 'abandoned', abandoned_at = now(), moved_at = null, erased_at = null where id = $1`,
      [capsule],
    );
  });
  await work();
  await tamper(archive.database, async (su) => {
    await su.query(
      `update capsules c set state = b.state, abandoned_at = null, moved_at = b.moved_at, erased_at = b.erased_at
       from as_before b where b.id = c.id`,
    );
    await su.query('insert into capsule_units select * from given_up');
    await su.query('drop table given_up, as_before');
  });
}

test('what was erased, and was made once more for another capsule, was not brought back', async () => {
  await archive.ship(1);
  const gone = await archive.move(['the same bytes']);
  await archive.erase(gone);
  const asked = (text = 'the same bytes'): Promise<boolean> => isErased(archive.office, digestOf(text));
  // Not before it is gone: until then it is the retention run's to judge.
  expect(await asked()).toBe(false);
  await archive.remove();
  expect(await asked()).toBe(true);
  await whileAnExportIsMade(async () => expect(await asked()).toBe(false));
  expect(await asked()).toBe(true);
  const [another] = (await archive.ship(1)) as [WalkedUnit];
  await whileGivenUp(gone, async () => {
    expect(await asked()).toBe(true);
    const hold = await archive.addHold(another);
    expect(await asked()).toBe(false);
    await archive.release(hold);
  });
  const kept = await archive.move(['the same bytes']);
  expect([await asked(), await asked(`records of ${kept}`), await asked('of nobody')]).toEqual([
    ...[false, false, false],
  ]);
  expect(await searched()).toMatchObject({ removed: 0, lost: 0 });
  expect(await archive.isKept('the same bytes')).toBe(true);
});

test('the locks of an archive are made longer page by page, and from where a broken try was', async () => {
  await archive.ship(1);
  await archive.move();
  const kept = (await all(keptContents(archive.office, null, null))).map(({ sha256 }) => sha256);
  expect(kept.length).toBeGreaterThan(4);
  expect((await all(keptContents(archive.office, null, null, 2))).map(({ sha256 }) => sha256)).toEqual(kept);
  const asked: string[] = [];
  let isAway = true;
  const store: ContentStore = {
    ...archive.store,
    protect: async (sha256) => {
      if (isAway && asked.length === 2)
        throw new UnitrailError('STORE_UNAVAILABLE', 'away', { isOfAll: true });
      asked.push(sha256);
      return true;
    },
  };
  const { protectArchive } = createCheckStoreActivities({
    ...{ db: archive.office, store, workFolder: archive.home },
    sides: () => ({ first: folder('store'), copy: null }),
  });
  // Its failure is what is wanted here.
  const broken = new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR', () => {}) });
  let heartbeatDetails: unknown;
  broken.on('heartbeat', (details: unknown) => (heartbeatDetails = details));
  await expect(broken.run(protectArchive)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  isAway = false;
  expect(await new MockActivityEnvironment({ heartbeatDetails }).run(protectArchive)).toBe(kept.length);
  expect(asked).toEqual(kept);
});

test('a content that its place does not lock keeps no other back, and is named at the end', async () => {
  await archive.ship(1);
  const capsule = await archive.move();
  const kept = await all(keptContents(archive.office, null, null));
  const ofCapsule = await all(keptContents(archive.office, capsule, null));
  let asked: string[] = [];
  const refusing = (bad: readonly string[]): ContentStore => ({
    ...archive.store,
    protect: async (sha256) => {
      if (bad.includes(sha256)) throw new UnitrailError('STORE_UNAVAILABLE', 'its server fails');
      asked.push(sha256);
      return true;
    },
  });
  const locking = (bad: readonly string[], of: string | null = null): Promise<number> => {
    asked = [];
    return protectArchive({ db: archive.office, store: refusing(bad) }, of, { pausesMs: [1, 1] });
  };
  const digests = kept.map(({ sha256 }) => sha256);
  const [first, last] = [digests[0]!, digests.at(-1)!];
  await expect(locking([first, last])).rejects.toMatchObject({
    code: 'CONTENT_NOT_LOCKED',
    message: expect.stringMatching(
      new RegExp(`^2 contents .*${first}: its server fails; ${last}: its server`),
    ),
  });
  expect(asked).toEqual(digests.slice(1, -1));
  // Where none is locked, it is the place; and a capsule does not move before all of it is.
  await expect(locking(digests)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  const [one] = ofCapsule.map(({ sha256 }) => sha256) as [string];
  await expect(locking([one], capsule)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  expect(asked).toHaveLength(ofCapsule.length - 1);
  expect(await locking([])).toBe(kept.length);
});
