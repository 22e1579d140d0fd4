import { canonicalJson } from './canonical';
import { UnitrailError } from './errors';
import type { TestResult, Verdict } from './judge-test';
import type { Order } from './order-document';
import { actorText } from './plain-text';
import type { Recipe } from './recipe';
import {
  DRAFT_FORMAT,
  RECORD_FORMAT,
  type RecordLabel,
  type RecordProvisioning,
  type RecordShipment,
  type RecordTest,
  type RecordV1,
} from './record-document';
import type { ComponentLots } from './unit-row';

/** The event types that a record is made of. Of the others it knows the number, and by the head their content. */
export const recordEventTypes = [
  'assigned',
  'boardBound',
  'flashed',
  'testPassed',
  'certificateIssued',
  'provisioned',
  'printIntended',
  'printed',
  'printFound',
  'labelVerified',
  'qualityPassed',
  'shipped',
] as const;
export type RecordEventType = (typeof recordEventTypes)[number];

export interface RecordEvent {
  readonly seq: number;
  readonly type: RecordEventType;
  /** RFC 3339 UTC with milliseconds. */
  readonly at: string;
  readonly body: Readonly<Record<string, unknown>>;
}

/** All that a record is made of, read in one snapshot. */
export interface RecordFacts {
  readonly unit: RecordUnit;
  readonly order: Pick<Order, 'order' | 'buyerPart' | 'attributes'>;
  readonly recipe: Recipe;
  /** In the order of the unit's history. */
  readonly events: readonly RecordEvent[];
  readonly shipment: Omit<RecordShipment, 'at'> | null;
}

/** The unit's row. The positions say which event is in force; a rework takes them back. */
export interface RecordUnit {
  readonly unitId: string;
  readonly issuer: string;
  readonly serial: string;
  readonly product: string;
  readonly batch: string;
  readonly chipUid: string | null;
  readonly simulated: boolean;
  readonly flashedSeq: number | null;
  readonly testedSeq: number | null;
  readonly provisionedSeq: number | null;
  readonly labelSeq: number | null;
  readonly qcSeq: number | null;
  /** The print that is on the unit. */
  readonly labelPrint: number | null;
  readonly seq: number;
  /** Lower-case hex. */
  readonly head: string;
}

/** The record of what is in force now. Nothing is judged here: `sealedText` refuses what is incomplete. */
export function buildRecord(facts: RecordFacts): RecordV1 {
  const { unit, order, recipe } = facts;
  const board = newest(facts, 'boardBound')?.body;
  return {
    format: RECORD_FORMAT,
    issuer: unit.issuer,
    serial: unit.serial,
    product: unit.product,
    gtin: recipe.product.gtin,
    macs: (newest(facts, 'assigned')?.body.macs as string[] | undefined) ?? [],
    chipUid: unit.chipUid,
    batch: unit.batch,
    boardBatch: text(board?.boardBatch),
    boardLot: text(board?.boardLot),
    components: board ? componentsOf(board) : null,
    order: order.order,
    buyerPart: order.buyerPart ?? null,
    attributes: order.attributes ?? {},
    origin: 'built',
    simulated: unit.simulated,
    firmware: firmwareOf(facts),
    provisioning: provisioningOf(facts),
    test: testOf(facts),
    labels: labelsOf(facts),
    qc: qualityOf(facts),
    shipment: shipmentOf(facts),
    history: { events: unit.seq, head: unit.head },
  };
}

/** The same document under the draft's format. */
export function asDraft(record: RecordV1): RecordV1 {
  return { ...record, format: DRAFT_FORMAT };
}

/**
 * The bytes to seal: RFC 8785 text of a complete record.
 * @throws UnitrailError RECORD_INCOMPLETE with every missing field: a unit whose story has a gap must not leave.
 */
export function sealedText(facts: RecordFacts): string {
  const record = buildRecord(facts);
  const missing = missingFields(record, facts.recipe);
  if (missing.length > 0) {
    throw new UnitrailError(
      'RECORD_INCOMPLETE',
      `The record of unit ${record.serial} lacks ${missing.join(', ')}: it is not shipped. Look at its history.`,
      { unitId: facts.unit.unitId, missing },
    );
  }
  return canonicalJson(record);
}

/** What a sealed record has to say and this one does not. */
export function missingFields(record: RecordV1, recipe: Recipe): string[] {
  const missing = nullPaths(record, '').filter((path) => path !== 'buyerPart');
  if (record.macs.length !== (recipe.product.macs?.count ?? 0)) missing.push('macs');
  if (record.test && record.test.results.length === 0) missing.push('test.results');
  if (record.test && record.test.verdict !== null && record.test.verdict !== 'PASS')
    missing.push('test (passed)');
  if (record.labels.length === 0) missing.push('labels');
  return missing;
}

function nullPaths(value: unknown, path: string): string[] {
  if (value === null) return [path];
  if (typeof value !== 'object') return [];
  return Object.entries(value).flatMap(([name, entry]) => nullPaths(entry, path ? `${path}.${name}` : name));
}

function firmwareOf(facts: RecordFacts): RecordV1['firmware'] {
  const flashed = inForce(facts, facts.unit.flashedSeq);
  if (!flashed) return null;
  return { version: text(flashed.body.firmwareVersion), sha256: text(flashed.body.firmwareSha256) };
}

function provisioningOf(facts: RecordFacts): RecordProvisioning | null {
  const provisioned = inForce(facts, facts.unit.provisionedSeq);
  if (!provisioned) return null;
  const certificateSha256 = text(provisioned.body.certificateSha256);
  const issued = newest(
    facts,
    'certificateIssued',
    (body) => body.certificateSha256 === certificateSha256,
  )?.body;
  return {
    at: provisioned.at,
    certificateSha256,
    issuer: text(issued?.issuer),
    chainNotAfter: instant(issued?.chainNotAfter),
  };
}

function testOf(facts: RecordFacts): RecordTest | null {
  const passed = inForce(facts, facts.unit.testedSeq);
  return passed ? testOutcome(passed) : null;
}

/** What a test event says: of one that passed, failed or erred. */
export function testOutcome({ at, body }: Pick<RecordEvent, 'at' | 'body'>): RecordTest {
  return {
    plan: text(body.plan),
    planSha256: text(body.planSha256),
    verdict: text(body.verdict) as Verdict | null,
    attempt: number(body.attempt),
    at,
    station: text((body.place as { station?: unknown } | undefined)?.station),
    results: ((body.results as TestResult[] | undefined) ?? []).map(
      ({ name, value, unit, low, high, verdict }) => ({ name, value, unit, low, high, verdict }),
    ),
  };
}

function labelsOf(facts: RecordFacts): RecordLabel[] {
  const { labelPrint, labelSeq } = facts.unit;
  if (labelPrint === null) return [];
  const { place, symbology, material } = facts.recipe.labelTemplate;
  const ofThisPrint = facts.events.filter((event) => event.body.print === labelPrint);
  const verified = inForce(facts, labelSeq);
  const told = verified ?? ofThisPrint.find((event) => event.body.content !== undefined);
  // The first word that it was printed: a later one (the printer answers after the scanner) is not news.
  const printed = ofThisPrint.find(({ type }) => type === 'printed' || type === 'printFound');
  return [
    {
      place,
      symbology,
      content: text(told?.body.content),
      print: labelPrint,
      material,
      printedAt: printed?.at ?? null,
      verifiedAt: verified?.at ?? null,
    },
  ];
}

function qualityOf(facts: RecordFacts): RecordV1['qc'] {
  const passed = inForce(facts, facts.unit.qcSeq);
  if (!passed) return null;
  return { at: passed.at, by: actorText(passed.body.by), statementSha256: text(passed.body.statementSha256) };
}

function shipmentOf(facts: RecordFacts): RecordShipment | null {
  const { shipment } = facts;
  return shipment ? { ...shipment, at: newest(facts, 'shipped')?.at ?? null } : null;
}

function componentsOf(body: RecordEvent['body']): ComponentLots[] {
  const lots = Object.entries((body.components as Record<string, string[]> | undefined) ?? {});
  // By code unit, so that every machine seals the same order.
  return lots
    .map(([position, names]) => ({ position, lots: names }))
    .sort((one, other) => (one.position < other.position ? -1 : 1));
}

function inForce(facts: RecordFacts, seq: number | null): RecordEvent | undefined {
  return seq === null ? undefined : facts.events.find((event) => event.seq === seq);
}

function newest(
  facts: RecordFacts,
  type: RecordEventType,
  fits: (body: RecordEvent['body']) => boolean = () => true,
): RecordEvent | undefined {
  return facts.events.findLast((event) => event.type === type && fits(event.body));
}

function text(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

function number(value: unknown): number | null {
  return typeof value === 'number' ? value : null;
}

function instant(value: unknown): string | null {
  const time = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return Number.isNaN(time) ? null : new Date(time).toISOString();
}
