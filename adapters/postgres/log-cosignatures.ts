import type { Knex } from 'knex';
import type { Checkpoint } from '../../domain/log-proof';
import type { Database } from './database';
import { mapped } from './errors';

export interface Cosignature {
  /** The witness's public key. */
  readonly witness: string;
  readonly signedAt: Date;
  /** Of the signed note, without its line feed. */
  readonly line: string;
}

/**
 * False where that very line is kept already.
 * @throws UnitrailError NOT_FOUND where the checkpoint was not signed here, INPUT_INVALID where the line is none of that witness,
 * NOT_ALLOWED where too many wait to be verified
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

/** As it lies there: who reads it verifies it. */
export interface CosignatureRow extends Cosignature {
  readonly id: string;
  readonly origin: string;
  readonly size: number;
  /** The checkpoint as it was booked, and the key that it was booked with; null where that is gone. */
  readonly note: string | null;
  readonly key: string | null;
}

const COLUMNS = `s.id, s.origin, s.witness, s.size, s.signed_at as "signedAt", s.line, c.note, c.key`;

/** The lines that the office has not looked at, the first ones first; of one log, or of all. */
export async function waitingCosignatures(
  db: Database,
  most: number,
  origin: string | null = null,
): Promise<CosignatureRow[]> {
  return read(
    db,
    `select ${COLUMNS} from log_cosignatures_waiting w join log_cosignatures s on s.id = w.cosignature_id
     left join log_checkpoints c on c.origin = s.origin and c.size = s.size
     where s.origin = coalesce(?, s.origin) order by w.cosignature_id limit ?`,
    [origin, most],
  );
}

/** Of each witness that has a place the newest lines that were found to hold, up to a size of the log; in the order of the places. */
export async function heldCosignatures(
  db: Database,
  { origin, size }: Pick<Checkpoint, 'origin' | 'size'>,
  most: number,
): Promise<CosignatureRow[]> {
  return read(
    db,
    `select ${COLUMNS} from log_witnesses w
     cross join lateral (
       select h.cosignature_id from log_cosignatures_held h where h.origin = w.origin and h.witness = w.witness and h.size <= ?
       order by h.size desc, h.signed_at desc, h.cosignature_id limit ?) h
     join log_cosignatures s on s.id = h.cosignature_id
     left join log_checkpoints c on c.origin = s.origin and c.size = s.size
     where w.origin = ? and w.place is not null and s.origin = w.origin and s.witness = w.witness and s.size <= ?
     order by w.place, s.size desc, s.signed_at desc, s.id`,
    [size, most, origin, size],
  );
}

/** Witnesses of a log as they are known, in the order in which they came. */
export interface KnownWitnesses {
  /** Those that exports bring. */
  readonly placed: readonly string[];
  /** Those that came when there was no place any more; so many of them at most. */
  readonly leftOut: readonly string[];
}

export async function knownWitnesses(db: Database, origin: string, most: number): Promise<KnownWitnesses> {
  const { rows } = await mapped(
    db.raw<{ rows: { witness: string; isPlaced: boolean }[] }>(
      `(select witness, true as "isPlaced" from log_witnesses where origin = ? and place is not null order by place)
       union all
       (select witness, false from log_witnesses where origin = ? and place is null order by cosignature_id limit ?)`,
      [origin, origin, most],
    ),
  );
  const of = (wanted: boolean): string[] =>
    rows.filter(({ isPlaced }) => isPlaced === wanted).map(({ witness }) => witness);
  return { placed: of(true), leftOut: of(false) };
}

/** Those were looked at; some of them hold. Only by the office. */
export async function bookJudged(
  db: Database,
  judged: readonly string[],
  held: readonly string[],
): Promise<void> {
  await mapped(db.raw('select judge_cosignatures(?::bigint[], ?::bigint[])', [[...judged], [...held]]));
}

async function read(db: Database, sql: string, values: readonly unknown[]): Promise<CosignatureRow[]> {
  const { rows } = await mapped(
    db.raw<{ rows: (Omit<CosignatureRow, 'size'> & { size: string })[] }>(sql, values as Knex.RawBinding[]),
  );
  return rows.map((row) => ({ ...row, size: Number(row.size) }));
}
