import { createHash, type Hash } from 'node:crypto';
import type { Findings } from './findings';
import type { Snapshot } from './snapshot';
import { numberFact, textFact, type Facts, type ReadEvent } from './stored-event';

/** A list by its rows. */
interface ListRow {
  readonly space: number;
  readonly stream: string;
  readonly name: string;
  readonly issuer: string;
  readonly pattern: string | null;
  readonly sha256: string;
  readonly by: string;
  readonly spaceIssuer: string | null;
  readonly lastNumber: number | null;
  readonly count: number;
  readonly highest: number | null;
  readonly first: string | null;
  readonly last: string | null;
}

/** What the event of each list says: kept until all have been seen, for there are few of them. */
export type ListEvents = Map<string, Facts>;

export function noteList(stream: string, events: readonly ReadEvent[], lists: ListEvents): void {
  const listed = events.find(({ type }) => type === 'numbersListed');
  if (listed) lists.set(stream, listed.facts);
}

/** A14. Rows and events tell the same lists, whole, and no number stands twice. */
export async function checkNumberLists(
  snapshot: Snapshot,
  lists: ListEvents,
  findings: Findings,
): Promise<void> {
  const rows = await snapshot.rows<ListRow>(
    `select l.space_id as space, l.stream, l.name, l.issuer, l.pattern, l.source_sha256 as sha256, l.imported_by as by, s.issuer as "spaceIssuer",
       s.last_number as "lastNumber", n.count, n.highest, f.value as first, e.value as last
     from number_lists l left join number_spaces s on s.id = l.space_id and s.kind = 'serial' and s.name = l.name
     cross join lateral (select count(*) as count, max(position) as highest from listed_numbers where space_id = l.space_id) n
     left join listed_numbers f on f.space_id = l.space_id and f.position = 1
     left join listed_numbers e on e.space_id = l.space_id and e.position = n.highest`,
  );
  const digests = await digestLists(snapshot);
  for (const row of rows)
    checkList(row, digests.get(row.space)?.digest('hex') ?? null, lists.get(row.stream), findings);
  const known = new Set(rows.map(({ stream }) => stream));
  for (const stream of lists.keys())
    if (!known.has(stream)) findings.violation('A14', stream, 'no list', 'the list of its event');
  await checkStrays(snapshot, findings);
}

/** Over all numbers of each list, in their order. */
async function digestLists(snapshot: Snapshot): Promise<Map<number, Hash>> {
  const digests = new Map<number, Hash>();
  const sql = 'select space_id as space, value from listed_numbers order by space_id, position';
  for await (const rows of snapshot.batches<{ space: number; value: string }>(sql)) {
    for (const { space, value } of rows) {
      const digest = digests.get(space) ?? createHash('sha256');
      digests.set(space, digest.update(createHash('sha256').update(value, 'utf8').digest()));
    }
  }
  return digests;
}

function checkList(row: ListRow, digest: string | null, facts: Facts | undefined, findings: Findings): void {
  if (facts === undefined)
    return findings.violation('A14', row.stream, 'a list', 'the event that tells of it');
  const compare = (what: string, found: unknown, expected: unknown): void => {
    if (found === expected) return;
    findings.violation(
      'A14',
      row.stream,
      `${what} = ${String(found)}`,
      `${what} = ${String(expected)}, by its event`,
    );
  };
  const count = numberFact(facts, 'count');
  compare('numbers', row.count, count);
  compare('highest position', row.highest, count);
  compare('last number of its space', row.lastNumber, count);
  compare('issuer of its space', row.spaceIssuer, row.issuer);
  compare('stream', row.stream, `list:${row.issuer}/${row.name}`);
  compare('first', row.first, textFact(facts, 'first'));
  compare('last', row.last, textFact(facts, 'last'));
  compare('sha256', row.sha256, textFact(facts, 'sha256'));
  compare('pattern', row.pattern, textFact(facts, 'pattern'));
  // Lists of before carry none: of those the ends and the number of all are known.
  if (facts.numbersSha256 !== undefined) compare('digest of its numbers', digest, facts.numbersSha256);
  compare('by', row.by, textFact(facts, 'by'));
}

/** Found by the rows themselves: the constraint that forbids it may be gone. */
async function checkStrays(snapshot: Snapshot, findings: Findings): Promise<void> {
  const twice = await snapshot.rows<{ issuer: string; value: string; count: number }>(
    `select issuer, value, count(*) as count from listed_numbers group by issuer, value having count(*) > 1 limit 100`,
  );
  for (const { issuer, value, count } of twice)
    findings.violation(
      'A14',
      `listed number ${value} of ${issuer}`,
      `${count} places`,
      'one place in one list',
    );
  const strays = await snapshot.rows<{ issuer: string; value: string }>(
    `select n.issuer, n.value from listed_numbers n
     left join number_lists l on l.space_id = n.space_id and l.issuer = n.issuer where l.space_id is null limit 100`,
  );
  for (const { issuer, value } of strays)
    findings.violation(
      'A14',
      `listed number ${value} of ${issuer}`,
      'a place in no list of the buyer',
      'a list that is told of',
    );
}
