import { cosignatureBy } from '../../domain/cosignature';
import { parseCheckpoint, type Checkpoint } from '../../domain/log-proof';
import type { Tree } from '../../domain/merkle';
import {
  COSIGNATURE,
  formatNote,
  parseNote,
  parseNoteKey,
  signatureBy,
  signatureLine,
  type NoteKey,
} from '../../domain/signed-note';
import type { Database } from '../postgres/database';
import { cosignatureRows, type CosignatureRow } from '../postgres/log-cosignatures';
import { isEd25519Signed, sha256 } from './hashing';

/** A log has so many at most. Those who came first count: nobody who comes later takes their place. */
export const MOST_WITNESSES = 16;

/** What a witness has co-signed last, by its own key. */
export interface Cosigned extends Tree {
  /** The public key. */
  readonly witness: string;
  readonly name: string;
  readonly keyId: string;
  readonly signedAt: Date;
  /** The checkpoint with the signature of the log, and no other. */
  readonly note: string;
  /** That of the witness. */
  readonly line: string;
}

/**
 * The newest of each witness that holds, up to a size of the log. What does not hold is passed over, whoever put it there and
 * under whose name: the auditor tells it (A18).
 */
export async function newestCosigned(
  db: Database,
  { origin, size = Number.MAX_SAFE_INTEGER }: Pick<Checkpoint, 'origin'> & Partial<Tree>,
): Promise<Cosigned[]> {
  const found = new Map<string, Cosigned>();
  for await (const row of cosignatureRows(db, { origin, size })) {
    const key = parseNoteKey(row.witness, sha256, COSIGNATURE);
    // By name and id: a note in which two keys have both could be verified with neither.
    const id = key && `${key.name}+${key.keyId}`;
    if (key === null || id === null || found.has(id)) continue;
    const cosigned = cosignedBy(key, row, origin);
    if (cosigned !== null) found.set(id, cosigned);
    if (found.size === MOST_WITNESSES) break;
  }
  return [...found.values()];
}

/** Null where the log or the witness has not signed it. */
function cosignedBy(
  witness: NoteKey,
  { witness: text, size, note, key, line }: CosignatureRow,
  origin: string,
): Cosigned | null {
  const [logs, checkpoint] = [parseNoteKey(key, sha256), parseCheckpoint(note)];
  const signed = parseNote(`${note}${line}\n`);
  if (logs === null || signed === null || checkpoint?.origin !== origin || checkpoint.size !== size)
    return null;
  // The witness first: junk is found out by one signature.
  const seen = cosignatureBy(signed, witness, isEd25519Signed);
  const own = seen && signatureBy(signed, logs, isEd25519Signed);
  if (seen === null || own === null) return null;
  return {
    ...{ witness: text, name: witness.name, keyId: witness.keyId, size, root: checkpoint.root },
    ...{ signedAt: new Date(seen.time * 1000), note: formatNote(signed.text, logs, own) },
    line: signatureLine(witness, seen.signature),
  };
}

export interface CosignedCheckpoint extends Tree {
  /** As it was signed here, with a line of each witness behind it. */
  readonly note: string;
}

/** What the witnesses have co-signed last, as far as a tree of that size goes on from it; the largest first. */
export async function cosignedCheckpoints(
  db: Database,
  checkpoint: Pick<Checkpoint, 'origin'> & Tree,
): Promise<CosignedCheckpoint[]> {
  const bySize = new Map<number, Cosigned[]>();
  for (const one of await newestCosigned(db, checkpoint))
    bySize.set(one.size, [...(bySize.get(one.size) ?? []), one]);
  return [...bySize.values()]
    .sort(([one], [other]) => other!.size - one!.size)
    .map((all) => {
      const [{ size, root, note }] = all as [Cosigned];
      const lines = all.map(({ line }) => `${line}\n`).sort();
      return { size, root, note: note + lines.join('') };
    });
}
