/** How a batch is cut up and paced. A test or a benchmark gives smaller numbers; an order never does. */
export interface Pace {
  /** Units of one partition: its workflow starts them, and is their parent. */
  readonly partitionSize: number;
  /** One parent is the bottleneck of a fast line: several share the batch's window. */
  readonly partitionsAtOnce: number;
  /** Units under way at once in the whole batch: more than the slots of a line, so that no slot waits for the next unit. */
  readonly window: number;
  /** Units that are claimed in one transaction, ahead of their starts. */
  readonly claimChunk: number;
  /**
   * Units that one run of a partition starts before it goes on as a new one. A run may have 2,000 children that have not
   * closed, and a unit that waits for its shipment has not. The new run begins with none.
   */
  readonly startsOfRun: number;
  /** How often the database is asked which units are under way, in case a report was lost. */
  readonly reconcileMs: number;
}

export const usualPace: Pace = {
  partitionSize: 5_000,
  partitionsAtOnce: 4,
  window: 40,
  claimChunk: 40,
  startsOfRun: 1_000,
  reconcileMs: 60_000,
};

/** What each of the partitions under way gets of the batch's window: one unit at least, or it would never end. */
export function shareOfWindow(window: number, partitions: number): number {
  return Math.max(1, Math.floor(window / Math.max(1, partitions)));
}
