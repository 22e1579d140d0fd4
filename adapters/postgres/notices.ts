import type { Database } from './database';
import { mapped } from './errors';

/** What a person has to hear of, kept until it was taken. */
export interface Notice {
  readonly id: string;
  readonly serial: string;
  readonly batch: string;
  readonly product: string;
  readonly step: string;
  readonly failureCode: string | null;
  readonly heldAt: Date;
  readonly raisedAt: Date;
  readonly isDelivered: boolean;
}

/** A notice for each unit that has been held for so long, once a hold. Returns how many are new. */
export async function raiseNotices(db: Database, minutes: number): Promise<number> {
  const { rows } = await mapped(
    db.raw<{ rows: { raised: number }[] }>('select raise_notices(?) as raised', [minutes]),
  );
  return rows[0]!.raised;
}

/** Those that were not tried yet first, the oldest of them before the others; then those whose last try is the longest ago. */
export async function undeliveredNotices(db: Database, most: number): Promise<string[]> {
  return mapped(
    db('notices')
      .whereNull('delivered_at')
      .orderByRaw('tried_at nulls first, raised_at, id')
      .limit(most)
      .pluck<string[]>('id'),
  );
}

export async function findNotice(db: Database, id: string): Promise<Notice | undefined> {
  return mapped(
    db('notices')
      .join('units', 'units.id', 'notices.unit_id')
      .where({ 'notices.id': id })
      .first(
        ...[
          'notices.id as id',
          'units.serial as serial',
          'units.batch_id as batch',
          'units.product as product',
        ],
        ...['notices.step as step', 'notices.failure_code as failureCode', 'notices.held_at as heldAt'],
        ...['notices.raised_at as raisedAt', db.raw('delivered_at is not null as "isDelivered"')],
      ),
  );
}

export async function noticeDelivered(db: Database, id: string): Promise<void> {
  await mapped(db.raw('select notice_delivered(?)', [id]));
}

/** It is sent now: next time others come first. */
export async function noticeTried(db: Database, id: string): Promise<void> {
  await mapped(db.raw('select notice_tried(?)', [id]));
}
