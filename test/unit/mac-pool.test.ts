import fc from 'fast-check';
import type { MacAddress } from '../../domain/brands';
import { macAt } from '../../domain/mac-address';
import { addressesOfPool, blockOfPool, usedOffsets } from '../../domain/mac-pool';
import type { MacPool } from '../../domain/plant-document';

const pool: MacPool = { name: 'main', block: '70:B3:D5:00:00:00/36', reserveFirst: 4, reserveLast: 4 };
const mac = (text: string) => text as MacAddress;

describe('a pool of MAC addresses', () => {
  it('takes the range of its own length with the prefix of its block', () => {
    expect(macAt(blockOfPool(pool), 4)).toBe('70:B3:D5:00:00:04');
    expect(macAt(blockOfPool({ ...pool, eui: 64 }), 4)).toBe('70:B3:D5:00:00:00:00:04');
  });

  it('has the addresses of its block without the reserved ends', () => {
    expect(addressesOfPool(pool)).toBe(4_088);
    expect(addressesOfPool({ ...pool, eui: 64 })).toBe(2 ** 28 - 8);
  });

  it('knows what was used before by its place in the block, both ends included', () => {
    const used = [
      { from: mac('70:B3:D5:00:01:00'), to: mac('70:B3:D5:00:01:00') },
      { from: mac('70:B3:D5:00:00:10'), to: mac('70:B3:D5:00:00:1F') },
    ];
    expect(usedOffsets({ ...pool, used })).toEqual([
      { first: 16, end: 32 },
      { first: 256, end: 257 },
    ]);
    expect(addressesOfPool({ ...pool, used })).toBe(4_088 - 17);
  });

  it('counts an address once that is reserved and was used before', () => {
    const offset = fc.integer({ min: 0, max: 4_095 });
    fc.assert(
      fc.property(offset, offset, (a, b) => {
        const [from, to] = [Math.min(a, b), Math.max(a, b)];
        const block = blockOfPool(pool);
        const used = [{ from: macAt(block, from), to: macAt(block, to) }];
        const left = Array.from({ length: 4_096 }, (_, at) => at).filter(
          (at) => at >= 4 && at < 4_092 && (at < from || at > to),
        );
        expect(addressesOfPool({ ...pool, used })).toBe(left.length);
      }),
      { numRuns: 50 },
    );
  });
});
