import { compare, type Business } from './business';
import type { Census } from './census';
import type { Findings } from './findings';
import { readCanonical } from './canonical-check';
import { voidedValue } from './identifiers';
import type { Plant } from './plant';
import { compareSets } from './projection';
import { checkShipmentStream } from './shipment-streams';
import type { Snapshot } from './snapshot';
import {
  factsOf,
  innerFacts,
  listFact,
  numberFact,
  streamKind,
  textFact,
  type Facts,
  type ReadEvent,
} from './stored-event';

/** What the tables hold of a batch beside its row. */
export interface BatchRows {
  readonly document: string;
  /** `position=lot, lot` */
  readonly lots: string[];
  /** As people set them; null where nobody has. */
  readonly controls: Facts | null;
}

export async function loadBatchRows(
  snapshot: Snapshot,
  ids: readonly string[],
): Promise<Map<string, BatchRows>> {
  const rows = await snapshot.rows<BatchRows & { id: string }>(
    `select b.id, b.document, array(select l.position || '=' || array_to_string(l.lots, ', ') from batch_lots l
       where l.batch_id = b.id) as lots,
       (select json_build_object('paused', c.paused, 'cancelled', c.cancelled, 'window', c.window_size, 'priority', c.priority)
        from batch_controls c where c.batch_id = b.id) as controls
     from batches b where b.id = any ($1)`,
    [ids],
  );
  return new Map(rows.map((row) => [row.id, row]));
}

/** A5 for orders, batches and shipments: their rows say what their events say. */
export function checkBusinessStream(
  name: string,
  events: readonly ReadEvent[],
  plant: Plant,
  batches: ReadonlyMap<string, BatchRows>,
  census: Census,
  findings: Findings,
): void {
  const kind = streamKind(name);
  const opened = events.find((event) => event.type === `${kind}Opened`)?.facts;
  if (opened === undefined) return;
  census.opened.add(name);
  const business = { id: name.slice(kind.length + 1), name, opened, events, plant, findings };
  if (kind === 'order') checkOrderStream(business, census);
  if (kind === 'batch') {
    checkBatchStream(business, batches);
    checkVoidNumbers(business, census);
    checkReturned(business, census);
  }
  if (kind === 'shipment') checkShipmentStream(business, census);
}

function checkOrderStream(business: Business, census: Census): void {
  const { id, opened, events, plant } = business;
  const set = events.filter(({ type }) => type === 'orderQuantitySet').map(({ facts }) => facts.quantity);
  const quantities = [opened.quantity, ...set];
  census.highestQuantity.set(id, Math.max(...quantities.map(Number)));
  compare(business, { quantity: plant.orders.get(id)?.quantity }, { quantity: quantities.at(-1) });
}

function checkBatchStream(business: Business, batches: ReadonlyMap<string, BatchRows>): void {
  const { id, opened, events, plant, name, findings } = business;
  const [row, rows] = [plant.batches.get(id), batches.get(id)];
  const { order, sha256, recipeSha256 } = opened;
  const ends = events.filter(({ type }) => type === 'batchCompleted' || type === 'batchToppedUp');
  const completed = ends.at(-1)?.type === 'batchCompleted';
  const found = { ...row, completed: (row?.completedAt ?? null) !== null };
  compare(business, found, { order, sha256, recipeSha256, completed });
  if (!row || !rows) return;
  const document = factsOf(readCanonical(rows.document).value);
  const added = events
    .filter(({ type }) => type === 'batchToppedUp')
    .reduce((sum, { facts }) => sum + (numberFact(facts, 'quantity') ?? 0), 0);
  const columns = documentColumns(document);
  compare(business, { ...row }, { ...columns, quantity: Number(columns.quantity) + added });
  checkControls(business, rows.controls);
  compareSets('batch_lots', rows.lots, lotsOf(document, events), name, findings);
}

/** A5. What people set of the batch is what stands in its row. */
function checkControls(business: Business, row: Facts | null): void {
  const controls = { paused: false, cancelled: false, window: null as unknown, priority: 0 as unknown };
  for (const { type, facts } of business.events) {
    if (type === 'batchPaused') controls.paused = true;
    if (type === 'batchResumed') controls.paused = false;
    if (type === 'batchCancelled') controls.cancelled = true;
    if (type === 'windowSet') controls.window = facts.window;
    if (type === 'prioritySet') controls.priority = facts.priority;
  }
  compare(business, row ?? { paused: false, cancelled: false, window: null, priority: 0 }, controls);
}

/** A7, A8. Only a cancelled batch gives numbers back, once, from blocks of its own; and it does so before it ends. */
function checkReturned({ id, name, events, plant, findings }: Business, census: Census): void {
  const seqOf = (type: string) => events.find((event) => event.type === type)?.seq ?? Infinity;
  const returned = events.filter(({ type }) => type === 'numbersReturned');
  const places = returned.flatMap(({ facts }) => listFact(facts, 'blocks')).map(placeOf);
  census.moves.add(places.map((place) => ({ ...place, from: 'reserved', to: 'returned' })));
  for (const { block } of places) {
    if (plant.blocks.get(block)?.batch === id) continue;
    findings.violation('A7', name, `numbers of block ${block} returned`, 'a block of its own');
  }
  const [cancelled, ended] = [seqOf('batchCancelled'), plant.batches.get(id)?.completedAt ?? null];
  if (returned.length > 0 && seqOf('numbersReturned') < cancelled)
    findings.violation('A8', name, 'numbers went back', 'a cancel before');
  if (cancelled < Infinity && ended !== null && returned.length !== 1)
    findings.violation(
      'A8',
      name,
      `cancelled and ended, and numbers went back ${returned.length} times`,
      'once',
    );
}

function placeOf(place: unknown): { block: number; quantity: number } {
  const [block, quantity] = Array.isArray(place) ? (place as unknown[]) : [];
  return { block: Number(block), quantity: Number(quantity) };
}

/** A6. What the batch booked void: a number of a block of its own, with the value that the block gives there. */
function checkVoidNumbers({ id, name, events, plant, findings }: Business, census: Census): void {
  for (const { type, facts } of events) {
    if (type !== 'numberVoided') continue;
    const [place, ordinal] = [numberFact(facts, 'block') ?? -1, numberFact(facts, 'ordinal') ?? -1];
    const [block, value] = [plant.blocks.get(place), textFact(facts, 'value') ?? ''];
    census.addVoid({ block: place, ordinal, value, taken: facts.why === 'taken' });
    const expected =
      block?.batch === id && block.kind === 'serial'
        ? voidedValue(block, block.first + ordinal, facts.why, value)
        : null;
    if (value === expected) continue;
    findings.violation(
      'A6',
      name,
      `void serial ${value} at ordinal ${ordinal} of block ${place}`,
      expected ?? `a block of batch ${id} that gives it, and a reason to void it`,
    );
  }
}

/** The columns that repeat the order's document. */
function documentColumns(document: Facts): Facts {
  const {
    order,
    product,
    quantity,
    buyer,
    destination,
    firmware,
    boardBatch,
    boardLot,
    trial = false,
  } = document;
  return {
    order,
    product,
    quantity,
    buyer,
    destination,
    firmwareVersion: firmware,
    boardBatch,
    boardLot,
    trial,
  };
}

/** The lots in force: those of the document, and each change since. */
function lotsOf(document: Facts, events: readonly ReadEvent[]): string[] {
  const lots = new Map(Object.entries(innerFacts(document, 'components')));
  for (const { type, facts } of events) {
    if (type === 'lotsChanged') lots.set(textFact(facts, 'position') ?? '', listFact(facts, 'lots'));
  }
  return [...lots].map(([position, list]) => `${position}=${(Array.isArray(list) ? list : []).join(', ')}`);
}

/** A5. A row whose stream was never opened was written by nobody. */
export function checkUntold(plant: Plant, census: Census, findings: Findings): void {
  const kinds = { order: plant.orders, batch: plant.batches, shipment: plant.shipments };
  for (const [kind, rows] of Object.entries(kinds)) {
    for (const id of rows.keys()) {
      if (census.opened.has(`${kind}:${id}`)) continue;
      findings.violation('A5', `${kind}:${id}`, 'a row', 'the event that opened it');
    }
  }
}
