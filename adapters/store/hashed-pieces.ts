import type { Hash } from 'node:crypto';

/** Passes the pieces on as they come, and adds each to the hash: what is written and what is hashed is the same. */
export async function* hashedPieces(
  source: AsyncIterable<Uint8Array>,
  hash: Hash,
): AsyncGenerator<Uint8Array> {
  for await (const piece of source) {
    hash.update(piece);
    yield piece;
  }
}
