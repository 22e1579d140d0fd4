import type { Wrong } from './findings';
import type { Snapshot } from './snapshot';

/** Written down here a second time on purpose: what is a leaf is a promise. */
export const STATED_TYPES = [
  ...[
    'recordCorrected',
    'unitReturned',
    'scrapped',
    'missing',
    'voided',
    'numberVoided',
    'identifierWithdrawn',
  ],
] as const;

/** Of those after the sealing, A9 looks for the leaf. */
const ENDINGS = STATED_TYPES.filter((type) => type !== 'recordCorrected' && type !== 'unitReturned');

/** Nothing that the log commits to is left out, and nothing waits where nobody looks. */
export async function checkQueued(snapshot: Snapshot, wrong: Wrong): Promise<void> {
  const unstated = await snapshot.rows<{ stream: string; seq: number; type: string }>(
    `select e.stream, e.seq, e.type from unit_events e where e.type = any ($1)
     and not exists (select from log_queue q where q.stream = e.stream and q.seq = e.seq) limit 100`,
    [ENDINGS],
  );
  for (const { stream, seq, type } of unstated)
    wrong(`${stream}, event ${seq} (${type})`, 'no row in the log queue', 'a leaf of unitrail.statement/1');
  const stuck = await snapshot.rows<{ id: number; stream: string; seq: number; isLeaf: boolean }>(
    `select q.id, q.stream, q.seq, l.index is not null as "isLeaf" from log_queue q left join log_leaves l on l.queue_id = q.id
     left join log_pending p on p.queue_id = q.id where (l.index is null) = (p.queue_id is null) limit 100`,
  );
  for (const { id, stream, seq, isLeaf } of stuck)
    wrong(
      `row ${id} of the log queue (${stream} at ${seq})`,
      isLeaf ? 'a leaf that still waits' : 'no leaf, and it does not wait for one',
      'a leaf, or a place among those that wait',
    );
  const manifests = await snapshot.rows<{ id: string; size: string; root: string }>(
    `select e.id, m.log ->> 'size' as size, m.log ->> 'root' as root
     from exports e cross join lateral (select e.manifest::jsonb -> 'log' as log) as m
     where m.log is not null and not exists (select from log_checkpoints c where c.origin = m.log ->> 'origin'
       and c.size::text = m.log ->> 'size' and encode(c.root, 'base64') = m.log ->> 'root') limit 100`,
  );
  for (const { id, size, root } of manifests)
    wrong(`export ${id}`, `no checkpoint ${size} with root ${root}`, 'the one that its manifest names');
}
