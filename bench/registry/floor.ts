import type { Database } from '../../adapters/postgres/database';
import { CLAIM_CHUNK } from './site';

/** The tables that a claim fills, and which rows of theirs belong to the units of some batches. */
const filled = {
  units: 'join units x on x.id = u.id',
  unit_events: `join unit_events x on x.stream = 'unit:' || u.id`,
  identifiers: 'join identifiers x on x.unit_id = u.id',
  movements: `join movements x on x.stream = 'unit:' || u.id`,
} as const;
const tables = Object.keys(filled) as (keyof typeof filled)[];

/** Inserts the rows of one chunk. */
export type Floor = (batch: string, chunk: number) => PromiseLike<unknown>;

/**
 * Tables with the same columns and indexes, and no trigger, check or foreign key: what the rows alone cost. One
 * statement and one transaction fills all four, from rows that are on the server already.
 */
export async function makeFloor(db: Database): Promise<Floor> {
  const parts: string[] = [];
  for (const table of tables) {
    await db.raw(`create table floor_${table} (like ${table} including indexes)`);
    const columns = await db('information_schema.columns')
      .where({ table_schema: 'public', table_name: table })
      .orderBy('ordinal_position')
      .pluck<string[]>('column_name');
    parts.push(
      `insert into floor_${table} (${columns.join(', ')}) select ${columns.join(', ')} from staged_${table} where batch = :batch and chunk = :chunk`,
    );
  }
  const [last, ...others] = parts.reverse();
  const sql = `with ${others.map((insert, at) => `part${at} as (${insert})`).join(', ')} ${last}`;
  return (batch, chunk) => db.raw(sql, { batch, chunk });
}

/** The rows that the claims of these batches made, byte for byte, in chunks as they were claimed. */
export async function stageRows(db: Database, batches: readonly string[]): Promise<void> {
  for (const table of tables) {
    await db.raw(`drop table if exists staged_${table}`);
    await db.raw(
      `create table staged_${table} as select u.batch_id as batch, (u.batch_index - 1) / ${CLAIM_CHUNK} as chunk, x.*
       from units u ${filled[table]} where u.batch_id = any(?) order by 1, 2`,
      [batches as string[]],
    );
    await db.raw(`create index on staged_${table} (batch, chunk)`);
    await db.raw(`analyze staged_${table}`);
  }
}
