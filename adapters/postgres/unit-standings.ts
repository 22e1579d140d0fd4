import type { Standing } from '../../domain/unit-lifecycle';
import type { Database } from './database';
import { mapped } from './errors';
import { toStanding } from './ledger';
import { openHold } from './unit-rows';

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

/** More are not counted: a batch of any size asks every two seconds while it waits. */
const MOST_COUNTED = 1_000;

export interface UnitsWaitedFor {
  readonly inProgress: number;
  readonly held: number;
  readonly onHold: number;
}

/** Units of the batch that may still become ready, up to a thousand of a kind; those on quality hold are of that kind only. */
export async function unitsWaitedFor(db: Database, batch: string): Promise<UnitsWaitedFor> {
  const counted = (rows: string): string =>
    `(select count(*)::integer from (${rows} limit ${MOST_COUNTED}) as counted)`;
  const inState = (state: string): string =>
    counted(`select from units u where u.batch_id = :batch and u.state = '${state}' and not ${openHold}`);
  const onHold = counted(
    `select distinct h.unit_id from holds h join units u on u.id = h.unit_id
     where h.released_seq is null and u.batch_id = :batch and u.state not in ('Shipped', 'Scrapped', 'Void')`,
  );
  const answer = await mapped(
    db.raw<{ rows: UnitsWaitedFor[] }>(
      `select ${inState('InProgress')} as "inProgress", ${inState('AwaitingEngineer')} as held, ${onHold} as "onHold"`,
      { batch },
    ),
  );
  return answer.rows[0]!;
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
