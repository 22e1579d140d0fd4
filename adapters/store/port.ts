import type { Readable } from 'node:stream';
import type { Sha256Hex } from '../../domain/brands';

/**
 * Where firmware images, SBOMs, exports and capsules live: each content under its own SHA-256, so that
 * activities pass digests and never files. Content never changes, and only retention removes any, at the archive's end.
 *
 * Errors: STORE_UNAVAILABLE (the store can't be reached or is full; try again), NOT_FOUND (no such content),
 * IMAGE_DIGEST_MISMATCH (what is stored is damaged), INPUT_INVALID (no digest, or larger than the store allows).
 */
export interface ContentStore {
  /** Keeps the bytes durably and returns their digest. A repeat is a no-op, and mends a damaged copy. */
  put(bytes: Uint8Array): Promise<Sha256Hex>;
  /** The bytes, checked against the digest. They are the caller's own copy. */
  get(sha256: Sha256Hex): Promise<Uint8Array>;
  /** Keeps a file of any size, as `put` does; a few buffers of memory, whatever its size. The file itself stays. */
  putFile(path: string): Promise<Sha256Hex>;
  /**
   * The bytes from there on, of content of any size. They are not checked: whoever reads all of them knows the digest.
   * What goes wrong, also that there is no such content, is an error of the stream.
   */
  open(sha256: Sha256Hex, from?: number): Readable;
  /** Whether there is content under the digest. Does not read it: only `get` finds damage. */
  has(sha256: Sha256Hex): Promise<boolean>;
  /** Removes the content for good; a repeat is a no-op. Whoever calls it knows that nobody needs it. */
  remove(sha256: Sha256Hex): Promise<void>;
}
