import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import {
  changeBatch,
  readControls,
  returnNumbers,
  unassignedUnits,
  unitsInProgress,
} from '../adapters/postgres/batch-controls';
import { requireBatch } from '../adapters/postgres/batch-ledger';
import { readBatchReport } from '../adapters/postgres/batch-report';
import type { Database } from '../adapters/postgres/database';
import { appendEvent } from '../adapters/postgres/ledger';
import { rememberingOrderRefusal } from '../adapters/postgres/order-refusals';
import type { Watermark } from '../adapters/registry/watermark';
import { MAX_WINDOW, type BatchChange, type BatchControls } from '../domain/batch-control';
import type { BatchReport } from '../domain/batch-report';
import { UnitrailError } from '../domain/errors';
import { unitWorkflowId } from '../domain/workflow-ids';

const VOIDS_AT_ONCE = 8;
const PAGE = 200;
/** A partition's window, and as many units again that engineers sent on. */
const MOST_UNDER_WAY = 2 * MAX_WINDOW;

export interface PartitionReality extends BatchControls {
  /** Units of the partition that are in progress, whatever was reported. */
  readonly underWay: readonly string[];
}

/** What steers a batch while it runs. */
export function createBatchControlActivities(deps: { db: Database; client: Client; watermark: Watermark }) {
  const { db, watermark } = deps;
  return {
    /** A person's decision about the batch, once for its id. What was claimed and has no identity yet ends with a cancel. */
    async controlBatch(input: {
      batch: string;
      change: BatchChange;
      changeId: string;
    }): Promise<BatchControls> {
      const { batch, change, changeId } = input;
      if (change.action === 'topUp') await watermark.check();
      await changeRemembered(batch, change, changeId);
      if (change.action === 'topUp') await watermark.keep();
      if (change.action === 'cancel') await voidUnassigned(batch, change.by);
      return readControls(db, batch);
    },

    /** Reports can be lost; the database is not. */
    async reconcilePartition(input: { batch: string; from: number; to: number }): Promise<PartitionReality> {
      const underWay = await unitsInProgress(db, input.batch, input, MOST_UNDER_WAY);
      return { ...(await readControls(db, input.batch)), underWay };
    },

    /** How far the batch is: for its page in the web UI. */
    async reportBatch({ batch }: { batch: string }): Promise<BatchReport> {
      return readBatchReport(db, batch);
    },

    /** The end of a cancelled batch: unclaimed numbers go back through the ledger. */
    async returnNumbers({ batch }: { batch: string }): Promise<{ returned: number }> {
      await voidUnassigned(batch, 'batch');
      return { returned: await returnNumbers(db, batch) };
    },
  };

  /** More than the order is for is refused, and the order remembers it. */
  async function changeRemembered(batch: string, change: BatchChange, changeId: string): Promise<void> {
    if (change.action !== 'topUp') return changeBatch(db, batch, change, changeId);
    const { order } = await requireBatch(db, batch);
    const asked = { order, batch, what: 'topUp', units: change.quantity } as const;
    await rememberingOrderRefusal(db, asked, changeBatch(db, batch, change, changeId));
  }

  /** A claim that came before the cancel may be seen after it: asked until there is none. */
  async function voidUnassigned(batch: string, by: string): Promise<void> {
    for (;;) {
      const units = await unassignedUnits(db, batch, PAGE);
      if (units.length === 0) return;
      for (let from = 0; from < units.length; from += VOIDS_AT_ONCE)
        await Promise.all(units.slice(from, from + VOIDS_AT_ONCE).map((unit) => voidUnit(unit, by)));
    }
  }

  async function voidUnit(unit: { unitId: string; name: string; held: boolean }, by: string): Promise<void> {
    const body = { by, reason: 'the batch was cancelled' };
    try {
      await appendEvent(db, unit.unitId, 'voided', `${unit.unitId}/voided`, body);
    } catch (error) {
      // It got its identity meanwhile, and goes on.
      if (error instanceof UnitrailError && error.code === 'STATE_MOVED_ON') return;
      throw error;
    }
    // One that is held, or on quality hold, sleeps.
    await wake(unit.name);
  }

  async function wake(name: string): Promise<void> {
    try {
      await deps.client.workflow.getHandle(unitWorkflowId(name)).signal('rowChanged');
    } catch (error) {
      if (!(error instanceof WorkflowNotFoundError)) throw error;
    }
  }
}
