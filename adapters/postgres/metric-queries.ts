import type { Database } from './database';
import { mapped } from './errors';

/** Numbers for a monitor, at one moment. None is by serial or buyer: there would be as many series as units. */
export interface MetricRows {
  /** Of units that have not ended: those that have are many, and a count of them costs more each year. */
  readonly units: readonly { readonly state: string; readonly step: string; readonly count: number }[];
  readonly held: readonly { readonly code: string; readonly age: HeldAge; readonly count: number }[];
  readonly oldestHeldSeconds: number;
  readonly slots: readonly { readonly station: string; readonly state: string; readonly count: number }[];
  readonly undeliveredNotices: number;
  /** Of the buyers' sequences; what stands outside them is nobody's due. */
  readonly exports: { readonly undelivered: number; readonly oldestSeconds: number };
  /** Of the transparency log: what has no place yet, what gets none because it was changed, and how old the newest checkpoint is (Infinity: there is none). */
  readonly log: { readonly waiting: number; readonly refused: number; readonly checkpointSeconds: number };
  readonly retention: {
    /** In the newest run. */
    readonly blockedBuyers: number;
    /** 1 where the clock of the newest run was not trusted. */
    readonly clockDoubted: number;
    readonly unmovedCapsules: number;
    readonly oldestSeconds: number;
    /** In the last seven days: their units wait in others, which are younger. */
    readonly givenUpCapsules: number;
  };
}

export const heldAges = ['under 1 h', '1 h to 8 h', '8 h to 24 h', 'over 24 h'] as const;
export type HeldAge = (typeof heldAges)[number];

const openStates = ['InProgress', 'AwaitingEngineer', 'ReadyToShip', 'Packed', 'Missing'];

export async function readMetrics(db: Database): Promise<MetricRows> {
  const [units, held, oldest, slots, notices, exports, log, retention] = await mapped(
    Promise.all([
      db('units')
        .whereIn('state', openStates)
        .groupBy('state', 'step')
        .select('state', 'step', db.raw('count(*)::integer as count')),
      heldByAge(db),
      db('held_units').first<{ seconds: number }>(
        db.raw('coalesce(extract(epoch from now() - min(held_at)), 0)::float8 as seconds'),
      ),
      db('slots')
        .where({ offered: true })
        .groupBy('station', 'state')
        .select('station', 'state', db.raw('count(*)::integer as count')),
      db('notices').whereNull('delivered_at').first<{ count: number }>(db.raw('count(*)::integer as count')),
      db('exports')
        .where({ kind: 'sequence' })
        .whereNull('delivered_at')
        .first<MetricRows['exports']>(
          db.raw(
            'count(*)::integer as undelivered, coalesce(extract(epoch from now() - min(opened_at)), 0)::float8 as "oldestSeconds"',
          ),
        ),
      db.first<MetricRows['log']>(
        db.raw(
          `(select count(*)::integer from log_pending p where not exists (select from log_refusals f where f.queue_id = p.queue_id)) as waiting,
           (select count(*)::integer from log_refusals f where not exists (select from log_leaves l where l.queue_id = f.queue_id)) as refused,
           (select coalesce(extract(epoch from now() - max(booked_at))::float8, 'Infinity') from log_checkpoints) as "checkpointSeconds"`,
        ),
      ),
      readRetention(db),
    ]),
  );
  return {
    units,
    held,
    oldestHeldSeconds: oldest?.seconds ?? 0,
    slots,
    undeliveredNotices: notices?.count ?? 0,
    exports: exports ?? { undelivered: 0, oldestSeconds: 0 },
    log: log ?? { waiting: 0, refused: 0, checkpointSeconds: Infinity },
    retention,
  };
}

async function readRetention(db: Database): Promise<MetricRows['retention']> {
  const { rows } = await db.raw<{ rows: MetricRows['retention'][] }>(
    `select (select count(*)::integer from unit_events where type = 'moveBlocked'
         and stream = 'retention:' || (select id from retention_runs order by opened_at desc limit 1)) as "blockedBuyers",
       coalesce((select (not r.clock_trusted)::integer from clock_marks m join retention_runs r on r.id = m.run_id
         order by m.id desc limit 1), 0) as "clockDoubted",
       (select count(*)::integer from capsules where abandoned_at > now() - interval '7 days') as "givenUpCapsules",
       count(*)::integer as "unmovedCapsules", coalesce(extract(epoch from now() - min(planned_at)), 0)::float8 as "oldestSeconds"
     from capsules where state in ('planned', 'made')`,
  );
  return rows[0]!;
}

async function heldByAge(db: Database): Promise<MetricRows['held']> {
  const names = heldAges.map((age) => `'${age}'`).join(', ');
  const { rows } = await db.raw<{ rows: MetricRows['held'] }>(
    `select coalesce(failure_code, 'none') as code, count(*)::integer as count,
       (array[${names}])[width_bucket(extract(epoch from now() - held_at)::float8, array[0, 3600, 28800, 86400]::float8[])] as age
     from held_units group by 1, 3`,
  );
  return rows;
}
