import type { UnitState } from '../../domain/unit-lifecycle';
import type { ClaimedUnit } from './batch-ledger';
import type { Database } from './database';
import { mapped } from './errors';

/** Where a number stands: its place in a block of the batch. */
export interface NumberPlace {
  readonly block: number;
  readonly ordinal: number;
}

export function placeKey({
  block,
  ordinal,
}: {
  block: number | string | null;
  ordinal: number | null;
}): string {
  return `${block}/${ordinal}`;
}

/** Places of the batch's serials that are not free any more: claimed by a unit, or void. */
export async function usedPlaces(
  db: Database,
  batch: string,
  from: number,
  to: number,
): Promise<{ claimedIndexes: number[]; places: NumberPlace[] }> {
  const claimed: { index: number }[] = await mapped(
    db('units')
      .where({ batch_id: batch })
      .whereBetween('batch_index', [from, to])
      .select('batch_index as index'),
  );
  const { rows } = await mapped(
    db.raw<{ rows: { block: string; ordinal: number }[] }>(
      `select i.block_id as block, i.ordinal from identifiers i join blocks b on b.id = i.block_id
       where b.batch_id = :batch and i.kind = 'serial' and (i.ordinal between :from and :to or b.id > (
         select min(f.id) from blocks f join number_spaces s on s.id = f.space_id
         where f.batch_id = :batch and s.kind = 'serial'))
       union
       select (e.body::jsonb ->> 'block')::bigint, (e.body::jsonb ->> 'ordinal')::integer from unit_events e
       where e.stream = 'batch:' || :batch and e.type = 'numberVoided'`,
      { batch, from: from - 1, to: to - 1 },
    ),
  );
  return {
    claimedIndexes: claimed.map(({ index }) => index),
    places: rows.map((row) => ({ block: Number(row.block), ordinal: row.ordinal })),
  };
}

/** Of these values, those that somebody has already in the issuer's namespace, at another place. */
export async function takenSerials(
  db: Database,
  issuer: string,
  numbers: readonly (NumberPlace & { readonly value: string })[],
): Promise<Set<string>> {
  const own = new Map(numbers.map((number) => [number.value, placeKey(number)]));
  const rows: { value: string; block: string | null; ordinal: number | null }[] = await mapped(
    db('identifiers')
      .where({ issuer, kind: 'serial' })
      .whereIn('value', [...own.keys()])
      .select('value', 'block_id as block', 'ordinal'),
  );
  const taken = rows.filter((row) => own.get(row.value) !== placeKey(row));
  return new Set(taken.map(({ value }) => value));
}

/** Books numbers void and has them replaced from an extra block. A repeat changes nothing. */
export async function voidNumbers(
  db: Database,
  batch: string,
  numbers: readonly (NumberPlace & { readonly value: string; readonly why: 'skipped' | 'taken' })[],
): Promise<void> {
  await mapped(db.raw('select void_numbers(?, ?::jsonb)', [batch, JSON.stringify(numbers)]));
}

/** Claims units by index. An index that was claimed before keeps its unit and serial. */
export async function claimUnits(
  db: Database,
  batch: string,
  claims: readonly (NumberPlace & { readonly index: number; readonly value: string })[],
): Promise<ClaimedUnit[]> {
  const answer = await mapped(
    db.raw<{
      rows: { batch_index: number; unit_id: string; serial: string; name: string; state: UnitState }[];
    }>('select batch_index, unit_id, serial, name, state from claim_units(?, ?::jsonb)', [
      batch,
      JSON.stringify(claims),
    ]),
  );
  return answer.rows.map((row) => ({
    index: row.batch_index,
    unitId: row.unit_id,
    serial: row.serial,
    name: row.name,
    state: row.state,
  }));
}
