import type { MacAddress } from '../../domain/brands';
import { macAt, offsetOf, readBlock } from '../../domain/mac-address';
import { LEASED_RUN } from '../../domain/number-lease';
import type { Findings } from './findings';
import type { Passed } from './passed-numbers';
import type { BlockRow, Plant } from './plant';
import type { Snapshot } from './snapshot';

interface Space {
  readonly id: number;
  readonly kind: string;
  readonly name: string;
  readonly scope: string;
  readonly first: number;
  readonly next: number;
}

/** Numbers that nobody gets, or that a block has: from `first` up to `end`, which is not one of them. */
interface Range {
  readonly first: number;
  readonly end: number;
  /** Why it is no hole. A gap that is too small for the next block is left behind only before what was used already. */
  readonly why: 'block' | 'used' | 'passed';
}

/** Below a counter's next number, and in no range. */
interface Hole {
  readonly first: number;
  readonly end: number;
  readonly before: Range['why'] | null;
}

/**
 * A7. Every number below a counter's next is in a block, was used or adopted before, or was passed over by an event. What is
 * left are gaps in which the next block had no room. Numbers of cartons are those of shipments, and not looked at here.
 */
export async function checkHoles(
  snapshot: Snapshot,
  plant: Plant,
  passed: readonly Passed[],
  findings: Findings,
): Promise<void> {
  const spaces = await snapshot.rows<Space>(
    `select id, kind, name, scope, first_number as first, next_number as next from number_spaces where kind <> 'sscc' order by id`,
  );
  const blocksOf = new Map<number, BlockRow[]>(spaces.map(({ id }) => [id, []]));
  for (const block of plant.blocks.values()) blocksOf.get(block.space)?.push(block);
  for (const space of spaces) {
    const blocks = blocksOf.get(space.id)!.sort((a, b) => a.first - b.first);
    let next = 0;
    for (const hole of holesOf(space, await rangesOf(snapshot, space, blocks, passed))) {
      while (next < blocks.length && blocks[next]!.first < hole.end) next += 1;
      await checkHole(snapshot, space, { hole, block: blocks[next] }, findings);
    }
  }
}

function nameOf({ kind, name, scope }: Space): string {
  return [kind, name, scope].filter((part) => part !== '').join(' ');
}

async function rangesOf(
  snapshot: Snapshot,
  space: Space,
  blocks: readonly BlockRow[],
  passed: readonly Passed[],
): Promise<Range[]> {
  const used = await snapshot.rows<{ first: number; end: number }>(
    `select lower(numbers) as first, upper(numbers) as end from used_ranges where kind = $1 and name = $2`,
    [space.kind, space.name],
  );
  const name = nameOf(space);
  return [
    ...blocks.map(({ first, end }): Range => ({ first, end, why: 'block' })),
    ...used.map((range): Range => ({ ...range, why: 'used' })),
    ...passed
      .filter((one) => one.space === name)
      .map(({ from, to }): Range => ({ first: from, end: to + 1, why: 'passed' })),
  ].sort((a, b) => a.first - b.first);
}

function holesOf({ first, next }: Pick<Space, 'first' | 'next'>, ranges: readonly Range[]): Hole[] {
  const holes: Hole[] = [];
  let at = first;
  for (const range of ranges) {
    if (range.first >= next) break;
    if (range.first > at) holes.push({ first: at, end: range.first, before: range.why });
    at = Math.max(at, range.end);
  }
  if (at < next) holes.push({ first: at, end: next, before: null });
  return holes;
}

async function checkHole(
  snapshot: Snapshot,
  space: Space,
  { hole, block }: { hole: Hole; block: BlockRow | undefined },
  findings: Findings,
): Promise<void> {
  const adopted = block?.kind === 'mac' ? await adoptedIn(snapshot, block.pattern, hole) : [];
  const pieces = holesOf(
    { first: hole.first, next: hole.end },
    adopted.map((number) => ({ first: number, end: number + 1, why: 'used' })),
  );
  for (const piece of pieces) {
    const before = piece.before ?? hole.before;
    if (block && before !== null && hasNoRoom({ ...piece, before }, block)) continue;
    findings.violation(
      'A7',
      nameOf(space),
      `${piece.first} to ${piece.end - 1} are in no block, and the next number is ${space.next}`,
      'a block that has them, or that they were used, adopted or passed over',
    );
  }
}

/** The block that was cut next, and did not fit there. */
function hasNoRoom({ first, end, before }: Hole, block: BlockRow): boolean {
  const run = runOf(block);
  const start = Math.ceil(first / run) * run;
  if (before === 'block') return start >= end;
  return before === 'used' && start + (block.end - block.first) > end;
}

/** At a multiple of what a block begins. What a lessee hands back begins where its counter was. */
function runOf({ kind, leaseSide, runLength }: BlockRow): number {
  if (leaseSide === 'lessee') return 1;
  return kind === 'mac' && leaseSide === 'lessor' ? LEASED_RUN : runLength;
}

/** Adopted addresses of the hole, in order. Addresses of one length are in the order of their text. */
async function adoptedIn(snapshot: Snapshot, pattern: string, { first, end }: Hole): Promise<number[]> {
  const block = readBlock(pattern);
  if (block === null) return [];
  const rows = await snapshot.rows<{ value: string }>(
    `select value from identifiers where issuer = 'ieee' and kind = 'mac' and adopted_unit is not null
       and value between $1 and $2 and length(value) = length($1) order by value`,
    [macAt(block, first), macAt(block, end - 1)],
  );
  return rows.flatMap(({ value }) => offsetOf(block, value as MacAddress) ?? []);
}
