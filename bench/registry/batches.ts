import { openBatch, serialBlocks, type Grant } from '../../adapters/postgres/batch-ledger';
import type { Database } from '../../adapters/postgres/database';
import { canonicalJson } from '../../domain/canonical';
import type { GrantFacts } from '../../domain/grant-facts';
import type { Order } from '../../domain/order-document';
import { capacity, FIRST_NUMBER, parsePattern, renderSerial } from '../../domain/serial-scheme';
import { sampleRecipe } from '../../test/support/unit-facts';

/** Wide enough for a hundred grants of a million serials. */
export const PATTERN = parsePattern('EUDV{yy}{ww}-{seq:9}');
export const FACTS: GrantFacts = { year: 2026, isoYear: 2026, isoWeek: 47 };
const SCHEME = 'bench';

const grant: Grant = {
  ...{ kind: 'serial', name: SCHEME, scope: '2026W47', issuer: 'unitrail' },
  ...{ first: FIRST_NUMBER, last: capacity(PATTERN), runLength: 1, version: 1 },
  ...{ pattern: PATTERN.text, facts: FACTS },
};

/** Opens a batch with its block of serials, as the office does. It has an order of its own. */
export async function openBenchBatch(office: Database, batch: string, quantity: number): Promise<void> {
  const order: Order = {
    ...{ batch, order: `PO-${batch}`, orderQuantity: quantity, product: 'EUDV', quantity },
    ...{ firmware: sampleRecipe.firmware.version, boardBatch: 'PB-7', boardLot: 'PCB-2647-01' },
    ...{ components: {}, serials: 'scheme', attributes: {}, trial: false },
  };
  const document = canonicalJson(order);
  const workflowId = `batch:${batch}`;
  await openBatch(office, { order, document, recipe: sampleRecipe, workflowId, grants: [grant], by: '17' });
}

/** What claims each unit of the batch, in the order of their indexes. */
export async function claimsOf(office: Database, batch: string) {
  const [block] = await serialBlocks(office, batch);
  return Array.from({ length: block!.size }, (_, ordinal) => ({
    index: ordinal + 1,
    block: block!.id,
    ordinal,
    value: renderSerial(PATTERN, { facts: FACTS, number: block!.firstNumber + ordinal }),
  }));
}
