import type { Database } from './database';
import { mapped } from './errors';
import type { Leaf } from './log';

/** Where an event stands that the log commits to by a statement. */
export interface StatementPlace {
  readonly stream: string;
  readonly seq: number;
}

export interface StatementLeaf extends Leaf {
  /** The leaf's document; null where its event is not here any more. */
  readonly statement: string | null;
}

/** The leaves at these places, in their order; null where none was queued. */
export async function statementLeaves(
  db: Database,
  places: readonly StatementPlace[],
): Promise<(StatementLeaf | null)[]> {
  const { rows } = await mapped(
    db.raw<{ rows: (StatementLeaf & { isQueued: boolean; index: string | null })[] }>(
      `select q.id is not null as "isQueued", q.format as document, q.sha256, q.salt, l.index, l.entry, f.at as "refusedAt",
         capsule_statement(e) as statement
       from unnest(?::text[], ?::bigint[]) with ordinality as wanted(stream, seq, place)
       left join log_queue q on q.stream = wanted.stream and q.seq = wanted.seq and q.format = 'unitrail.statement/1'
       left join log_leaves l on l.queue_id = q.id left join log_refusals f on f.queue_id = q.id
       left join unit_events e on e.stream = wanted.stream and e.seq = wanted.seq
       order by wanted.place`,
      [places.map(({ stream }) => stream), places.map(({ seq }) => seq)],
    ),
  );
  return rows.map(({ isQueued, index, ...leaf }) =>
    isQueued ? { ...leaf, index: index === null ? null : Number(index) } : null,
  );
}
