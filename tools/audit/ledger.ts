import type { Findings } from './findings';
import type { Move } from './folded-unit';
import { blockName, type BlockRow, type Plant } from './plant';
import type { Snapshot } from './snapshot';

export interface MovementSum {
  readonly block: number;
  readonly from: string;
  readonly to: string;
  readonly quantity: number;
}

export interface StateCount {
  readonly block: number;
  readonly state: string;
  readonly count: number;
}

/** Accounts in which a number waits for a unit or left the block for good; every other is the state of an identifier. */
const GRANTED = 'granted';
const RESERVED = 'reserved';
const LEASED = 'leased';
const RETURNED = 'returned';
const identifierStates = ['assigned', 'applied', 'shipped', 'scrapped', 'missing', 'void'];

/** What the events say that was moved, block by block. */
export class MoveTotals {
  private readonly totals = new Map<string, number>();

  add(moves: readonly Move[]): void {
    for (const { block, from, to, quantity } of moves) {
      const key = `${block} ${from} ${to}`;
      this.totals.set(key, (this.totals.get(key) ?? 0) + quantity);
    }
  }

  ofBlock(block: BlockRow): Map<string, number> {
    if (block.lease !== null) return movesOfLease(block);
    const prefix = `${block.id} `;
    const found = new Map<string, number>([[`${GRANTED} ${RESERVED}`, block.end - block.first]]);
    for (const [from, to] of pairs) {
      const quantity = this.totals.get(`${prefix}${from} ${to}`);
      if (quantity !== undefined) found.set(`${from} ${to}`, quantity);
    }
    return found;
  }
}

/** Nothing of a leased block is claimed here: it is at the other site until its end comes back. */
function movesOfLease({ first, end, leaseSide, unused }: BlockRow): Map<string, number> {
  if (leaseSide === 'lessee') return new Map([[`${GRANTED} ${RETURNED}`, end - first]]);
  return new Map([
    [`${GRANTED} ${LEASED}`, end - first],
    [`${LEASED} ${RETURNED}`, unused],
  ]);
}

const accounts = [RESERVED, LEASED, ...identifierStates, RETURNED];
const pairs = accounts.flatMap((from) => accounts.map((to) => [from, to] as const));

/** A7. One block: its movements against its range, the events and the registry. */
export function checkBlock(
  block: BlockRow,
  sums: readonly MovementSum[],
  counts: readonly StateCount[],
  expected: ReadonlyMap<string, number>,
  findings: Findings,
): void {
  const name = blockName(block);
  compareMoves(name, sums, expected, findings);
  const balances = balancesOf(sums);
  for (const [account, balance] of balances) {
    if (balance < 0) findings.violation('A7', name, `${account} = ${balance}`, 'no account below 0');
  }
  const states = new Map<string, number>();
  for (const { state, count } of counts) states.set(state, (states.get(state) ?? 0) + count);
  const claimed = counts.reduce((sum, { count }) => sum + count, 0);
  const elsewhere = (balances.get(RETURNED) ?? 0) + (balances.get(LEASED) ?? 0);
  compareBalance(name, RESERVED, balances, block.end - block.first - claimed - elsewhere, findings);
  for (const state of identifierStates)
    compareBalance(name, state, balances, states.get(state) ?? 0, findings);
}

function compareMoves(
  name: string,
  sums: readonly MovementSum[],
  expected: ReadonlyMap<string, number>,
  findings: Findings,
): void {
  const found = new Map(sums.map(({ from, to, quantity }) => [`${from} ${to}`, quantity]));
  for (const pair of new Set([...found.keys(), ...expected.keys()])) {
    const [there, wanted] = [found.get(pair) ?? 0, expected.get(pair) ?? 0];
    if (there === wanted) continue;
    findings.violation(
      'A7',
      name,
      `${there} moved ${pair.replace(' ', ' → ')}`,
      `${wanted}, by the range and the events`,
    );
  }
}

function balancesOf(sums: readonly MovementSum[]): Map<string, number> {
  const balances = new Map<string, number>();
  const add = (account: string, quantity: number): void =>
    void balances.set(account, (balances.get(account) ?? 0) + quantity);
  for (const { from, to, quantity } of sums) {
    if (from !== GRANTED) add(from, -quantity);
    add(to, quantity);
  }
  return balances;
}

function compareBalance(
  name: string,
  account: string,
  balances: ReadonlyMap<string, number>,
  counted: number,
  findings: Findings,
): void {
  const balance = balances.get(account) ?? 0;
  if (balance === counted) return;
  findings.violation('A7', name, `${account} = ${balance}`, `${counted}, by the registry's rows`);
}

/** A7. Blocks of one space follow each other without overlap, below the next number. */
export function checkSpaces(blocks: Iterable<BlockRow>, findings: Findings): void {
  const last = new Map<number, BlockRow>();
  for (const block of [...blocks].sort((a, b) => a.first - b.first)) {
    const name = blockName(block);
    const before = last.get(block.space);
    if (before && before.end > block.first) {
      findings.violation(
        'A7',
        name,
        `it begins at ${block.first}, inside block ${before.id}`,
        `a first number from ${before.end}`,
      );
    }
    if (block.end > block.nextNumber) {
      findings.violation(
        'A7',
        name,
        `it ends before ${block.end}`,
        `numbers below the space's next, ${block.nextNumber}`,
      );
    }
    if (!before || block.end > before.end) last.set(block.space, block);
  }
}

export async function checkLedger(
  snapshot: Snapshot,
  plant: Plant,
  { moves, takenOfBlock }: { moves: MoveTotals; takenOfBlock: ReadonlyMap<number, number> },
  findings: Findings,
): Promise<void> {
  const sums = await snapshot.rows<MovementSum>(
    `select block_id as block, from_account as "from", to_account as "to", sum(quantity)::bigint as quantity
     from movements group by block_id, from_account, to_account`,
  );
  const counts = await snapshot.rows<StateCount>(
    `select block_id as block, state, count(*) as count from identifiers where block_id is not null group by block_id, state`,
  );
  // A void number whose value somebody else has holds no row of its own.
  const taken = [...takenOfBlock].map(([block, count]) => ({ block, state: 'void', count }));
  const [sumsOf, countsOf] = [byBlock(sums), byBlock([...counts, ...taken])];
  for (const block of plant.blocks.values()) {
    checkBlock(
      block,
      sumsOf.get(block.id) ?? [],
      countsOf.get(block.id) ?? [],
      moves.ofBlock(block),
      findings,
    );
  }
  checkSpaces(plant.blocks.values(), findings);
  await checkUsedRanges(snapshot, plant, findings);
  await checkOrigins(snapshot, findings);
}

/** What was used before Unitrail is no number of a block. */
async function checkUsedRanges(snapshot: Snapshot, plant: Plant, findings: Findings): Promise<void> {
  const rows = await snapshot.rows<{ block: number; numbers: string }>(
    `select b.id as block, (b.numbers * u.numbers)::text as numbers from used_ranges u
     join number_spaces s on s.kind = u.kind and s.name = u.name join blocks b on b.space_id = s.id
     where b.numbers && u.numbers order by b.id limit 100`,
  );
  for (const { block, numbers } of rows) {
    const row = plant.blocks.get(block);
    const name = row ? blockName(row) : `block ${block}`;
    findings.violation('A7', name, `it holds ${numbers}`, 'no number that was used before Unitrail');
  }
}

/** A movement names the event that made it. */
async function checkOrigins(snapshot: Snapshot, findings: Findings): Promise<void> {
  const rows = await snapshot.rows<{ id: number; stream: string; seq: number }>(
    `select id, stream, seq from movements m
     where not exists (select from unit_events e where e.stream = m.stream and e.seq = m.seq)
       and not exists (select from capsule_units c where c.retired_at is not null and 'unit:' || c.unit_id = m.stream and m.seq <= c.last_seq)
     limit 100`,
  );
  for (const row of rows) {
    findings.violation(
      'A7',
      `movement ${row.id}`,
      `made by ${row.stream}, event ${row.seq}`,
      'an event that exists',
    );
  }
}

function byBlock<Row extends { readonly block: number }>(rows: readonly Row[]): Map<number, Row[]> {
  const grouped = new Map<number, Row[]>();
  for (const row of rows) {
    const list = grouped.get(row.block);
    if (list) list.push(row);
    else grouped.set(row.block, [row]);
  }
  return grouped;
}
