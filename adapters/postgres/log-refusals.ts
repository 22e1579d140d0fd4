import type { Database } from './database';
import { mapped } from './errors';

/** A document that has no place in the log, because it is not the one that was queued. */
export interface RefusedLeaf {
  readonly format: string;
  readonly stream: string;
  readonly seq: number;
  readonly at: Date;
}

/** What is wrong with it, and what mends it. */
export const REFUSED =
  'it is not what was queued for the log, because it was changed or removed in the database. Restore it from a backup, and it gets its place';

/** Those that are not restored yet, the first one first. */
export async function refusedLeaves(db: Database): Promise<RefusedLeaf[]> {
  return refused(db, 'true', []);
}

/** Those of the units that an export tells of, and of the batches whose numbers it tells. A reissue tells the items of another one. */
export async function refusedOfExport(
  db: Database,
  { id, reissueOf }: { readonly id: string; readonly reissueOf: string | null },
): Promise<RefusedLeaf[]> {
  // Of nearly every export: nothing is refused at all, and its items need not be read.
  if ((await refusedLeaves(db)).length === 0) return [];
  const items = reissueOf ?? id;
  return refused(
    db,
    `q.stream in (
       select 'unit:' || x.unit_id from export_items x where x.export_id = ?
       union select 'batch:' || x.batch_id from export_items x where x.export_id = ? and x.unit_id is null
       union select 'unit:' || x.unit_id from extract_items x where x.export_id = ?)`,
    [items, items, id],
  );
}

/** For whoever has to look: the first of them by name. */
export function refusedText(leaves: readonly RefusedLeaf[]): string {
  const [{ format, stream, seq, at }] = leaves as readonly [RefusedLeaf];
  const more =
    leaves.length > 1
      ? ` So ${leaves.length === 2 ? 'is one other' : `are ${leaves.length - 1} others`}.`
      : '';
  return `The ${format} of ${stream}, event ${seq}, has no place in the log since ${at.toISOString()}: ${REFUSED}.${more}`;
}

/** From the refusals, of which there are few, to what else is known of them. */
async function refused(db: Database, condition: string, values: readonly string[]): Promise<RefusedLeaf[]> {
  const { rows } = await mapped(
    db.raw<{ rows: (Omit<RefusedLeaf, 'seq'> & { seq: string })[] }>(
      `select q.format, q.stream, q.seq, f.at from log_refusals f join log_queue q on q.id = f.queue_id
       where not exists (select from log_leaves l where l.queue_id = f.queue_id) and ${condition} order by f.number`,
      [...values],
    ),
  );
  return rows.map((row) => ({ ...row, seq: Number(row.seq) }));
}
