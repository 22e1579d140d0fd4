import type { Checkpoint } from '../../domain/log-proof';
import type { Database } from './database';
import { mapped } from './errors';
import { streamRows } from './row-stream';

export interface Cosignature {
  /** The witness's public key. */
  readonly witness: string;
  readonly signedAt: Date;
  /** Of the signed note, without its line feed. */
  readonly line: string;
}

/**
 * False where that very line is kept already.
 * @throws UnitrailError NOT_FOUND where the checkpoint was not signed here, INPUT_INVALID where the line is none of that witness
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

/** As it lies there: nobody has verified it. */
export interface CosignatureRow extends Cosignature {
  readonly size: number;
  /** The checkpoint as it was booked, and the key that it was booked with. */
  readonly note: string;
  readonly key: string;
}

/** The witnesses in the order in which they came, and of each the newest first, up to a size of the log. */
export async function* cosignatureRows(
  db: Database,
  { origin, size }: Pick<Checkpoint, 'origin' | 'size'>,
): AsyncGenerator<CosignatureRow, void, undefined> {
  const rows = streamRows<Omit<CosignatureRow, 'size'> & { size: string }>(
    db,
    `select s.witness, s.size, s.signed_at as "signedAt", s.line, c.note, c.key
     from (select w.*, min(w.id) over (partition by w.witness) as first from log_cosignatures w where w.origin = ?) s
     join log_checkpoints c on c.origin = s.origin and c.size = s.size
     where s.size <= ? order by s.first, s.size desc, s.signed_at desc, s.id`,
    [origin, size],
  );
  for await (const row of rows) yield { ...row, size: Number(row.size) };
}
