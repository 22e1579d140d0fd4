import type { Order } from '../../domain/order-document';
import { departedStates, type Step } from '../../domain/unit-lifecycle';
import type { Database } from './database';
import { mapped } from './errors';
import { openHold } from './unit-rows';

/** One batch as a planner sees it. */
export interface BatchSummary {
  readonly batch: string;
  readonly order: string;
  readonly product: string;
  readonly quantity: number;
  readonly firmware: string;
  readonly buyer: string | null;
  readonly destination: string | null;
  readonly trial: boolean;
  readonly openedAt: Date;
  /** Every unit is ready to ship or later, scrapped, missing or held. */
  readonly completedAt: Date | null;
  /** One, or more where units were held back at the closing: `SH-1, SH-1/2`. */
  readonly shipment: string | null;
  /** Of the last one that was closed. */
  readonly shippedAt: Date | null;
  readonly claimed: number;
  readonly inProgress: number;
  readonly held: number;
  readonly ready: number;
  readonly shipped: number;
}

export interface StateCount {
  /** As it is shown: OnHold where a quality hold is open. */
  readonly state: string;
  readonly step: Step;
  readonly units: number;
}

/** Of the units that were ready or failed once, those that became ready with no hold, retry or rework. */
export interface FirstPass {
  readonly passed: number;
  readonly judged: number;
}

export interface HeldUnit {
  readonly serial: string;
  readonly step: Step;
  readonly attempt: number;
  readonly code: string;
  readonly message: string;
  readonly since: Date | null;
}

const shownState = `case when u.state not in ('Shipped', 'Scrapped', 'Void') and ${openHold} then 'OnHold' else u.state end`;
const attemptOfStep = `u.attempts[array_position(array['assign','flash','test','provision','label','qc','ship'], u.step)]::integer`;

const summaries = `
  select b.id as batch, b.order_id as "order", b.product, b.quantity, b.firmware_version as firmware,
    coalesce(s.buyer, b.buyer) as buyer, coalesce(s.destination, b.destination) as destination, b.trial,
    b.opened_at as "openedAt", b.completed_at as "completedAt", s.ids as shipment, s."shippedAt", n.*
  from batches b
  left join lateral (select string_agg(id, ', ' order by opened_at) as ids, max(buyer) as buyer, max(destination) as destination,
      max(closed_at) as "shippedAt" from shipments
    where batch_id = b.id or id in (select distinct u.shipment_id from units u where u.batch_id = b.id)) s on true
  cross join lateral (
    select count(*)::integer as claimed,
      count(*) filter (where state = 'InProgress')::integer as "inProgress",
      count(*) filter (where state = 'AwaitingEngineer')::integer as held,
      count(*) filter (where state in ('ReadyToShip', 'Packed'))::integer as ready,
      count(*) filter (where state = 'Shipped')::integer as shipped
    from units u where u.batch_id = b.id) n`;

/** The newest first. */
export async function listBatches(db: Database, limit: number): Promise<BatchSummary[]> {
  return select(db, `${summaries} order by b.opened_at desc, b.id limit ?`, [limit]);
}

export async function findBatchSummary(db: Database, batch: string): Promise<BatchSummary | null> {
  const [row] = await select<BatchSummary>(db, `${summaries} where b.id = ?`, [batch]);
  return row ?? null;
}

export async function batchesOfOrder(db: Database, order: string): Promise<BatchSummary[]> {
  return select(db, `${summaries} where b.order_id = ? order by b.opened_at, b.id`, [order]);
}

/** How many units stand where, in the order of the steps. */
export async function countUnits(db: Database, batch: string): Promise<StateCount[]> {
  return select(
    db,
    `select ${shownState} as state, u.step, count(*)::integer as units from units u where u.batch_id = ?
     group by 1, 2 order by array_position(array['assign','flash','test','provision','label','qc','ship'], u.step), 1`,
    [batch],
  );
}

export async function firstPassOf(db: Database, batch: string): Promise<FirstPass> {
  const [row] = await select<FirstPass>(
    db,
    `select count(*) filter (where good and not again)::integer as passed, count(*) filter (where good or again)::integer as judged
     from (select state in ('ReadyToShip', 'Packed', 'Shipped') as good,
             (1 < any (attempts) or state in ('AwaitingEngineer', 'Scrapped')) as again
           from units where batch_id = ?) u`,
    [batch],
  );
  return row!;
}

/** Units that wait for an engineer, in serial order, each with the cause that its hold names. */
export async function heldUnits(db: Database, batch: string, limit: number): Promise<HeldUnit[]> {
  const rows = await select<HeldUnit & { body: string | null }>(
    db,
    `select u.serial, u.step, ${attemptOfStep} as attempt, coalesce(u.failure_code, 'UNKNOWN') as code, e.at as since, e.body
     from units u left join lateral (
       select at, body from unit_events where stream = 'unit:' || u.id and type = 'held' order by seq desc limit 1) e on true
     where u.batch_id = ? and u.state = 'AwaitingEngineer' order by u.serial limit ?`,
    [batch, limit],
  );
  return rows.map(({ body, ...unit }) => ({ ...unit, message: messageOf(body) }));
}

/** A batch whose workflow still has something to do, with the order that it was started by. */
export interface UnfinishedBatch {
  readonly batch: string;
  readonly product: string;
  readonly document: Order;
  readonly quantity: number;
  readonly claimed: number;
  readonly open: number;
  readonly completed: boolean;
  /** It was opened before the registry was advanced, and not all of its units were claimed by then: it claims no more. */
  readonly ofLostEpoch: boolean;
}

/** A trial unit that is ready stays in the house, and one that is missing has no workflow: neither is waited for. */
const open = `u.state not in ('${departedStates.join("', '")}') and not (u.trial and u.state = 'ReadyToShip')`;

/** Not completed, or with units that have not ended, or with a shipment that is not closed; the oldest first. */
export async function unfinishedBatches(db: Database, batch?: string): Promise<UnfinishedBatch[]> {
  const rows = await select<Omit<UnfinishedBatch, 'document'> & { document: string }>(
    db,
    `select b.id as batch, b.product, b.document, b.quantity, n.claimed, n.open, b.completed_at is not null as completed,
       n.claimed < b.quantity and exists (select from registry_epochs e where e.epoch > 1 and e.opened_at > b.opened_at) as "ofLostEpoch"
     from batches b cross join lateral (
       select count(*)::integer as claimed, count(*) filter (where ${open})::integer as open from units u where u.batch_id = b.id) n
     where (b.completed_at is null or n.open > 0
            or exists (select from shipments s where s.batch_id = b.id and s.closed_at is null))
       and (?::text is null or b.id = ?)
     order by b.opened_at, b.id`,
    [batch ?? null, batch ?? null],
  );
  return rows.map(({ document, ...row }) => ({ ...row, document: JSON.parse(document) as Order }));
}

/** Units of the batch whose workflows have to be open, in serial order. */
export async function openUnits(
  db: Database,
  batch: string,
): Promise<{ unitId: string; serial: string; name: string }[]> {
  return select(
    db,
    `select u.id as "unitId", u.serial, unit_name(u) as name from units u
     where u.batch_id = ? and ${open} order by u.serial`,
    [batch],
  );
}

/** The lots in force by position. */
export async function lotsOfBatch(db: Database, batch: string): Promise<Record<string, readonly string[]>> {
  const rows = await mapped(
    db('batch_lots').where({ batch_id: batch }).orderBy('position').select('position', 'lots'),
  );
  return Object.fromEntries(rows.map((row) => [row.position as string, row.lots as string[]]));
}

/** From now on: boards that enter a slot later record these lots. All positions or none; each is on record with who. */
export async function changeLots(
  db: Database,
  change: { id: string; batch: string; by: string; lots: Readonly<Record<string, readonly string[]>> },
): Promise<void> {
  await mapped(
    db.transaction(async (trx) => {
      for (const [position, lots] of Object.entries(change.lots)) {
        await trx.raw('select change_lots(?, ?, ?::text[], ?, ?)', [
          change.batch,
          position,
          [...lots],
          change.by,
          `${change.id}/${position}`,
        ]);
      }
    }),
  );
}

/** What became of an order: every unit that was claimed for it is in one of the counts. */
export interface OrderStanding {
  readonly order: string;
  readonly ordered: number;
  readonly building: number;
  readonly inStock: number;
  readonly shipped: number;
  readonly missing: number;
  /** Scrapped or void: they no longer count against the order. */
  readonly lost: number;
  /** Trial units that are not lost: they count against the order, stay in the house, and are in no other count. */
  readonly trial: number;
}

export async function findOrder(db: Database, order: string): Promise<OrderStanding | null> {
  const [row] = await select<OrderStanding>(
    db,
    `select o.id as "order", o.quantity as ordered,
       count(*) filter (where not u.trial and u.state in ('InProgress', 'AwaitingEngineer'))::integer as building,
       count(*) filter (where not u.trial and u.state in ('ReadyToShip', 'Packed'))::integer as "inStock",
       count(*) filter (where u.state = 'Shipped')::integer as shipped,
       count(*) filter (where not u.trial and u.state = 'Missing')::integer as missing,
       count(*) filter (where u.state in ('Scrapped', 'Void'))::integer as lost,
       count(*) filter (where u.trial and u.state not in ('Scrapped', 'Void'))::integer as trial
     from orders o left join batches b on b.order_id = o.id left join units u on u.batch_id = b.id
     where o.id = ? group by o.id`,
    [order],
  );
  return row ?? null;
}

async function select<Row>(
  db: Database,
  sql: string,
  values: readonly (string | number | null)[],
): Promise<Row[]> {
  return (await mapped(db.raw<{ rows: Row[] }>(sql, [...values]))).rows;
}

function messageOf(body: string | null): string {
  const { message } = (body === null ? {} : JSON.parse(body)) as { message?: unknown };
  return typeof message === 'string' ? message : '';
}
