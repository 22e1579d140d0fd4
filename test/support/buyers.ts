/** Two buyers with logins of their own, rows of every kind, and what each of them can reach of all of it. */
import { Client } from 'pg';
import { makeExport } from '../../activities/make-export';
import { correctRecord } from '../../adapters/postgres/amendments';
import { openDatabase, type Database } from '../../adapters/postgres/database';
import { recordDelivery } from '../../adapters/postgres/deliveries';
import { openExport, openExtract } from '../../adapters/postgres/exports';
import { createTestDatabase, keepTablesStill, mapBuyers, testBuyers, type TestDatabase } from './database';
import { asOf, makeDeps, shipBatch, testLook } from './exports';
import { applySmallPlant, openShopFloor, openTestBatch, type ShopFloor } from './shop-floor';
import { decide, walkUnit } from './walk-unit';

export type Buyer = (typeof testBuyers)[number];
export const otherOf: Readonly<Record<Buyer, Buyer>> = { acme: 'borealis', borealis: 'acme' };

/** What answers with rows: a table, a view, or a call of a function. */
export interface Source {
  /** As it stands behind `from`. */
  readonly name: string;
  /** Those that the buyer may read. */
  readonly columns: readonly string[];
}

export interface BuyersScene {
  readonly database: TestDatabase;
  readonly floor: ShopFloor;
  readonly owner: Database;
  /** Words that stand in rows of the buyer's and in nobody else's: itself, four serials, three ids of units. */
  readonly words: Readonly<Record<Buyer, string[]>>;
  /** With the buyer's login, and what it heard beside the answers. */
  as<T>(buyer: Buyer, work: (client: Client, notices: string[]) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

export async function openBuyersScene(folder: string): Promise<BuyersScene> {
  const database = await createTestDatabase();
  await keepTablesStill(database);
  await mapBuyers(database);
  const floor = openShopFloor(database);
  const owner = openDatabase(database.ownerUrl, { applicationName: 'test-owner', maxConnections: 2 });
  const words: Record<Buyer, string[]> = { acme: [], borealis: [] };
  await applySmallPlant(floor);
  // Only a test buyer gets simulated units.
  await owner('buyers').update({ test: true });
  for (const buyer of testBuyers) words[buyer] = await furnish({ floor, owner, folder }, buyer);
  await owner.raw('analyze');
  return {
    ...{ database, floor, owner, words },
    as: (buyer, work) => withLogin(database.urlOf(buyer), work),
    close: async () => {
      await floor.close();
      await owner.destroy();
      await database.drop();
    },
  };
}

interface Furnished {
  readonly floor: ShopFloor;
  readonly owner: Database;
  readonly folder: string;
}

/** Of each kind of row at least one: shipped and told, said since, scrapped, an extract, a try, and one not told yet. */
async function furnish({ floor, owner, folder }: Furnished, buyer: Buyer): Promise<string[]> {
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
  return [buyer, ...serials, ...ids];
}

async function withLogin<T>(
  url: string,
  work: (client: Client, notices: string[]) => Promise<T>,
): Promise<T> {
  const client = new Client({ connectionString: url, statement_timeout: 60_000 });
  const notices: string[] = [];
  client.on('notice', ({ message, detail }) => void notices.push([message, detail].join(' ')));
  await client.connect();
  try {
    return await work(client, notices);
  } finally {
    await client.end();
  }
}

/** Every table, view and sequence outside of Postgres's own schemas of which the login may read anything at all. */
export async function relationsOf(client: Client): Promise<Source[]> {
  const { rows } = await client.query<Source>(
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
}

export interface Callable {
  readonly name: string;
  readonly arguments: readonly string[];
  /** Of the rows that it answers with. */
  readonly columns: readonly string[];
  readonly volatility: string;
  readonly language: string;
}

/** Every function of ours that the login may call. */
export async function functionsOf(client: Client): Promise<Callable[]> {
  const { rows } = await client.query<Callable>(
    `select p.proname::text as name, p.provolatile::text as volatility, l.lanname::text as language,
       array(select format_type(t, null) from unnest(p.proargtypes::oid[]) with ordinality as a(t, n) order by n) as arguments,
       array(select p.proargnames[n] from generate_subscripts(p.proargmodes, 1) n where p.proargmodes[n] = 't' order by n) as columns
     from pg_proc p join pg_language l on l.oid = p.prolang join pg_namespace s on s.oid = p.pronamespace
     where s.nspname not in ('pg_catalog', 'information_schema') and has_function_privilege(p.oid, 'execute')
       and not exists (select from pg_depend d where d.objid = p.oid and d.classid = 'pg_proc'::regclass and d.deptype = 'e')
     order by 1`,
  );
  return rows;
}

/**
 * What a statement says beside its rows: the estimate, the plan as it ran, and what it counted in each table and index.
 * An error is an answer as well.
 */
export async function traceOf(client: Client, sql: string): Promise<string> {
  await client.query('begin');
  try {
    const before = await countersOf(client);
    const plan = await client.query<{ 'QUERY PLAN': string }>(
      `explain (analyze, verbose, buffers off, timing off, summary off) ${sql}`,
    );
    const after = await countersOf(client);
    const counted = Object.entries(after)
      .map(
        ([name, counts]) =>
          `${name} ${counts.map((count, at) => count - (before[name]?.[at] ?? 0)).join(' ')}`,
      )
      .filter((line) => !line.endsWith(' 0 0 0'));
    return [...plan.rows.map((row) => row['QUERY PLAN']), ...counted].join('\n');
  } catch (error) {
    return (error as Error).message;
  } finally {
    await client.query('rollback');
  }
}

async function countersOf(client: Client): Promise<Record<string, number[]>> {
  const { rows } = await client.query<{ name: string; counts: string[] }>(
    `select oid::regclass::text as name, array[pg_stat_get_xact_numscans(oid), pg_stat_get_xact_tuples_returned(oid),
       pg_stat_get_xact_tuples_fetched(oid)] as counts
     from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'i')`,
  );
  return Object.fromEntries(rows.map(({ name, counts }) => [name, counts.map(Number)]));
}
