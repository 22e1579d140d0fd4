import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Client } from 'pg';
import { removeErased } from '../../activities/remove-erased';
import type { Database } from '../../adapters/postgres/database';
import {
  approveRetention,
  eraseCapsule,
  eraseNames,
  retentionInForce,
} from '../../adapters/postgres/retention';
import { UnitrailError } from '../../domain/errors';
import { audit } from '../../tools/audit/audit';
import { capsuleDeps, moveAll, planRun } from '../support/capsule-run';
import { createTestDatabase, type TestDatabase } from '../support/database';
import { shipBatch } from '../support/exports';
import { applyPolicy, handOut, openRun } from '../support/retention';
import { applySmallPlant, openShopFloor } from '../support/shop-floor';
import { rewriteHistory, tamper, withFacts, type Told } from '../support/tamper';
import { digest } from '../support/unit-acts';
import type { WalkedUnit } from '../support/walk-unit';

/** A19 of what retention goes by, and of what it erases: whoever has the superuser's rights, and changes a row or an event, is told of. */
let base: TestDatabase;
let home: string;
/** Moved and erased; it was on the legal hold `released` before. */
let unit: WalkedUnit;
/** The one that erased, and the capsule. */
let run: string;
let capsule: string;
/** In their order; the last one is decided to go, and still there. */
let contents: string[];
/** How many of the others are of the capsule, and of the export. */
let gone: Readonly<Record<string, number>>;

const HOLDS = ['deleted', 'open', 'put-back', 'other-field', 'other-end', 'other-time', 'untold', 'unended'];

beforeAll(async () => {
  home = await mkdtemp(join(process.env.UNITRAIL_TEST_HOME!, 'audit-retention-'));
  base = await createTestDatabase();
  const floor = openShopFloor(base);
  const [office, desk, retention] = [floor.as('office'), floor.as('desk'), floor.as('retention')];
  try {
    await applySmallPlant(floor, {
      operators: { '17': 'Ada Lovelace', '23': 'Grace Hopper', '31': 'Mary Shaw' },
    });
    await applyPolicy(floor, { archiveYears: -1, operatorNamesMonths: 0 });
    const { version } = await retentionInForce(desk);
    for (const by of ['17', '23']) await approveRetention(desk, version, by);
    unit = (await shipBatch(floor, 1)).units[0]!;
    await addHold(desk, 'released', unit);
    await release(desk, 'released');
    await handOut(office, 'acme', home);
    const deps = await capsuleDeps(office, home);
    const planned = await planRun(office);
    await moveAll(deps, retention, planned);
    capsule = planned.capsules[0]!;
    // Who comes back has not left; who stays away loses the name.
    for (const here of [
      ['17', '23'],
      ['17', '31'],
    ])
      await desk.raw('select note_operators(?)', [here]);
    run = await openRun(office);
    await eraseCapsule(retention, capsule, run);
    await removeAllButOne(retention, deps, run);
    expect(await eraseNames(retention, run)).toBe(1);
    contents = await office('erased_contents').orderBy('removed_at').orderBy('sha256').pluck('sha256');
    const files = async (table: string): Promise<number> => {
      const booked = await office(table).pluck<string[]>('sha256');
      return booked.filter((sha256) => contents.slice(0, -1).includes(sha256)).length;
    };
    gone = {
      [`capsule ${capsule}`]: await files('capsule_files'),
      'export acme-000001': await files('export_files'),
    };
    for (const id of HOLDS) await addHold(desk, id);
    for (const id of ['put-back', 'other-end', 'unended']) await release(desk, id);
  } finally {
    await floor.close();
  }
});
afterAll(async () => {
  await base?.drop();
  await rm(home, { recursive: true, force: true });
});

async function addHold(desk: Database, id: string, of?: WalkedUnit): Promise<void> {
  const [kind, value] = of ? ['unit', of.serial] : ['batch', 'B-any'];
  await desk.raw('select add_legal_hold(?, ?, ?, ?, ?, ?)', [
    id,
    kind,
    value,
    of?.unitId ?? null,
    'a claim',
    '17',
  ]);
}

const release = (desk: Database, id: string) =>
  desk.raw('select release_legal_hold(?, ?, ?)', [id, 'settled', '23']);

/** The last content is locked by its place. */
async function removeAllButOne(
  retentionDb: Database,
  { store }: Awaited<ReturnType<typeof capsuleDeps>>,
  of: string,
): Promise<void> {
  const known = await retentionDb.raw<{ rows: { sha256: string }[] }>('select erase_contents(?) as sha256', [
    of,
  ]);
  const last = known.rows.at(-1)!.sha256;
  const remove = (sha256: Parameters<typeof store.remove>[0]) =>
    sha256 === last ? Promise.reject(new UnitrailError('NOT_ALLOWED', 'locked')) : store.remove(sha256);
  await expect(removeErased({ retentionDb, store: { ...store, remove } }, of)).rejects.toThrow('locked');
}

/**
 * What the auditor says of a copy in which somebody has done that, sorted, without times and digests; and without A18, by which the
 * log's heads tell of each stream that was written anew as well.
 */
async function told(lie: (su: Client) => Promise<unknown>): Promise<string[]> {
  const copy = await base.clone();
  try {
    await tamper(copy, lie);
    return (await wordsOf(copy)).filter((line) => !line.startsWith('A18'));
  } finally {
    await copy.drop();
  }
}

async function wordsOf(database: TestDatabase): Promise<string[]> {
  const { violations } = await audit(database.urlOf('auditor'), { store: join(home, 'store') });
  return violations
    .map(({ invariant, subject, found, expected }) => `${invariant} ${subject}: ${found} | ${expected}`)
    .map((line) => line.replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'T').replace(/[0-9a-f]{64}/g, contentName))
    .sort();
}

const contentName = (sha256: string): string =>
  contents.includes(sha256) ? `C${contents.indexOf(sha256)}` : 'D';

const all =
  (...statements: string[]) =>
  async (su: Client): Promise<void> => {
    for (const sql of statements) await su.query(sql);
  };

test('a plant, persons, holds and erasures that were told keep every promise', async () => {
  expect(contents.length).toBeGreaterThan(4);
  expect(await wordsOf(base)).toEqual([]);
});

test('a legal hold that is deleted, put there, lifted, put back, or changed in any field is named', async () => {
  const found = await told(
    all(
      `delete from legal_holds where id = 'deleted'`,
      `insert into legal_holds (id, kind, value, reason, added_by) values ('made-up', 'buyer', 'acme', 'a claim', '17')`,
      `update legal_holds set released_by = '23', released_reason = 'settled', released_at = now() where id = 'open'`,
      `update legal_holds set released_by = null, released_reason = null, released_at = null where id = 'put-back'`,
      `update legal_holds set kind = 'lot', value = 'L', reason = 'r', added_by = '31' where id = 'other-field'`,
      `update legal_holds set released_by = '17', released_reason = 'r', released_at = added_at - interval '1 day' where id = 'other-end'`,
      `update legal_holds set added_at = added_at - interval '1 day' where id = 'other-time'`,
      `update legal_holds set kind = 'batch', unit_id = null where id = 'released'`,
    ),
  );
  expect(found).toEqual(
    [
      'A19 legal hold deleted: events | the hold that they tell of',
      'A19 legal hold made-up: a row | the event that added it',
      'A19 legal hold open: released at T | an event legalHoldReleased',
      'A19 legal hold put-back: not released | released at T, by its event',
      'A19 legal hold other-field: kind = lot | kind = batch, by its event',
      'A19 legal hold other-field: value = L | value = B-any, by its event',
      'A19 legal hold other-field: reason = r | reason = a claim, by its event',
      'A19 legal hold other-field: by = 31 | by = 17, by its event',
      'A19 legal hold other-end: by = 17 | by = 23, by its event',
      'A19 legal hold other-end: reason = r | reason = settled, by its event',
      'A19 legal hold other-end: released at T | T, by its event',
      'A19 legal hold other-time: added at T | T, by its event',
      'A19 legal hold released: kind = batch | kind = unit, by its event',
      `A19 legal hold released: unit = null | unit = ${unit.unitId}, by its event`,
    ].sort(),
  );
});

test('a hold whose events are deleted is named, with all that went while it was open by what is left', async () => {
  const found = await told(async (su) => {
    await all(`delete from unit_events where stream = 'retention:hold-untold'`)(su);
    await all(`delete from streams where stream = 'retention:hold-untold'`)(su);
    await rewriteHistory(su, 'retention:hold-unended', without('legalHoldReleased'));
    await rewriteHistory(su, 'retention:hold-released', without('legalHoldReleased'));
    await su.query(
      `update legal_holds set released_by = null, released_reason = null, released_at = null where id = 'released'`,
    );
  });
  expect(found).toEqual(
    [
      'A19 legal hold untold: a row | the event that added it',
      'A19 legal hold unended: released at T | an event legalHoldReleased',
      `A19 legal hold released: unit ${unit.serial} moved at T | nothing while it is open`,
      `A19 legal hold released: unit ${unit.serial} in a capsule that moved at T | nothing while it is open`,
      `A19 legal hold released: unit ${unit.serial} erased at T | nothing while it is open`,
      ...filesGone('released'),
      `A19 operator 23: erased at T | nobody's name erased while legal hold released was open`,
    ].sort(),
  );
});

const filesGone = (hold: string): string[] =>
  Object.entries(gone).map(
    ([name, count]) =>
      `A19 legal hold ${hold}: ${count} files of ${name} removed, the first at T | nothing while it is open`,
  );

test.each(['unit', 'batch'])(
  'what left the content store while a hold on a %s was open is named, and not of runs that did not ask yet',
  async (kind) => {
    /** As if the hold `open` had been added between the end of the capsule and the removal of its files. */
    const holdBefore = async (su: Client): Promise<void> => {
      const { rows } = await su.query<{ batch: string; at: string }>(
        `select u.batch_id as batch, split_part(e.header, '|', 7) as at from units u, unit_events e
         where u.id = $1 and e.stream = $2 and e.type = 'capsuleErased'`,
        [unit.unitId, `retention:${run}`],
      );
      const { batch, at } = rows[0]!;
      const [value, unitId] = kind === 'unit' ? [unit.serial, unit.unitId] : [batch, null];
      await rewriteHistory(su, 'retention:hold-open', (history) =>
        withFacts('legalHoldAdded', { kind, value, unit: unitId })(history).map((event) => ({
          ...event,
          time: at,
        })),
      );
      const row = `update legal_holds set kind = $1, value = $2, unit_id = $3, added_at = $4 where id = 'open'`;
      await su.query(row, [kind, value, unitId, at]);
    };
    const name = `A19 operator 23: erased at T | nobody's name erased while legal hold open was open`;
    expect(await told(holdBefore)).toEqual([...filesGone('open'), name].sort());
    const found = await told(async (su) => {
      await holdBefore(su);
      const asBefore = withFacts('retentionOpened', { holdsAsked: false });
      await rewriteHistory(su, `retention:${run}`, asBefore);
    });
    expect(found).toEqual([name]);
  },
);

const without =
  (...types: string[]) =>
  (history: readonly Told[]): readonly Told[] =>
    history.filter(({ type }) => !types.includes(type));

test('an approval that is put there, deleted, or of another time or person is named', async () => {
  expect(
    await told(
      all(
        `insert into retention_approvals (plant_version, approved_by, approved_at) values (1, '31', now() - interval '1 day'), (2, '99', now())`,
        `delete from retention_approvals where plant_version = 2 and approved_by = '17'`,
        `update retention_approvals set approved_at = approved_at - interval '1 day' where approved_by = '23'`,
      ),
    ),
  ).toEqual(
    [
      'A19 plant version 1: approved by 31 at T | an event retentionApproved',
      'A19 plant version 2: approved by 23 at T | T, by its event',
      'A19 plant version 2: approved by 99 | a person on record',
      'A19 plant version 2: approved by 99 at T | an event retentionApproved',
      'A19 plant version 2: not approved by 17 | approved by 17 at T, by its event',
    ].sort(),
  );
  // By the one that is left alone, the version before counts for thirty days more: it keeps all for ever.
  expect(await told((su) => rewriteHistory(su, 'retention:plant-2', (history) => history.slice(1)))).toEqual(
    [...erasedTooEarly(), 'A19 plant version 2: approved by 17 at T | an event retentionApproved'].sort(),
  );
});

const erasedTooEarly = (): string[] => [
  `A19 capsule ${capsule}: erased at T | kept for ever, as no terms in force name an end`,
  'A19 operator 23: erased at T | kept for ever, as no terms in force name an end',
];

test('an erasure by approvals that were put there for it, and taken out again, is judged by the longest of the terms', async () => {
  const takeOut = all(
    'delete from retention_approvals',
    `delete from unit_events where stream = 'retention:plant-2'`,
    `delete from streams where stream = 'retention:plant-2'`,
  );
  expect(await told(takeOut)).toEqual(erasedTooEarly());
  const found = await told(async (su) => {
    await takeOut(su);
    // The version before had a policy: both count, and not the shorter one alone.
    const { rows } = await su.query<{ document: string }>(
      `update plant_versions v set document = replace(replace(n.document, '"archiveYears":-1', '"archiveYears":10'), '"operatorNamesMonths":0', '"operatorNamesMonths":12')
       from plant_versions n where v.id = 1 and n.id = 2 returning v.document`,
    );
    const document = digest(rows[0]!.document);
    await su.query('update plant_versions set sha256 = $1 where id = 1', [document]);
    await rewriteHistory(su, 'retention:plant', (history) =>
      history.map((event) =>
        event.key === 'version/1' ? withFacts('plantApplied', { document })([event])[0]! : event,
      ),
    );
  });
  expect(found).toEqual([
    `A19 capsule ${capsule}: kept until T | not before T, by its terms`,
    'A19 operator 23: erased at T | not before T, by its terms',
  ]);
});

test('an approval of a version that a newer one had replaced is named, though an event tells it', async () => {
  const found = await told(async (su) => {
    const time = new Date(Date.now() + 3_600_000).toISOString();
    await su.query(
      `insert into retention_approvals (plant_version, approved_by, approved_at) values (1, '31', $1)`,
      [time],
    );
    await su.query(`insert into streams (stream, seq, head) values ('retention:plant-1', 1, '')`);
    const body = '{"by":"31","plantVersion":1}';
    const of = { type: 'retentionApproved', key: 'approved/31', login: 'unitrail_desk_login' };
    await rewriteHistory(su, 'retention:plant-1', () => [{ ...of, body, time }]);
  });
  expect(found).toEqual(['A19 plant version 1: approved by 31 at T | before version 2 was applied at T']);
});

test('a version of the plant file that is changed, put there, deleted or of another time or login is named', async () => {
  const found = await told(
    all(
      `update plant_versions set document = replace(document, '"cobalt"', '"other"'), applied_at = applied_at - interval '40 days' where id = 2`,
      `delete from plant_versions where id = 1`,
      `insert into plant_versions (document, sha256, difference) values ('{}', 'x', '')`,
    ),
  );
  expect(found).toEqual(
    [
      'A19 plant version 1: an event | the version that it tells of',
      'A19 plant version 2: SHA-256 D | D, as its document has',
      'A19 plant version 2: document = D | document = D, by its event',
      'A19 plant version 2: applied at T | T, by its event',
      'A19 plant version 3: a row | the event that applied it',
    ].sort(),
  );
  expect(
    await told(
      all(
        `update plant_versions set difference = 'nothing', applied_by = 'nobody' where id = 1`,
        `update plant_versions set sha256 = 'x' where id = 2`,
      ),
    ),
  ).toEqual(
    [
      'A19 plant version 1: difference = D | difference = D, by its event',
      'A19 plant version 1: applied by nobody | unitrail_desk_login, by its event',
      'A19 plant version 2: SHA-256 x | D, as its document has',
    ].sort(),
  );
});

test('a version that no event tells, or one of before alone that was told later, is named', async () => {
  expect(await told((su) => rewriteHistory(su, 'retention:plant', (history) => history.slice(1)))).toEqual([
    'A19 plant version 1: a row | the event that applied it',
  ]);
  const found = await told(async (su) => {
    const facts = {
      appliedAt: '2020-01-01T00:00:00.000Z',
      appliedBy: 'x',
      difference: digest('d'),
      document: digest('{}'),
    };
    await su.query(
      `insert into plant_versions (id, document, sha256, difference, applied_by, applied_at) overriding system value
       values (0, '{}', $1, 'd', 'x', $2)`,
      [facts.document, facts.appliedAt],
    );
    const kept = { type: 'plantKept', key: 'version/0', body: JSON.stringify({ ...facts, version: 0 }) };
    await rewriteHistory(su, 'retention:plant', (history) => [...history, { ...history[0]!, ...kept }]);
  });
  expect(found).toEqual([
    expect.stringMatching(/^A19 retention:plant, event \d+: plantKept \| nothing of before, told later$/),
  ]);
});

test('a person whose row, name or time is changed, put there, deleted, erased or brought back by hand is named', async () => {
  const found = await told(
    all(
      `update operators set name = 'Somebody' where number = '17'`,
      `update operators set name = 'Grace Hopper', erased_at = null, left_at = null where number = '23'`,
      `delete from operators where number = '31'`,
      `insert into operators (number, name) values ('99', 'Nobody')`,
    ),
  );
  expect(found).toEqual(
    [
      'A19 operator 17: another name | the one of digest D, which its event tells',
      'A19 operator 23: not erased | erased at T, by its event',
      'A19 operator 23: a name | none, as it is erased',
      'A19 operator 23: not left | left at T, by its event',
      'A19 operator 31: no row | the person that the events tell of',
      'A19 operator 99: a row | an event that tells of the person',
    ].sort(),
  );
  expect(
    await told(
      all(
        `update operators set name = 'Somebody', salt = sha256('s') where number = '17'`,
        `update operators set left_at = left_at - interval '1 year', erased_at = erased_at - interval '1 day', salt = sha256('s') where number = '23'`,
        `update operators set name = null, salt = null, erased_at = now(), left_at = now() where number = '31'`,
      ),
    ),
  ).toEqual(
    [
      'A19 operator 17: another name | the one of digest D, which its event tells',
      'A19 operator 23: left at T | T, by its event',
      'A19 operator 23: erased at T | T, by its event',
      'A19 operator 23: the salt of a name | none, as it is erased',
      'A19 operator 31: erased at T | an event namesErased',
      'A19 operator 31: no name | the one of digest D, which its event tells',
      'A19 operator 31: left at T | an event operatorsLeft',
    ].sort(),
  );
});

test('an erased name that no event of a run tells, or one of somebody who is still here, is named', async () => {
  expect(await told((su) => rewriteHistory(su, `retention:${run}`, without('namesErased')))).toEqual(
    [
      'A19 operator 23: erased at T | an event namesErased',
      'A19 operator 23: no name | the one of digest D, which its event tells',
    ].sort(),
  );
  const also17 = withFacts('namesErased', { operators: ['17', '23'] });
  expect(await told((su) => rewriteHistory(su, `retention:${run}`, also17))).toEqual(
    [
      'A19 operator 17: not erased | erased at T, by its event',
      'A19 operator 17: a name | none, as it is erased',
      'A19 operator 17: the salt of a name | none, as it is erased',
      'A19 operator 17: erased at T | not before the person had left',
    ].sort(),
  );
});

test.each([
  ['before the time that its terms name', '"operatorNamesMonths":12', 'not before T, by its terms'],
  ['though no terms name a time', '"other":0', 'kept for ever, as no terms in force name an end'],
])('a name that was erased %s is named', async (_what, terms, expected) => {
  const found = await told(async (su) => {
    const { rows } = await su.query<{ document: string }>(
      `update plant_versions set document = replace(document, '"operatorNamesMonths":0', $1) where id = 2 returning document`,
      [terms],
    );
    const document = digest(rows[0]!.document);
    await su.query('update plant_versions set sha256 = $1 where id = 2', [document]);
    await rewriteHistory(su, 'retention:plant', (history) =>
      history.map((event) =>
        event.key === 'version/2' ? withFacts('plantApplied', { document })([event])[0]! : event,
      ),
    );
  });
  expect(found).toEqual([`A19 operator 23: erased at T | ${expected}`]);
});

test('an erased content that is deleted, put there, of another run or time, or not removed as was told is named', async () => {
  const [c0, c1, c2, c3] = contents as [string, string, string, string];
  const found = await told(
    all(
      `delete from erased_contents where sha256 = '${c0}'`,
      `update erased_contents set run_id = (select min(id) from retention_runs) where sha256 = '${c1}'`,
      `update erased_contents set removed_at = null where sha256 = '${c2}'`,
      `update erased_contents set decided_at = decided_at - interval '1 day', removed_at = removed_at + interval '1 day' where sha256 = '${c3}'`,
      `update erased_contents set removed_at = now() where sha256 = '${contents.at(-1)}'`,
      `insert into erased_contents (sha256, run_id) values ('${digest('made up')}', '${run}')`,
    ),
  );
  expect(found.map((line) => line.replace(/run \S+/, 'run R'))).toEqual(
    [
      'A19 erased content C0: no row of run R | decided at T, by its event',
      'A19 erased content C0: no row | removed at T, by its event',
      'A19 erased content C1: no row of run R | decided at T, by its event',
      'A19 erased content C1: decided at T in run R | an event contentsErased of that run',
      'A19 erased content C2: not removed | removed at T, by its event',
      'A19 erased content C3: decided at T | T, by its event',
      'A19 erased content C3: removed at T | T, by its event',
      `A19 erased content C${contents.length - 1}: removed at T | an event contentsRemoved`,
      'A19 erased content D: decided at T in run R | an event contentsErased of that run',
    ].sort(),
  );
});

test('erased contents whose events are deleted, or name others than they digest, are named', async () => {
  const found = await told((su) => rewriteHistory(su, `retention:${run}`, without('contentsErased')));
  expect(found).toEqual(
    contents
      .map(
        (_, at) =>
          `A19 erased content C${at}: decided at T in run ${run} | an event contentsErased of that run`,
      )
      .sort(),
  );
  const otherList = withFacts('contentsErased', { list: [...contents].sort().reverse() });
  const count = contents.length;
  expect(await told((su) => rewriteHistory(su, `retention:${run}`, otherList))).toEqual([
    `A19 retention run ${run}: a list of ${count} contents, D | ${count} contents, D, as its event says`,
  ]);
});

/** As runs told it before contents were named and their removal was told. */
const asBefore = (history: readonly Told[]): readonly Told[] =>
  without('contentsRemoved')(history).map((event) => {
    if (event.type !== 'contentsErased') return event;
    const { contents: count, listSha256 } = JSON.parse(event.body) as Record<string, unknown>;
    return { ...event, body: JSON.stringify({ contents: count, listSha256 }) };
  });

test('what runs of before told by a digest alone is counted and digested, and keeps every promise', async () => {
  const before = (su: Client): Promise<void> => rewriteHistory(su, `retention:${run}`, asBefore);
  expect(await told(before)).toEqual([]);
  const found = await told(async (su) => {
    await before(su);
    await su.query('delete from erased_contents where sha256 = $1', [contents[0]]);
  });
  const count = contents.length;
  expect(found).toEqual([
    `A19 retention run ${run}: ${count - 1} erased contents, D | ${count} of them, D, by its event`,
  ]);
});

test('an event of any of these types that is deleted, and nothing else, is named by the chain of its stream', async () => {
  const types = [
    ...['legalHoldAdded', 'legalHoldReleased', 'retentionApproved', 'plantApplied', 'operatorsNamed'],
    ...['operatorsLeft', 'operatorsReturned', 'namesErased', 'contentsErased', 'contentsRemoved'],
  ];
  for (const type of types) {
    let stream: string | undefined;
    const found = await told(async (su) => {
      const { rows } = await su.query<{ stream: string }>(
        `delete from unit_events where ctid = (select max(ctid) from unit_events where type = $1) returning stream`,
        [type],
      );
      stream = rows[0]!.stream;
    });
    expect([type, found]).toEqual([type, expect.arrayContaining([expect.stringContaining(`A1 ${stream}`)])]);
  }
});

test('what was there before it was told is told by the migration, and from then on like all else', async () => {
  const file = join(__dirname, '..', '..', 'migrations', '0055-plant-and-erasures-told.sql');
  const [block] = /^do \$\$[\s\S]*?^end \$\$;/m.exec(await readFile(file, 'utf8'))!;
  const upgrade = async (su: Client): Promise<void> => {
    await all(
      `delete from unit_events where stream = 'retention:plant'`,
      `delete from streams where stream = 'retention:plant'`,
      `update operators set salt = null`,
      `set session_authorization = '${new URL(base.ownerUrl).username}'`,
      block,
      `reset session_authorization`,
    )(su);
  };
  expect(await told(upgrade)).toEqual([]);
  const found = await told(async (su) => {
    await upgrade(su);
    await all(
      `update plant_versions set applied_at = applied_at - interval '40 days' where id = 2`,
      `update operators set name = 'Somebody' where number = '17'`,
      `update operators set left_at = null where number = '23'`,
    )(su);
  });
  expect(found).toEqual([
    'A19 operator 17: another name | the one of digest D, which its event tells',
    'A19 operator 23: not left | left at T, by its event',
    'A19 plant version 2: applied at T | T, by its event',
  ]);
});
