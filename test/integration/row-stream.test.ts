import { openDatabase, type Database } from '../../adapters/postgres/database';
import { streamRows } from '../../adapters/postgres/row-stream';
import { createTestDatabase, type TestDatabase } from '../support/database';
import { all } from '../support/exports';

/** Rows of any length, some at a time. One connection: what is left open is noticed at the next question. */
let database: TestDatabase;
let db: Database;

beforeAll(async () => {
  database = await createTestDatabase();
  db = openDatabase(database.ownerUrl, { applicationName: 'test-stream', maxConnections: 1 });
});
afterAll(async () => {
  await db?.destroy();
  await database?.drop();
});

const numbers = 'select n from generate_series(1, ?::integer) as n order by n';
const count = async () => Number((await db('operators').count<{ count: string }[]>())[0]!.count);

test.each([0, 1, 3, 4, 10])('all of %i rows come, in their order, three at a time', async (rows) => {
  const read = await all(streamRows<{ n: number }>(db, numbers, [rows], { rowsAtOnce: 3 }));
  expect(read.map(({ n }) => n)).toEqual(Array.from({ length: rows }, (_, at) => at + 1));
});

test('they are those of one moment, whatever is written meanwhile', async () => {
  const writer = openDatabase(database.ownerUrl, { applicationName: 'test-writer', maxConnections: 1 });
  const add = (id: string) => writer('operators').insert({ number: id, name: id });
  for (const id of ['a', 'b', 'c']) await add(id);
  const seen: string[] = [];
  for await (const { id } of streamRows<{ id: string }>(
    db,
    'select number as id from operators order by number',
    [],
    {
      rowsAtOnce: 1,
    },
  )) {
    if (seen.length === 0) await add('d');
    seen.push(id);
  }
  await writer.destroy();
  expect(seen).toEqual(['a', 'b', 'c']);
  expect(await count()).toBe(4);
});

test('whoever leaves early leaves nothing open', async () => {
  for await (const { n } of streamRows<{ n: number }>(db, numbers, [1_000_000], { rowsAtOnce: 2 }))
    if (n === 3) break;
  const { rows } = await db.raw<{ rows: object[] }>('select name from pg_cursors');
  expect(rows).toEqual([]);
});

test('what goes wrong in the middle is told where it is met, and the connection is free again', async () => {
  const seen: number[] = [];
  const reading = async () => {
    const sql = 'select 6 / (4 - n) as n from generate_series(1, 9) as n';
    for await (const { n } of streamRows<{ n: number }>(db, sql, [], { rowsAtOnce: 1 })) seen.push(n);
  };
  await expect(reading()).rejects.toMatchObject({ detail: { sqlState: '22012' } });
  expect(seen).toEqual([2, 3, 6]);
  expect(await count()).toBe(4);
});

test('nothing can be written by it', async () => {
  const sql = `with w as (insert into operators values ('e', 'e') returning number) select number from w`;
  await expect(all(streamRows(db, sql))).rejects.toThrow();
  expect(await count()).toBe(4);
});
