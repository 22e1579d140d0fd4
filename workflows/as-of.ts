import type { WorkflowInfo } from '@temporalio/workflow';
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';

/** The nominal time of a scheduled run, also in a backfill; the start of a run that a person began. */
export function asOfThis({ typedSearchAttributes, startTime }: WorkflowInfo): string {
  const scheduled = typedSearchAttributes.get(
    defineSearchAttributeKey('TemporalScheduledStartTime', SearchAttributeType.DATETIME),
  );
  return (scheduled ?? startTime).toISOString();
}
