import type { Client } from '@temporalio/client';

type History = Awaited<ReturnType<ReturnType<Client['workflow']['getHandle']>['fetchHistory']>>;
type Event = NonNullable<History['events']>[number];

/** What the server did for one workflow, as its history tells. */
export interface Recording {
  readonly events: number;
  /** In the order in which they were scheduled. */
  readonly activities: readonly ActivityRun[];
  readonly workflowTasks: readonly Waited[];
}

/** Milliseconds until somebody took it, and until it was done from there. */
export interface Waited {
  readonly waitedMs: number;
  readonly tookMs: number;
}

export interface ActivityRun extends Waited {
  readonly name: string;
  readonly queue: string;
}

export async function recordingOf(client: Client, workflowId: string): Promise<Recording> {
  const { events } = await client.workflow.getHandle(workflowId).fetchHistory();
  return readHistory(events ?? []);
}

function readHistory(events: readonly Event[]): Recording {
  const byId = new Map(events.map((event) => [Number(event.eventId), event]));
  const waited = (end: Event, ids: { scheduledEventId?: unknown; startedEventId?: unknown }): Waited => {
    const scheduled = byId.get(Number(ids.scheduledEventId))!;
    const started = byId.get(Number(ids.startedEventId))!;
    return { waitedMs: msOf(started) - msOf(scheduled), tookMs: msOf(end) - msOf(started) };
  };
  const activities = events.flatMap((event) => {
    const done = event.activityTaskCompletedEventAttributes ?? event.activityTaskFailedEventAttributes;
    if (!done) return [];
    const { activityType, taskQueue } = byId.get(
      Number(done.scheduledEventId),
    )!.activityTaskScheduledEventAttributes!;
    return [{ name: activityType?.name ?? '', queue: taskQueue?.name ?? '', ...waited(event, done) }];
  });
  const workflowTasks = events.flatMap((event) => {
    const done = event.workflowTaskCompletedEventAttributes;
    return done ? [waited(event, done)] : [];
  });
  return { events: events.length, activities, workflowTasks };
}

function msOf({ eventTime }: Event): number {
  return Number(eventTime?.seconds ?? 0) * 1_000 + Number(eventTime?.nanos ?? 0) / 1e6;
}
