import { RATE_DAYS, type SpaceStanding } from '../../domain/number-outlook';
import type { Database } from './database';
import { mapped } from './errors';

interface SpaceRow {
  readonly kind: SpaceStanding['kind'];
  readonly name: string;
  readonly scope: string;
  readonly first: string;
  readonly last: string;
  readonly next: string;
  readonly granted: string;
  readonly lately: string;
  readonly firstGrantAt: Date | null;
  readonly byRun: Record<string, number> | null;
}

/**
 * The counters of serials and MAC addresses, by kind and name: of a serial scheme only the scope (the year, the week)
 * that granted last. `now` is the database's clock, by which the grants are dated.
 */
export async function spaceStandings(db: Database): Promise<{ spaces: SpaceStanding[]; now: Date }> {
  const answer = await mapped(
    db.raw<{ rows: (SpaceRow & { now: Date })[] }>(
      `with runs as (
         select space_id, run_length, sum(upper(numbers) - lower(numbers)) as numbers, min(granted_at) as first_at,
           max(granted_at) as last_at,
           sum(upper(numbers) - lower(numbers)) filter (where granted_at > now() - make_interval(days => ?)) as lately
         from blocks group by space_id, run_length),
       totals as (
         select space_id, sum(numbers) as granted, coalesce(sum(lately), 0) as lately, min(first_at) as first_at,
           max(last_at) as last_at, jsonb_object_agg(run_length, numbers order by run_length) as by_run
         from runs group by space_id)
       select distinct on (s.kind, s.name) s.kind, s.name, s.scope, s.first_number as first, s.last_number as last,
         s.next_number as next, coalesce(t.granted, 0) as granted, coalesce(t.lately, 0) as lately,
         t.first_at as "firstGrantAt", t.by_run as "byRun", now() as now
       from number_spaces s left join totals t on t.space_id = s.id
       where s.kind in ('serial', 'mac') and not exists (select from number_lists l where l.space_id = s.id)
       order by s.kind, s.name, t.last_at desc nulls last`,
      [RATE_DAYS],
    ),
  );
  return { spaces: answer.rows.map(toStanding), now: answer.rows[0]?.now ?? new Date() };
}

function toStanding(row: SpaceRow): SpaceStanding {
  const { kind, name, scope, firstGrantAt } = row;
  return {
    ...{ kind, name, scope, firstGrantAt, byRun: row.byRun ?? {} },
    first: Number(row.first),
    last: Number(row.last),
    next: Number(row.next),
    granted: Number(row.granted),
    grantedLately: Number(row.lately),
  };
}
