import type { Snapshot } from './snapshot';
import type { History, StoredEvent } from './stored-event';

/** The last stream of a fetch may go on in the next: it is kept back until another stream begins. */
export async function* readHistories(snapshot: Snapshot): AsyncGenerator<History[]> {
  let begun: GrowingHistory[] = [];
  for await (const rows of snapshot.batches<StoredEvent>(eventsInOrder)) {
    for (const event of rows) {
      const last = begun.at(-1);
      if (last?.stream === event.stream) last.events.push(event);
      else begun.push({ stream: event.stream, events: [event] });
    }
    const complete = begun.slice(0, -1);
    begun = begun.slice(-1);
    if (complete.length > 0) yield complete;
  }
  if (begun.length > 0) yield begun;
}

interface GrowingHistory extends History {
  readonly events: StoredEvent[];
}

/** Stream by stream, whatever the collation: only that a stream's events are together and in order matters. */
const eventsInOrder =
  'select stream, seq, type, key, header, body, prev, hash, at from unit_events order by stream, seq';
