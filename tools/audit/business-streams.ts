import type { Census } from './census';
import type { Findings } from './findings';
import { readCanonical } from './canonical-check';
import { voidedValue } from './identifiers';
import type { Plant } from './plant';
import { compareSets } from './projection';
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
}

export async function loadBatchRows(
  snapshot: Snapshot,
  ids: readonly string[],
): Promise<Map<string, BatchRows>> {
  const rows = await snapshot.rows<{ id: string; document: string; lots: string[] }>(
    `select b.id, b.document, array(select l.position || '=' || array_to_string(l.lots, ', ') from batch_lots l
       where l.batch_id = b.id) as lots
     from batches b where b.id = any ($1)`,
    [ids],
  );
  return new Map(rows.map((row) => [row.id, row]));
}

/** What the checks of one stream need. */
interface Business {
  readonly id: string;
  readonly name: string;
  /** What the opening event says. */
  readonly opened: Facts;
  readonly events: readonly ReadEvent[];
  readonly plant: Plant;
  readonly findings: Findings;
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
  if (kind === 'order') checkOrderStream(business);
  if (kind === 'batch') {
    checkBatchStream(business, batches);
    checkVoidNumbers(business, census);
  }
  if (kind === 'shipment') checkShipmentStream(business, census);
}

function checkOrderStream(business: Business): void {
  const { id, opened, plant } = business;
  compare(business, { quantity: plant.orders.get(id)?.quantity }, { quantity: opened.quantity });
}

function checkBatchStream(business: Business, batches: ReadonlyMap<string, BatchRows>): void {
  const { id, opened, events, plant, name, findings } = business;
  const [row, rows] = [plant.batches.get(id), batches.get(id)];
  const { order, sha256, recipeSha256 } = opened;
  const completed = events.some((event) => event.type === 'batchCompleted');
  const found = { ...row, completed: (row?.completedAt ?? null) !== null };
  compare(business, found, { order, sha256, recipeSha256, completed });
  if (!row || !rows) return;
  const document = factsOf(readCanonical(rows.document).value);
  compare(business, { ...row }, documentColumns(document));
  compareSets('batch_lots', rows.lots, lotsOf(document, events), name, findings);
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

function checkShipmentStream(business: Business, census: Census): void {
  const { id, opened, events, plant } = business;
  const closing = events.find((event) => event.type === 'shipmentClosed');
  if (closing) census.closedWith.set(id, numberFact(closing.facts, 'units'));
  const { batch, buyer, carton, destination } = opened;
  const expected = { batch, buyer, carton, destination, closed: closing !== undefined };
  compare(business, { ...plant.shipments.get(id) }, expected);
}

function compare({ name, findings }: Business, found: Facts, expected: Facts): void {
  for (const [column, wanted] of Object.entries(expected)) {
    const [there, told] = [found[column] ?? null, wanted ?? null];
    if (there === told) continue;
    findings.violation(
      'A5',
      name,
      `${column} = ${String(there)}`,
      `${column} = ${String(told)}, by its events`,
    );
  }
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
