import { prepared, type Database } from '../../adapters/postgres/database';
import { unitsNamedBy } from '../../adapters/postgres/located-unit';
import { percentile } from '../support/figures';
import type { Site } from './site';

export interface LookupFigures {
  readonly identifiers: number;
  readonly real: Percentiles;
  readonly bare: Percentiles;
}

export interface Percentiles {
  readonly p50: number;
  readonly p99: number;
}

const LOOKUPS = 5_000;
/** A few hundred lookups settle the connection, the plans and what a cold cache would hide. */
const WARM_UP = 500;

/**
 * Fills the registry up to so many serials, past every rule: indexes are dropped for the load and made again as they
 * were, because ten million inserts into random places of an index take hours.
 */
export async function fillRegistry(db: Database, identifiers: number): Promise<void> {
  await db.transaction(async (trx) => {
    await trx.raw('set local session_replication_role = replica');
    await trx.raw(`set local maintenance_work_mem = '1GB'`);
    const { rows } = await trx.raw<{ rows: { drop: string; make: string }[] }>(definitions);
    for (const { drop } of rows) await trx.raw(drop);
    await trx.raw(
      `insert into identifiers (issuer, kind, value, unit_id, block_id, ordinal, state)
       select 'unitrail', 'serial', 'EUDV2648-' || lpad(n::text, 9, '0'), gen_random_uuid(),
         (select max(id) from blocks), n, 'shipped' from generate_series(1, ?::integer) as n`,
      [identifiers],
    );
    for (const { make } of rows) await trx.raw(make);
  });
  await db.raw('vacuum analyze identifiers');
}

/** Indexes that are constraints, then those that are not. */
const definitions = `
  select format('alter table identifiers drop constraint %I', conname) as drop,
    format('alter table identifiers add constraint %I %s', conname, pg_get_constraintdef(oid)) as make
  from pg_constraint where conrelid = 'identifiers'::regclass and contype in ('p', 'u')
  union all
  select format('drop index %I', c.relname), pg_get_indexdef(i.indexrelid)
  from pg_index i join pg_class c on c.oid = i.indexrelid
  where i.indrelid = 'identifiers'::regclass
    and not exists (select from pg_constraint where conindid = i.indexrelid and conrelid = i.indrelid)`;

/**
 * One serial at a time over one pool of connections, by turns: as `unit show` looks for its unit, and by the primary key alone.
 * The made-up serials have no units: bench/retention asks for whole records.
 */
export async function lookups({ office, signal }: Site, identifiers: number): Promise<LookupFigures> {
  const taken = { real: [] as number[], bare: [] as number[] };
  for (let turn = 0; turn < WARM_UP + LOOKUPS; turn += 1) {
    signal.throwIfAborted();
    const real = await timed(() => namedIds(office, anySerial(identifiers)));
    const bare = await timed(() => bareSelect(office, anySerial(identifiers)));
    if (turn < WARM_UP) continue;
    taken.real.push(real);
    taken.bare.push(bare);
  }
  return { identifiers, real: percentilesOf(taken.real), bare: percentilesOf(taken.bare) };
}

/** Neighbours lie on the same pages: each lookup is somewhere else. */
function anySerial(identifiers: number): string {
  return `EUDV2648-${String(1 + Math.floor(Math.random() * identifiers)).padStart(9, '0')}`;
}

const byPrimaryKey = `select unit_id from identifiers where issuer = 'unitrail' and kind = 'serial' and value = ?`;

async function namedIds(db: Database, serial: string): Promise<string[]> {
  const { sql, values, shape } = unitsNamedBy(serial);
  const { rows } = await prepared<{ unit_id: string }>(db, `named_units_${shape}`, sql, values);
  return rows.map(({ unit_id: id }) => id);
}

async function bareSelect(db: Database, value: string): Promise<string[]> {
  const { rows } = await prepared<{ unit_id: string }>(db, 'by_primary_key', byPrimaryKey, [value]);
  return rows.map(({ unit_id: id }) => id);
}

async function timed(lookUp: () => PromiseLike<string[]>): Promise<number> {
  const began = performance.now();
  const found = await lookUp();
  if (found.length !== 1) throw new Error(`${found.length} units were found by one serial`);
  return performance.now() - began;
}

function percentilesOf(values: readonly number[]): Percentiles {
  return { p50: percentile(values, 0.5), p99: percentile(values, 0.99) };
}
