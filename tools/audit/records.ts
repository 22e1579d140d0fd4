import { createHash } from 'node:crypto';
import { actorText } from '../../domain/plain-text';
import { RECORD_FORMAT } from '../../domain/record-document';
import { canonicalText, readCanonical } from './canonical-check';
import type { Findings } from './findings';
import type { FoldedUnit } from './folded-unit';
import type { Plant } from './plant';
import type { Snapshot } from './snapshot';
import { factsOf, innerFacts, listFact, textFact, type Facts, type ReadEvent } from './stored-event';
import type { LogRow, RecordRow, UnitRows } from './unit-rows';

const SALT_BYTES = 32;

/** A9. The sealed record of one unit: there when it shipped, and saying what its events say. */
export function checkRecord(
  unit: FoldedUnit,
  rows: UnitRows,
  order: Facts,
  plant: Plant,
  name: string,
  findings: Findings,
): void {
  const wrong = (found: string, expected: string): void => findings.violation('A9', name, found, expected);
  const shipped = unit.row.state === 'Shipped' ? unit.newest.get('shipped') : undefined;
  const wanted = shipped ? 1 : 0;
  const [record, ...more] = rows.records;
  if (rows.records.length !== wanted)
    wrong(`${rows.records.length} records`, `${wanted}, in state ${unit.row.state}`);
  if (!shipped || !record || more.length > 0) return;
  checkBytes(record, rows.log, unit, shipped, wrong);
  const reading = readCanonical(record.body);
  if (reading.problem) wrong(reading.problem.found, `canonical JSON: ${reading.problem.expected}`);
  const expected = expectedRecord(unit, shipped, order, plant);
  if (canonicalText(expected) !== record.body) compareFields(factsOf(reading.value), expected, wrong);
}

type Wrong = (found: string, expected: string) => void;

function checkBytes(
  record: RecordRow,
  log: readonly LogRow[],
  unit: FoldedUnit,
  shipped: ReadEvent,
  wrong: Wrong,
): void {
  const sha256 = createHash('sha256').update(record.body, 'utf8').digest('hex');
  if (record.sha256 !== sha256) wrong(`digest ${record.sha256}`, `${sha256}, recomputed`);
  if (record.serial !== unit.row.serial) wrong(`serial ${record.serial} in its row`, unit.row.serial);
  if (record.format !== RECORD_FORMAT) wrong(`format ${record.format} in its row`, RECORD_FORMAT);
  const leaf = log.find((row) => row.format === RECORD_FORMAT && row.seq === shipped.seq);
  if (!leaf) wrong('no row in the log queue', `a leaf of ${RECORD_FORMAT} at event ${shipped.seq}`);
  else if (leaf.sha256 !== sha256) wrong(`a leaf of ${leaf.sha256}`, `the record's digest, ${sha256}`);
  else if (leaf.saltBytes !== SALT_BYTES) wrong(`a salt of ${leaf.saltBytes} bytes`, `${SALT_BYTES} bytes`);
}

function compareFields(found: Facts, expected: Facts, wrong: Wrong): void {
  for (const field of new Set([...Object.keys(expected), ...Object.keys(found)])) {
    const [there, wanted] = [canonicalText(found[field]), canonicalText(expected[field])];
    if (there !== wanted) wrong(`${field}: ${there}`, `${wanted}, by its events`);
  }
}

/** The record as the events, the order and the recipe give it, built anew. */
function expectedRecord(unit: FoldedUnit, shipped: ReadEvent, order: Facts, plant: Plant): Facts {
  const { row, newest } = unit;
  const factsOfNewest = (type: string): Facts => newest.get(type)?.facts ?? {};
  const board = factsOfNewest('boardBound');
  return {
    ...{
      format: RECORD_FORMAT,
      issuer: row.issuer,
      serial: row.serial,
      product: row.product,
      batch: row.batch,
    },
    gtin: plant.recipes.get(row.recipeSha256)?.gtin ?? null,
    macs: listFact(factsOfNewest('assigned'), 'macs'),
    ...{ chipUid: row.chipUid, boardBatch: board.boardBatch, boardLot: board.boardLot },
    components: componentsOf(board),
    ...{ order: unit.order, buyerPart: order.buyerPart ?? null, attributes: order.attributes ?? {} },
    ...{ origin: 'built', simulated: row.simulated },
    firmware: { version: factsOfNewest('flashed').firmwareVersion, sha256: row.flashedSha256 },
    provisioning: provisioningOf(unit),
    test: testOf(newest.get('testPassed')),
    labels: [labelOf(unit, plant)],
    qc: qualityOf(newest.get('qualityPassed')),
    shipment: shipmentOf(unit, shipped),
    history: { events: shipped.seq, head: shipped.hash.toString('hex') },
  };
}

function componentsOf(board: Facts): Facts[] {
  const components = innerFacts(board, 'components');
  return Object.keys(components)
    .sort()
    .map((position) => ({ position, lots: components[position] }));
}

function provisioningOf({ newest }: FoldedUnit): Facts {
  const [provisioned, issued] = [newest.get('provisioned'), newest.get('certificateIssued')?.facts ?? {}];
  const chainNotAfter = Date.parse(textFact(issued, 'chainNotAfter') ?? '');
  return {
    at: provisioned?.at,
    certificateSha256: provisioned?.facts.certificateSha256,
    issuer: issued.issuer,
    chainNotAfter: Number.isNaN(chainNotAfter) ? null : new Date(chainNotAfter).toISOString(),
  };
}

function testOf(passed: ReadEvent | undefined): Facts {
  const { plan, planSha256, verdict, attempt, results } = passed?.facts ?? {};
  const station = innerFacts(passed?.facts ?? {}, 'place').station;
  return { plan, planSha256, verdict, attempt, results, station, at: passed?.at };
}

function labelOf({ row, newest, confirmed }: FoldedUnit, plant: Plant): Facts {
  const verified = newest.get('labelVerified');
  const recipe = plant.recipes.get(row.recipeSha256);
  return {
    ...{ place: recipe?.place, symbology: recipe?.symbology, material: recipe?.material },
    content: verified?.facts.content,
    print: row.labelPrint,
    printedAt: confirmed.get(row.labelPrint ?? 0),
    verifiedAt: verified?.at,
  };
}

function qualityOf(passed: ReadEvent | undefined): Facts {
  return { at: passed?.at, by: actorText(passed?.facts.by), statementSha256: passed?.facts.statementSha256 };
}

function shipmentOf({ row }: FoldedUnit, { at, facts }: ReadEvent): Facts {
  const { buyer, destination, carton } = facts;
  return { id: row.shipment, at, carton, buyer, destination };
}

/** A9. Records and leaves whose unit is not there. */
export async function checkStrayRecords(snapshot: Snapshot, findings: Findings): Promise<void> {
  const rows = await snapshot.rows<{ serial: string; unit: string }>(
    `select serial, unit_id as unit from records r where not exists (select from units u where u.id = r.unit_id) limit 100`,
  );
  for (const row of rows)
    findings.violation('A9', `unit ${row.serial}`, `a record of unit ${row.unit}`, 'a unit that exists');
  const leaves = await snapshot.rows<{ id: number; stream: string; seq: number }>(
    `select id, stream, seq from log_queue l where format = $1
     and not exists (select from records r where 'unit:' || r.unit_id = l.stream and r.sha256 = l.sha256)
     and not exists (select from capsule_units c where 'unit:' || c.unit_id = l.stream and c.record_sha256 = l.sha256 and c.retired_at is not null)
     limit 100`,
    [RECORD_FORMAT],
  );
  for (const leaf of leaves) {
    findings.violation(
      'A9',
      `leaf ${leaf.id} of the log queue`,
      `${leaf.stream}, event ${leaf.seq}`,
      'a record with that digest',
    );
  }
}
