import type { Knex } from 'knex';
import {
  noCounts,
  type Account,
  type BlockLedger,
  type Counts,
  type LeasedBlock,
} from '../../domain/balance';
import type { Database } from './database';
import { mapped } from './errors';

export interface BalanceFilter {
  readonly scheme?: string;
  readonly buyer?: string;
  readonly batch?: string;
}

/** The first unit of a block of which movements and identifiers tell different things. */
export interface Disagreement {
  /** Null where the unit's row is gone. */
  readonly serial: string | null;
  readonly unitId: string;
  /** Null where none of its identifiers is left in the block. */
  readonly identifier: string | null;
}

/** Sums over all identifiers and movements ever made are single statements: minutes at most, where a line has millions. */
const TIMEOUT_MS = 900_000;

/** Every block that fits, in the order of its number space: range, movements and rows of one moment. */
export async function blockLedgers(db: Database, filter: BalanceFilter = {}): Promise<BlockLedger[]> {
  const snapshot = { isolationLevel: 'repeatable read', readOnly: true } as const;
  return mapped(db.transaction((trx) => readLedgers(trx, filter), snapshot));
}

type BlockRow = Omit<BlockLedger, 'block' | 'granted' | 'lease' | 'entered' | 'moved' | 'rows'> & {
  readonly block: string;
  readonly leaseId: string | null;
  readonly side: LeasedBlock['side'];
  readonly unused: string;
  readonly granted: string;
};
type Sum = { block: string; from: Account | 'granted'; to: Account; quantity: string };
type StateCount = { block: string; state: Account; count: string };

async function readLedgers(trx: Knex.Transaction, filter: BalanceFilter): Promise<BlockLedger[]> {
  await trx.raw(`set local statement_timeout = ${TIMEOUT_MS}`);
  const blocks = await readBlocks(trx, filter);
  // Without a filter every block is meant, and a list of all their ids would only keep the server from one plain scan.
  const some = Object.values(filter).some((value) => value !== undefined);
  const [where, ids] = some
    ? ['block_id = any(?::bigint[])', [blocks.map(({ block }) => block)]]
    : ['true', []];
  const sums = byBlock(
    await longRead<Sum>(
      trx,
      `select block_id as block, from_account as "from", to_account as "to", sum(quantity) as quantity
       from movements where ${where} group by block_id, from_account, to_account`,
      ids,
    ),
  );
  const counts = byBlock(
    await longRead<StateCount>(
      trx,
      `select block_id as block, state, count(*) as count from identifiers
       where block_id is not null and ${where} group by block_id, state`,
      ids,
    ),
  );
  const taken = byBlock(await readTaken(trx, filter));
  const ledgers = blocks.map((block) =>
    ledgerOf(block, sums.get(block.block) ?? [], [
      ...(counts.get(block.block) ?? []),
      ...(taken.get(block.block) ?? []),
    ]),
  );
  return [...ledgers, ...(await readUngranted(trx, filter))];
}

/** Void numbers whose values were somebody else's already: they have no row of their own. */
function readTaken(trx: Knex.Transaction, { batch }: BalanceFilter): Promise<StateCount[]> {
  return longRead<StateCount>(
    trx,
    `select e.body::jsonb ->> 'block' as block, 'void' as state, count(*) as count
     from batches b join unit_events e on e.stream = 'batch:' || b.id and e.type = 'numberVoided'
     where e.body::jsonb ->> 'why' = 'taken' and (?::text is null or b.id = ?) group by 1`,
    [batch ?? null, batch ?? null],
  );
}

/** What is left of the buyers' lists and of other sites' leases: given to us, and granted to no batch yet. */
async function readUngranted(
  trx: Knex.Transaction,
  { scheme, buyer, batch }: BalanceFilter,
): Promise<BlockLedger[]> {
  if (batch !== undefined) return [];
  const rows = await longRead<
    Pick<BlockLedger, 'kind' | 'scheme' | 'scope' | 'issuer' | 'buyer'> & { left: string }
  >(
    trx,
    `select s.kind, s.name as scheme, s.scope, s.issuer, s.issuer as buyer, s.last_number - s.next_number + 1 as left
     from number_lists l join number_spaces s on s.id = l.space_id
     where s.next_number <= s.last_number and (?::text is null or s.name = ?) and (?::text is null or s.issuer = ?)
     union all
     select s.kind, s.name, s.scope, s.issuer, null, s.last_number - s.next_number + 1
     from number_leases l join number_spaces s on s.id = l.space_id
     where l.side = 'lessee' and s.next_number <= s.last_number and (?::text is null or s.name = ?) and ?::text is null
     order by 2, 3`,
    [scheme, scheme, buyer, buyer, scheme, scheme, buyer].map((value) => value ?? null),
  );
  return rows.map(({ left, ...space }) => ({
    ...{ ...space, block: null, batch: null, lease: null },
    ...{ granted: Number(left), entered: Number(left), rows: noCounts },
    moved: { ...noCounts, reserved: Number(left) },
  }));
}

async function readBlocks(
  trx: Knex.Transaction,
  { scheme, buyer, batch }: BalanceFilter,
): Promise<BlockRow[]> {
  const owner = `case when i.kind = 'buyer' then s.issuer else t.buyer end`;
  return longRead<BlockRow>(
    trx,
    `select b.id as block, s.kind, s.name as scheme, s.scope, s.issuer, b.batch_id as batch, ${owner} as buyer,
       upper(b.numbers) - lower(b.numbers) as granted, b.lease_id as "leaseId", l.side,
       coalesce(upper(r.unused) - lower(r.unused), 0) as unused
     from blocks b join number_spaces s on s.id = b.space_id join issuers i on i.id = s.issuer
       left join batches t on t.id = b.batch_id left join number_leases l on l.id = b.lease_id
       left join lease_returns r on r.lease_id = b.lease_id
     where (?::text is null or s.name = ?) and (?::text is null or ${owner} = ?) and (?::text is null or b.batch_id = ?)
     order by s.kind desc, s.name, s.scope, b.id`,
    [scheme, scheme, buyer, buyer, batch, batch].map((value) => value ?? null),
  );
}

/** The pool's client would give up long before the server does. */
async function longRead<Row>(trx: Knex.Transaction, sql: string, values: readonly unknown[]): Promise<Row[]> {
  const query = trx.raw<{ rows: Row[] }>(sql, values as Knex.RawBinding[]);
  return (await query.options({ query_timeout: TIMEOUT_MS })).rows;
}

function ledgerOf(block: BlockRow, sums: readonly Sum[], counts: readonly StateCount[]): BlockLedger {
  const moved: Record<Account, number> = { ...noCounts };
  const rows: Record<Account, number> = { ...noCounts };
  let entered = 0;
  for (const { from, to, quantity } of sums) {
    moved[to] += Number(quantity);
    if (from === 'granted') entered += Number(quantity);
    else moved[from] -= Number(quantity);
  }
  for (const { state, count } of counts) rows[state] += Number(count);
  const { leaseId, side, unused, ...told } = block;
  const lease = leaseId === null ? null : { lease: leaseId, side, unused: Number(unused) };
  return { ...told, lease, granted: Number(block.granted), entered, moved: moved as Counts, rows };
}

/** The first by its place in the block; null where every unit agrees, and only the block's own grant is wrong. */
export async function firstDisagreement(db: Database, block: string): Promise<Disagreement | null> {
  const answer = await mapped(db.raw<{ rows: Disagreement[] }>(disagreeing, [block, block, block, block]));
  return answer.rows[0] ?? null;
}

const disagreeing = `
  with moved as (
    select stream, account, sum(quantity) as count from (
      select stream, to_account as account, quantity from movements where block_id = ?
      union all select stream, from_account, -quantity from movements where block_id = ?) m
    where account not in ('granted', 'reserved') and stream like 'unit:%' group by stream, account),
  held as (
    select 'unit:' || unit_id as stream, state as account, count(*) as count, min(ordinal) as ordinal
    from identifiers where block_id = ? and unit_id is not null group by unit_id, state),
  first as (
    select substr(stream, 6)::uuid as id from moved full join held using (stream, account)
    where coalesce(moved.count, 0) <> coalesce(held.count, 0) order by held.ordinal, stream limit 1)
  select u.serial, first.id as "unitId",
    (select i.value from identifiers i where i.unit_id = first.id and i.block_id = ? order by i.ordinal limit 1) as identifier
  from first left join units u on u.id = first.id`;

function byBlock<Row extends { readonly block: string }>(rows: readonly Row[]): Map<string, Row[]> {
  const grouped = new Map<string, Row[]>();
  for (const row of rows) {
    const list = grouped.get(row.block);
    if (list) list.push(row);
    else grouped.set(row.block, [row]);
  }
  return grouped;
}
