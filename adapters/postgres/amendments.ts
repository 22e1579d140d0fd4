import { createHash, randomBytes } from 'node:crypto';
import { amendmentTypes, type AmendmentType } from '../../domain/amendment';
import { canonicalJson } from '../../domain/canonical';
import type { Database } from './database';
import { mapped } from './errors';
import type { MovedBytes } from './moved-bytes';

const SALT_BYTES = 32;

export interface Correction {
  /** The digest of the record that is wrong. */
  readonly record: string;
  /** Of the record, such as `boardLot`. */
  readonly field: string;
  /** What the record says there. */
  readonly was: unknown;
  readonly value: unknown;
  /** The event that told it wrong, by its number in the unit's history. */
  readonly event?: number;
  readonly reason: string;
  readonly by: string;
}

export interface Return {
  readonly rma: string;
  readonly condition: string;
  readonly reason: string;
  readonly by: string;
}

/** False where this very correction is the newest one of its field already. An earlier one may be right after all. */
export async function correctRecord(db: Database, unitId: string, correction: Correction): Promise<boolean> {
  const text = canonicalJson(correction);
  const newest = await newestCorrection(db, unitId, correction.field, text);
  if (newest?.same) return false;
  const after = newest ? `${newest.seq}/` : '';
  const digest = createHash('sha256').update(`${after}${text}`).digest('hex');
  return amend(db, unitId, 'recordCorrected', `corrected/${digest}`, correction);
}

/** The newest of the field, here or in a capsule, and whether it says the very same. */
async function newestCorrection(
  db: Database,
  unitId: string,
  field: string,
  text: string,
): Promise<{ seq: string; same: boolean } | undefined> {
  const { rows } = await mapped(
    db.raw<{ rows: { seq: string; same: boolean }[] }>(
      `select seq, body = ? as same from unit_events
       where stream = ? and type = 'recordCorrected' and body::jsonb ->> 'field' = ?
       union all
       select seq, body_sha256 = encode(sha256(convert_to(?::jsonb::text, 'UTF8')), 'hex') from capsule_statements
       where unit_id = ? and type = 'recordCorrected' and field = ?
       order by seq desc limit 1`,
      [text, `unit:${unitId}`, field, text, unitId, field],
    ),
  );
  return rows[0];
}

/** A unit comes back once under one RMA number: a repeat changes nothing, and with other facts it is refused. */
export function recordReturn(db: Database, unitId: string, back: Return): Promise<boolean> {
  return amend(db, unitId, 'unitReturned', `returned/${back.rma}`, back);
}

async function amend(
  db: Database,
  unitId: string,
  type: AmendmentType,
  key: string,
  body: object,
): Promise<boolean> {
  const values = [unitId, type, key, canonicalJson(body), randomBytes(SALT_BYTES)];
  const answer = await mapped(
    db.raw<{ rows: { recorded: boolean }[] }>('select amend_unit(?, ?, ?, ?, ?) as recorded', values),
  );
  return answer.rows[0]!.recorded;
}

export interface AmendmentRow {
  readonly seq: number;
  readonly at: Date;
  readonly type: AmendmentType;
  readonly body: Readonly<Record<string, unknown>>;
}

/** The same of what has moved into the archive. */
export function amendmentsIn(moved: MovedBytes | undefined): AmendmentRow[] {
  const types: readonly string[] = amendmentTypes;
  const events = (moved?.events ?? []).filter(({ type }) => types.includes(type));
  return events.map(({ seq, at, type, body }) => ({
    ...{ seq, at, type: type as AmendmentType },
    body: JSON.parse(body) as AmendmentRow['body'],
  }));
}

/** What was said of the unit after its record was sealed, the oldest first. */
export async function amendmentsOf(db: Database, unitId: string): Promise<AmendmentRow[]> {
  const rows: { seq: string; at: Date; type: AmendmentType; body: string }[] = await mapped(
    db('unit_events')
      .where({ stream: `unit:${unitId}` })
      .whereIn('type', [...amendmentTypes])
      .orderBy('seq')
      .select('seq', 'at', 'type', 'body'),
  );
  return rows.map((row) => ({
    ...row,
    seq: Number(row.seq),
    body: JSON.parse(row.body) as AmendmentRow['body'],
  }));
}
