import { readCanonical } from './canonical-check';
import type { Wrong } from './findings';
import { unitOf } from './log-refused';
import type { Snapshot } from './snapshot';
import { factsOf, textFact } from './stored-event';

const HEADS_AT_ONCE = 1_000;

interface Told {
  readonly stream: string;
  readonly seq: number;
  readonly hash: string;
}

/** What the heads said of each stream is what stands there: a history that was told anew has other hashes. */
export async function checkHeads(
  snapshot: Snapshot,
  name: string,
  document: string,
  wrong: Wrong,
): Promise<void> {
  const { value, problem } = readCanonical(document);
  if (problem) return wrong(name, problem.found, problem.expected);
  const heads = headsIn(factsOf(value).heads);
  for (let from = 0; from < heads.length; from += HEADS_AT_ONCE) {
    const some = heads.slice(from, from + HEADS_AT_ONCE);
    // What has moved is in its capsule, as a chain up to a head that a leaf of its own commits to.
    const stored = await snapshot.rows<{
      stream: string;
      seq: number;
      hash: string | null;
      archived: boolean;
    }>(
      `select t.stream, t.seq, encode(e.hash, 'hex') as hash, c.unit_id is not null as archived
       from unnest($1::text[], $2::bigint[]) as t(stream, seq)
       left join unit_events e on e.stream = t.stream and e.seq = t.seq
       left join capsule_units c on c.unit_id = ${unitOf('t.stream')} and c.retired_at is not null and t.seq <= c.last_seq`,
      [some.map(({ stream }) => stream), some.map(({ seq }) => seq)],
    );
    const found = new Map(stored.map((row) => [`${row.stream} ${row.seq}`, row]));
    for (const { stream, seq, hash } of some) {
      const row = found.get(`${stream} ${seq}`);
      const there = row?.hash ?? null;
      if (there !== hash && !row?.archived)
        wrong(`${stream}, event ${seq}`, there ?? 'no event', `hash ${hash}, which ${name} committed to`);
    }
  }
}

function headsIn(list: unknown): Told[] {
  return (Array.isArray(list) ? list : []).map((one) => {
    const facts = factsOf(one);
    return {
      stream: textFact(facts, 'stream') ?? '',
      seq: Number(facts.seq),
      hash: textFact(facts, 'hash') ?? '',
    };
  });
}
