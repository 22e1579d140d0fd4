import type { WorkflowHandle } from '@temporalio/client';

export interface StepTime {
  readonly name: string;
  readonly calls: number;
  readonly seconds: number;
}

interface Stamp {
  readonly seconds?: { toNumber(): number } | null;
  readonly nanos?: number | null;
}

/** From the run's own history: how long its activities and its child took, in the order in which they first came. */
export async function stepTimes(handle: WorkflowHandle): Promise<StepTime[]> {
  const { events } = await handle.fetchHistory();
  const begun = new Map<string, { name: string; at: number }>();
  const times = new Map<string, StepTime>();
  for (const event of events ?? []) {
    const at = secondsOf(event.eventTime as Stamp | null);
    const scheduled = event.activityTaskScheduledEventAttributes;
    const child = event.startChildWorkflowExecutionInitiatedEventAttributes;
    const name = scheduled?.activityType?.name ?? child?.workflowType?.name;
    if (name) begun.set(String(event.eventId), { name, at });
    const ended =
      event.activityTaskCompletedEventAttributes?.scheduledEventId ??
      event.childWorkflowExecutionCompletedEventAttributes?.initiatedEventId;
    const from = ended && begun.get(String(ended));
    if (!from) continue;
    const { calls, seconds } = times.get(from.name) ?? { calls: 0, seconds: 0 };
    times.set(from.name, { name: from.name, calls: calls + 1, seconds: seconds + at - from.at });
  }
  return [...times.values()];
}

function secondsOf(stamp: Stamp | null): number {
  return (stamp?.seconds?.toNumber() ?? 0) + (stamp?.nanos ?? 0) / 1e9;
}
