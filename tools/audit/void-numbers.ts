import type { VoidNumber } from './census';
import type { Findings } from './findings';
import { labelOf } from './identifiers';
import type { Snapshot } from './snapshot';
import type { IdentifierRow } from './unit-rows';

/** A6. What batches booked void, some thousands at a time: each has its row, or its value is somebody else's. */
export async function checkVoids(
  snapshot: Snapshot,
  voids: readonly VoidNumber[],
  findings: Findings,
): Promise<void> {
  await checkOwnNumbers(
    snapshot,
    voids.filter(({ taken }) => !taken),
    findings,
  );
  await checkTakenNumbers(
    snapshot,
    voids.filter(({ taken }) => taken),
    findings,
  );
}

async function checkOwnNumbers(
  snapshot: Snapshot,
  voids: readonly VoidNumber[],
  findings: Findings,
): Promise<void> {
  if (voids.length === 0) return;
  const rows = await snapshot.rows<IdentifierRow & { at: number }>(
    `select t.at, i.issuer, i.kind, i.value, i.block_id as block, i.ordinal, i.state
     from unnest($1::bigint[], $2::bigint[]) with ordinality as t(block, ordinal, at)
     join identifiers i on i.block_id = t.block and i.ordinal = t.ordinal and i.unit_id is null and i.adopted_unit is null`,
    [voids.map(({ block }) => block), voids.map(({ ordinal }) => ordinal)],
  );
  const rowAt = new Map(rows.map((row) => [row.at, row]));
  for (const [index, { value, block, ordinal }] of voids.entries()) {
    const row = rowAt.get(index + 1);
    if (row === undefined) {
      const place = `ordinal ${ordinal} of block ${block}`;
      findings.violation(
        'A6',
        `serial ${value}`,
        `no registry row at ${place}`,
        'a void one, by the events of its batch',
      );
    } else if (row.value !== value || row.kind !== 'serial' || row.state !== 'void') tellStray(row, findings);
  }
}

function tellStray(row: IdentifierRow, findings: Findings): void {
  findings.violation(
    'A6',
    labelOf(row),
    `a registry row of no unit, ${row.state}`,
    'a void that its batch tells of',
  );
}

/** A number that was voided as taken: somebody has that value at another place, and nobody stands at its own. */
async function checkTakenNumbers(
  snapshot: Snapshot,
  taken: readonly VoidNumber[],
  findings: Findings,
): Promise<void> {
  if (taken.length === 0) return;
  const rows = await snapshot.rows<VoidNumber & { held: number; own: number }>(
    `select t.block, t.ordinal, t.value,
       (select count(*) from identifiers i where i.issuer = s.issuer and i.kind = 'serial' and i.value = t.value
          and (i.block_id, i.ordinal) is distinct from (t.block, t.ordinal)) as held,
       (select count(*) from identifiers i where i.block_id = t.block and i.ordinal = t.ordinal) as own
     from unnest($1::bigint[], $2::bigint[], $3::text[]) as t(block, ordinal, value)
       join blocks b on b.id = t.block join number_spaces s on s.id = b.space_id`,
    [taken.map(({ block }) => block), taken.map(({ ordinal }) => ordinal), taken.map(({ value }) => value)],
  );
  for (const { block, ordinal, value, held, own } of rows) {
    if (held === 1 && own === 0) continue;
    const found =
      own > 0 ? `a row at ordinal ${ordinal} of block ${block}, which is void` : 'nobody has that value';
    findings.violation('A6', `serial ${value}`, found, 'one at another place, by the void that says taken');
  }
}

/**
 * A6, the other way round: rows of nobody, each of which its batch tells of. The event of a void has its place as its key.
 * (Rows that were adopted are judged by A15.)
 */
export async function checkVoidRows(snapshot: Snapshot, findings: Findings): Promise<void> {
  const strays = await snapshot.rows<IdentifierRow>(
    `select i.issuer, i.kind, i.value, i.block_id as block, i.ordinal, i.state
     from identifiers i left join blocks b on b.id = i.block_id
     where i.unit_id is null and i.adopted_unit is null and not exists (
       select from unit_events e where e.stream = 'batch:' || b.batch_id and e.type = 'numberVoided'
         and e.key = concat_ws('/', 'void', i.block_id, i.ordinal)) limit 100`,
  );
  for (const row of strays) tellStray(row, findings);
}
