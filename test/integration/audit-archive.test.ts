import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Client } from 'pg';
import { approveRetention, retentionInForce } from '../../adapters/postgres/retention';
import { canonicalJson } from '../../domain/canonical';
import { audit, type Violation } from '../../tools/audit/audit';
import { capsuleDeps, moveAll, planRun } from '../support/capsule-run';
import { createTestDatabase, withSuperuser, type TestDatabase } from '../support/database';
import { shipBatch } from '../support/exports';
import { applyPolicy, handOut } from '../support/retention';
import { applySmallPlant, openShopFloor, openTestBatch } from '../support/shop-floor';
import { rewriteHistory, tamper, withFacts, type Told } from '../support/tamper';
import { decide, digest } from '../support/unit-acts';
import { walkUnit } from '../support/walk-unit';

/** A19. Whoever has the superuser's rights, and makes up what retention did, is told of. */
let base: TestDatabase;
let home: string;
/** A capsule that has moved, and the run that moved it. */
let moved: string;
let run: string;
/** A unit that is still here, with its record. */
let unit: string;
const madeUp = (): string => moved.replace(/-1$/, '-2');
const store = (): string => join(home, 'store');

beforeAll(async () => {
  home = await mkdtemp(join(process.env.UNITRAIL_TEST_HOME!, 'audit-archive-'));
  base = await createTestDatabase();
  const floor = openShopFloor(base);
  try {
    await applySmallPlant(floor);
    await applyPolicy(floor);
    const { version } = await retentionInForce(floor.as('desk'));
    for (const by of ['17', '23']) await approveRetention(floor.as('desk'), version, by);
    await shipBatch(floor, 2);
    await handOut(floor.as('office'), 'acme', home);
    const planned = await planRun(floor.as('office'));
    await moveAll(await capsuleDeps(floor.as('office'), home), floor.as('retention'), planned);
    [moved, run] = [planned.capsules[0]!, planned.run.id];
    unit = (await shipBatch(floor, 1)).units[0]!.unitId;
    await handOut(floor.as('office'), 'acme', home);
  } finally {
    await floor.close();
  }
});
afterAll(async () => {
  await base?.drop();
  await rm(home, { recursive: true, force: true });
});

async function told(
  lie: (su: Client) => Promise<unknown>,
  exportKeys: readonly string[] = [],
): Promise<readonly Violation[]> {
  const copy = await base.clone();
  try {
    await tamper(copy, lie);
    return (await audit(copy.urlOf('auditor'), { store: store(), exportKeys })).violations;
  } finally {
    await copy.drop();
  }
}

const subjectsOf = (violations: readonly Violation[]): string[] =>
  [...new Set(violations.map(({ invariant, subject }) => `${invariant} ${subject}`))].sort();

test('a run that did what it tells keeps every promise', async () => {
  expect(await told(() => Promise.resolve())).toEqual([]);
});

interface MadeUpMove {
  readonly capsule: string;
  readonly run: string;
  readonly unit: string;
  readonly state: 'moved' | 'erased';
}

/** Everything that a move would have left, and nothing of the unit: by rows that look as they should. */
async function makeUpMove(su: Client, move: MadeUpMove): Promise<void> {
  const manifest = JSON.stringify({ capsule: move.capsule });
  const events = JSON.stringify({ capsule: move.capsule, manifestSha256: digest(manifest) });
  await su.query(
    `insert into capsules (id, run_id, buyer, product, month, number, units, records, events, state, made_at, manifest, events_manifest, delivery, moved_at, erased_at)
     select $1, $2, c.buyer, c.product, c.month, c.number + 1, 1, 1, u.seq, $3, now(), $4, $5, 'delivered', now(), case $3::text when 'erased' then now() end
     from capsules c, units u where u.id = $6`,
    [move.capsule, move.run, move.state, manifest, events, move.unit],
  );
  await su.query(
    `insert into capsule_units (unit_id, last_seq, head, capsule_id, issuer, serial, record_sha256, retired_at)
     select u.id, u.seq, u.head, $2, u.issuer, u.serial, r.sha256, now() from units u join records r on r.unit_id = u.id where u.id = $1`,
    [move.unit, move.capsule],
  );
  await su.query(
    `insert into capsule_copies (capsule_id, place, run_id, manifest_sha256, verified_by) values ($1, 'store', $2, $3, 'unitrail_office')`,
    [move.capsule, move.run, digest(events)],
  );
  await su.query(`insert into capsule_deliveries (capsule_id, target) values ($1, 'sftp://acme')`, [
    move.capsule,
  ]);
  await su.query(`delete from unit_events where stream = 'unit:' || $1`, [move.unit]);
  await su.query('delete from records where unit_id = $1::uuid', [move.unit]);
}

/** What the capsule's events would be, each like that of the capsule that did move. */
const eventsOf =
  (capsule: string, events: number, manifestSha256: string) =>
  (history: readonly Told[]): readonly Told[] => {
    const copies = history
      .filter(({ key }) => key.includes(moved))
      .map((event) => {
        const facts = { ...(JSON.parse(event.body) as object), capsule } as Record<string, unknown>;
        if ('manifestSha256' in facts) facts.manifestSha256 = manifestSha256;
        if ('events' in facts) facts.events = events;
        for (const name of ['units', 'records']) if (name in facts) facts[name] = 1;
        if (event.type === 'capsuleMade') facts.files = 0;
        return { ...event, key: event.key.replace(moved, capsule), body: JSON.stringify(facts) };
      });
    return beforeEnd(history, copies);
  };

/** As a run would have told them: nothing stands behind its end. */
const beforeEnd = (history: readonly Told[], more: readonly Told[]): readonly Told[] => [
  ...history.filter(({ type }) => type !== 'retentionEnded'),
  ...more,
  ...history.filter(({ type }) => type === 'retentionEnded'),
];

const seqOf = async (su: Client): Promise<number> =>
  Number((await su.query<{ seq: string }>('select seq from units where id = $1', [unit])).rows[0]!.seq);

test.each(['erased', 'moved'] as const)(
  'a unit whose bytes were deleted, with all rows of a capsule that is %s and no event of it, is told',
  async (state) => {
    const violations = await told((su) => makeUpMove(su, { capsule: madeUp(), run, unit, state }));
    expect(subjectsOf(violations)).toEqual([`A19 capsule ${madeUp()}`]);
    expect(violations.map(({ expected }) => expected)).toEqual(
      expect.arrayContaining(['the event that planned it', 'an event capsuleMoved']),
    );
  },
);

test('the same with events in the run that were put there by hand breaks the chain of the run, and is told by it', async () => {
  const violations = await told(async (su) => {
    await makeUpMove(su, { capsule: madeUp(), run, unit, state: 'erased' });
    // The table's own constraint wants a hash of what stands in the row; what it can't see is the event before.
    await su.query(
      `insert into unit_events (stream, seq, type, key, header, body, prev, hash, at)
       select stream, seq + 100, type, replace(key, $2, $3), x.header, x.body, prev,
         sha256(prev || sha256(convert_to(x.header, 'UTF8')) || sha256(convert_to(x.body, 'UTF8'))), at
       from unit_events e cross join lateral (select replace(e.header, $2, $3) as header, replace(e.body, $2, $3) as body) x
       where stream = 'retention:' || $1 and key like '%' || $2 || '%'`,
      [run, moved, madeUp()],
    );
  });
  expect(subjectsOf(violations)).toEqual(
    expect.arrayContaining([`A19 capsule ${madeUp()}`, expect.stringMatching(`^A1 retention:${run}`)]),
  );
});

test('the same with a chain that was made to hold has no manifest that a key of this house has signed', async () => {
  const violations = await told(async (su) => {
    const seq = await seqOf(su);
    await makeUpMove(su, { capsule: madeUp(), run, unit, state: 'moved' });
    const { rows } = await su.query<{ manifest: string }>(
      'select events_manifest as manifest from capsules where id = $1',
      [madeUp()],
    );
    await rewriteHistory(su, `retention:${run}`, eventsOf(madeUp(), seq, digest(rows[0]!.manifest)));
  });
  expect(subjectsOf(violations)).toEqual([`A19 capsule ${madeUp()}`]);
  expect(violations.map(({ expected }) => expected)).toEqual(
    expect.arrayContaining(['one of a key on record']),
  );
});

test.each([
  ['whose row alone was put there', 'an event exportMade or capsuleMade that names it', false],
  ['that is none of those given', 'one of those given', true],
])('a key on record %s is named, and what it has signed', async (_what, expected, isGiven) => {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const der = publicKey.export({ type: 'spki', format: 'der' });
  const keyId = createHash('sha256').update(der).digest('hex').slice(0, 16);
  const known: string[] = [];
  const signAnew = async (su: Client): Promise<void> => {
    await su.query('insert into export_keys (id, public_key) values ($1, $2)', [
      keyId,
      der.toString('base64'),
    ]);
    const { rows } = await su.query<{ text: string }>('select manifest as text from capsules');
    const body = JSON.parse(rows[0]!.text) as Record<string, unknown>;
    delete body.signature;
    const value = sign(null, Buffer.from(canonicalJson(body)), privateKey).toString('base64');
    const signature = { algorithm: 'Ed25519', keyId, value };
    await su.query('update capsules set manifest = $1', [canonicalJson({ ...body, signature })]);
  };
  if (isGiven) known.push(await keyOfThisHouse());
  const violations = await told(signAnew, known);
  const key = { invariant: 'A17', subject: `key ${keyId} of exports`, found: 'a key on record', expected };
  expect(violations).toEqual(
    expect.arrayContaining([key, expect.objectContaining({ expected: 'one of a key on record' })]),
  );
});

async function keyOfThisHouse(): Promise<string> {
  const sql = 'select public_key as key from export_keys';
  return withSuperuser(async (su) => (await su.query<{ key: string }>(sql)).rows[0]!.key, base.superuserUrl);
}

test('by the key that is given, a run that did what it tells keeps every promise', async () => {
  expect(await told(() => Promise.resolve(), [await keyOfThisHouse()])).toEqual([]);
});

test('a capsule may be the first thing that a key has signed: the key is on record with it', async () => {
  const database = await createTestDatabase();
  const floor = openShopFloor(database);
  const own = join(home, 'own');
  try {
    await applySmallPlant(floor);
    await applyPolicy(floor);
    const trial = await openTestBatch(floor, { trial: true, quantity: 1 });
    await decide(floor, await walkUnit(floor, { batch: trial, upTo: 'assign' }), 'scrapped', {
      code: 'test',
    });
    const deps = await capsuleDeps(floor.as('office'), own);
    const planned = await planRun(floor.as('office'));
    expect(planned.capsules).toEqual([expect.stringMatching(/^own-/)]);
    const keys = () => floor.as('office')('export_keys').select('id', 'public_key');
    const manifest = '{"signature":{"keyId":"another"}}';
    const events = JSON.stringify({ manifestSha256: digest(manifest), signature: { keyId: deps.key.keyId } });
    const booking = [planned.capsules[0]!, planned.run.id, manifest, events, '[]', deps.key.publicKey];
    await expect(
      floor.as('office').raw('select capsule_made(?, ?, ?, ?, ?::jsonb, ?)', booking),
    ).rejects.toMatchObject({ code: 'UT002', message: expect.stringContaining(deps.key.keyId) as string });
    for (const key of ['no base64!', `${deps.key.publicKey}A`, Buffer.alloc(44).toString('base64'), null])
      await expect(
        floor
          .as('office')
          .raw('select capsule_made(?, ?, ?, ?, ?::jsonb, ?)', [...booking.slice(0, -1), key] as string[]),
      ).rejects.toMatchObject({
        code: 'UT007',
        message: expect.stringMatching(/^publicKey: .* is not allowed; an Ed25519 public key/) as string,
      });
    expect(await keys()).toEqual([]);
    await moveAll(deps, floor.as('retention'), planned);
    expect(await keys()).toEqual([{ id: deps.key.keyId, public_key: deps.key.publicKey }]);
    const judge = async () =>
      (await audit(database.urlOf('auditor'), { store: join(own, 'store') })).violations;
    expect(await judge()).toEqual([]);
    // The event names the key that is in the manifest.
    await tamper(database, (su) =>
      rewriteHistory(su, `retention:${planned.run.id}`, withFacts('capsuleMade', { keyId: '0'.repeat(16) })),
    );
    expect(subjectsOf(await judge())).toEqual([
      `A17 key ${deps.key.keyId} of exports`,
      `A19 capsule ${planned.capsules[0]!}`,
    ]);
  } finally {
    await floor.close();
    await database.drop();
  }
});

const ofMoved = (): string[] => [`A19 capsule ${moved}`];
const update = (set: string) => (su: Client) => su.query(`update capsules set ${set}`);

test.each<[string, (su: Client) => Promise<unknown>, () => string[]]>([
  ['is said to be erased', update(`state = 'erased', erased_at = now()`), ofMoved],
  ['is said to be still there', update(`state = 'made', moved_at = null`), ofMoved],
  ['was moved at another time', update(`moved_at = moved_at - interval '1 day'`), ofMoved],
  ['was planned at another time', update(`planned_at = planned_at - interval '1 day'`), ofMoved],
  ['counts other units', update('units = units + 1'), ofMoved],
  ['was brought to nobody', update(`delivery = 'delivered'`), ofMoved],
  ['has another month', update(`month = '2020-01'`), ofMoved],
  [
    'has a unit that was removed before anybody had read the copy back',
    (su) => su.query(`update capsule_units set retired_at = retired_at - interval '1 hour'`),
    ofMoved,
  ],
  ['has no copy that was read back', (su) => su.query('delete from capsule_copies'), ofMoved],
  [
    'has a copy that somebody else has read back',
    (su) => su.query(`update capsule_copies set verified_by = 'unitrail_desk'`),
    ofMoved,
  ],
  [
    'has a copy that was read back at another time',
    (su) => su.query(`update capsule_copies set verified_at = verified_at - interval '1 hour'`),
    ofMoved,
  ],
  [
    'has a copy in a place that nobody has read',
    (su) =>
      su.query(`insert into capsule_copies (capsule_id, place, run_id, manifest_sha256)
        select capsule_id, 'vault', run_id, manifest_sha256 from capsule_copies`),
    ofMoved,
  ],
  [
    'has a file that its manifests do not name',
    (su) =>
      su.query(`update capsule_files set sha256 = o.sha256, size_bytes = o.size_bytes
        from capsule_files o where capsule_files.role = 'readme' and o.role = 'schema'`),
    ofMoved,
  ],
  [
    'has a manifest that was written anew, with the event to match',
    async (su) => {
      const { rows } = await su.query<{ text: string }>(
        `update capsules set events_manifest = replace(events_manifest, '"events":', '"events":1') returning events_manifest as text`,
      );
      const manifestSha256 = digest(rows[0]!.text);
      await su.query('update capsule_copies set manifest_sha256 = $1', [manifestSha256]);
      await rewriteHistory(su, `retention:${run}`, (history) =>
        withFacts('copyVerified', { manifestSha256 })(withFacts('capsuleMade', { manifestSha256 })(history)),
      );
    },
    ofMoved,
  ],
  [
    'was moved before it was read back, by its events',
    (su) =>
      rewriteHistory(su, `retention:${run}`, (history) => {
        const verified = history.find(({ type }) => type === 'copyVerified')!;
        return beforeEnd(
          history.filter((event) => event !== verified),
          [verified],
        );
      }),
    ofMoved,
  ],
  [
    'is told to be moved by nobody',
    (su) =>
      rewriteHistory(su, `retention:${run}`, (history) =>
        history.filter(({ type }) => type !== 'capsuleMoved'),
      ),
    ofMoved,
  ],
  [
    'is in a run that ended with another report',
    (su) => su.query(`update retention_runs set report = replace(report, '"erased":[]', '"erased":[1]')`),
    () => [`A19 retention run ${run}`],
  ],
  [
    'is in a run that somebody has confirmed, by its row alone',
    (su) => su.query(`update retention_runs set clock_confirmed_by = '17'`),
    () => [`A19 retention run ${run}`],
  ],
  [
    'was moved in a run whose clock was not trusted',
    async (su) => {
      await su.query('update retention_runs set clock_trusted = false');
      await rewriteHistory(su, `retention:${run}`, withFacts('retentionOpened', { clockTrusted: false }));
    },
    () => [`A19 retention run ${run}`],
  ],
  [
    'is in a run that nobody has opened',
    (su) =>
      su.query(
        `insert into retention_runs (id, request, as_of, clock_trusted) values ('R', 'r', now(), true)`,
      ),
    () => ['A19 retention run R'],
  ],
])('a capsule that %s is named', async (_what, lie, subjects) => {
  expect(subjectsOf(await told(lie))).toEqual(subjects());
});

test.each([
  ['has lost a unit', 'delete from capsule_units where serial = (select max(serial) from capsule_units)'],
  ['has a unit that is not removed', 'update capsule_units set retired_at = null'],
])('a capsule that %s is named, among the promises that the unit breaks', async (_what, sql) => {
  const violations = await told((su) => su.query(sql));
  expect(subjectsOf(violations)).toEqual(expect.arrayContaining(ofMoved()));
});

/** Says that the capsule was erased just now, in the row, and by the event that is returned. */
async function makeUpErasure(su: Client, keptUntil: string): Promise<Told> {
  await su.query(`update capsules set state = 'erased', erased_at = clock_timestamp() where id = $1`, [
    moved,
  ]);
  const body = JSON.stringify({ capsule: moved, keptUntil, units: 2 });
  const { rows } = await su.query<{ login: string }>(
    `select split_part(header, '|', 6) as login from unit_events where type = 'capsuleMoved'`,
  );
  const time = new Date().toISOString();
  return { type: 'capsuleErased', key: `erased/${moved}`, login: rows[0]!.login, body, time };
}

const DAY_MS = 86_400_000;
const daysAgo = (days: number): string => new Date(Date.now() - days * DAY_MS).toISOString();

test.each<[string, (su: Client, event: Told) => Promise<unknown>, () => string]>([
  [
    'behind the end of its run',
    (su, event) => rewriteHistory(su, `retention:${run}`, (history) => [...history, event]),
    () => run,
  ],
  [
    'in the stream of no run, like that of a hold',
    async (su, event) => {
      await su.query(`insert into streams (stream, seq, head) values ('retention:hold-R', 1, '')`);
      await rewriteHistory(su, 'retention:hold-R', () => [event]);
    },
    () => 'hold-R',
  ],
])('an erasure that is told %s is named', async (_where, tell, of) => {
  const violations = await told(async (su) => tell(su, await makeUpErasure(su, daysAgo(1))));
  expect(subjectsOf(violations)).toContain(`A19 retention run ${of()}`);
  expect(subjectsOf(violations).filter((subject) => !subject.startsWith('A19'))).toEqual([]);
});

/** The capsule as it was before its end, in the rows and in the run: `without` is what nobody tells. */
async function turnBack(su: Client, set: string, without: readonly string[]): Promise<void> {
  await su.query(`update capsules set moved_at = null, ${set} where id = $1`, [moved]);
  await rewriteHistory(su, `retention:${run}`, (history) =>
    history.filter(({ type }) => !without.includes(type)),
  );
}

test('a unit that moved before its capsule was brought to anybody is named, also while the capsule has not moved as a whole', async () => {
  const violations = await told((su) =>
    turnBack(su, `state = 'made', delivery = 'due'`, ['capsuleMoved', 'capsuleDelivered']),
  );
  expect(violations).toEqual([
    expect.objectContaining({ subject: `capsule ${moved}`, expected: 'brought to acme before' }),
  ]);
});

test('units that moved out of a capsule that is not made are named', async () => {
  const violations = await told((su) =>
    turnBack(su, `state = 'planned', made_at = null, manifest = null, events_manifest = null`, [
      'capsuleMoved',
      'capsuleMade',
    ]),
  );
  expect(violations.map(({ expected }) => expected)).toContain(
    'none moved from what is not made or was given up',
  );
});

const MINUTE_MS = 60_000;

test.each([
  ['takes ten minutes to be given up, under the locks of others,', 10, false],
  ['was given up after its event told so', -10, true],
  ['was given up hours before its event told so', 120, true],
])('a capsule that %s is judged by that', async (_what, minutes, isTold) => {
  const violations = await told(async (su) => {
    await turnBack(su, `state = 'abandoned', delivery = 'none', abandoned_at = clock_timestamp()`, [
      'capsuleMoved',
    ]);
    const time = new Date(Date.now() + minutes * MINUTE_MS).toISOString();
    const body = JSON.stringify({ capsule: moved, code: 'C', reason: 'r', units: 2 });
    await rewriteHistory(su, `retention:${run}`, (history) =>
      beforeEnd(history, [
        { ...history[0]!, type: 'capsuleAbandoned', key: `abandoned/${moved}`, body, time },
      ]),
    );
  });
  const times = violations.filter(({ found }) => found.startsWith('abandoned at'));
  expect(times).toHaveLength(isTold ? 1 : 0);
});

/** When its archive is over, had it shipped some years ago: ten years after it was closed. */
async function shippedYearsAgo(su: Client, years: number): Promise<Date> {
  const { rows } = await su.query<{ at: Date }>(
    `update shipments set closed_at = closed_at - make_interval(years => $1) returning closed_at + interval '10 years' as at`,
    [years],
  );
  return rows[0]!.at;
}

test.each<[string, number, number, boolean]>([
  ['before its archive was over', 1, -3650, true],
  ['at the time that its terms name', 11, 0, false],
  ['with another end of its archive than by its terms', 11, -30, true],
])('an erasure in a run that tells it %s', async (_what, years, days, isTold) => {
  const violations = await told(async (su) => {
    const end = await shippedYearsAgo(su, years);
    const event = await makeUpErasure(su, new Date(end.getTime() + days * DAY_MS).toISOString());
    await rewriteHistory(su, `retention:${run}`, (history) => beforeEnd(history, [event]));
  });
  // (What the closing of the shipments tells otherwise is another promise.)
  const expected = isTold ? [expect.stringMatching(/^not before .* by its terms$/)] : [];
  expect(violations.filter(({ invariant }) => invariant === 'A19').map((one) => one.expected)).toEqual(
    expected,
  );
});

test('events of a capsule that has no row are named', async () => {
  const violations = await told(async (su) => {
    for (const table of ['capsule_copies', 'capsule_files', 'capsule_units', 'capsule_statements'])
      await su.query(`delete from ${table}`);
    await su.query('delete from capsules');
  });
  expect(violations).toContainEqual({
    ...{ invariant: 'A19', subject: `capsule ${moved}` },
    ...{ found: 'events', expected: 'the capsule that they tell of' },
  });
});
