import {
  countUnits,
  findBatchSummary,
  firstPassOf,
  heldUnits,
  type BatchSummary,
  type FirstPass,
  type HeldUnit,
  type StateCount,
} from '../adapters/postgres/batch-queries';
import { readBatchReport } from '../adapters/postgres/batch-report';
import type { Database } from '../adapters/postgres/database';
import type { BatchReport } from '../domain/batch-report';
import { UnitrailError } from '../domain/errors';

export interface BatchStatus extends BatchSummary {
  readonly counts: readonly StateCount[];
  readonly firstPass: FirstPass & { readonly yield: number | null };
  /** The first of those that wait for an engineer. */
  readonly heldUnits: readonly HeldUnit[];
  readonly report: BatchReport;
}

/** More than a person reads; `unitrail unit list --state AwaitingEngineer` has them all. */
const MAX_HELD = 50;

/** Null where there is no such batch. */
export async function loadBatchStatus(db: Database, batch: string): Promise<BatchStatus | null> {
  const [summary, counts, firstPass, held, report] = await Promise.all([
    findBatchSummary(db, batch),
    countUnits(db, batch),
    firstPassOf(db, batch),
    heldUnits(db, batch, MAX_HELD),
    readBatchReport(db, batch).catch(absent),
  ]);
  if (!summary || !report) return null;
  const { passed, judged } = firstPass;
  return {
    ...summary,
    counts,
    firstPass: { ...firstPass, yield: judged === 0 ? null : passed / judged },
    heldUnits: held,
    report,
  };
}

function absent(error: unknown): null {
  if (error instanceof UnitrailError && error.code === 'NOT_FOUND') return null;
  throw error;
}

/** Where a batch that nobody touches ends up. */
export type Outcome = 'under way' | 'shipped' | 'nothing left' | 'waits for a person' | 'ready';

export function outcomeOf({
  completedAt,
  inProgress,
  ready,
  shipped,
  held,
  counts,
  buyer,
  destination,
  trial,
}: BatchStatus): Outcome {
  if (completedAt === null) return 'under way';
  if (held > 0 || counts.some(({ state }) => state === 'OnHold')) return 'waits for a person';
  if (inProgress > 0) return 'under way';
  // A batch whose units are all scrapped or missing opens no shipment.
  if (ready === 0) return shipped > 0 ? 'shipped' : 'nothing left';
  return trial || buyer === null || destination === null ? 'ready' : 'under way';
}
