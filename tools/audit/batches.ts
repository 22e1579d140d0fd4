import type { Census } from './census';
import type { Findings } from './findings';
import type { FoldedUnit } from './folded-unit';
import type { Plant } from './plant';
import type { Snapshot } from './snapshot';

/**
 * A unit that left its rest while its batch was being completed was at rest when the batch looked: both are events
 * of different streams, ordered by nothing but the clock.
 */
const COMPLETION_RACE_MS = 60_000;

/** A8. When its batch completed, the unit was ready to ship or later, ended, or held. */
export function checkRest(unit: FoldedUnit, plant: Plant, name: string, findings: Findings): void {
  const completedAt = plant.batches.get(unit.row.batch)?.completedAt ?? null;
  if (completedAt === null) return;
  const completedMs = Date.parse(completedAt);
  const passed = unit.rests.filter((rest) => Date.parse(rest.at) <= completedMs);
  const [last, before] = [passed.at(-1), passed.at(-2)];
  if (last?.resting || (before?.resting && completedMs - Date.parse(last!.at) < COMPLETION_RACE_MS)) return;
  findings.violation(
    'A8',
    name,
    `still under way when batch ${unit.row.batch} completed at ${completedAt}`,
    'ready to ship or later, ended, or held by then',
  );
}

interface BatchCount {
  readonly batch: string;
  readonly units: number;
  readonly indexes: number;
  readonly lowest: number;
  readonly highest: number;
}

/** A8. Batches and orders, counted again from the units' rows. */
export async function checkBatches(
  snapshot: Snapshot,
  plant: Plant,
  census: Census,
  findings: Findings,
): Promise<void> {
  const counts = await snapshot.rows<BatchCount>(
    `select batch_id as batch, count(*) as units, count(distinct batch_index) as indexes,
       min(batch_index) as lowest, max(batch_index) as highest
     from units group by batch_id`,
  );
  const found = new Map(counts.map((count) => [count.batch, count]));
  for (const batch of new Set([...found.keys(), ...census.claimedOfBatch.keys()])) {
    checkBatch(batch, found.get(batch), plant, census, findings);
  }
  await checkOrders(snapshot, plant, census, findings);
}

function checkBatch(
  id: string,
  count: BatchCount | undefined,
  plant: Plant,
  census: Census,
  findings: Findings,
): void {
  const name = `batch ${id}`;
  const claimed = census.claimedOfBatch.get(id) ?? 0;
  const batch = plant.batches.get(id);
  if (!batch) findings.violation('A8', name, `${claimed} units of no batch`, 'a batch that exists');
  if ((count?.units ?? 0) !== claimed) {
    findings.violation('A8', name, `${count?.units ?? 0} units`, `${claimed}, as many as were claimed`);
  }
  if (!count || !batch) return;
  if (count.indexes !== count.units)
    findings.violation(
      'A8',
      name,
      `${count.units} units at ${count.indexes} indexes`,
      'one unit at an index',
    );
  if (count.lowest < 1 || count.highest > batch.quantity) {
    findings.violation(
      'A8',
      name,
      `indexes ${count.lowest} to ${count.highest}`,
      `indexes 1 to ${batch.quantity}`,
    );
  }
}

async function checkOrders(
  snapshot: Snapshot,
  plant: Plant,
  census: Census,
  findings: Findings,
): Promise<void> {
  const rows = await snapshot.rows<{ order: string; alive: number; shipped: number }>(
    `select b.order_id as "order", count(*) as alive, count(*) filter (where u.state = 'Shipped') as shipped from units u join batches b on b.id = u.batch_id
     where u.state not in ('Scrapped', 'Missing', 'Void') group by b.order_id`,
  );
  const found = new Map(rows.map((row) => [row.order, row]));
  for (const order of plant.orders.values()) {
    const { alive: counted, shipped } = found.get(order.id) ?? { alive: 0, shipped: 0 };
    // Lowered later, it may be for fewer than there are; then they are kept from leaving.
    const highest = census.highestQuantity.get(order.id) ?? order.quantity;
    const name = `order ${order.id}`;
    if (order.alive !== counted)
      findings.violation('A8', name, `alive = ${order.alive}`, `${counted}, recounted`);
    if (counted > highest)
      findings.violation('A8', name, `${counted} units alive or shipped`, `at most ${highest}`);
    if (shipped > order.quantity)
      findings.violation('A8', name, `${shipped} units shipped`, `at most ${order.quantity}`);
  }
}
