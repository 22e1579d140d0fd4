import { macAt, readBlock } from '../../domain/mac-address';
import {
  capacity,
  isSkipped,
  patternProblem,
  parsePattern,
  renderSerial,
  serialParts,
  serialText,
} from '../../domain/serial-scheme';
import type { Findings } from './findings';
import { identifierKey, type FoldedIdentifier, type FoldedUnit } from './folded-unit';
import type { BlockRow, Plant } from './plant';
import type { Snapshot } from './snapshot';
import type { IdentifierRow, UnitRows } from './unit-rows';

/** An identifier that events give to a unit and that the registry does not hold for it. */
export interface Unregistered {
  readonly unit: string;
  readonly identifier: FoldedIdentifier;
}

/** A6. What the unit's events say of its identifiers, against the registry and against the blocks. */
export function checkIdentifiers(
  unit: FoldedUnit,
  rows: UnitRows,
  plant: Plant,
  name: string,
  findings: Findings,
): Unregistered[] {
  const registered = new Map(rows.identifiers.map((row) => [identifierKey(row), row]));
  const missing: Unregistered[] = [];
  for (const [key, folded] of unit.identifiers) {
    const identifier = placed(folded, plant);
    const row = registered.get(key);
    if (row) compareRow(identifier, row, name, findings);
    else missing.push({ unit: name, identifier });
    registered.delete(key);
    checkValue(identifier, unit, plant, name, findings);
  }
  for (const row of registered.values()) {
    findings.violation('A6', name, `the registry holds ${labelOf(row)}`, 'an event that gave it to the unit');
  }
  return missing;
}

/** A unit's addresses are counted from the batch's first block on; a batch that was topped up has further ones. */
function placed(identifier: FoldedIdentifier, plant: Plant): FoldedIdentifier {
  const { kind, block, ordinal } = identifier;
  if (kind !== 'mac' || block === null || ordinal === null) return identifier;
  const batch = plant.blocks.get(block)?.batch ?? '';
  const before = macBlocksOf(plant, batch).filter(({ id }) => id < block);
  return { ...identifier, ordinal: before.reduce((left, { first, end }) => left - (end - first), ordinal) };
}

const macBlocks = new WeakMap<Plant, Map<string, BlockRow[]>>();

function macBlocksOf(plant: Plant, batch: string): BlockRow[] {
  let ofBatches = macBlocks.get(plant);
  if (ofBatches === undefined) {
    ofBatches = new Map();
    for (const block of plant.blocks.values()) {
      if (block.kind !== 'mac' || block.batch === null) continue;
      ofBatches.set(block.batch, [...(ofBatches.get(block.batch) ?? []), block]);
    }
    macBlocks.set(plant, ofBatches);
  }
  return ofBatches.get(batch) ?? [];
}

function compareRow(
  identifier: FoldedIdentifier,
  row: IdentifierRow,
  name: string,
  findings: Findings,
): void {
  const [found, expected] = [placeAndState(row), placeAndState(identifier)];
  if (found === expected) return;
  findings.violation('A6', name, `the registry holds ${labelOf(row)} ${found}`, `${expected}, by its events`);
}

function placeAndState({
  block,
  ordinal,
  state,
}: Pick<IdentifierRow, 'block' | 'ordinal' | 'state'>): string {
  return block === null && ordinal === null ? state : `${state}, ordinal ${ordinal} of block ${block}`;
}

export function labelOf({ kind, value, issuer }: { kind: string; value: string; issuer: string }): string {
  return `${kind} ${value} of ${issuer}`;
}

/** The value of an issued number is what its block gives at that ordinal, for ever. */
function checkValue(
  identifier: FoldedIdentifier,
  unit: FoldedUnit,
  plant: Plant,
  name: string,
  findings: Findings,
): void {
  if (identifier.kind !== 'serial' && identifier.kind !== 'mac') return;
  const block = plant.blocks.get(identifier.block ?? -1);
  const expected = block === undefined ? null : expectedValue(block, identifier, unit);
  if (identifier.value === expected) return;
  const place = `ordinal ${identifier.ordinal} of block ${identifier.block}`;
  findings.violation(
    'A6',
    name,
    `${labelOf(identifier)} at ${place}`,
    expected ?? `a block of ${unit.row.batch} that gives it`,
  );
}

/** Null where the block gives no value there, or is not the batch's. */
function expectedValue(
  block: BlockRow,
  { kind, issuer, ordinal, value }: FoldedIdentifier,
  unit: FoldedUnit,
): string | null {
  if (ordinal === null || ordinal < 0 || block.first + ordinal >= block.end) return null;
  if (block.kind !== kind || block.issuer !== issuer || block.batch !== unit.row.batch) return null;
  return numberedValue(block, block.first + ordinal, value);
}

type Numbered = Pick<BlockRow, 'kind' | 'pattern' | 'facts' | 'hash' | 'listed'>;
type Numbering = (number: number, told: string) => string | null;

/** Patterns are read once a block, not once a unit. */
const numberings = new WeakMap<object, Numbering>();

/**
 * Null where the pattern or the date parts can't be read, or the number is beyond them. What a hidden number is can't be
 * said without its key: then any serial of the pattern may be the one that was told.
 */
function numberedValue(block: Numbered, number: number, told: string): string | null {
  let numbering = numberings.get(block);
  if (numbering === undefined) numberings.set(block, (numbering = numberingOf(block)));
  try {
    return numbering(number, told);
  } catch {
    return null;
  }
}

/** What a number is that was booked void; null where it was said to be skipped and its scheme does not skip it. */
export function voidedValue(block: Numbered, number: number, why: unknown, told: string): string | null {
  if (why === 'taken') return numberedValue(block, number, told) ?? skippedValue(block, number, told);
  return why === 'skipped' ? skippedValue(block, number, told) : null;
}

function skippedValue(
  { pattern, facts, listed, hash }: Numbered,
  number: number,
  told: string,
): string | null {
  if (listed !== null || facts === null || patternProblem(pattern) !== null) return null;
  if (facts.hidden && hash === null)
    return facts.skip?.some((unwanted) => told.includes(unwanted)) ? told : null;
  const [scheme, key] = [parsePattern(pattern), hash ?? undefined];
  return isSkipped(scheme, facts, number, key) ? serialText(scheme, facts, number, key) : null;
}

function numberingOf({ kind, pattern, facts, hash, listed }: Numbered): Numbering {
  if (listed !== null) return (number) => listed.get(number) ?? null;
  if (kind === 'mac') {
    const range = readBlock(pattern);
    return (number) => (range === null ? null : macAt(range, number));
  }
  if (facts === null || patternProblem(pattern) !== null) return () => null;
  const scheme = parsePattern(pattern);
  if (facts.hidden && hash === null)
    return (number, told) => (number <= capacity(scheme) && serialParts(scheme, told) !== null ? told : null);
  return (number) => renderSerial(scheme, { facts, number, hash: hash ?? undefined });
}

/** Says who holds what the registry does not hold for the unit of the events: another unit, or nobody. */
export async function reportUnregistered(
  snapshot: Snapshot,
  missing: readonly Unregistered[],
  findings: Findings,
): Promise<void> {
  for (const { unit, identifier } of missing) {
    const { issuer, kind, value } = identifier;
    const [owner] = await snapshot.rows<{ serial: string }>(
      `select coalesce(u.serial, i.unit_id::text) as serial from identifiers i left join units u on u.id = i.unit_id
       where i.issuer = $1 and i.kind = $2 and i.value = $3`,
      [issuer, kind, value],
    );
    const found = owner
      ? `the registry holds ${labelOf(identifier)} for unit ${owner.serial}`
      : `the registry lacks ${labelOf(identifier)}`;
    findings.violation('A6', unit, found, 'a row of this unit, by its events');
  }
}

/** Registry rows that no unit explains, and values that stand there twice. */
export async function checkRegistry(snapshot: Snapshot, findings: Findings): Promise<void> {
  const orphans = await snapshot.rows<IdentifierRow & { unit: string }>(
    `select issuer, kind, value, unit_id as unit from identifiers i
     where unit_id is not null and not exists (select from units u where u.id = i.unit_id) limit 100`,
  );
  for (const row of orphans) {
    findings.violation('A6', labelOf(row), `a registry row of unit ${row.unit}`, 'a unit that exists');
  }
  const twice = await snapshot.rows<IdentifierRow & { units: number }>(
    `select issuer, kind, value, count(*)::integer as units from identifiers
     group by issuer, kind, value having count(*) > 1 limit 100`,
  );
  for (const row of twice)
    findings.violation('A6', labelOf(row), `${row.units} registry rows`, 'one unit for one identifier');
}
