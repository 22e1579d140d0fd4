import { UnitrailError } from '../../domain/errors';
import type { Checkpoint } from '../../domain/log-proof';
import { long } from './call';
import type { Database } from './database';
import { mapped } from './errors';

/** Leaves that get their places in one statement, and that are read at once. */
const LEAVES_AT_ONCE = 5_000;
/** The first heads are those of all that was ever made. */
const LONG_MS = 900_000;

/** Tells where the open streams stand, unless that was told within the time. */
export async function queueHeads(db: Database, everySeconds: number): Promise<void> {
  await long(db, 'select queue_heads(make_interval(secs => ?))', [everySeconds], LONG_MS);
}

/**
 * Gives all that waits a place in the tree; returns the size of the tree. A document that is not the one that was queued is refused,
 * and has none.
 */
export async function sequenceLeaves(db: Database): Promise<number> {
  for (;;) {
    const sql = 'select sequence_leaves(?) as count';
    const [done] = await long<{ count: number }>(db, sql, [LEAVES_AT_ONCE], LONG_MS);
    // What was refused in the last turn is a leaf of the next one.
    if (done!.count === 0) return countLeaves(db);
  }
}

async function countLeaves(db: Database): Promise<number> {
  const { rows } = await mapped(
    db.raw<{ rows: { size: string }[] }>('select coalesce(max(index) + 1, 0) as size from log_leaves'),
  );
  return Number(rows[0]!.size);
}

/**
 * The entries of the leaves from one index up to another, in their order.
 * @throws UnitrailError LOG_BROKEN where one is missing
 */
export async function* logEntries(db: Database, from: number, to: number): AsyncGenerator<Uint8Array> {
  let next = from;
  while (next < to) {
    const { rows } = await mapped(
      db.raw<{ rows: { index: string; entry: Buffer }[] }>(
        'select index, entry from log_leaves where index >= ? and index < ? order by index limit ?',
        [next, to, LEAVES_AT_ONCE],
      ),
    );
    for (const { index, entry } of rows) {
      if (Number(index) !== next) break;
      next += 1;
      yield entry;
    }
    if (rows.length === 0 || Number(rows.at(-1)!.index) !== next - 1)
      throw new UnitrailError(
        'LOG_BROKEN',
        `The database has no leaf ${next} of the log, which its checkpoint commits to. Run \`unitrail audit\`.`,
      );
  }
}

export interface BookedCheckpoint {
  readonly size: number;
  readonly root: Uint8Array;
}

/** The newest one that the database knows of. */
export async function bookedCheckpoint(db: Database, origin: string): Promise<BookedCheckpoint | null> {
  const { rows } = await mapped(
    db.raw<{ rows: { size: string; root: Buffer }[] }>(
      'select size, root from log_checkpoints where origin = ? order by size desc limit 1',
      [origin],
    ),
  );
  const [row] = rows;
  return row ? { size: Number(row.size), root: row.root } : null;
}

/** The signed note of that many leaves, as it was booked; null where there is none. */
export async function checkpointNote(db: Database, origin: string, size: number): Promise<string | null> {
  const row = await mapped(db('log_checkpoints').where({ origin, size }).first<{ note: string }>('note'));
  return row?.note ?? null;
}

/** Those of more leaves than that, by their sizes. */
export async function bookedCheckpoints(
  db: Database,
  origin: string,
  after: number,
): Promise<BookedCheckpoint[]> {
  const { rows } = await mapped(
    db.raw<{ rows: { size: string; root: Buffer }[] }>(
      'select size, root from log_checkpoints where origin = ? and size > ? order by size',
      [origin, after],
    ),
  );
  return rows.map(({ size, root }) => ({ size: Number(size), root }));
}

export async function bookCheckpoint(
  db: Database,
  { origin, size, root, note }: Checkpoint,
  key: string,
): Promise<void> {
  const values = [origin, size, Buffer.from(root), note, key];
  await mapped(db.raw('select book_checkpoint(?, ?, ?, ?, ?)', values));
}

export interface LogKeyRow {
  readonly key: string;
  readonly firstUsedAt: Date;
}

/** Every key that has signed a checkpoint, as it is handed out. */
export async function logKeys(db: Database): Promise<LogKeyRow[]> {
  return mapped(
    db.from('log_keys').orderBy('first_used_at').select<LogKeyRow[]>('key', { firstUsedAt: 'first_used_at' }),
  );
}

/** A leaf, as a proof tells it. */
export interface Leaf {
  /** Its format. */
  readonly document: string;
  readonly sha256: string;
  readonly salt: Buffer;
  /** Null while it waits. */
  readonly index: number | null;
  readonly entry: Uint8Array | null;
  /** Since when its document is known not to be the one that was queued. */
  readonly refusedAt: Date | null;
}

export interface UnitLeaf extends Leaf {
  readonly unitId: string;
  readonly seq: number;
}

/** Those of the units, in the order of their histories; of all documents, or of one format. */
export async function unitLeaves(
  db: Database,
  unitIds: readonly string[],
  document: string | null = null,
): Promise<UnitLeaf[]> {
  const { rows } = await mapped(
    db.raw<{ rows: (UnitLeaf & { seq: string; index: string | null })[] }>(
      `select substr(q.stream, 6) as "unitId", q.format as document, q.seq, q.sha256, q.salt, l.index, l.entry, f.at as "refusedAt"
       from unnest(?::text[]) as wanted(stream) join log_queue q on q.stream = wanted.stream
       left join log_leaves l on l.queue_id = q.id left join log_refusals f on f.queue_id = q.id
       where q.format = coalesce(?, q.format) order by q.stream, q.seq`,
      [unitIds.map((id) => `unit:${id}`), document],
    ),
  );
  return rows.map((row) => ({
    ...row,
    seq: Number(row.seq),
    index: row.index === null ? null : Number(row.index),
  }));
}

/** Where a unit's record stands in the log. */
export interface LogStanding {
  /** Null while it waits. */
  readonly index: number | null;
  /** The newest checkpoint that has it; null where none was signed since. */
  readonly checkpoint: { readonly origin: string; readonly size: number } | null;
  /** Since when it is known not to be what was queued, where it has no place for that. */
  readonly refusedAt: Date | null;
}

/** Null where nothing of the unit was sealed. */
export async function logStanding(db: Database, unitId: string): Promise<LogStanding | null> {
  const { rows } = await mapped(
    db.raw<{
      rows: { index: string | null; origin: string | null; size: string | null; refusedAt: Date | null }[];
    }>(
      `select l.index, c.origin, c.size, case when l.index is null then f.at end as "refusedAt"
       from log_queue q left join log_leaves l on l.queue_id = q.id left join log_refusals f on f.queue_id = q.id
       left join lateral (select origin, size from log_checkpoints where size > l.index order by booked_at desc, size desc limit 1) c on true
       where q.stream = ? and q.format = 'unitrail.record/1'`,
      [`unit:${unitId}`],
    ),
  );
  const [row] = rows;
  if (!row) return null;
  return {
    index: row.index === null ? null : Number(row.index),
    checkpoint: row.origin === null ? null : { origin: row.origin, size: Number(row.size) },
    refusedAt: row.refusedAt,
  };
}

/** How many documents wait for their place. Those that were refused wait for a person. */
export async function countPending(db: Database): Promise<number> {
  const { rows } = await mapped(
    db.raw<{ rows: { count: string }[] }>(
      'select count(*) as count from log_pending p where not exists (select from log_refusals f where f.queue_id = p.queue_id)',
    ),
  );
  return Number(rows[0]!.count);
}
