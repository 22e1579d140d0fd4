import { canonicalJson } from '../../domain/canonical';
import type { GrantFacts } from '../../domain/grant-facts';
import type { Order } from '../../domain/order-document';
import type { Recipe } from '../../domain/recipe';
import type { UnitState } from '../../domain/unit-lifecycle';
import { UnitrailError } from '../../domain/errors';
import type { Database } from './database';
import { mapped } from './errors';

/** A range of numbers for the batch: which space it comes from, and how its values are made. */
export interface Grant {
  readonly kind: 'serial' | 'mac';
  readonly name: string;
  /** Part of the space's name: numbers of one scope never meet those of another. */
  readonly scope: string;
  readonly issuer: string;
  readonly first: number;
  readonly last: number;
  readonly runLength: number;
  readonly version: number;
  readonly pattern: string;
  /** The database calls them date parts: at first they were no more. */
  readonly facts: GrantFacts;
  /** The site whose leases the numbers come from; absent where the counter is this site's own. */
  readonly lessor?: string;
}

export interface Block {
  readonly id: number;
  /** Whose namespace its numbers live in. */
  readonly issuer: string;
  readonly space: number;
  readonly firstNumber: number;
  readonly size: number;
  readonly pattern: string;
  readonly facts: GrantFacts;
}

/** The pattern of a block that takes its numbers from a buyer's list. */
export const LISTED = 'list';

export interface BatchRow {
  readonly id: string;
  /** The buyer's purchase order. */
  readonly order: string;
  readonly product: string;
  readonly quantity: number;
  readonly buyer: string | null;
  readonly destination: string | null;
  readonly trial: boolean;
  readonly sha256: string;
  readonly document: string;
  readonly completedAt: string | null;
}

export interface ClaimedUnit {
  readonly index: number;
  readonly unitId: string;
  readonly serial: string;
  /** The serial, with the issuer before it where that is a buyer. */
  readonly name: string;
  readonly state: UnitState;
}

/** Opens the batch with its recipe and blocks in one transaction. False where the same order opened it before. */
export async function openBatch(
  db: Database,
  batch: {
    order: Order;
    document: string;
    recipe: Recipe;
    workflowId: string;
    grants: readonly Grant[];
    by: string;
  },
): Promise<boolean> {
  const { order, recipe } = batch;
  const grants = batch.grants.map(({ facts, ...grant }) => ({ ...grant, dateParts: canonicalJson(facts) }));
  const answer = await mapped(
    db.raw<{ rows: { opened: boolean }[] }>('select open_batch(?, ?, ?, ?, ?, ?, ?, ?::jsonb, ?) as opened', [
      order.batch,
      batch.document,
      canonicalJson(recipe),
      recipe.firmware.sha256,
      order.orderQuantity ?? null,
      order.trial,
      batch.workflowId,
      JSON.stringify(grants),
      batch.by,
    ]),
  );
  return answer.rows[0]!.opened;
}

export async function findBatch(db: Database, batch: string): Promise<BatchRow | null> {
  const row = await mapped(
    db('batches')
      .where({ id: batch })
      .first(
        'id',
        'order_id as order',
        'product',
        'quantity',
        'buyer',
        'destination',
        'trial',
        'sha256',
        'document',
        'completed_at as completedAt',
      ),
  );
  return row ?? null;
}

/** The order's ceiling, and how many units of it no batch has taken; null for an order that no batch was opened for. */
export async function findOrderRoom(
  db: Database,
  order: string,
): Promise<{ quantity: number; room: number } | null> {
  const answer = await mapped(
    db.raw<{ rows: { quantity: number; room: string }[] }>(
      'select o.quantity, order_room(o) as room from orders o where o.id = ?',
      [order],
    ),
  );
  const row = answer.rows[0];
  return row ? { quantity: row.quantity, room: Math.max(0, Number(row.room)) } : null;
}

export async function requireBatch(db: Database, batch: string): Promise<BatchRow> {
  const row = await findBatch(db, batch);
  if (!row)
    throw new UnitrailError(
      'NOT_FOUND',
      `There is no batch ${batch}. \`unitrail batch list\` shows those that are.`,
    );
  return row;
}

/** The batch's blocks of serials: the first has a number for each unit, the others replace those that were void. */
export async function serialBlocks(db: Database, batch: string): Promise<Block[]> {
  const blocks = await blocksOfBatch(db, batch, 'serial');
  if (blocks.length === 0)
    throw new UnitrailError('INTERNAL', `Batch ${batch} was opened without its block of serials.`);
  return blocks;
}

/** Where a number stands among all MAC addresses of the batch, which has several blocks where it was topped up. */
export async function macPlaceOfUnit(
  db: Database,
  batch: string,
  place: number,
): Promise<{ block: Block; ordinal: number } | null> {
  let ordinal = place;
  for (const block of await blocksOfBatch(db, batch, 'mac')) {
    if (ordinal < block.size) return { block, ordinal };
    ordinal -= block.size;
  }
  return null;
}

async function blocksOfBatch(db: Database, batch: string, kind: 'serial' | 'mac'): Promise<Block[]> {
  const rows: {
    id: string;
    issuer: string;
    space: string;
    first: string;
    end: string;
    pattern: string;
    date_parts: string;
  }[] = await mapped(
    db('blocks')
      .join('number_spaces', 'number_spaces.id', 'blocks.space_id')
      .where({ 'blocks.batch_id': batch, 'number_spaces.kind': kind })
      .orderBy('blocks.id')
      .select(
        'blocks.id',
        'number_spaces.issuer',
        'blocks.space_id as space',
        db.raw('lower(blocks.numbers) as first'),
        db.raw('upper(blocks.numbers) as end'),
        'blocks.pattern',
        'blocks.date_parts',
      ),
  );
  return rows.map((row) => ({
    id: Number(row.id),
    issuer: row.issuer,
    space: Number(row.space),
    firstNumber: Number(row.first),
    size: Number(row.end) - Number(row.first),
    pattern: row.pattern,
    facts: JSON.parse(row.date_parts) as GrantFacts,
  }));
}

/** False where there is something left to do that came a moment ago. */
export async function completeBatch(
  db: Database,
  batch: string,
  summary: Readonly<Record<string, unknown>>,
): Promise<boolean> {
  const answer = await mapped(
    db.raw<{ rows: { completed: boolean }[] }>('select complete_batch(?, ?) as completed', [
      batch,
      canonicalJson(summary),
    ]),
  );
  return answer.rows[0]!.completed;
}

/** How many units of the batch are in each state; a quality hold shows as OnHold. */
export async function countByState(db: Database, batch: string): Promise<Record<string, number>> {
  const answer = await mapped(
    db.raw<{ rows: { state: string; units: number }[] }>(
      `select case when u.state not in ('Shipped', 'Scrapped', 'Void')
         and exists (select from holds h where h.unit_id = u.id and h.released_seq is null) then 'OnHold' else u.state end as state,
         count(*)::integer as units
       from units u where u.batch_id = ? group by 1 order by 1`,
      [batch],
    ),
  );
  return Object.fromEntries(answer.rows.map((row) => [row.state, row.units]));
}
