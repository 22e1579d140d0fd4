import type { Checkpoint } from '../../domain/log-proof';
import type { Database } from './database';
import { mapped } from './errors';

/** Those of this many witnesses at most travel with an export. */
const MOST_CHECKPOINTS = 16;

export interface Cosignature {
  /** The witness's public key. */
  readonly witness: string;
  readonly signedAt: Date;
  /** Of the signed note, without its line feed. */
  readonly line: string;
}

/**
 * False where the witness has co-signed that checkpoint already: the first line stays.
 * @throws UnitrailError NOT_FOUND where the checkpoint was not signed here
 */
export async function addCosignature(
  db: Database,
  { origin, size, root }: Checkpoint,
  { witness, signedAt, line }: Cosignature,
): Promise<boolean> {
  const values = [origin, size, Buffer.from(root), witness, signedAt, line];
  const { rows } = await mapped(
    db.raw<{ rows: { added: boolean }[] }>('select add_cosignature(?, ?, ?, ?, ?, ?) as added', values),
  );
  return rows[0]!.added;
}

export interface CosignedCheckpoint {
  readonly size: number;
  readonly root: Uint8Array;
  /** As it was signed here, with a line of each witness behind it. */
  readonly note: string;
}

/** The newest one of each witness, as far as a tree of that size goes on from it; the largest first. */
export async function cosignedCheckpoints(
  db: Database,
  { origin, size }: Pick<Checkpoint, 'origin' | 'size'>,
): Promise<CosignedCheckpoint[]> {
  const { rows } = await mapped(
    db.raw<{ rows: { size: string; root: Buffer; note: string; lines: string[] }[] }>(
      `select c.size, c.root, c.note, array_agg(s.line order by s.witness collate "C") as lines
       from (select distinct n.size from (
         select distinct on (w.witness) w.size from log_cosignatures w where w.origin = ? and w.size <= ? order by w.witness, w.size desc) as n) as newest
       join log_checkpoints c on c.origin = ? and c.size = newest.size
       join log_cosignatures s on s.origin = c.origin and s.size = c.size
       group by c.size, c.root, c.note order by c.size desc limit ?`,
      [origin, size, origin, MOST_CHECKPOINTS],
    ),
  );
  return rows.map(({ lines, ...row }) => ({
    ...{ size: Number(row.size), root: row.root },
    note: row.note + lines.map((line) => `${line}\n`).join(''),
  }));
}

/** The newest of each witness. */
export async function witnessesOf(
  db: Database,
  origin: string,
): Promise<{ witness: string; size: number; signedAt: Date }[]> {
  const { rows } = await mapped(
    db.raw<{ rows: { witness: string; size: string; signedAt: Date }[] }>(
      `select distinct on (witness) witness, size, signed_at as "signedAt" from log_cosignatures where origin = ?
       order by witness, size desc`,
      [origin],
    ),
  );
  return rows.map((row) => ({ ...row, size: Number(row.size) }));
}
