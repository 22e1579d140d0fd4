import type { Standing } from '../../domain/unit-lifecycle';
import type { Database } from './database';
import { mapped } from './errors';
import { toStanding } from './ledger';

const columns = `id as unit_id, serial, state, step, seq,
  attempts[array_position(array['assign','flash','test','provision','label','qc','ship'], step)]::integer as attempt`;

type Row = Parameters<typeof toStanding>[0];

export interface ReadyUnit {
  readonly unitId: string;
  /** As in its workflow's id. */
  readonly name: string;
  readonly seq: number;
}

/** Units of the batch that can be packed (none on quality hold), in serial order, with their place in their history. */
export async function readyUnits(db: Database, batch: string): Promise<ReadyUnit[]> {
  const rows: { unitId: string; name: string; seq: string }[] = await mapped(
    db('units')
      .where({ batch_id: batch, state: 'ReadyToShip' })
      .whereRaw('not exists (select from holds h where h.unit_id = units.id and h.released_seq is null)')
      .orderBy('serial')
      .select('id as unitId', 'seq', db.raw('unit_name(units) as name')),
  );
  return rows.map((row) => ({ ...row, seq: Number(row.seq) }));
}

/**
 * Units that a station left because it did not answer: it takes them up again when it comes back. One whose board is still
 * in another station's slot is that station's.
 */
export async function unitsLeftBy(
  db: Database,
  station: { readonly id: string; readonly steps: readonly string[] },
): Promise<(Standing & { name: string })[]> {
  const answer = await mapped(
    db.raw<{ rows: (Row & { name: string })[] }>(
      `select ${columns}, unit_name(units) as name from units where state = 'AwaitingEngineer' and failure_code = 'STATION_OFFLINE' and step = any (?)
         and not exists (select from slots s where s.unit_id = units.id and s.station <> ?) order by serial`,
      [[...station.steps], station.id],
    ),
  );
  return answer.rows.map((row) => ({ ...toStanding(row), name: row.name }));
}
