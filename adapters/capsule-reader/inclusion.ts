import { bytesOf, fromBase64, hexOf, isSameBytes, joined, type ReaderCrypto } from './bytes';
import type { Facts } from './documents';

/** The log's head that all proofs of a capsule lead to. */
export interface LogHead {
  readonly size: number;
  readonly root: Uint8Array;
}

export type ProofVerdict =
  | { readonly verdict: 'holds'; readonly index: number; readonly size: number }
  | { readonly verdict: 'broken'; readonly why: string }
  /** Nothing can be said: the file or the line is not there. */
  | { readonly verdict: 'missing'; readonly why: string };

const HASH_BYTES = 32;
const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1);

/** Whether the log that ends at this head holds this document, byte for byte. */
export function judgeProof(
  { sha256 }: ReaderCrypto,
  document: string,
  proof: Facts,
  { size, root }: LogHead,
): ProofVerdict {
  const bytes = bytesOf(document);
  const broken = (why: string): ProofVerdict => ({ verdict: 'broken', why });
  if (proof.sha256 !== hexOf(sha256(bytes))) return broken('the proof is of another document');
  const salt = fromBase64(proof.salt);
  const path = Array.isArray(proof.path) ? proof.path.map(fromBase64) : [null];
  if (salt?.length !== HASH_BYTES || path.some((hash) => hash?.length !== HASH_BYTES))
    return broken('the proof is damaged: its salt or a hash is none');
  const index = proof.index;
  if (typeof index !== 'number' || !Number.isSafeInteger(index) || index < 0 || index >= size)
    return broken(`the log has no leaf ${String(index)}: it ends at ${size}`);
  const leaf = sha256(joined(LEAF, sha256(joined(salt, bytes))));
  const led = rootOf(sha256, leaf, index, size, path as Uint8Array[]);
  if (led === null) return broken('the proof has more or fewer hashes than its place in the log asks for');
  return isSameBytes(led, root)
    ? { verdict: 'holds', index, size }
    : broken(
        'the proof leads to another log than the checkpoint’s: the record, the proof or the checkpoint was changed',
      );
}

/** Up the tree: to the left of a hash, to the right of it, or alone at the end of a level. */
function rootOf(
  sha256: ReaderCrypto['sha256'],
  leaf: Uint8Array,
  index: number,
  size: number,
  path: readonly Uint8Array[],
): Uint8Array | null {
  let hash = leaf;
  let [at, last, used] = [index, size - 1, 0];
  while (last > 0) {
    if (at % 2 === 1 || at < last) {
      const beside = path[used];
      if (beside === undefined) return null;
      used += 1;
      hash = sha256(at % 2 === 1 ? joined(NODE, beside, hash) : joined(NODE, hash, beside));
    }
    at = Math.floor(at / 2);
    last = Math.floor(last / 2);
  }
  return used === path.length ? hash : null;
}
