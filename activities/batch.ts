import type { SchemeKeys } from '../adapters/keys/scheme-keys';
import { completeBatch, countByState, openBatch, type ClaimedUnit } from '../adapters/postgres/batch-ledger';
import type { Database } from '../adapters/postgres/database';
import { changeBatch, readControls } from '../adapters/postgres/batch-controls';
import type { Watermark } from '../adapters/registry/watermark';
import type { ContentStore } from '../adapters/store/port';
import type { BatchChange, BatchControls } from '../domain/batch-control';
import { UnitrailError } from '../domain/errors';
import { parseOrder } from '../domain/order';
import { shipsItself } from '../domain/packing';
import { claimBatchUnits } from './claim-units';
import { pinKeys } from './hidden-numbers';
import { prepareBatch } from './prepare-batch';

export interface OpenedBatch extends BatchControls {
  readonly batch: string;
  readonly product: string;
  readonly trial: boolean;
  /** Buyer and destination are known, and nobody wants it by hand: the batch ships by itself when it is ready. */
  readonly shipsItself: boolean;
}

export interface CompletedBatch {
  readonly completed: boolean;
  readonly quantity: number;
  /** How many are in each state. */
  readonly units: Readonly<Record<string, number>>;
}

export function createBatchActivities(deps: {
  db: Database;
  store: ContentStore;
  watermark: Watermark;
  keys: SchemeKeys;
}) {
  const { db, watermark, keys } = deps;
  return {
    /** Validates the order and binds the batch to its workflow. A repeat with the same order is a no-op. */
    async openBatch({
      order: input,
      workflowId,
    }: {
      order: unknown;
      workflowId: string;
    }): Promise<OpenedBatch> {
      const order = parseOrder(input);
      if (workflowId !== `batch:${order.batch}`) {
        throw new UnitrailError(
          'ORDER_INVALID',
          `workflow id: "${workflowId}" is not allowed; batch ${order.batch} runs as batch:${order.batch}`,
        );
      }
      const prepared = await prepareBatch(deps, order);
      await watermark.check();
      if (prepared) {
        const grants = await pinKeys(db, keys, prepared.grants);
        await openBatch(db, { order, ...prepared, grants, workflowId, by: 'planner' });
      }
      await watermark.keep();
      // Also where the batch was open already: a crash may have come in between. Once, whatever people change later.
      if (order.priority !== undefined)
        await changeBatch(db, order.batch, prioritySet(order.priority), 'order');
      return {
        batch: order.batch,
        product: order.product,
        ...(await readControls(db, order.batch)),
        trial: order.trial,
        shipsItself: shipsItself(order),
      };
    },

    /** Units `from` to `to` of the batch with their serials, before any of them starts. */
    async claimUnits({
      batch,
      from,
      to,
    }: {
      batch: string;
      from: number;
      to: number;
    }): Promise<ClaimedUnit[]> {
      await watermark.check();
      return claimBatchUnits({ db, watermark, keys }, batch, { from, to });
    },

    /**
     * The batch has ended: every unit is ready to ship or later, scrapped, missing or held. Answers false where it has not
     * claimed as many as it shall have by now; a cancelled one never does.
     */
    async completeBatch({ batch }: { batch: string }): Promise<CompletedBatch> {
      const { quantity, cancelled } = await readControls(db, batch);
      const units = await countByState(db, batch);
      const claimed = Object.values(units).reduce((sum, count) => sum + count, 0);
      if (claimed < quantity && !cancelled) return { completed: false, quantity, units };
      if (units.InProgress) {
        throw new UnitrailError(
          'UNITS_UNDER_WAY',
          `Batch ${batch}: ${units.InProgress} of ${claimed} units are in progress.`,
        );
      }
      return { completed: await completeBatch(db, batch, { quantity: claimed }), quantity, units };
    },
  };
}

function prioritySet(priority: number): BatchChange {
  return { action: 'setPriority', by: 'planner', note: 'as the order says', priority };
}
