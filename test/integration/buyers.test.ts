import { Client } from 'pg';
import { correctRecord } from '../../adapters/postgres/amendments';
import { openDatabase, type Database } from '../../adapters/postgres/database';
import { recordDelivery } from '../../adapters/postgres/deliveries';
import { openExport, openExtract } from '../../adapters/postgres/exports';
import { createTestDatabase, mapBuyers, testBuyers, type TestDatabase } from '../support/database';
import { asOf, makeDeps, shipBatch, testLook } from '../support/exports';
import { sqlStateOf } from '../support/refusals';
import { applySmallPlant, openShopFloor, openTestBatch, type ShopFloor } from '../support/shop-floor';
import { decide, walkUnit } from '../support/walk-unit';
import { makeExport } from '../../activities/make-export';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What each of two buyers sees with a login of its own and whatever SQL it likes, looked up in the catalogue. */
type Buyer = (typeof testBuyers)[number];
const otherOf: Readonly<Record<Buyer, Buyer>> = { acme: 'borealis', borealis: 'acme' };

interface Relation {
  readonly name: string;
  /** Those that the buyer may read. */
  readonly columns: readonly string[];
}

let database: TestDatabase;
let floor: ShopFloor;
let owner: Database;
let folder: string;
/** Words that stand in rows of the buyer's and in nobody else's. */
const words: Record<Buyer, string[]> = { acme: [], borealis: [] };
let reachable: readonly Relation[];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'unitrail-buyers-'));
  database = await createTestDatabase();
  await mapBuyers(database);
  floor = openShopFloor(database);
  owner = openDatabase(database.ownerUrl, { applicationName: 'test-owner', maxConnections: 2 });
  await applySmallPlant(floor);
  // Only a test buyer gets simulated units.
  await owner('buyers').update({ test: true });
  for (const buyer of testBuyers) await furnish(buyer);
  await owner.raw('analyze');
  reachable = await relationsOf('acme');
}, 400_000);

afterAll(async () => {
  await floor?.close();
  await owner?.destroy();
  await database?.drop();
  await rm(folder, { recursive: true, force: true });
});

/** Of each kind of row at least one: shipped and told, said since, scrapped, an extract, a try, and one not told yet. */
async function furnish(buyer: Buyer): Promise<void> {
  const office = floor.as('office');
  const { units } = await shipBatch(floor, 2, { id: `B-${buyer}`, buyer });
  const batch = await openTestBatch(floor, { id: `S-${buyer}`, quantity: 1, buyer });
  await decide(floor, await walkUnit(floor, { batch, index: 1, upTo: 'assign' }), 'scrapped', {
    code: 'test',
  });
  const request = { request: 'one', asOf, look: testLook() };
  const id = (await openExport(office, buyer, request))!;
  await makeExport(await makeDeps(office, folder), id);
  await recordDelivery(office, { exportId: id, target: `sftp://${buyer}` }, () => Promise.resolve());
  const { unitId } = units[0]!;
  const { sha256: record } = (await owner('records').where({ unit_id: unitId }).first('sha256')) as {
    sha256: string;
  };
  const wrong = { record, field: 'boardLot', was: 'PCB-2406-17', value: `PCB-${buyer}` };
  await correctRecord(floor.as('desk'), unitId, { ...wrong, reason: 'mistyped', by: '17' });
  const days = { from: '2020-01-01', to: '2100-01-01', timeZone: 'UTC' };
  await openExtract(office, buyer, days, { ...request, request: 'extract' });
  const { units: later } = await shipBatch(floor, 1, { id: `L-${buyer}`, buyer });
  const serials = [...units, ...later, { serial: batch.serialAt(1) }].map(({ serial }) => serial);
  const ids = [...units, ...later].map((unit) => unit.unitId);
  words[buyer].push(buyer, ...serials, ...ids);
}

/** With the buyer's login, and what it heard beside the answers. */
async function as<T>(buyer: Buyer, work: (client: Client, notices: string[]) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: database.urlOf(buyer), statement_timeout: 20_000 });
  const notices: string[] = [];
  client.on('notice', ({ message }) => void notices.push(message ?? ''));
  await client.connect();
  try {
    return await work(client, notices);
  } finally {
    await client.end();
  }
}

/** Every table, view and sequence outside of Postgres's own schemas of which the login may read anything at all. */
async function relationsOf(buyer: Buyer): Promise<Relation[]> {
  return as(buyer, async (client) => {
    const { rows } = await client.query<Relation>(
      `select c.oid::regclass::text as name,
         array(select a.attname::text from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
               and has_column_privilege(c.oid, a.attnum, 'select') order by a.attnum) as columns
       from pg_class c join pg_namespace n on n.oid = c.relnamespace
       where n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast') and c.relkind in ('r', 'p', 'v', 'm', 'f', 'S')
         and case when c.relkind = 'S' then has_sequence_privilege(c.oid, 'select, usage, update')
             else has_any_column_privilege(c.oid, 'select') end
       order by 1`,
    );
    return rows;
  });
}

const readSql = ({ name, columns }: Relation): string =>
  `select row_to_json(r)::text as text from (select ${columns.join(', ')} from ${name}) as r`;
const isOf = (buyer: Buyer, text: string): boolean => words[buyer].some((word) => text.includes(word));

test('what a buyer may read at all is known, and the views among it are of the reader’s own rights', async () => {
  const tables =
    'buyer_logins deliveries export_files export_items exports extract_items records shipments unit_events units';
  const views = 'amendments deliveries export_files exports numbers records'
    .split(' ')
    .map((name) => `buyer_${name}`);
  expect(reachable.map(({ name }) => name)).toEqual([...tables.split(' '), ...views].sort());
  expect(await relationsOf('borealis')).toEqual(reachable);
  const { rows } = await owner.raw<{ rows: { name: string }[] }>(
    `select oid::regclass::text as name from pg_class where relkind = 'v' and relname like 'buyer\\_%'
     and 'security_invoker=true' = any (reloptions) order by 1`,
  );
  expect(rows.map(({ name }) => name)).toEqual(expect.arrayContaining(views));
});

test.each(testBuyers)(
  '%s reads and counts its own rows in all of them, and none of the other’s',
  async (buyer) => {
    await as(buyer, async (client) => {
      for (const relation of reachable) {
        const everything = await owner.raw<{ rows: { text: string }[] }>(readSql(relation));
        const { rows } = await client.query<{ text: string }>(readSql(relation));
        const seen = rows.map(({ text }) => text);
        // The other has rows there: a table without any would show nothing.
        expect([relation.name, everything.rows.some(({ text }) => isOf(otherOf[buyer], text))]).toEqual([
          relation.name,
          true,
        ]);
        expect([relation.name, seen.length > 0]).toEqual([relation.name, true]);
        expect([
          relation.name,
          seen.filter((text) => !isOf(buyer, text) || isOf(otherOf[buyer], text)),
        ]).toEqual([relation.name, []]);
        const count = await client.query<{ n: string }>(`select count(*) as n from ${relation.name}`);
        expect([relation.name, Number(count.rows[0]!.n)]).toEqual([relation.name, seen.length]);
        const sample = await client
          .query(`select count(*) as n from ${relation.name} r where r.* is not null`)
          .catch(() => null);
        if (sample) expect(Number((sample.rows[0] as { n: string }).n)).toBeLessThanOrEqual(seen.length);
      }
    });
  },
);

test('all of a buyer’s own is there: records told and not told yet, what was said since, numbers, files, tries', async () => {
  const read = (sql: string) =>
    as('acme', async (client) => (await client.query<Record<string, unknown>>(sql)).rows);
  const records = await read(`select serial, export, body, sha256 from buyer_records order by serial`);
  expect(records.map(({ serial, export: id }) => [serial, id])).toEqual(
    words.acme.slice(1, 4).map((serial, at) => [serial, at < 2 ? 'acme-000001' : null]),
  );
  expect(JSON.parse(records[0]!.body as string)).toMatchObject({
    serial: records[0]!.serial,
    shipment: { buyer: 'acme' },
  });
  expect(await read('select serial, type, export from buyer_amendments')).toEqual([
    { serial: records[0]!.serial, type: 'recordCorrected', export: null },
  ]);
  expect(await read(`select value, fate, export from buyer_numbers where identifier = 'serial'`)).toEqual([
    { value: words.acme[4], fate: 'scrapped', export: 'acme-000001' },
  ]);
  expect(
    await read(
      'select export, kind, state, units, manifest is null as "isOpen" from buyer_exports order by 1',
    ),
  ).toEqual([
    { export: 'acme-000001', kind: 'sequence', state: 'delivered', units: 2, isOpen: false },
    { export: 'acme-x0001', kind: 'extract', state: 'opened', units: 2, isOpen: true },
  ]);
  expect(await read('select outcome from buyer_deliveries')).toEqual([{ outcome: 'delivered' }]);
  expect((await read('select name from buyer_export_files')).length).toBeGreaterThan(3);
});

test.each(testBuyers)(
  'no expression of %s’s is tried on a row of the other’s, whatever it would give away',
  async (buyer) => {
    await as(buyer, async (client, notices) => {
      await client.query('set default_transaction_read_only = off');
      // As cheap as can be: the planner would ask it before anything else.
      await client.query(`create function pg_temp.peek(text) returns boolean language plpgsql cost 0.0000000001
      as $$ begin raise notice '%', $1; return true; end $$`);
      for (const relation of reachable)
        for (const column of relation.columns) {
          const cell = `${column}::text`;
          await client.query(`select 1 from ${relation.name} where pg_temp.peek(${cell})`);
          // Of its own rows the cast says what stands there; an error may name none of the other's.
          for (const sql of [
            `${cell}::uuid is null`,
            `(${cell})::date > now()`,
            `1 / (length(${cell}) - 7) = 0`,
          ]) {
            const message = await client.query(`select 1 from ${relation.name} where ${sql}`).then(
              () => '',
              (error: Error) => error.message,
            );
            expect([relation.name, column, isOf(otherOf[buyer], message)]).toEqual([
              relation.name,
              column,
              false,
            ]);
          }
          for (const word of words[otherOf[buyer]].slice(0, 3)) {
            const bait = `case when ${cell} like '%' || '${word}' || '%' then 1 / (length(${cell}) - length(${cell})) else 1 end = 1`;
            await client.query(`select 1 from ${relation.name} where ${bait}`);
          }
        }
      expect(notices.length).toBeGreaterThan(50);
      expect(notices.filter((text) => isOf(otherOf[buyer], text))).toEqual([]);
    });
  },
);

test('functions that run a query of the reader’s run it as the reader, and none of ours may be called', async () => {
  await as('acme', async (client) => {
    for (const relation of reachable) {
      const query = readSql(relation).replaceAll("'", "''");
      const { rows } = await client.query<{ text: string }>(
        `select query_to_xml('${query}', true, false, '')::text as text`,
      );
      expect([relation.name, isOf('acme', rows[0]!.text), isOf('borealis', rows[0]!.text)]).toEqual([
        relation.name,
        true,
        false,
      ]);
    }
    const { rows } = await client.query<{ name: string }>(
      `select p.oid::regprocedure::text as name from pg_proc p where p.pronamespace = 'public'::regnamespace
         and has_function_privilege(p.oid, 'execute')
         and not exists (select from pg_depend d where d.objid = p.oid and d.classid = 'pg_proc'::regclass and d.deptype = 'e')`,
    );
    expect(rows).toEqual([]);
  });
});

test('statistics tell nothing, and the names of the logins do not tell who buys', async () => {
  const stats = `select tablename, attname, most_common_vals::text, histogram_bounds::text from pg_stats where schemaname = 'public'`;
  const gathered = await owner.raw<{ rows: object[] }>(stats);
  expect(JSON.stringify(gathered.rows)).toContain(words.borealis[1]);
  await as('acme', async (client) => {
    expect((await client.query(stats)).rows).toEqual([]);
    const { rows } = await client.query<{ name: string }>(
      `select rolname as name from pg_roles union select datname from pg_database`,
    );
    expect(rows.filter(({ name }) => /acme|borealis/.test(name))).toEqual([]);
  });
});

test('a buyer writes nowhere, takes no lock on a row, and no other role', async () => {
  const { rows } = await owner.raw<{ rows: { name: string; column: string; may: boolean }[] }>(
    `select c.oid::regclass::text as name, a.attname as "column",
       has_table_privilege('unitrail_buyer', c.oid, 'insert, update, delete, truncate, references, trigger')
       or has_any_column_privilege('unitrail_buyer', c.oid, 'insert, update, references') as may
     from pg_class c cross join lateral (select attname from pg_attribute where attrelid = c.oid and attnum > 0 and attidentity = ''
       and not attisdropped order by attnum limit 1) as a
     where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'v')`,
  );
  expect(rows.filter(({ may }) => may)).toEqual([]);
  const tables = rows.filter(({ name }) =>
    reachable.some((one) => one.name === name && !name.startsWith('buyer_')),
  );
  await as('acme', async (client) => {
    await client.query('set default_transaction_read_only = off');
    const tries = tables.flatMap(({ name, column }) => [
      `insert into ${name} default values`,
      `update ${name} set ${column} = ${column}`,
      `delete from ${name}`,
      `truncate ${name}`,
      `select 1 from ${name} for update`,
    ]);
    tries.push(
      'create table mine ()',
      'create schema mine',
      'set role unitrail_office',
      'set session authorization unitrail_owner',
    );
    tries.push(
      'alter table exports disable row level security',
      'set row_security = off; select count(id) from exports',
    );
    const answers: string[] = [];
    for (const sql of tries) answers.push(`${await sqlStateOf(client.query(sql))} ${sql}`);
    expect(answers.filter((answer) => !answer.startsWith('42501'))).toEqual([]);
  });
});

test('a login that is no buyer’s yet sees nothing', async () => {
  await owner.raw('alter table buyer_logins disable trigger user');
  await owner('buyer_logins').where({ buyer: 'acme' }).delete();
  await as('acme', async (client) => {
    for (const { name, columns } of reachable)
      expect((await client.query(`select ${columns[0]} from ${name}`)).rows).toEqual([]);
  });
});

test('everybody else reads what there is', async () => {
  for (const login of ['office', 'desk', 'auditor', 'retention'] as const)
    for (const { name } of reachable.filter(
      (one) => !one.name.startsWith('buyer_') || one.name === 'buyer_logins',
    )) {
      const count = async (db: Database) => (await db(name).count<{ count: string }[]>())[0]!.count;
      expect([login, name, await count(floor.as(login))]).toEqual([login, name, await count(owner)]);
    }
});
