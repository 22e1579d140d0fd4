import { createHash } from 'node:crypto';
import type { ArchivedHistory } from './archive';
import type { Findings } from './findings';
import type { Snapshot } from './snapshot';
import type { StoredEvent } from './stored-event';

interface LeafRow {
  readonly index: number;
  readonly stream: string;
  readonly seq: number;
  readonly format: string;
  readonly entry: Buffer;
  readonly salt: Buffer;
}

/** A18. The leaves of histories that have moved, made anew from the bytes in their capsules. */
export async function checkArchivedLeaves(
  snapshot: Snapshot,
  histories: readonly ArchivedHistory[],
  findings: Findings,
): Promise<void> {
  const byStream = new Map(histories.map((history) => [history.stream, history]));
  const leaves = await snapshot.rows<LeafRow>(
    `select l.index, q.stream, q.seq, q.format, l.entry, q.salt from log_queue q join log_leaves l on l.queue_id = q.id
     where q.stream = any ($1)`,
    [[...byStream.keys()]],
  );
  for (const leaf of leaves) {
    const document = documentOf(leaf, byStream.get(leaf.stream)!);
    // What was said since is in the database.
    if (document === undefined) continue;
    const entry = createHash('sha256').update(leaf.salt).update(document).digest('hex');
    if (entry === leaf.entry.toString('hex')) continue;
    findings.violation(
      'A18',
      `leaf ${leaf.index} of the log`,
      `entry ${leaf.entry.toString('hex')}`,
      `${entry}, of salt and the ${leaf.format} of ${leaf.stream} at ${leaf.seq} in its capsule`,
    );
  }
}

function documentOf({ format, seq }: LeafRow, { record, events }: ArchivedHistory): string | undefined {
  if (format === 'unitrail.record/1') return record?.body ?? '';
  const event = events.find((one) => one.seq === seq);
  return event && statementOf(event);
}

function statementOf({ body, hash, header }: StoredEvent): string {
  return `{"body":${body},"format":"unitrail.statement/1","hash":"${hash.toString('hex')}","header":${JSON.stringify(header)}}`;
}
