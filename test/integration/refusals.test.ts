import { createHash, generateKeyPairSync } from 'node:crypto';
import type { Client } from 'pg';
import { openDatabase, type Database } from '../../adapters/postgres/database';
import { applySmallPlant, openShopFloor, openTestBatch, type ShopFloor } from '../support/shop-floor';
import { createTestDatabase, withSuperuser, type TestDatabase, type TestLogin } from '../support/database';
import { canonicalJson } from '../../domain/canonical';
import { witnessKey } from '../../tools/export-verifier/cosignature';
import { sqlStateOf } from '../support/refusals';
import { decide, walkOn, walkUnit } from '../support/walk-unit';

/** Who may touch what, whatever a program does: rights of the logins, and triggers that bind even the owner. */
const logins: readonly TestLogin[] = ['office', 'desk', 'line-1', 'label-1', 'retention', 'auditor'];

let database: TestDatabase;
let floor: ShopFloor;
let owner: Database;
let tables: readonly Table[];

interface Table {
  readonly name: string;
  /** One that a statement may name. */
  readonly column: string;
}

beforeAll(async () => {
  database = await createTestDatabase();
  floor = openShopFloor(database);
  owner = openDatabase(database.ownerUrl, { applicationName: 'test-owner', maxConnections: 1 });
  await applySmallPlant(floor);
  await fillEveryTable();
  tables = await listTables();
});
afterAll(async () => {
  await floor?.close();
  await owner?.destroy();
  await database?.drop();
});

/** So that a row trigger has a row to refuse. */
async function fillEveryTable(): Promise<void> {
  const batch = await openTestBatch(floor, { quantity: 2 });
  await walkUnit(floor, { upTo: 'Shipped', batch, index: 1 });
  const other = await walkUnit(floor, { upTo: 'claim', batch, index: 2 });
  await decide(floor, other, 'holdOpened', { hold: 'Q1', reason: 'a look at the reel' });
  await decide(floor, other, 'holdReleased', { hold: 'Q1' });
  await walkOn(floor, other, 'assign', 'assign');
  await floor.as('office').raw('select acquire_slot(?)', [other.unitId]);
  await owner.raw(
    `insert into notices (kind, unit_id, held_seq, held_at, step) select 'unitHeldTooLong', id, 1, now(), step from units where id = ?`,
    [other.unitId],
  );
  await grantLease();
  await sequence();
}

/** A checkpoint that nobody signed or co-signed: the tables do not know. And a document that is not there is refused. */
async function sequence(): Promise<void> {
  const office = floor.as('office');
  await office.raw(`select queue_heads('0 seconds')`);
  await owner.raw(
    `insert into log_queue (format, stream, seq, sha256, salt) values ('unitrail.heads/1', 'log', 77, 'of nothing', sha256('salt'))`,
  );
  await office.raw('select sequence_leaves(100)');
  await office.raw('select book_checkpoint(?, ?, ?, ?, ?)', ['log', 1, Buffer.alloc(32), 'note', 'key']);
  const { id, name, text } = witnessKey('w.example', generateKeyPairSync('ed25519').publicKey);
  const unsigned = Buffer.concat([Buffer.from(id, 'hex'), Buffer.alloc(8 + 64)]).toString('base64');
  const witness = ['log', 1, Buffer.alloc(32), text, new Date(0), `\u2014 ${name} ${unsigned}`];
  await floor.as('desk').raw('select add_cosignature(?, ?, ?, ?, ?, ?)', witness);
  const ids = 'array(select cosignature_id from log_cosignatures_waiting)';
  await office.raw(`select judge_cosignatures(${ids}, ${ids})`);
}

/** A lease that nobody signed: the tables do not know. */
async function grantLease(): Promise<void> {
  const space = { kind: 'serial', name: 'eudv', scope: '2026W47', issuer: 'unitrail' };
  const numbers = { ...space, version: 1, pattern: 'EUDV{yy}{ww}-{seq:6}' };
  const said = { format: 'unitrail.lease/1', lease: 'L1', lessor: 'W1', lessee: 'W2', issuer: 'unitrail' };
  const lease = canonicalJson({ ...said, numbers, first: 3, last: 5 });
  const desk = floor.as('desk');
  const counter = JSON.stringify({ ...numbers, first: 1, last: 999_999, runLength: 1 });
  await desk.raw('select grant_lease(?, ?::jsonb, ?, ?)', [lease, counter, 'key', '17']);
  const leaseSha256 = createHash('sha256').update(lease).digest('hex');
  const told = { ...said, format: 'unitrail.lease-return/1', leaseSha256, unused: { first: 5, last: 5 } };
  await desk.raw('select take_back_lease(?, ?, ?)', [canonicalJson(told), 'key', '17']);
}

async function listTables(): Promise<Table[]> {
  const answer = await owner.raw<{ rows: Table[] }>(
    `select c.relname as name, max(a.attname::text) as column from pg_class c
     join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attidentity = '' and a.attgenerated = ''
     where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') group by c.relname order by c.relname`,
  );
  return answer.rows;
}

/** A digest of every row of every table. */
async function content(): Promise<Record<string, string>> {
  const digests = tables.map(async ({ name }) => {
    const answer = await owner.raw<{ rows: { digest: string }[] }>(
      `select md5(coalesce(string_agg(t::text, e'\\n' order by t::text), '')) as digest from ?? t`,
      [name],
    );
    return [name, answer.rows[0]!.digest] as const;
  });
  return Object.fromEntries(await Promise.all(digests));
}

const verbs: Readonly<Record<string, (table: Table) => string>> = {
  insert: ({ name }) => `insert into ${name} default values`,
  update: ({ name, column }) => `update ${name} set ${column} = ${column}`,
  delete: ({ name }) => `delete from ${name}`,
  truncate: ({ name }) => `truncate ${name} cascade`,
  lock: ({ name }) => `select * from ${name} for update`,
};

describe.each(logins)('the login of %s', (login) => {
  test.each(Object.keys(verbs))(
    'may %s nothing in any table, and every row stays as it was',
    async (verb) => {
      const before = await content();
      const answers = [];
      for (const table of tables) {
        answers.push({
          table: table.name,
          sqlState: await sqlStateOf(floor.as(login).raw(verbs[verb]!(table))),
        });
      }
      expect(answers.filter(({ sqlState }) => sqlState !== '42501')).toEqual([]);
      expect(answers.length).toBeGreaterThan(20);
      expect(await content()).toEqual(before);
    },
  );

  test('may take no number from a sequence, make no object and become nobody else', async () => {
    const sequences = await owner.raw<{ rows: { name: string }[] }>(
      `select relname as name from pg_class where relnamespace = 'public'::regnamespace and relkind = 'S'`,
    );
    const attempts = [
      ...sequences.rows.flatMap(({ name }) => [`select nextval('${name}')`, `select setval('${name}', 1)`]),
      'create table mine (id integer)',
      'create function mine() returns integer language sql as $$ select 1 $$',
      'create schema mine',
      'alter table units disable trigger all',
      'drop table unit_events',
      'set session_replication_role = replica',
      'set session authorization unitrail_owner',
      'set role unitrail_owner',
      'alter role unitrail_office createrole',
    ];
    const answers = [];
    for (const sql of attempts) answers.push({ sql, sqlState: await sqlStateOf(floor.as(login).raw(sql)) });
    expect(answers.filter(({ sqlState }) => sqlState !== '42501')).toEqual([]);
  });
});

test('no group has more than the right to read, and the buyers that of their views only', async () => {
  const rights = await owner.raw<{ rows: { group: string; right: string }[] }>(
    `select distinct case a.grantee when 0 then 'PUBLIC' else a.grantee::regrole::text end as "group", a.privilege_type || case
       when a.grantee = 'unitrail_buyer'::regrole and c.relkind = 'v' and starts_with(c.relname, 'buyer_') then ' of a view' else '' end as right
     from pg_class c, aclexplode(c.relacl) a
     where c.relnamespace = 'public'::regnamespace and a.grantee <> c.relowner
     union all
     select case a.grantee when 0 then 'PUBLIC' else a.grantee::regrole::text end, a.privilege_type || ' of a column'
     from pg_attribute t, aclexplode(t.attacl) a where t.attrelid = 'units'::regclass
     order by 1, 2`,
  );
  expect(rights.rows).toEqual(
    [
      'unitrail_auditor',
      'unitrail_buyer',
      'unitrail_desk',
      'unitrail_office',
      'unitrail_retention',
      'unitrail_station',
    ].map((group) => ({ group, right: group === 'unitrail_buyer' ? 'SELECT of a view' : 'SELECT' })),
  );
});

test('a station reads what it needs, and neither names of people nor records nor shipments', async () => {
  const answers = await Promise.all(
    tables.map(async ({ name }) => [
      name,
      await sqlStateOf(floor.as('line-1').raw(`select from ${name} limit 1`)),
    ]),
  );
  const readable = answers.filter(([, sqlState]) => sqlState === 'allowed').map(([name]) => name);
  expect(readable).toEqual(
    [
      ...['batch_lots', 'batches', 'blocks', 'event_types', 'holds', 'identifiers', 'number_spaces'],
      ...[
        'plant_versions',
        'recipes',
        'slots',
        'stations',
        'transitions',
        'tries',
        'unit_events',
        'unit_lots',
        'units',
      ],
    ].sort(),
  );
});

/** Table → statements that its triggers refuse to anybody. */
const appendOnly = [
  ...['unit_events', 'movements', 'blocks', 'tries', 'records', 'recipes', 'plant_versions'],
  ...['number_leases', 'lease_returns'],
  ...['log_queue', 'log_leaves', 'log_heads', 'log_keys', 'log_checkpoints'],
  ...['log_refusals', 'log_cosignatures', 'log_cosignatures_held', 'log_witnesses'],
];
const protectedRows: Readonly<Record<string, readonly string[]>> = {
  ...Object.fromEntries(
    appendOnly.map((name) => [
      name,
      [`update ${name} set {column} = {column}`, `delete from ${name}`, `truncate ${name} cascade`],
    ]),
  ),
  identifiers: [
    'delete from identifiers',
    'truncate identifiers cascade',
    `update identifiers set value = value || 'X'`,
    `update identifiers set issuer = 'ieee' where issuer <> 'ieee'`,
    `update identifiers set unit_id = gen_random_uuid()`,
    `update identifiers set ordinal = ordinal + 1000 where ordinal is not null`,
    `update identifiers set state = 'assigned' where state = 'shipped'`,
    `update identifiers set state = 'void' where state = 'applied' or state = 'shipped'`,
  ],
  units: [
    'delete from units',
    'truncate units cascade',
    'update units set seq = seq + 1, serial = serial || 1',
    'update units set seq = seq + 1, id = gen_random_uuid()',
    'update units set seq = seq + 1, batch_index = batch_index + 100',
    'update units set seq = seq + 1, trial = not trial',
    'update units set seq = seq + 1, simulated = false where simulated',
    `update units set seq = seq + 1, recipe_sha256 = 'x'`,
    `update units set seq = seq + 1, firmware_sha256 = 'x'`,
    `update units set seq = seq + 1, state = 'ReadyToShip' where state = 'Shipped'`,
    `update units set failure_code = 'X'`,
  ],
  slots: [
    'delete from slots',
    'truncate slots cascade',
    'update slots set fence = fence - 1 where fence > 0',
    'update slots set slot = slot + 500',
  ],
  notices: [
    'delete from notices',
    'truncate notices cascade',
    `update notices set held_at = held_at - interval '1 day', delivered_at = now()`,
    'update notices set delivered_at = null',
  ],
  batches: ['truncate batches cascade'],
  issuers: ['truncate issuers cascade'],
};

describe.each(['owner', 'superuser'] as const)('even the %s', (who) => {
  test.each(Object.entries(protectedRows))('is refused to rewrite %s', async (_table, statements) => {
    const before = await content();
    const answers = await as(who, async (client) => {
      const found = [];
      for (const sql of statements)
        found.push({ sql, sqlState: await sqlStateOf(client.query(executable(sql))) });
      return found;
    });
    expect(answers).toEqual(statements.map((sql) => ({ sql, sqlState: '42501' })));
    expect(await content()).toEqual(before);
  });
});

/** A change of nothing is a change. */
function executable(sql: string): string {
  const table = tables.find(({ name }) => name === sql.split(' ')[1]);
  return sql.replaceAll('{column}', table?.column ?? '');
}

function as<T>(who: 'owner' | 'superuser', work: (client: Client) => Promise<T>): Promise<T> {
  return withSuperuser(work, who === 'owner' ? database.ownerUrl : database.superuserUrl);
}
