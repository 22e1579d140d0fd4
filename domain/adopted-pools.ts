import type { MacAddress } from './brands';
import { macAt, offsetOf, offsetsOf, type MacBlock } from './mac-address';
import { rangeOfPool, usedOffsets, type Offsets } from './mac-pool';
import type { MacPool } from './plant-document';

/** Addresses of one of our pools that the plant file does not declare as used, each with the row that it is from. */
export interface Undeclared {
  readonly pool: string;
  readonly numbers: number[];
  readonly rows: number[];
}

interface PoolRange {
  readonly block: MacBlock;
  readonly offered: Offsets;
  readonly used: readonly Offsets[];
  readonly undeclared: Undeclared;
}

/** Finds adopted addresses that a pool of ours may grant. Those outside of all pools, and at a pool's reserved ends, are nobody's. */
export class AdoptedPools {
  private readonly ranges: readonly PoolRange[];

  constructor(pools: readonly MacPool[]) {
    this.ranges = pools.map((pool) => {
      const range = rangeOfPool(pool);
      const undeclared = { pool: pool.name, numbers: [], rows: [] };
      return { block: range.block, offered: offsetsOf(range), used: usedOffsets(pool), undeclared };
    });
  }

  take(mac: MacAddress, row: number): void {
    for (const { block, offered, used, undeclared } of this.ranges) {
      const offset = offsetOf(block, mac);
      if (offset === null || !isIn(offered, offset) || used.some((range) => isIn(range, offset))) continue;
      undeclared.numbers.push(offset);
      undeclared.rows.push(row);
    }
  }

  /** What only the registry can judge: whether a batch may still get them. */
  undeclared(): Undeclared[] {
    return this.ranges.map((range) => range.undeclared).filter(({ numbers }) => numbers.length > 0);
  }

  addressAt(pool: string, number: number): MacAddress {
    return macAt(this.ranges.find(({ undeclared }) => undeclared.pool === pool)!.block, number);
  }
}

function isIn({ first, end }: Offsets, offset: number): boolean {
  return offset >= first && offset < end;
}
