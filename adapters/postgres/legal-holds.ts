import type { LegalHoldKind } from '../../domain/retention';
import { call } from './call';
import type { Database } from './database';
import { mapped } from './errors';

export interface LegalHoldOrder {
  readonly id: string;
  readonly kind: LegalHoldKind;
  readonly value: string;
  /** Of a hold on one unit. */
  readonly unitId: string | null;
  readonly reason: string;
  readonly by: string;
}

export interface LegalHold extends LegalHoldOrder {
  readonly addedAt: Date;
  readonly releasedAt: Date | null;
  readonly releasedBy: string | null;
  readonly releasedReason: string | null;
  /** Of an open one. */
  readonly units: number;
}

/** False where it was there before. It waits for the handful of units that are being moved at that moment. */
export async function addLegalHold(db: Database, hold: LegalHoldOrder): Promise<boolean> {
  const { id, kind, value, unitId, reason, by } = hold;
  return call(db, 'add_legal_hold(?, ?, ?, ?, ?, ?)', [id, kind, value, unitId, reason, by]);
}

/** False where it was released before. */
export async function releaseLegalHold(
  db: Database,
  { id, reason, by }: Pick<LegalHoldOrder, 'id' | 'reason' | 'by'>,
): Promise<boolean> {
  return call(db, 'release_legal_hold(?, ?, ?)', [id, reason, by]);
}

/** Open ones first, and the newest of each first. */
export async function listLegalHolds(db: Database): Promise<LegalHold[]> {
  const answer = await mapped(
    db.raw<{ rows: LegalHold[] }>(
      `select h.id, h.kind, h.value, h.unit_id as "unitId", h.reason, h.added_by as by, h.added_at as "addedAt",
         h.released_at as "releasedAt", h.released_by as "releasedBy", h.released_reason as "releasedReason",
         (select count(distinct u.unit_id)::integer from units_on_legal_hold u where u.hold_id = h.id) as units
       from legal_holds h order by h.released_at is not null, h.added_at desc, h.id`,
    ),
  );
  return answer.rows;
}
