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
}

const COSIGNATURES = `select w.origin, w.size, w.witness, w.line, extract(epoch from w.signed_at)::float8 as at, c.note
  from log_cosignatures w left join log_checkpoints c on c.origin = w.origin and c.size = w.size order by w.origin, w.size, w.witness`;

/** A18. What is kept of witnesses is what they have signed: they have seen that very checkpoint. */
export async function checkCosignatures(snapshot: Snapshot, wrong: Wrong): Promise<void> {
  for await (const rows of snapshot.batches<CosignatureRow>(COSIGNATURES))
    for (const { origin, size, witness, line, at, note } of rows) {
      const key = readWitnessKey(witness);
      const signed = key && note !== null ? cosignedAt(`${note}${line}\n`, key) : null;
      if (signed !== at)
        wrong(
          `co-signature of checkpoint ${size} of ${origin} by ${witness}`,
          signed === 'bad' || signed === null ? 'no signature that holds' : `one of ${signed}`,
          `one of ${at}`,
        );
    }
}
