import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Database } from '../../adapters/postgres/database';
import { functionsOf, openBuyersScene, otherOf, relationsOf, traceOf } from '../support/buyers';
import type { Buyer, BuyersScene, Callable, Source } from '../support/buyers';
import { testBuyers } from '../support/database';
import { shipBatch } from '../support/exports';

/** What each of two buyers sees with a login of its own and whatever SQL it likes, looked up in the catalogue. */
let folder: string;
let scene: BuyersScene;
let relations: readonly Source[];
let functions: readonly Callable[];
/** All that answers without being told what to look for. */
let sources: readonly Source[];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'unitrail-buyers-'));
  scene = await openBuyersScene(folder);
  await scene.as('acme', async (client) => {
    relations = await relationsOf(client);
    functions = await functionsOf(client);
  });
  const calls = functions.filter((one) => one.arguments.length === 0);
  sources = [...relations, ...calls.map(({ name, columns }) => ({ name: `${name}()`, columns }))];
}, 400_000);

afterAll(async () => {
  await scene?.close();
  await rm(folder, { recursive: true, force: true });
});

const readSql = ({ name, columns }: Source): string =>
  `select row_to_json(r)::text as text from (select ${columns.join(', ')} from ${name}) as r`;
const isOf = (buyer: Buyer, text: string): boolean => scene.words[buyer].some((word) => text.includes(word));

async function rowsOf(buyer: Buyer, source: Source): Promise<string[]> {
  const { rows } = await scene.as(buyer, (client) => client.query<{ text: string }>(readSql(source)));
  return rows.map(({ text }) => text);
}

test.each(testBuyers)(
  '%s reads and counts its own rows in all of them, and none of the other’s',
  async (buyer) => {
    for (const source of sources) {
      const { name } = source;
      // The other has rows there: where there were none, nothing would be shown.
      const ofOther = await rowsOf(otherOf[buyer], source);
      expect([name, ofOther.some((text) => isOf(otherOf[buyer], text))]).toEqual([name, true]);
      const seen = await rowsOf(buyer, source);
      expect([name, seen.length > 0]).toEqual([name, true]);
      const foreign = seen.filter((text) => !isOf(buyer, text) || isOf(otherOf[buyer], text));
      expect([name, foreign]).toEqual([name, []]);
      const counts = `select count(*)::integer as n, count(r.*)::integer as whole from ${name} as r`;
      const { rows } = await scene.as(buyer, (client) => client.query(counts));
      expect([name, rows]).toEqual([name, [{ n: seen.length, whole: seen.length }]]);
    }
    const one = (serial: string) =>
      rowsOf(buyer, { name: `buyer_record('${serial}')`, columns: ['serial', 'body'] });
    expect(JSON.parse((await one(scene.words[buyer][1]!)).join())).toMatchObject({
      serial: scene.words[buyer][1],
    });
    for (const word of scene.words[otherOf[buyer]]) expect(await one(word)).toEqual([]);
  },
);

test('all of a buyer’s own is there: records told and not told yet, what was said since, numbers, files, tries', async () => {
  const read = (sql: string) =>
    scene.as('acme', async (client) => (await client.query<Record<string, unknown>>(sql)).rows);
  const records = await read(`select serial, export, body, sha256 from buyer_records order by serial`);
  expect(records.map(({ serial, export: id }) => [serial, id])).toEqual(
    scene.words.acme.slice(1, 4).map((serial, at) => [serial, at < 2 ? 'acme-000001' : null]),
  );
  expect(JSON.parse(records[0]!.body as string)).toMatchObject({
    serial: records[0]!.serial,
    shipment: { buyer: 'acme' },
  });
  expect(await read('select serial, type, export from buyer_amendments')).toEqual([
    { serial: records[0]!.serial, type: 'recordCorrected', export: null },
  ]);
  expect(await read(`select value, fate, export from buyer_numbers where identifier = 'serial'`)).toEqual([
    { value: scene.words.acme[4], fate: 'scrapped', export: 'acme-000001' },
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
    await scene.as(buyer, async (client, notices) => {
      await client.query('set default_transaction_read_only = off');
      // As cheap as can be: the planner would ask it before anything else.
      await client.query(`create function pg_temp.peek(text) returns boolean language plpgsql cost 0.0000000001
      as $$ begin raise notice '%', $1; return true; end $$`);
      for (const relation of sources)
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
          for (const word of scene.words[otherOf[buyer]].slice(0, 3)) {
            const bait = `case when ${cell} like '%' || '${word}' || '%' then 1 / (length(${cell}) - length(${cell})) else 1 end = 1`;
            await client.query(`select 1 from ${relation.name} where ${bait}`);
          }
        }
      expect(notices.length).toBeGreaterThan(50);
      expect(notices.filter((text) => isOf(otherOf[buyer], text))).toEqual([]);
    });
  },
);

/** Of the other's, and beside each one that nobody has. */
const invented = (word: string): string =>
  word
    .replace(/[0-9a-f](?=[0-9a-f]{0,3}$)/, (digit) => (digit === '7' ? '3' : '7'))
    .replace('borealis', 'boreal1s');

/** What was asked with is told back, by a cast that can read its beginning only the rest of it: `time zone "bc-19bc-…" not recognized`. */
const without = (word: string, trace: string): string =>
  trace
    .replaceAll(word, '?')
    .replaceAll(/"([^"]+)"/g, (told, part: string) => (word.endsWith(part) ? '"?"' : told));

test('a word of the other’s leaves the same trace as one that nobody has', async () => {
  const { borealis } = scene.words;
  const known = ['borealis', borealis[1]!, borealis[5]!, 'borealis-000001', 'B-borealis'];
  let everything = '';
  for (const source of sources) everything += (await rowsOf('borealis', source)).join();
  await scene.as('acme', async (client) => {
    let traced = 0;
    // The first time reads what the server then remembers.
    for (const { name } of sources) await traceOf(client, `select 1 from ${name}`);
    await traceOf(client, `select 1 from buyer_record('')`);
    for (const word of known) {
      const other = invented(word);
      expect([word, everything.includes(other), other === word]).toEqual([word, false, false]);
      const asked = sources.flatMap(({ name, columns }) =>
        columns.map((column) => (value: string) => `select 1 from ${name} where ${column} = '${value}'`),
      );
      for (const { name } of functions.filter((one) => one.arguments.join() === 'text'))
        asked.push((value) => `select 1 from ${name}('${value}')`);
      for (const ask of asked) {
        const tracesOf = async (): Promise<readonly [string, string]> => [
          without(word, await traceOf(client, ask(word))),
          without(other, await traceOf(client, ask(other))),
        ];
        let [trace, blank] = await tracesOf();
        // The server may look at its tables anew between the two: what leaks does so the second time as well.
        if (trace !== blank) [trace, blank] = await tracesOf();
        expect([ask(word), trace]).toEqual([ask(word), blank]);
        traced += 1;
      }
    }
    expect(traced).toBeGreaterThan(200);
  });
});

test('what the other gets leaves no trace in one’s own questions', async () => {
  const own = scene.words.acme[1]!;
  const asked = sources.flatMap(({ name, columns }) => [
    `select count(*) from ${name}`,
    ...columns.slice(0, 1).map((column) => `select ${column} from ${name} order by 1`),
  ]);
  asked.push(
    ...functions
      .filter((one) => one.arguments.length === 1)
      .map(({ name }) => `select 1 from ${name}('${own}')`),
  );
  // Whatever would have the planner read a table from end to end.
  const settings = [
    'select 1',
    'set enable_indexscan = off; set enable_nestloop = off; set random_page_cost = 1000000',
  ];
  const tellPlans = 'set debug_print_plan = on; set client_min_messages = log';
  const traces = () =>
    scene.as('acme', async (client, notices) => {
      const heard: string[] = [];
      for (const setting of settings) {
        await client.query(setting);
        for (const sql of asked) {
          await traceOf(client, sql);
          const trace = await traceOf(client, sql);
          notices.length = 0;
          await client.query(`${tellPlans}; ${sql}; reset debug_print_plan; reset client_min_messages`);
          heard.push(`${sql}\n${trace}\n${notices.join()}`);
        }
      }
      return heard;
    });
  const before = await traces();
  await shipBatch(scene.floor, 3, { id: 'M-borealis', buyer: 'borealis' });
  await scene.owner.raw('analyze');
  expect(await traces()).toEqual(before);
  // Both were told something, of what stands outside of the functions and of what they read.
  expect(before.join()).toMatch(/shipments_buyer \d[^]*FUNCTIONSCAN/);
});

test('functions that run a query of the reader’s run it as the reader', async () => {
  await scene.as('acme', async (client) => {
    for (const source of sources) {
      const query = readSql(source).replaceAll("'", "''");
      const { rows } = await client.query<{ text: string }>(
        `select query_to_xml('${query}', true, false, '')::text as text`,
      );
      const { text } = rows[0]!;
      expect([source.name, isOf('acme', text), isOf('borealis', text)]).toEqual([source.name, true, false]);
    }
  });
});

test('statistics tell nothing, and the names of the logins do not tell who buys', async () => {
  const stats = `select tablename, attname, most_common_vals::text, histogram_bounds::text from pg_stats where schemaname = 'public'`;
  const gathered = await scene.owner.raw<{ rows: object[] }>(stats);
  expect(JSON.stringify(gathered.rows)).toContain(scene.words.borealis[1]);
  await scene.as('acme', async (client) => {
    expect((await client.query(stats)).rows).toEqual([]);
    const { rows } = await client.query<{ name: string }>(
      `select rolname as name from pg_roles union select datname from pg_database`,
    );
    expect(rows.filter(({ name }) => /acme|borealis/.test(name))).toEqual([]);
  });
});

const tables =
  'buyer_logins deliveries export_files export_items exports extract_items records shipments unit_events units'.split(
    ' ',
  );

test('a table that is granted by mistake still answers with the buyer’s own rows', async () => {
  await scene.owner.raw(`grant select on ${tables.join(', ')} to unitrail_buyer`);
  for (const name of tables)
    for (const buyer of testBuyers) {
      const seen = await rowsOf(buyer, { name, columns: ['*'] });
      expect([name, buyer, seen.length > 0]).toEqual([name, buyer, true]);
      const foreign = seen.filter((text) => !isOf(buyer, text) || isOf(otherOf[buyer], text));
      expect([name, buyer, foreign]).toEqual([name, buyer, []]);
    }
  await scene.owner.raw(`revoke select on ${tables.join(', ')} from unitrail_buyer`);
});

test('everybody else reads what there is', async () => {
  for (const login of ['office', 'desk', 'auditor', 'retention'] as const)
    for (const name of tables) {
      const count = async (db: Database) => (await db(name).count<{ count: string }[]>())[0]!.count;
      expect([login, name, await count(scene.floor.as(login))]).toEqual([
        login,
        name,
        await count(scene.owner),
      ]);
    }
});

test('a login that is no buyer’s sees nothing', async () => {
  await scene.owner.raw('alter table buyer_logins disable trigger user');
  await scene.owner('buyer_logins').where({ buyer: 'acme' }).delete();
  for (const source of sources)
    expect([source.name, await rowsOf('acme', source)]).toEqual([source.name, []]);
});
