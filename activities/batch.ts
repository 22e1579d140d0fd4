import type { SchemeKeys } from '../adapters/keys/scheme-keys';
import {
  completeBatch,
  countByState,
  openBatch,
  requireBatch,
  type ClaimedUnit,
} from '../adapters/postgres/batch-ledger';
import type { Database } from '../adapters/postgres/database';
import { unitsUnderWay } from '../adapters/postgres/unit-standings';
import type { Watermark } from '../adapters/registry/watermark';
import type { ContentStore } from '../adapters/store/port';
import { UnitrailError } from '../domain/errors';
import { parseOrder } from '../domain/order';
import { claimBatchUnits } from './claim-units';
import { pinKeys } from './hidden-numbers';
import { prepareBatch } from './prepare-batch';
import type { Standing } from './types';

export interface OpenedBatch {
  readonly batch: string;
  readonly product: string;
  readonly quantity: number;
  readonly trial: boolean;
  /** Buyer and destination are known, so the batch ships by itself when it is ready. */
  readonly shipsItself: boolean;
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
      return {
        batch: order.batch,
        product: order.product,
        quantity: order.quantity,
        trial: order.trial,
        shipsItself: !order.trial && order.buyer !== undefined && order.destination !== undefined,
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

    /** Of these units, those that are still in progress: a report that was lost on the way leaks nothing. */
    async unitsUnderWay({ unitIds }: { unitIds: readonly string[] }): Promise<Standing[]> {
      return unitsUnderWay(db, unitIds);
    },

    /** The batch has ended: every unit is ready to ship or later, scrapped, missing or held. */
    async completeBatch({ batch }: { batch: string }): Promise<Record<string, number>> {
      const { quantity } = await requireBatch(db, batch);
      const units = await countByState(db, batch);
      const claimed = Object.values(units).reduce((sum, count) => sum + count, 0);
      if (claimed !== quantity || units.InProgress) {
        throw new UnitrailError(
          'UNITS_UNDER_WAY',
          `Batch ${batch}: ${claimed} of ${quantity} units are claimed, ${units.InProgress ?? 0} in progress.`,
        );
      }
      await completeBatch(db, batch, { quantity });
      return units;
    },
  };
}
