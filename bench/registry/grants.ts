import { median } from '../support/figures';
import { openBenchBatch } from './batches';
import type { Site } from './site';

export interface GrantFigures {
  readonly quantity: number;
  readonly medianMs: number;
  /** Rows that one batch added to blocks and to movements. */
  readonly rows: string;
}

const GRANTS = 20;
const QUANTITIES = [1_000, 1_000_000];

/** Opens batches of either size by turns: order, recipe, batch and block in one transaction, and its commit. */
export async function grants(site: Site): Promise<GrantFigures[]> {
  const taken = new Map(QUANTITIES.map((quantity) => [quantity, [] as number[]]));
  const added = new Map<number, string>();
  for (let turn = 0; turn < GRANTS; turn += 1) {
    for (const quantity of QUANTITIES) {
      site.signal.throwIfAborted();
      const before = await rowCounts(site);
      const began = performance.now();
      await openBenchBatch(site.office, `GRANT-${quantity}-${turn}`, quantity);
      taken.get(quantity)!.push(performance.now() - began);
      const after = await rowCounts(site);
      added.set(quantity, after.map((count, at) => count - before[at]!).join(' + '));
    }
  }
  return QUANTITIES.map((quantity) => ({
    quantity,
    medianMs: median(taken.get(quantity)!),
    rows: added.get(quantity)!,
  }));
}

async function rowCounts({ superuser }: Site): Promise<number[]> {
  const counts = ['blocks', 'movements'].map((table) => superuser(table).count('* as rows').first());
  return (await Promise.all(counts)).map((row) => Number(row!.rows));
}
