/**
 * Schedules of what offices do to one order at once: open its batches, claim overlapping ranges, take units out and
 * find them again, over connections that fail. A seed gives the same schedule; how its clients meet is the server's.
 */
import { canonicalJson } from '../../domain/canonical';
import type { Order } from '../../domain/order-document';
import { sampleRecipe } from './unit-facts';
import { openBatch, type Grant } from '../../adapters/postgres/batch-ledger';
import type { Database } from '../../adapters/postgres/database';
import { faults, type Fault } from './faulty-client';
import { seeded, type Seeded } from './seeded';

export const CLIENTS = 16;

export type Act =
  | { readonly does: 'claim'; readonly from: number; readonly to: number }
  | { readonly does: 'decide'; readonly index: number; readonly type: Decision };
type Decision = 'scrapped' | 'missing' | 'found';

export interface PlannedBatch {
  readonly id: string;
  readonly order: string;
  readonly orderQuantity: number;
  readonly quantity: number;
  readonly grant: Grant;
}

/** One client's work on one batch. Each act may meet a fault at one of its statements. */
export interface Program {
  readonly batch: PlannedBatch;
  readonly acts: readonly (Act & { readonly failAt: { statement: number; fault: Fault } | null })[];
}

export interface Schedule {
  readonly seed: number;
  readonly batches: readonly PlannedBatch[];
  readonly programs: readonly Program[];
}

/** In every other schedule the serials of both batches look alike: what one has, the other finds taken. */
export function scheduleOf(seed: number): Schedule {
  const random = seeded(seed);
  const quantities = [random.between(2, 5), random.between(2, 5)];
  const look = random.oneOf([
    ['', ''],
    ['A', 'B'],
  ]);
  const batches = quantities.map((quantity, at) => ({
    id: `S${seed}-${at}`,
    order: `PO-S${seed}`,
    orderQuantity: quantities[0]! + quantities[1]!,
    quantity,
    grant: grantOf(`s${seed}-${at}`, `${inLetters(seed)}${look[at]}`, random.oneOf([undefined, ['2']])),
  }));
  const programs = Array.from({ length: CLIENTS }, () => programOf(random, random.oneOf(batches)));
  return { seed, batches, programs };
}

function programOf(random: Seeded, batch: PlannedBatch): Program {
  const from = random.between(1, batch.quantity);
  const claim: Act = { does: 'claim', from, to: random.between(from, batch.quantity) };
  const decisions = Array.from({ length: random.below(3) }, (): Act => {
    return {
      does: 'decide',
      index: random.between(from, claim.to),
      type: random.oneOf(['scrapped', 'missing', 'found']),
    };
  });
  const acts = [claim, ...decisions].map((act) => ({ ...act, failAt: failureOf(random) }));
  return { batch, acts };
}

function failureOf(random: Seeded): { statement: number; fault: Fault } | null {
  return random.below(3) === 0 ? { statement: random.between(1, 6), fault: random.oneOf(faults) } : null;
}

function grantOf(name: string, look: string, skip: string[] | undefined): Grant {
  const facts = { year: 2026, isoYear: 2026, isoWeek: 47, ...(skip && { skip }) };
  return {
    ...{ kind: 'serial', name, scope: '', issuer: 'unitrail', first: 1, last: 999 },
    ...{ runLength: 1, version: 1, pattern: `S${look}-{seq:3}`, facts },
  };
}

/** Without digits: a scheme that skips one would skip all of its serials. */
function inLetters(number: number): string {
  return [...String(number)].map((digit) => 'ABCDEFGHIJ'[Number(digit)]).join('');
}

export async function openPlanned(db: Database, batch: PlannedBatch): Promise<void> {
  const { id, order, orderQuantity, quantity, grant } = batch;
  const document: Order = {
    ...{ batch: id, order, orderQuantity, product: 'EUDV', quantity, buyer: 'acme', destination: 'DE' },
    ...{ firmware: sampleRecipe.firmware.version, boardBatch: 'PB-118', boardLot: 'PCB-2406-17' },
    ...{ components: {}, serials: 'scheme', attributes: {}, trial: false },
  };
  await openBatch(db, {
    ...{ order: document, document: canonicalJson(document), recipe: sampleRecipe },
    ...{ workflowId: `batch:${id}`, grants: [grant], by: '17' },
  });
}
