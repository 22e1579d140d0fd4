import { createHash } from 'node:crypto';
import { readCanonical } from './canonical-check';
import type { Wrong } from './findings';
import type { Snapshot } from './snapshot';
import { factsOf, innerFacts, numberFact, textFact } from './stored-event';

/** The unit whose stream that is; null where it can't be a unit's. To read just anything as an id would end the audit. */
export const unitOf = (stream: string): string =>
  `case when ${stream} ~ '^unit:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then substr(${stream}, 6)::uuid end`;

/** The document that a row `q` of the queue is of, but for heads, which are long. */
export const DOCUMENT = `case q.format when 'unitrail.record/1' then r.body when 'unitrail.refusal/1' then f.body when 'unitrail.statement/1' then
    '{"body":' || e.body || ',"format":"unitrail.statement/1","hash":"' || encode(e.hash, 'hex') || '","header":' || to_json(e.header)::text || '}'
  end`;
export const DOCUMENTS = `
  left join records r on q.format = 'unitrail.record/1' and r.unit_id = ${unitOf('q.stream')}
  left join log_refusals f on q.format = 'unitrail.refusal/1' and f.number = q.seq
  left join unit_events e on q.format = 'unitrail.statement/1' and e.stream = q.stream and e.seq = q.seq`;

interface WaitingRow {
  readonly format: string;
  readonly stream: string;
  readonly seq: number;
  readonly sha256: string;
  readonly document: string | null;
}

interface RefusalRow extends Omit<WaitingRow, 'document'> {
  readonly number: number;
  readonly body: string;
  /** As the refusal has it. */
  readonly refused: string;
  readonly isTold: boolean;
}

/** What waits is what was queued, and what was refused stays on record as it was refused: nobody covers it up. */
export async function checkRefused(snapshot: Snapshot, wrong: Wrong): Promise<void> {
  for await (const rows of snapshot.batches<WaitingRow>(WAITING))
    for (const row of rows) checkWaiting(row, wrong);
  for await (const rows of snapshot.batches<RefusalRow>(REFUSALS))
    for (const row of rows) checkRefusal(row, wrong);
  const orphans = await snapshot.rows<{ id: number }>(
    'select p.queue_id as id from log_pending p where not exists (select from log_queue q where q.id = p.queue_id) limit 100',
  );
  for (const { id } of orphans)
    wrong(`row ${id} of the log queue`, 'none, and it waits for a place', 'the row');
}

const WAITING = `select q.format, q.stream, q.seq, q.sha256, coalesce(${DOCUMENT}, h.body) as document
  from log_pending p join log_queue q on q.id = p.queue_id ${DOCUMENTS}
  left join log_heads h on q.format = 'unitrail.heads/1' and h.number = q.seq order by p.queue_id`;

const REFUSALS = `select f.number, f.body, f.sha256 as refused, q.format, q.stream, q.seq, q.sha256,
  exists (select from log_queue t where t.format = 'unitrail.refusal/1' and t.stream = 'log:refused' and t.seq = f.number) as "isTold"
  from log_refusals f join log_queue q on q.id = f.queue_id order by f.number`;

function checkWaiting({ format, stream, seq, sha256, document }: WaitingRow, wrong: Wrong): void {
  const found = document === null ? null : createHash('sha256').update(document).digest('hex');
  if (found !== sha256)
    wrong(
      `the ${format} of ${stream} at ${seq}, which has no place in the log`,
      found === null ? 'no document' : `SHA-256 ${found}`,
      `${sha256}, which was queued`,
    );
}

function checkRefusal(row: RefusalRow, wrong: Wrong): void {
  const name = `refusal ${row.number} of the log`;
  const { value, problem } = readCanonical(row.body);
  if (problem) return wrong(name, problem.found, problem.expected);
  const told = innerFacts(factsOf(value), 'document');
  const [of, expected] = [
    [
      textFact(told, 'format'),
      textFact(told, 'stream'),
      numberFact(told, 'seq'),
      textFact(told, 'sha256'),
      row.refused,
    ],
    [row.format, row.stream, row.seq, row.sha256, row.sha256],
  ].map((facts) => facts.join(' ')) as [string, string];
  if (of !== expected) wrong(name, of, `${expected}, as the log queue has it`);
  if (!row.isTold) wrong(name, 'no row in the log queue', 'a leaf of unitrail.refusal/1');
}
