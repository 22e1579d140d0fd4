import type { MacAddress } from './brands';
import { offsetOf, offsetsOf, parseMacBlock, type MacBlock, type MacRange } from './mac-address';
import type { MacPool } from './plant-document';

/** Offsets within a block, from `first` up to `end`, which is not one of them. */
export interface Offsets {
  readonly first: number;
  readonly end: number;
}

/**
 * The plant file names a block as the IEEE does, by six octets; a pool of EUI-64 takes the range with its prefix.
 * @throws UnitrailError INPUT_INVALID
 */
export function blockOfPool({ block, eui = 48 }: Pick<MacPool, 'block' | 'eui'>): MacBlock {
  return parseMacBlock(eui === 64 ? block.replace('/', ':00:00/') : block);
}

export function rangeOfPool(pool: MacPool): MacRange {
  return { block: blockOfPool(pool), reserveFirst: pool.reserveFirst, reserveLast: pool.reserveLast };
}

/** What was used before Unitrail, in the order of the addresses. Both ends of a range are in the pool's block. */
export function usedOffsets(pool: MacPool): Offsets[] {
  const block = blockOfPool(pool);
  return (pool.used ?? [])
    .map(({ from, to }) => ({ first: offsetOf(block, from) ?? 0, end: (offsetOf(block, to) ?? -1) + 1 }))
    .sort((a, b) => a.first - b.first);
}

/** Addresses that units may get: without the reserved ends and without what was used before. */
export function addressesOfPool(pool: MacPool): number {
  const { first, end } = offsetsOf(rangeOfPool(pool));
  const used = usedOffsets(pool).map((one) => Math.min(end, one.end) - Math.max(first, one.first));
  return used.reduce((left, count) => left - Math.max(0, count), Math.max(0, end - first));
}

/** Whether the address is one of the pool's block. */
export function isInPool(pool: Pick<MacPool, 'block' | 'eui'>, mac: MacAddress): boolean {
  return offsetOf(blockOfPool(pool), mac) !== null;
}
