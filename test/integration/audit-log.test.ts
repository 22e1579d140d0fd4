import { createHash, generateKeyPairSync } from 'node:crypto';
import { appendFile, cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Client } from 'pg';
import { readLogKey } from '../../adapters/keys/log-key';
import { openLogFolder } from '../../adapters/log/log-folder';
import { sequenceLog } from '../../adapters/log/sequence-log';
import { openDatabase } from '../../adapters/postgres/database';
import { canonicalJson } from '../../domain/canonical';
import { audit, type AuditReport } from '../../tools/audit/audit';
import { cosign } from '../../tools/export-verifier/cosign';
import { streamOf, tellTruth } from '../support/audit-lies';
import { shipBatch } from '../support/exports';
import { openShopFloor } from '../support/shop-floor';
import { rewriteHistory, tamper } from '../support/tamper';
import { decide, walkUnit, type WalkedUnit } from '../support/walk-unit';

/** A18. Whoever has the superuser's rights and the folder's, and not the key of the log, is told of. */
const truth = tellTruth();
const { story, base, onACopy } = truth;
const manufacturer = { issuer: 'unitrail', name: 'Unitrail', companyPrefix: '061414112' };
let home: string;
let scrapped: WalkedUnit;
let publicKey: string;
/** The checkpoint of half the tree, as the folder had it once. */
let older: string;

beforeAll(async () => {
  home = await mkdtemp(join(process.env.UNITRAIL_TEST_HOME!, 'audit-log-'));
  const floor = openShopFloor(base());
  const db = openDatabase(base().urlOf('office'), { applicationName: 'test-log', maxConnections: 4 });
  try {
    scrapped = await walkUnit(floor, { upTo: 'flash' });
    await decide(floor, scrapped, 'scrapped', { code: 'test' });
    const key = await readLogKey({ env: {}, manufacturer, home });
    publicKey = key.text;
    const folder = openLogFolder(join(home, 'log'));
    older = (await sequenceLog({ db, key, folder })).note;
    await shipBatch(floor, 3);
    await sequenceLog({ db, key, folder });
  } finally {
    await db.destroy();
    await floor.close();
  }
});
afterAll(() => rm(home, { recursive: true, force: true }));

let copies = 0;
async function told(
  lie: (su: Client, folder: string) => Promise<unknown>,
  logKeys = [publicKey],
): Promise<AuditReport> {
  return onACopy(async (copy) => {
    const folder = join(home, `copy-${(copies += 1)}`);
    await cp(join(home, 'log'), folder, { recursive: true });
    await tamper(copy, (su) => lie(su, folder));
    return audit(copy.urlOf('auditor'), { logFolder: folder, logKeys });
  });
}

const sha256Hex = (text: string): string => createHash('sha256').update(text).digest('hex');

/** A document of nobody's, which waits for its place. */
async function wait(su: Client, queued: string, found: string): Promise<void> {
  await su.query(`insert into log_heads values (9, now(), $1)`, [found]);
  await su.query(
    `insert into log_queue (id, format, stream, seq, sha256, salt) overriding system value values (1000, 'unitrail.heads/1', 'log', 9, $1, sha256('salt'))`,
    [sha256Hex(queued)],
  );
  await su.query('insert into log_pending values (1000)');
}

/** As the sequencer refuses it. */
async function refuse(su: Client, sha256: string): Promise<void> {
  const document = { format: 'unitrail.heads/1', seq: 9, sha256, stream: 'log' };
  const body = canonicalJson({
    at: '2026-11-26T06:00:00.000Z',
    document,
    format: 'unitrail.refusal/1',
    found: null,
    number: 1,
  });
  await su.query('insert into log_refusals values (1, 1000, $1, now(), $2)', [sha256, body]);
  await su.query(
    `insert into log_queue (id, format, stream, seq, sha256, salt) overriding system value values (1001, 'unitrail.refusal/1', 'log:refused', 1, $1, sha256('salt'))`,
    [sha256Hex(body)],
  );
  await su.query('insert into log_pending values (1001)');
}

/** A witness has co-signed the older checkpoint; what else is on record of it is given. Its public key. */
async function witness(su: Client, recorded: readonly string[], name = 'w.example'): Promise<string> {
  const { privateKey } = generateKeyPairSync('ed25519');
  const pem = privateKey.export({ format: 'pem', type: 'pkcs8' }) as string;
  const asked = { checkpoint: older, logKey: publicKey, privateKey: pem, name };
  const signed = cosign({ ...asked, previous: null, consistency: null, time: 1_800_000_000 });
  await su.query(
    `insert into log_cosignatures (origin, size, witness, signed_at, line) values ($1, $2, $3, to_timestamp(1800000000), $4)`,
    [signed.origin, signed.size, signed.witness, signed.note.trimEnd().split('\n').at(-1)],
  );
  for (const sql of recorded)
    await su.query(`insert into ${sql} from log_cosignatures where witness = $1`, [signed.witness]);
  return signed.witness;
}

/** As many as a log has, each with its place; their public keys. */
async function witnesses(su: Client): Promise<string[]> {
  const keys: string[] = [];
  for (let place = 1; place <= 16; place += 1)
    keys.push(await witness(su, [hasPlaceOf(place), holds], `w${place}.example`));
  return keys;
}

/** Lines under a witness's key that it has not signed; the office has looked at them. */
async function flood(su: Client, key: string, lines = 300): Promise<void> {
  await su.query(
    `insert into log_cosignatures (origin, size, witness, signed_at, line)
     select c.origin, c.size, $1, to_timestamp(n), '— junk ' || n from generate_series(1, $2::integer) as n, log_checkpoints c`,
    [key, lines],
  );
}

const waits = 'log_cosignatures_waiting select id';
const hasPlaceOf = (place: number): string => `log_witnesses select origin, witness, id, ${place}`;
const hasPlace = hasPlaceOf(1);
const hasNoPlace = 'log_witnesses select origin, witness, id, null::integer';
const holds = 'log_cosignatures_held select id, origin, witness, size, signed_at';
const holdsElsewhere = 'log_cosignatures_held select id, origin, witness, size + 1, signed_at';

const ofLog = ({ violations }: AuditReport): string[] =>
  violations.filter(({ invariant }) => invariant === 'A18').map(({ subject }) => subject);

test('a log that was made by the sequencer keeps every promise', async () => {
  const report = await told(() => Promise.resolve());
  expect(report.violations).toEqual([]);
  expect(report.notes).toEqual([]);
  expect(report.counts.leaves).toBeGreaterThan(6);
});

test('what a witness has signed waits, is among what holds, or is of a witness that came when there was no place', async () => {
  for (const recorded of [[waits], [hasPlace, holds]])
    expect(ofLog(await told((su) => witness(su, recorded)))).toEqual([]);
  const isFull = async (su: Client): Promise<void> => {
    await witnesses(su);
    await witness(su, [hasNoPlace]);
  };
  expect(ofLog(await told(isFull))).toEqual([]);
});

test('a witness that has the name and the id of another one has no place, and that is no lie', async () => {
  // Two keys of one id are not found in a test: the second has the first one's name only here.
  const namesake = async (su: Client): Promise<void> => {
    const first = await witness(su, [hasPlace, holds]);
    const [name, id] = first.split('+');
    await su.query(`insert into log_witnesses select origin, $1, id + 1000, null from log_cosignatures`, [
      `${name}+${id}+another`,
    ]);
  };
  expect(ofLog(await told(namesake))).toEqual([]);
});

test('junk without end is one finding a witness, and hides no other one', async () => {
  const junk = async (su: Client): Promise<void> => {
    const [first, second, third] = (await witnesses(su)) as [string, string, string];
    await su.query('delete from log_cosignatures_held where witness = $1', [third]);
    for (const key of [first, second]) await flood(su, key);
    await su.query('update log_leaves set index = index + 1000 where index = 3');
    await su.query(
      `update log_queue set salt = sha256('lie') where id = (select queue_id from log_leaves where index = 1)`,
    );
  };
  const { violations } = await told(junk);
  const found = violations.map(({ subject, found: what }) => `${subject}: ${what}`);
  expect(found).toEqual([
    expect.stringMatching(/^leaf 1 of the log: /),
    'leaf 3 of the log: none',
    expect.stringMatching(/^witness w3\.example\S+ of \S+: place 3$/),
    expect.stringMatching(
      /^co-signature of checkpoint \d+ of \S+ by w3\.example\S+: one that holds, and is in no export$/,
    ),
    ...['w1', 'w2'].map((name) =>
      expect.stringMatching(
        new RegExp(
          `^co-signature of checkpoint \\d+ of \\S+ by ${name}\\.example\\S+: no signature that holds, and 599 more of that witness$`,
        ),
      ),
    ),
  ]);
});

test('junk under ever new keys is counted from the fiftieth on', async () => {
  const junk = async (su: Client): Promise<void> => {
    for (let n = 0; n < 53; n += 1) await flood(su, `w${n}.example+00000000+x`, 2);
  };
  const found = ofLog(await told(junk));
  expect(found).toHaveLength(51);
  expect(found.at(-1)).toBe('co-signatures by 3 more witnesses');
});

test('what lies outside the database is looked at where it is known, and that it was not is told', async () => {
  const report = await audit(base().urlOf('auditor'));
  expect(report.violations).toEqual([]);
  expect(report.notes).toEqual([
    expect.stringContaining('were taken from the database itself'),
    expect.stringContaining('was not looked at'),
  ]);
});

test('a log that a stranger has signed anew, on record as well, is named where the keys are given', async () => {
  const signAnew = async (su: Client, folder: string): Promise<void> => {
    const key = await readLogKey({ env: {}, manufacturer, home: await mkdtemp(join(home, 'stranger-')) });
    const { rows } = await su.query<{ size: string; root: Buffer }>('select size, root from log_checkpoints');
    await su.query('insert into log_keys (key) values ($1)', [key.text]);
    for (const { size, root } of rows)
      await su.query('update log_checkpoints set note = $2, key = $3 where size = $1', [
        size,
        key.checkpoint({ size: Number(size), root }).note,
        key.text,
      ]);
    await su.query('delete from log_keys where key <> $1', [key.text]);
    const newest = rows.reduce((one, other) => (Number(other.size) > Number(one.size) ? other : one));
    const { note } = key.checkpoint({ size: Number(newest.size), root: newest.root });
    await writeFile(join(folder, 'checkpoint'), note);
  };
  expect(ofLog(await told(signAnew))).toEqual([
    expect.stringMatching(/^key unitrail\.log/),
    expect.stringMatching(/^checkpoint in /),
  ]);
  const unaware = await told(signAnew, []);
  expect(ofLog(unaware)).toEqual([]);
  expect(unaware.notes).toEqual([expect.stringContaining('were taken from the database itself')]);
});

test('a checkpoint outside of a database that knows no key is named', async () => {
  const forget = async (su: Client): Promise<void> => {
    await su.query('delete from log_checkpoints');
    await su.query('delete from log_keys');
  };
  expect(ofLog(await told(forget, []))).toEqual([expect.stringMatching(/^checkpoint in /)]);
});

/** Everywhere in the database, so that nothing but what is outside of it can tell. */
async function rewriteRecord(su: Client, { unitId }: WalkedUnit): Promise<void> {
  await su.query(
    `update records set body = replace(body, '"value":3.291', '"value":3.292'), sha256 = encode(sha256(convert_to(replace(body, '"value":3.291', '"value":3.292'), 'UTF8')), 'hex')
     where unit_id = $1`,
    [unitId],
  );
  await rewriteLeaf(su, unitId);
}

async function rewriteLeaf(su: Client, unitId: string): Promise<void> {
  await su.query(
    `update log_queue q set sha256 = r.sha256 from records r where r.unit_id = $1 and q.stream = 'unit:' || r.unit_id`,
    [unitId],
  );
  await su.query(
    `update log_leaves l set entry = sha256(q.salt || convert_to(r.body, 'UTF8')) from log_queue q, records r
     where q.id = l.queue_id and q.stream = 'unit:' || r.unit_id and r.unit_id = $1`,
    [unitId],
  );
}

/** Gives leaves another place. In two steps: their indexes are unique. */
async function move(su: Client, which: string, to: string): Promise<void> {
  await su.query(`update log_leaves set index = index + 1000000 where ${which}`);
  await su.query(
    `update log_leaves set index = ${to.replace('index', '(index - 1000000)')} where index >= 1000000`,
  );
}

/** Flips a bit of the second hash, or of the second entry. */
async function edit(folder: string, tile: string): Promise<void> {
  const [, size] = (await readFile(join(folder, 'checkpoint'), 'utf8')).split('\n');
  const path = join(folder, tile, size!);
  const bytes = await readFile(path);
  bytes[40] = bytes[40]! ^ 1;
  await writeFile(path, bytes);
}

/** As if its events were older, and no heads had told it. */
async function forgetTold(su: Client, stream: string): Promise<void> {
  await su.query('delete from log_told where stream = $1', [stream]);
  await su.query(`update unit_events set at = at - interval '3 hours' where stream = $1`, [stream]);
}

/** The older checkpoint: more than two hours before the newest one, and behind what happened three hours ago. */
const SIGNED_BEFORE = `update log_checkpoints set booked_at = booked_at - interval '150 minutes' where size = (select min(size) from log_checkpoints)`;

test('a history of before the clock jumped waits for the next heads', async () => {
  expect(ofLog(await told((su) => forgetTold(su, streamOf(story().held))))).toEqual([]);
});

async function leaveOut(su: Client, witnessKey: string): Promise<void> {
  await su.query('update log_witnesses set place = null where witness = $1', [witnessKey]);
  await su.query('delete from log_cosignatures_held where witness = $1', [witnessKey]);
}

const lies: [string, (su: Client, folder: string) => Promise<unknown>, () => (string | RegExp)[]][] = [
  [
    'a record that was edited, and nothing else',
    (su) =>
      su.query(
        `update records set body = replace(body, '"verdict":"PASS"', '"verdict":"FAIL"'), sha256 = encode(sha256(convert_to(replace(body, '"verdict":"PASS"', '"verdict":"FAIL"'), 'UTF8')), 'hex') where unit_id = $1`,
        [story().shipped.unitId],
      ),
    () => [/^leaf \d+ of the log$/],
  ],
  [
    'a record that was edited, with its digest, its row of the queue and its leaf',
    (su) => rewriteRecord(su, story().shipped),
    () => [/^tile\/0\/000/, /^checkpoint \d+ of unitrail.log\/unitrail, kept outside the database$/],
  ],
  [
    'a row of the queue that is of no unit any more',
    (su) =>
      su.query(`update log_queue set stream = 'unit:x' where stream = $1 and format = 'unitrail.record/1'`, [
        streamOf(story().shipped),
      ]),
    () => [/^leaf \d+ of the log$/],
  ],
  [
    'a record that was deleted',
    (su) => su.query('delete from records where unit_id = $1', [story().shipped.unitId]),
    () => [/^leaf \d+ of the log$/],
  ],
  [
    'an event of a unit that is open, told anew with a chain that verifies',
    (su) =>
      rewriteHistory(su, streamOf(story().held), (history) =>
        history.map((event) => ({ ...event, body: event.body.replace('TEST_ERROR', 'TEST_ERRED') })),
      ),
    () => [new RegExp(`^${streamOf(story().held)}, event \\d+$`)],
  ],
  [
    'a history that lost its last event',
    (su) => rewriteHistory(su, streamOf(story().held), (history) => history.slice(0, -1)),
    () => [new RegExp(`^${streamOf(story().held)}, event \\d+$`)],
  ],
  [
    'a unit that was never scrapped',
    (su) => rewriteHistory(su, streamOf(scrapped), (history) => history.slice(0, -1)),
    () => [/^leaf \d+ of the log$/],
  ],
  [
    'a scrap without its leaf and its row of the queue',
    async (su) => {
      const { rows } = await su.query<{ index: string }>(
        'delete from log_leaves l using log_queue q where q.id = l.queue_id and q.stream = $1 returning l.index',
        [streamOf(scrapped)],
      );
      await su.query('delete from log_queue where stream = $1', [streamOf(scrapped)]);
      await move(su, `index > ${rows[0]!.index}`, 'index - 1');
    },
    () => [new RegExp(`^${streamOf(scrapped)}, event \\d+ \\(scrapped\\)$`), /kept outside the database$/],
  ],
  [
    'a leaf that was deleted',
    (su) => su.query('delete from log_leaves where index = 1'),
    () => ['leaf 1 of the log'],
  ],
  [
    'a leaf that was edited',
    (su) => su.query(`update log_leaves set entry = sha256('lie') where index = 2`),
    () => ['leaf 2 of the log', /^tile\/0\/000/],
  ],
  [
    'two leaves that changed places',
    (su) => move(su, 'index in (1, 2)', '3 - index'),
    () => [/^tile\/0\/000/, /kept outside the database$/],
  ],
  [
    'a leaf that was put between',
    async (su) => {
      await move(su, 'index >= 2', 'index + 1');
      await su.query(
        `insert into log_queue (id, format, stream, seq, sha256, salt) overriding system value values (1000, 'unitrail.record/1', 'unit:00000000-0000-4000-8000-000000000001', 1, 'x', sha256('salt'))`,
      );
      await su.query(`insert into log_leaves values (2, 1000, sha256('lie'))`);
    },
    () => ['leaf 2 of the log', /^tile\/0\/000/],
  ],
  [
    'a salt that was changed',
    (su) =>
      su.query(`update log_queue set salt = sha256('lie') where stream = $1`, [streamOf(story().shipped)]),
    () => [/^leaf \d+ of the log$/],
  ],
  [
    'heads that were told anew',
    (su) => su.query(`update log_heads set body = replace(body, '"number":1', '"number":2')`),
    () => [/^leaf \d+ of the log$/],
  ],
  [
    'a row of the queue that waits for nothing',
    (su) =>
      su.query(
        `insert into log_queue (id, format, stream, seq, sha256, salt) overriding system value values (1000, 'unitrail.heads/1', 'log', 9, 'x', sha256('salt'))`,
      ),
    () => [/^row 1000 of the log queue/],
  ],
  [
    'a document that was changed while it waited',
    (su) => wait(su, 'what was queued', 'something else'),
    () => [/^the unitrail\.heads\/1 of log at 9, which has no place in the log$/],
  ],
  [
    'a document that was refused, and then queued as it is now',
    async (su) => {
      await wait(su, 'something else', 'something else');
      await refuse(su, sha256Hex('what was queued'));
    },
    () => ['refusal 1 of the log'],
  ],
  [
    'a refusal that was told otherwise',
    async (su) => {
      await wait(su, 'what was queued', 'something else');
      await refuse(su, sha256Hex('what was queued'));
      await su.query(`update log_refusals set body = replace(body, '"seq":9', '"seq":8')`);
    },
    () => [/^the unitrail\.heads\/1 of log at 9/, 'refusal 1 of the log'],
  ],
  [
    'a row that was put where the next heads would be told',
    async (su) => {
      await su.query(
        `insert into log_queue (id, format, stream, seq, sha256, salt) overriding system value
         select 1000, 'unitrail.heads/1', 'log', max(number) + 1, 'x', sha256('salt') from log_heads`,
      );
      await su.query('insert into log_pending values (1000)');
    },
    () => [/^the unitrail\.heads\/1 of log at \d+, which has no place in the log$/],
  ],
  [
    'a history that no heads have told for hours',
    async (su) => {
      await forgetTold(su, streamOf(story().held));
      await su.query(SIGNED_BEFORE);
    },
    () => [`${streamOf(story().held)}, event 1`],
  ],
  [
    'a history that is said to be told further than it goes',
    (su) => su.query('update log_told set seq = seq + 1000 where stream = $1', [streamOf(story().held)]),
    () => [`heads of ${streamOf(story().held)}`],
  ],
  [
    'heads that wait for nothing',
    (su) => su.query(`insert into log_heads values (9, now(), '{}')`),
    () => ['heads 9 of the log'],
  ],
  [
    'a place that is kept for nothing',
    (su) => su.query('insert into log_pending values (1000)'),
    () => ['row 1000 of the log queue'],
  ],
  [
    'a checkpoint that no witness has co-signed as it is said',
    (su) =>
      su.query(
        `insert into log_cosignatures (origin, size, witness, signed_at, line) select origin, size, $1, to_timestamp(1), '— w.example AAAA' from log_checkpoints order by size limit 1`,
        ['w.example+00000000+BAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'],
      ),
    () => [/^co-signature of checkpoint \d+ of unitrail.log\/unitrail by w\.example/],
  ],
  [
    'a co-signature that is kept from exports',
    (su) => witness(su, [hasPlace]),
    () => [/^co-signature of checkpoint \d+ of .* by w\.example/, /^witness w\.example/],
  ],
  [
    'a witness that lost its place, and with it all that is said to hold of it',
    async (su) => {
      const [, second] = (await witnesses(su)) as [string, string];
      await leaveOut(su, second);
    },
    () => [/^witness w2\.example/],
  ],
  [
    'a witness that lost its place to one that came later',
    async (su) => {
      const [, second] = (await witnesses(su)) as [string, string];
      await leaveOut(su, second);
      await witness(su, [hasPlaceOf(2), holds], 'late.example');
    },
    () => [/^witness w2\.example/],
  ],
  [
    'a co-signature that is said to hold of another checkpoint',
    (su) => witness(su, [hasPlace, holdsElsewhere]),
    () => [/^co-signature of checkpoint \d+ of .* by w\.example/],
  ],
  [
    'a checkpoint that the database knows otherwise',
    (su) =>
      su.query(
        `update log_checkpoints set root = sha256('lie') where size = (select max(size) from log_checkpoints)`,
      ),
    () => [/^checkpoint \d+ of unitrail.log\/unitrail$/],
  ],
  [
    'a database that is older than the checkpoint outside',
    async (su) => {
      await su.query('delete from log_checkpoints where size = (select max(size) from log_checkpoints)');
      await su.query(
        'insert into log_pending select queue_id from log_leaves where index = (select max(index) from log_leaves)',
      );
      await su.query('delete from log_leaves where index = (select max(index) from log_leaves)');
    },
    () => [/kept outside the database$/],
  ],
  ['a tile that was edited', (_su, folder) => edit(folder, 'tile/0/000.p'), () => [/^tile\/0\/000/]],
  [
    'a salt that the record’s first bytes could be part of',
    async (su) => {
      await su.query('alter table log_queue drop constraint log_queue_salt');
      await su.query(`with short as (
          update log_queue q set salt = '' from records r
          where q.format = 'unitrail.record/1' and q.stream = 'unit:' || r.unit_id returning q.id, r.body)
        update log_leaves l set entry = sha256(convert_to(short.body, 'UTF8')) from short where l.queue_id = short.id`);
    },
    () => [/^leaf \d+ of the log$/],
  ],
  [
    'a tile that is gone',
    (_su, folder) => rm(join(folder, 'tile/0/000.p'), { recursive: true }),
    () => [/^tile\/0\/000/],
  ],
  [
    'entries that were edited',
    (_su, folder) => edit(folder, 'tile/entries/000.p'),
    () => ['tile/entries/000'],
  ],
  [
    'an older checkpoint in the place of the newest',
    (_su, folder) => writeFile(join(folder, 'checkpoint'), older),
    () => [/^checkpoint in /],
  ],
  [
    'a checkpoint that somebody else signed',
    async (_su, folder) => {
      const key = await readLogKey({ env: {}, manufacturer, home: join(home, 'stranger') });
      await writeFile(
        join(folder, 'checkpoint'),
        key.checkpoint({ size: 3, root: Buffer.alloc(32, 1) }).note,
      );
    },
    () => [/^checkpoint in /],
  ],
  [
    'a checkpoint with a line more',
    (_su, folder) => appendFile(join(folder, 'checkpoint'), '\nmore\n'),
    () => [/^checkpoint in /],
  ],
];

test('a unit that is found after heads told that it is missing waits for the next ones', async () => {
  await onACopy(async (copy) => {
    const floor = openShopFloor(copy);
    try {
      const [lost] = await floor
        .as('office')('units')
        .where({ state: 'Missing' })
        .select('id as unitId', 'serial');
      await decide(floor, lost, 'found', { place: 'under the bench' });
      await tamper(copy, async (su) => {
        await su.query(
          `update unit_events set at = at - interval '3 hours' where stream = $1 and type <> 'found'`,
          [`unit:${lost.unitId}`],
        );
        await su.query(SIGNED_BEFORE);
      });
    } finally {
      await floor.close();
    }
    const report = await audit(copy.urlOf('auditor'), { logFolder: join(home, 'log'), logKeys: [publicKey] });
    expect(ofLog(report)).toEqual([]);
  });
});

test.each(lies)('%s is named', async (_what, lie, subjects) => {
  const found = ofLog(await told(lie));
  for (const subject of subjects())
    expect(found).toContainEqual(
      subject instanceof RegExp ? expect.stringMatching(subject) : expect.stringContaining(subject),
    );
});
