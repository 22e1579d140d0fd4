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

const COSIGNATURES = `select w.origin, w.size, w.witness, w.line, extract(epoch from w.signed_at)::float8 as at, c.note,
    coalesce(q.cosignature_id, h.cosignature_id, k.cosignature_id) is not null as "isKnown"
  from log_cosignatures w left join log_checkpoints c on c.origin = w.origin and c.size = w.size
  left join log_cosignatures_waiting q on q.cosignature_id = w.id
  left join log_cosignatures_held h on h.cosignature_id = w.id
  left join log_witnesses k on k.origin = w.origin and k.witness = w.witness and k.place is null
  order by w.origin, w.size, w.witness`;

/** What is said to hold, of a line that is not there or says something else. */
const HELD = `select h.origin, h.size, h.witness from log_cosignatures_held h
  left join log_cosignatures w on w.id = h.cosignature_id
  where (w.origin, w.size, w.witness, w.signed_at) is distinct from (h.origin, h.size, h.witness, h.signed_at)
  order by h.cosignature_id limit 100`;

/** A place, without a line by which the witness came to it. */
const PLACES = `select k.origin, k.witness, k.place from log_witnesses k
  where k.place is not null and not exists (select from log_cosignatures_held h
    where h.cosignature_id = k.cosignature_id and h.origin = k.origin and h.witness = k.witness)
  order by k.origin, k.place limit 100`;

/**
 * A18. What is kept of witnesses is what they have signed: they have seen that very checkpoint. Of what they have signed nothing is
 * kept from those who get exports, and nothing else takes its place.
 */
export async function checkCosignatures(snapshot: Snapshot, wrong: Wrong): Promise<void> {
  for await (const rows of snapshot.batches<CosignatureRow>(COSIGNATURES))
    for (const row of rows) checkCosignature(row, wrong);
  for (const row of await snapshot.rows<Named>(HELD))
    wrong(nameOf(row), 'said to hold', 'a line that is kept, as it is said');
  for (const { origin, witness, place } of await snapshot.rows<Named & { place: number }>(PLACES))
    wrong(`witness ${witness} of ${origin}`, `place ${place}`, 'a line that holds, by which it has that');
}

type Named = Pick<CosignatureRow, 'origin' | 'size' | 'witness'>;

const nameOf = ({ origin, size, witness }: Named): string =>
  `co-signature of checkpoint ${size} of ${origin} by ${witness}`;

function checkCosignature(row: CosignatureRow, wrong: Wrong): void {
  const { witness, line, at, note, isKnown } = row;
  const key = readWitnessKey(witness);
  const signed = key && note !== null ? cosignedAt(`${note}${line}\n`, key) : null;
  if (signed !== at)
    wrong(
      nameOf(row),
      signed === 'bad' || signed === null ? 'no signature that holds' : `one of ${signed}`,
      `one of ${at}`,
    );
  else if (!isKnown) wrong(nameOf(row), 'one that holds, and is in no export', 'one among those that hold');
}
