import { blocksOverlap, offsetsOf } from './mac-address';
import { blockOfPool, isInPool, rangeOfPool } from './mac-pool';
import type { MacPool } from './plant-document';
import type { Problem } from './refusal';

type Path = Problem['path'];

/** What well-formed pools still get wrong: blocks that overlap, and ends or used ranges that do not fit their block. */
export function macPoolProblems(pools: readonly MacPool[]): Problem[] {
  return pools.flatMap((pool, at) => [
    ...overlapProblems(pools, at),
    ...sizeProblems(pool, ['macPools', at]),
    ...usedProblems(pool, ['macPools', at, 'used']),
  ]);
}

function overlapProblems(pools: readonly MacPool[], at: number): Problem[] {
  const pool = pools[at]!;
  const block = blockOfPool(pool);
  const clash = pools.slice(0, at).find((other) => blocksOverlap(blockOfPool(other), block));
  if (!clash) return [];
  const allowed = `a block apart from that of ${clash.name}, ${clash.block}`;
  return [{ path: ['macPools', at, 'block'], value: pool.block, allowed }];
}

function sizeProblems(pool: MacPool, at: Path): Problem[] {
  const range = rangeOfPool(pool);
  const { first, end } = offsetsOf(range);
  if (first < end) return [];
  const size = offsetsOf({ ...range, reserveLast: 0 }).end;
  const allowed = `fewer than ${size} together with reserveLast, the size of the block`;
  return [{ path: [...at, 'reserveFirst'], value: pool.reserveFirst, allowed }];
}

function usedProblems(pool: MacPool, at: Path): Problem[] {
  const ranges = pool.used ?? [];
  return ranges.flatMap(({ from, to }, index): Problem[] => {
    const outside = [['from', from] as const, ['to', to] as const].find(([, mac]) => !isInPool(pool, mac));
    if (outside) {
      const allowed = `an address of ${pool.block}, as EUI-${pool.eui ?? 48}`;
      return [{ path: [...at, index, outside[0]], value: outside[1], allowed }];
    }
    // One spelling of one length: the order of the text is that of the addresses.
    if (to < from) return [{ path: [...at, index, 'to'], value: to, allowed: `an address from ${from} on` }];
    const clash = ranges.slice(0, index).find((other) => other.from <= to && from <= other.to);
    if (!clash) return [];
    return [
      {
        path: [...at, index, 'from'],
        value: from,
        allowed: `a range apart from ${clash.from} to ${clash.to}`,
      },
    ];
  });
}
