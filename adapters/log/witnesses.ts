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
} from '../../domain/signed-note';
import type { Database } from '../postgres/database';
import {
  bookJudged,
  heldCosignatures,
  knownWitnesses,
  waitingCosignatures,
  type CosignatureRow,
  type KnownWitnesses,
} from '../postgres/log-cosignatures';
import { isEd25519Signed, sha256 } from './hashing';

/** A log has so many at most. Those who came first have a place: nobody who comes later takes it. The database has the number too. */
export const MOST_WITNESSES = 16;
/** Those without a place are named up to so many. */
const MOST_LEFT_OUT = 16;
/** So many lines may wait to be verified, by `add_cosignature`. */
const MOST_WAITING = 10_000;
const JUDGED_AT_ONCE = 1_000;
/** Of a witness's lines that were found to hold. The first one does, unless somebody has changed rows since. */
const MOST_TRIED = 4;
/** Longer than any that is let in. */
const MOST_KEY = 256;

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

type Of = Pick<Checkpoint, 'origin'> & Partial<Tree>;

/**
 * Verifies the lines that wait, each once and for ever: however many there are, exports read those that hold. What does not hold
 * stays where it is, for the auditor (A18). More than may wait are left to the next time.
 */
export async function judgeCosignatures(db: Database, heartbeat: () => void = () => {}): Promise<void> {
  for (let judged = 0; judged < MOST_WAITING; judged += JUDGED_AT_ONCE) {
    const rows = await waitingCosignatures(db, JUDGED_AT_ONCE);
    if (rows.length === 0) return;
    const held = rows.filter((row) => cosignedBy(row) !== null);
    await bookJudged(db, idsOf(rows), idsOf(held));
    heartbeat();
  }
}

const idsOf = (rows: readonly CosignatureRow[]): string[] => rows.map(({ id }) => id);

export interface Witnesses {
  /** The newest of each witness that holds. */
  readonly newest: readonly Cosigned[];
  /** Who has co-signed when there was no place any more: the first of them. No export brings what they sign. */
  readonly leftOut: readonly string[];
}

/** What is known by now, also of lines that the office has not looked at, up to a size of the log. */
export async function readWitnesses(db: Database, of: Of): Promise<Witnesses> {
  const places = await heldPlaces(db, of);
  for (const row of await waitingCosignatures(db, MOST_WAITING, of.origin)) places.take(row);
  return { newest: places.newest(), leftOut: [...places.leftOut] };
}

export async function newestCosigned(db: Database, of: Of): Promise<readonly Cosigned[]> {
  return (await readWitnesses(db, of)).newest;
}

async function heldPlaces(db: Database, { origin, size = Number.MAX_SAFE_INTEGER }: Of): Promise<Places> {
  const places = new Places(await knownWitnesses(db, origin, MOST_LEFT_OUT), size);
  for (const row of await heldCosignatures(db, { origin, size }, MOST_TRIED)) places.take(row);
  return places;
}

/** Who has a place, and the newest line of each that holds. Every line is verified, whoever has said that it holds. */
class Places {
  readonly leftOut: Set<string>;
  /** By name and id: a note in which two keys have both could be verified with neither. */
  private readonly placed: Map<string, string>;
  private readonly found = new Map<string, Cosigned>();

  constructor(
    { placed, leftOut }: KnownWitnesses,
    private readonly size: number,
  ) {
    this.placed = new Map(placed.map((witness) => [witness.split('+').slice(0, 2).join('+'), witness]));
    this.leftOut = new Set(leftOut);
  }

  take(row: CosignatureRow): void {
    const known = this.found.get(row.witness);
    if (this.leftOut.has(row.witness) || (known && !isNewer(row, known))) return;
    const cosigned = cosignedBy(row);
    if (cosigned === null) return;
    if (!this.hasPlace(cosigned)) this.leaveOut(row.witness);
    else if (row.size <= this.size) this.found.set(row.witness, cosigned);
  }

  /** In the order of the places. */
  newest(): Cosigned[] {
    return [...this.placed.values()].flatMap((witness) => this.found.get(witness) ?? []);
  }

  private hasPlace({ witness, name, keyId }: Cosigned): boolean {
    const id = `${name}+${keyId}`;
    const owner = this.placed.get(id);
    if (owner !== undefined) return owner === witness;
    if (this.placed.size >= MOST_WITNESSES) return false;
    this.placed.set(id, witness);
    return true;
  }

  private leaveOut(witness: string): void {
    if (this.leftOut.size < MOST_LEFT_OUT) this.leftOut.add(witness);
  }
}

function isNewer({ size, signedAt }: CosignatureRow, than: Cosigned): boolean {
  return size > than.size || (size === than.size && signedAt > than.signedAt);
}

/** Null where the log or the witness has not signed it. */
function cosignedBy({ origin, witness: text, size, note, key, line }: CosignatureRow): Cosigned | null {
  if (note === null || key === null || text.length > MOST_KEY) return null;
  const witness = parseNoteKey(text, sha256, COSIGNATURE);
  const [logs, checkpoint] = [parseNoteKey(key, sha256), parseCheckpoint(note)];
  const signed = parseNote(`${note}${line}\n`);
  if (witness === null || logs === null || signed === null) return null;
  if (checkpoint?.origin !== origin || checkpoint.size !== size) return null;
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

/**
 * What the witnesses have co-signed last, as far as a tree of that size goes on from it; the largest first. What was added until now is
 * among it: only by the office.
 */
export async function cosignedCheckpoints(
  db: Database,
  checkpoint: Pick<Checkpoint, 'origin'> & Tree,
  heartbeat: () => void = () => {},
): Promise<CosignedCheckpoint[]> {
  await judgeCosignatures(db, heartbeat);
  const bySize = new Map<number, Cosigned[]>();
  for (const one of (await heldPlaces(db, checkpoint)).newest())
    bySize.set(one.size, [...(bySize.get(one.size) ?? []), one]);
  return [...bySize.values()]
    .sort(([one], [other]) => other!.size - one!.size)
    .map((all) => {
      const [{ size, root, note }] = all as [Cosigned];
      const lines = all.map(({ line }) => `${line}\n`).sort();
      return { size, root, note: note + lines.join('') };
    });
}
