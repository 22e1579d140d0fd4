import { cosignedAt, readWitnessKey } from '../export-verifier/cosignature';
import type { Wrong } from './findings';
import type { Snapshot } from './snapshot';

interface CosignatureRow {
  readonly origin: string;
  readonly size: number;
  readonly witness: string;
  readonly line: string;
  /** Seconds since 1970. */
  readonly at: number;
  readonly note: string | null;
  /** It waits to be verified, was found to hold, or is of a witness that has no place. */
  readonly isKnown: boolean;
}

/** Witness by witness. */
const COSIGNATURES = `select w.origin, w.size, w.witness, w.line, extract(epoch from w.signed_at)::float8 as at, c.note,
    coalesce(q.cosignature_id, h.cosignature_id, k.cosignature_id) is not null as "isKnown"
  from log_cosignatures w left join log_checkpoints c on c.origin = w.origin and c.size = w.size
  left join log_cosignatures_waiting q on q.cosignature_id = w.id
  left join log_cosignatures_held h on h.cosignature_id = w.id
  left join log_witnesses k on k.origin = w.origin and k.witness = w.witness and k.place is null
  order by w.origin, w.witness, w.size, w.id`;

/** What is said to hold, of lines that are not there or say something else. */
const HELD = `select h.origin, h.witness, min(h.size) as size, count(*) as lines from log_cosignatures_held h
  left join log_cosignatures w on w.id = h.cosignature_id
  where (w.origin, w.size, w.witness, w.signed_at) is distinct from (h.origin, h.size, h.witness, h.signed_at)
  group by h.origin, h.witness order by h.origin, h.witness limit 100`;

/** A place, without a line by which the witness came to it. */
const PLACES = `select k.origin, k.witness, k.place from log_witnesses k
  where k.place is not null and not exists (select from log_cosignatures_held h
    where h.cosignature_id = k.cosignature_id and h.origin = k.origin and h.witness = k.witness)
  order by k.origin, k.place limit 100`;

/**
 * Without a place, although one was free. Places are given in the order of the lines and never taken back: sixteen that came
 * before, or one before of the same name and id, are all that keeps a witness out.
 */
const LEFT_OUT = `select k.origin, k.witness from log_witnesses k cross join lateral (
    select count(*) as taken, coalesce(bool_or((string_to_array(o.witness, '+'))[:2] = (string_to_array(k.witness, '+'))[:2]), false) as namesake
    from log_witnesses o where o.origin = k.origin and o.place is not null and o.cosignature_id < k.cosignature_id) before
  where k.place is null and before.taken < 16 and not before.namesake
  order by k.origin, k.cosignature_id limit 100`;

/** Whoever adds junk under ever new keys fills no list either. */
const MOST_NAMED = 50;

/**
 * A18. What is kept of witnesses is what they have signed: they have seen that very checkpoint. Of what they have signed nothing is
 * kept from those who get exports, and nothing else takes its place. Whoever has the desk's login can add lines without end that
 * nobody has signed: they come last, and are one finding a witness.
 */
export async function checkCosignatures(snapshot: Snapshot, wrong: Wrong): Promise<void> {
  for (const row of await snapshot.rows<Named & { lines: number }>(HELD))
    wrong(nameOf(row), `said to hold${andMore(row.lines)}`, 'a line that is kept, as it is said');
  for (const { origin, witness, place } of await snapshot.rows<Named & { place: number }>(PLACES))
    wrong(`witness ${witness} of ${origin}`, `place ${place}`, 'a line that holds, by which it has that');
  for (const { origin, witness } of await snapshot.rows<Named>(LEFT_OUT))
    wrong(`witness ${witness} of ${origin}`, 'no place', 'one of the sixteen, which was free when it came');
  const unsigned = new Unsigned();
  for await (const { hidden, junk } of byWitness(snapshot)) {
    if (hidden) tell(hidden, wrong);
    if (junk) unsigned.add(junk);
  }
  unsigned.tell(wrong);
}

type Named = Pick<CosignatureRow, 'origin' | 'size' | 'witness'>;

const nameOf = ({ origin, size, witness }: Named): string =>
  `co-signature of checkpoint ${size} of ${origin} by ${witness}`;

const andMore = (lines: number): string => (lines > 1 ? `, and ${lines - 1} more of that witness` : '');

/** What is wrong with lines of one witness, as its first one has it. */
interface WrongLines extends Named {
  lines: number;
  readonly found: string;
  readonly expected: string;
}

function tell(row: WrongLines, wrong: Wrong): void {
  wrong(nameOf(row), `${row.found}${andMore(row.lines)}`, row.expected);
}

/** Of a witness: lines that hold, and are kept from exports; and lines that it has not signed. */
interface OfWitness extends Pick<CosignatureRow, 'origin' | 'witness'> {
  hidden?: WrongLines;
  junk?: WrongLines;
}

async function* byWitness(snapshot: Snapshot): AsyncGenerator<OfWitness> {
  let of = null as OfWitness | null;
  for await (const rows of snapshot.batches<CosignatureRow>(COSIGNATURES))
    for (const row of rows) {
      if (of?.origin !== row.origin || of.witness !== row.witness) {
        if (of) yield of;
        of = { origin: row.origin, witness: row.witness };
      }
      judge(row, of);
    }
  if (of) yield of;
}

function judge(row: CosignatureRow, of: OfWitness): void {
  const { witness, line, at, note, isKnown } = row;
  const key = readWitnessKey(witness);
  const signed = key && note !== null ? cosignedAt(`${note}${line}\n`, key) : null;
  if (signed === at && isKnown) return;
  const kind = signed === at ? 'hidden' : 'junk';
  of[kind] ??= { ...wrongOf(row, signed), lines: 0 };
  of[kind].lines += 1;
}

function wrongOf(row: CosignatureRow, signed: number | 'bad' | null): Omit<WrongLines, 'lines'> {
  const { origin, size, witness, at } = row;
  const named = { origin, size, witness };
  if (signed === at)
    return {
      ...named,
      found: 'one that holds, and is in no export',
      expected: 'one among those that hold',
    };
  const found = signed === 'bad' || signed === null ? 'no signature that holds' : `one of ${signed}`;
  return { ...named, found, expected: `one of ${at}` };
}

/** Lines that no witness has signed, in bounded memory. */
class Unsigned {
  private readonly named: WrongLines[] = [];
  private others = 0;

  add(junk: WrongLines): void {
    if (this.named.length < MOST_NAMED) this.named.push(junk);
    else this.others += 1;
  }

  tell(wrong: Wrong): void {
    for (const junk of this.named) tell(junk, wrong);
    if (this.others > 0)
      wrong(`co-signatures by ${this.others} more witnesses`, 'no signature that holds', 'one of each');
  }
}
