import type { Database } from './database';
import { call } from './call';
import { mapped } from './errors';

/** What another clock says: that of the machine on which this runs. */
export type Now = () => number;

/** How far the clock of the database is from ours, at the least: a slow answer makes that no larger. */
export async function clocksApartSeconds(db: Database, now: Now = Date.now): Promise<number> {
  const asked = now();
  const theirs = (await databaseTime(db)).getTime();
  const answered = now();
  return Math.max(0, theirs - answered, asked - theirs) / 1_000;
}

export async function databaseTime(db: Database): Promise<Date> {
  const { rows } = await mapped(db.raw<{ rows: { now: Date }[] }>('select clock_timestamp() as now'));
  return rows[0]!.now;
}

/**
 * Why the clock of the database can't be trusted, or null.
 * @throws UnitrailError NOT_ALLOWED for a time to judge by that it has not reached
 */
export async function clockDoubt(db: Database, asOf: Date, now: Now = Date.now): Promise<string | null> {
  const apart = await clocksApartSeconds(db, now);
  return call(db, 'clock_doubt(?, make_interval(secs => ?))', [asOf, apart]);
}

/** Notes what the clock says, once an hour at most: a jump is seen by the gap that it leaves. */
export async function markClock(db: Database): Promise<void> {
  await call(db, 'mark_clock()', []);
}
