/**
 * The transparency log's own words: what a leaf is, how one is proven, and what a checkpoint says (c2sp.org/tlog-checkpoint).
 *
 *   entry = SHA-256(salt ‖ RFC 8785 document), 32 bytes; leaf = SHA-256(0x00 ‖ entry), as RFC 6962 has it
 */
import { fromBase64, joinBytes, toBase64, utf8 } from './bytes';
import { HASH_BYTES, rootFromInclusion, type Hash, type Tree, type TreeHasher } from './merkle';
import { parseNote } from './signed-note';

export const PROOF_FORMAT = 'unitrail.proof/1';
export const STATEMENT_PROOF_FORMAT = 'unitrail.statement-proof/1';

/** Proves one document against the one checkpoint that lies beside it. The salt is here, and never in the document. */
export interface LeafProof {
  readonly format: typeof PROOF_FORMAT;
  /** The format of the document, such as `unitrail.record/1`. */
  readonly document: string;
  readonly serial: string;
  /** Of the document, 64 hex digits. */
  readonly sha256: string;
  readonly index: number;
  /** 32 bytes in base64. */
  readonly salt: string;
  /** Hashes in base64, from the leaf upward. */
  readonly path: readonly string[];
}

/** Proves a statement (`unitrail.statement/1`), and brings it along: an export tells it in a form of its own. */
export interface StatementProof extends Omit<LeafProof, 'format'> {
  readonly format: typeof STATEMENT_PROOF_FORMAT;
  /** The document, byte for byte. */
  readonly statement: string;
  /**
   * What leads from the head that the unit's record was sealed with to the statement's own hash: of each event between, the
   * digests of its header and its body, 128 hex digits. Null where that can't be told.
   */
  readonly since: readonly string[] | null;
}

/** Stands where what is told is no leaf: that a number of a list stays unused. */
export interface NoStatement {
  readonly format: typeof STATEMENT_PROOF_FORMAT;
  readonly serial: string;
  readonly statement: null;
}

/** A tree's head, as a checkpoint's text says it. */
export interface Checkpoint extends Tree {
  /** Which log it is. */
  readonly origin: string;
  /** The signed note, byte for byte. */
  readonly note: string;
}

export function checkpointText(origin: string, { size, root }: Tree): string {
  return `${origin}\n${size}\n${toBase64(root)}\n`;
}

/** Null where the note is no checkpoint. Its signature is not verified here. */
export function parseCheckpoint(note: string): Checkpoint | null {
  const lines = parseNote(note)?.text.split('\n') ?? [];
  const [origin, size, root] = lines;
  // The last one is empty, behind the final line feed. Between, there may be extensions, which say nothing to us.
  if (!origin || !size || !root || lines.slice(0, -1).includes('')) return null;
  const hash = fromBase64(root);
  if (hash?.length !== HASH_BYTES) return null;
  if (!/^(0|[1-9][0-9]*)$/.test(size) || !Number.isSafeInteger(Number(size))) return null;
  return { origin, size: Number(size), root: hash, note };
}

export function entryOf(sha256: (bytes: Uint8Array) => Uint8Array, salt: Uint8Array, document: string): Hash {
  return sha256(joinBytes(salt, utf8(document)));
}

/** The root that the proof leads to from its entry; null where it can be none of a tree of that size. */
export function rootOfProof(
  hasher: TreeHasher,
  entry: Hash,
  { index, path }: Pick<LeafProof, 'index' | 'path'>,
  size: number,
): Hash | null {
  const hashes = path.map(fromBase64);
  if (hashes.some((hash) => hash?.length !== HASH_BYTES)) return null;
  return rootFromInclusion(hasher, hasher.leaf(entry), index, size, hashes as Hash[]);
}
