import { canonicalJson } from '../../domain/canonical';
import { UnitrailError } from '../../domain/errors';
import { heldBy, type DueGroup, type ErasedCapsule, type RetentionReport } from '../../domain/retention';
import { call, long, longIn } from './call';
import { clocksApartSeconds, type Now } from './clock';
import type { Database } from './database';
import { mapped } from './errors';

export interface RetentionRun {
  readonly id: string;
  readonly asOf: Date;
  readonly openedAt: Date;
  readonly clockTrusted: boolean;
  /** Why it is in doubt, also where somebody has confirmed it. */
  readonly clockDoubt: string | null;
  readonly endedAt: Date | null;
  readonly report: RetentionReport | null;
}

export interface RunRequest {
  /** Under one request there is one run: a repeat finds it. */
  readonly request: string;
  readonly asOf: Date;
  /** Who says that the clock is right although it is in doubt. */
  readonly confirmedBy: string | null;
}

/** @throws UnitrailError NOT_ALLOWED where the time is later than the database's own */
export async function openRun(
  db: Database,
  { request, asOf, confirmedBy }: RunRequest,
  now: Now = Date.now,
): Promise<RetentionRun> {
  const values = [request, asOf, confirmedBy, await clocksApartSeconds(db, now)];
  const id = await call<string>(db, 'open_retention_run(?, ?, ?, make_interval(secs => ?))', values);
  return findRun(db, id);
}

const runColumns = `id, as_of as "asOf", opened_at as "openedAt", clock_trusted as "clockTrusted", clock_doubt as "clockDoubt", ended_at as "endedAt", report`;

type StoredRun = Omit<RetentionRun, 'report'> & { readonly report: string | null };

function runOf({ report, ...run }: StoredRun): RetentionRun {
  return { ...run, report: report === null ? null : (JSON.parse(report) as RetentionReport) };
}

/** @throws UnitrailError NOT_FOUND */
export async function findRun(db: Database, id: string): Promise<RetentionRun> {
  const answer = await mapped(
    db.raw<{ rows: StoredRun[] }>(`select ${runColumns} from retention_runs where id = ?`, [id]),
  );
  if (answer.rows[0]) return runOf(answer.rows[0]);
  throw new UnitrailError(
    'NOT_FOUND',
    `There is no retention run ${id}. \`unitrail retention report\` shows the newest ones.`,
  );
}

/** Newest first. */
export async function listRuns(db: Database, limit: number): Promise<RetentionRun[]> {
  const answer = await mapped(
    db.raw<{ rows: StoredRun[] }>(
      `select ${runColumns} from retention_runs order by opened_at desc limit ?`,
      [limit],
    ),
  );
  return answer.rows.map(runOf);
}

/** What the terms in force let go by then, whatever stands in its way. Reads only. */
export async function dueGroups(db: Database, asOf: Date): Promise<DueGroup[]> {
  const sql = `select buyer, product, month, count(*)::integer as units, (count(*) filter (where held))::integer as held,
      (count(*) filter (where undelivered))::integer as undelivered, (count(*) filter (where not held and not undelivered))::integer as ready
    from due_units(?) group by buyer, product, month order by buyer nulls last, product, month`;
  return long<DueGroup>(db, sql, [asOf]);
}

/** Names the units of new capsules; a repeat plans nothing more. */
export async function planCapsules(db: Database, run: string): Promise<void> {
  await long(db, 'select plan_capsules(?)', [run]);
}

/**
 * Capsules whose archive ends by then, and who holds them: those that are over for longest first, and what somebody holds last,
 * as it takes no other's place. `later`: how many there are beyond the limit that nobody holds.
 */
export async function erasableCapsules(
  db: Database,
  asOf: Date,
  limit: number,
): Promise<{ capsules: ErasedCapsule[]; later: number }> {
  const rows = await long<{ capsule: string; until: Date; hold: string | null; free: number }>(
    db,
    `select capsule_id as capsule, kept_until as until, hold_id as hold,
       (count(*) filter (where hold_id is null) over ())::integer as free
     from erasable_capsules(?) order by hold_id is not null, kept_until, capsule_id collate "C" limit ?`,
    [asOf, limit],
  );
  const capsules = rows.map(({ capsule, until, hold }) => ({
    ...{ capsule, keptUntil: until.toISOString(), problem: heldBy(hold) },
  }));
  const here = rows.filter(({ hold }) => hold === null).length;
  return { capsules, later: (rows[0]?.free ?? 0) - here };
}

export async function erasableNames(db: Database, asOf: Date): Promise<string[]> {
  const rows = await long<{ number: string }>(db, 'select erasable_names(?) as number', [asOf]);
  return rows.map(({ number }) => number);
}

/** By the login that may remove; nobody can bring them back. */
export async function eraseCapsule(db: Database, capsule: string, run: string): Promise<void> {
  await long(db, 'select erase_capsule(?, ?)', [capsule, run]);
}

/**
 * Decides what nobody needs any more in the content store, and answers the digests of all that is decided and not removed yet,
 * also by earlier runs. By the login that may remove.
 */
export async function eraseContents(db: Database, run: string): Promise<string[]> {
  const rows = await long<{ sha256: string }>(db, 'select erase_contents(?) as sha256', [run]);
  return rows.map(({ sha256 }) => sha256);
}

/**
 * Lets `remove` remove, of contents that are decided to go, those that nothing needs by now, and books what has gone. A legal
 * hold that is added waits until that is over, and keeps all that is left: `remove` is quick, and answers its failures.
 */
export async function removeContents<Removed extends { readonly gone: readonly string[] }>(
  db: Database,
  run: string,
  contents: readonly string[],
  remove: (unneeded: readonly string[]) => Promise<Removed>,
): Promise<Removed> {
  return mapped(
    db.transaction(async (trx) => {
      const sql = 'select contents_to_remove(?, ?) as sha256';
      const unneeded = await longIn<{ sha256: string }>(trx, sql, [run, contents]);
      const removed = await remove(unneeded.map(({ sha256 }) => sha256));
      if (removed.gone.length > 0) await call(trx, 'contents_removed(?, ?)', [run, removed.gone]);
      return removed;
    }),
  );
}

/** How many contents are decided to go, and not removed yet; whether anything needs them by now is not asked. */
export async function erasedInStore(db: Database): Promise<number> {
  const sql = 'select count(*)::integer as contents from erased_contents where removed_at is null';
  const [row] = await long<{ contents: number }>(db, sql, []);
  return row!.contents;
}

export async function eraseNames(db: Database, run: string): Promise<number> {
  return call(db, 'erase_names(?)', [run]);
}

export async function endRun(db: Database, run: string, report: RetentionReport): Promise<void> {
  await call(db, 'end_retention_run(?, ?)', [run, canonicalJson(report)]);
}

/** How many persons agree by now to the terms of the plant file in force. */
export async function approveRetention(db: Database, version: string, by: string): Promise<number> {
  return call(db, 'approve_retention(?, ?)', [version, by]);
}

export interface RetentionTerms {
  readonly product: string;
  readonly buyer: string;
  /** Names of the policies that say so. */
  readonly policies: readonly string[];
  readonly databaseMonths: number;
  readonly archiveYears: number;
  readonly supportEnds: string;
}

export interface RetentionInForce {
  /** Of the plant file. */
  readonly version: string;
  readonly appliedAt: Date;
  readonly approvedBy: readonly string[];
  /** Whose terms count before anything is erased, the oldest first. */
  readonly versionsThatCount: readonly string[];
  readonly terms: readonly RetentionTerms[];
}

/** The terms of every product and buyer; where no policy is named, there is no line, and nothing is ever due. */
export async function retentionInForce(db: Database): Promise<RetentionInForce> {
  const answer = await mapped(
    db.raw<{ rows: RetentionInForce[] }>(
      `select v.id::text as version, v.applied_at as "appliedAt",
         array(select approved_by from retention_approvals a where a.plant_version = v.id order by approved_at) as "approvedBy",
         array(select id::text from retention_versions() order by id) as "versionsThatCount",
         (select coalesce(jsonb_agg(jsonb_build_object('product', p ->> 'code', 'buyer', b ->> 'id', 'policies', t.policies,
            'databaseMonths', t.database_months, 'archiveYears', t.archive_years, 'supportEnds', t.support_ends)
            order by p ->> 'code', b ->> 'id'), '[]')
          from jsonb_array_elements(v.document::jsonb -> 'products') p, jsonb_array_elements(v.document::jsonb -> 'buyers') b,
            retention_terms(v.document::jsonb, p ->> 'code', b ->> 'id') t) as terms
       from plant_versions v order by v.id desc limit 1`,
    ),
  );
  const [inForce] = answer.rows;
  if (inForce) return inForce;
  throw new UnitrailError(
    'PLANT_INVALID',
    'No plant file has been applied yet. Run `unitrail apply plant.yaml` first.',
  );
}
