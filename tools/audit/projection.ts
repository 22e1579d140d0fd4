import type { Findings } from './findings';
import type { FoldedUnit } from './folded-unit';
import type { Plant } from './plant';
import { unitColumns, type UnitRow, type UnitRows } from './unit-rows';

/** A5. The unit's row and its lots, holds and tries say what its events say. */
export function checkProjection(unit: FoldedUnit, rows: UnitRows, name: string, findings: Findings): void {
  for (const column of Object.keys(unitColumns) as (keyof UnitRow)[]) {
    const [found, expected] = [shown(rows.unit[column]), shown(unit.row[column])];
    if (found === expected) continue;
    const label = unitColumns[column];
    findings.violation('A5', name, `${label} = ${found}`, `${label} = ${expected}, by its events`);
  }
  compareSets('unit_lots', rows.lots, lotsOf(unit), name, findings);
  compareSets('holds', rows.holds, holdsOf(unit), name, findings);
  compareSets('tries', rows.tries, triesOf(unit), name, findings);
  compareSets('revocations', rows.revocations, [...unit.revoked], name, findings);
}

/** A5. The unit was claimed to be what its batch is: product, recipe and firmware are pinned from the first event on. */
export function checkPinned(unit: FoldedUnit, plant: Plant, name: string, findings: Findings): void {
  const batch = plant.batches.get(unit.row.batch);
  if (!batch) return;
  const { product, recipeSha256, firmwareVersion, trial } = batch;
  const firmwareSha256 = plant.recipes.get(recipeSha256)?.firmwareSha256;
  const expected = { order: batch.order, product, recipeSha256, firmwareVersion, firmwareSha256, trial };
  const claimed: Record<string, unknown> = { ...unit.row, ...unit.claimed, order: unit.order };
  for (const [fact, wanted] of Object.entries(expected)) {
    if (claimed[fact] === wanted) continue;
    findings.violation(
      'A5',
      name,
      `claimed with ${fact} ${String(claimed[fact])}`,
      `${String(wanted)}, of batch ${batch.id}`,
    );
  }
}

/** A5. A rework may have pinned the unit to another release: a recipe of the same product with that firmware. */
export function checkRelease(
  { row, claimed }: FoldedUnit,
  plant: Plant,
  name: string,
  findings: Findings,
): void {
  if (row.recipeSha256 === claimed.recipeSha256) return;
  const [pinned, before] = [plant.recipes.get(row.recipeSha256), plant.recipes.get(claimed.recipeSha256)];
  if (pinned && pinned.firmwareSha256 === row.firmwareSha256 && pinned.gtin === before?.gtin) return;
  findings.violation(
    'A5',
    name,
    `reworked to recipe ${row.recipeSha256} with firmware ${row.firmwareSha256}`,
    `a recipe of its product with that firmware`,
  );
}

/** Both lists, whatever their order: one violation for each item that only one of them has. */
export function compareSets(
  table: string,
  found: readonly string[],
  expected: readonly string[],
  name: string,
  findings: Findings,
): void {
  if (found.length === 0 && expected.length === 0) return;
  const [there, wanted] = [new Set(found), new Set(expected)];
  for (const item of there)
    if (!wanted.has(item))
      findings.violation('A5', name, `${table} has ${item}`, 'no such row, by its events');
  for (const item of wanted)
    if (!there.has(item))
      findings.violation('A5', name, `${table} has no such row`, `${item}, by its events`);
}

function lotsOf(unit: FoldedUnit): string[] {
  return [...unit.lots].flatMap(([position, lots]) => lots.map((lot) => `${position}=${String(lot)}`));
}

function holdsOf(unit: FoldedUnit): string[] {
  return [...unit.holds].map(
    ([id, hold]) =>
      `${id}: ${hold.reason}, opened at ${hold.openedSeq}, released at ${hold.releasedSeq ?? 'no time'}`,
  );
}

function triesOf(unit: FoldedUnit): string[] {
  return [...unit.tries].flatMap(([attempt, callers]) =>
    callers.map((caller, at) => `${attempt}/${at + 1} by ${caller}`),
  );
}

function shown(value: UnitRow[keyof UnitRow]): string {
  return value === null ? 'null' : Array.isArray(value) ? `{${value.join(',')}}` : String(value);
}
