import type { Readable } from 'node:stream';
import type { Sha256Hex } from '../../domain/brands';
import type { ContentState } from '../../domain/store-check';

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
   * The bytes from there on, up to but not including `to` where it is given, of content of any size. They are not checked:
   * whoever reads all of them knows the digest.
   * What goes wrong, also that there is no such content, is an error of the stream.
   */
  open(sha256: Sha256Hex, from?: number, to?: number): Readable;
  /** Whether there is content under the digest. Does not read it: only `get` finds damage. */
  has(sha256: Sha256Hex): Promise<boolean>;
  /**
   * Reads the content in each place, of any size, and mends the place that lacks it or has it damaged from the other, through a
   * file in the work folder. False where it is whole in none, or was removed meanwhile.
   */
  makeWhole(sha256: Sha256Hex, workFolder: string): Promise<boolean>;
  /**
   * Removes the content for good; a repeat is a no-op. Whoever calls it knows that nobody needs it.
   * NOT_ALLOWED where a bucket has it locked until later, or its server holds it without a word until when. STORE_UNAVAILABLE as soon
   * as the signal says so: no removal is begun then, and whether the content is gone, or goes in a moment, nobody knows. A request
   * that is under way may still be done by its server, and a call of a file system can't be taken back at all.
   */
  remove(sha256: Sha256Hex, signal?: AbortSignal): Promise<void>;
  /**
   * Where the place can lock: nobody may remove the content before then, also not by other programs. A lock only grows.
   * False where it can't: a folder, or a bucket without object lock.
   */
  protect(sha256: Sha256Hex, until: Date): Promise<boolean>;
  /** Until when `remove` is refused, by whichever version would have to go; null where no lock is seen. */
  lockedUntil(sha256: Sha256Hex): Promise<Date | null>;
}

export type { ContentState } from '../../domain/store-check';

/** A store in one place, which can be gone through. */
export interface PlainStore extends ContentStore {
  /** In words: the folder, or the bucket and its server. */
  readonly place: string;
  /** Reads all of it, whatever its size. What can't be read is an error here: the search judges it (`stateIn`). */
  check(sha256: Sha256Hex): Promise<ContentState>;
  /**
   * As `putFile`, in the place of what is there, which is not read before: it may be what can't be. Nothing is written where the
   * file is not the content that is meant: STORE_UNAVAILABLE.
   */
  replaceFile(path: string, meant: Sha256Hex): Promise<void>;
  /** The digests of all that is there, after the given one, in order. Files of other names are passed by. */
  list(after: Sha256Hex | null): AsyncIterable<Sha256Hex>;
}

/** What a kind of place does, below the promises that all of them keep. Each reports its own trouble. */
export interface Place {
  readonly place: string;
  /** Where one content lies, in words. */
  nameOf(sha256: Sha256Hex): string;
  /** The bytes from there on, up to but not including `to`; null where there is no such content. Whoever does not read them closes. */
  read(sha256: Sha256Hex, from: number, to?: number): Promise<Bytes | null>;
  has(sha256: Sha256Hex): Promise<boolean>;
  /** There as a whole or not at all, in the place of what was there. */
  write(sha256: Sha256Hex, bytes: Uint8Array): Promise<void>;
  writeFile(sha256: Sha256Hex, path: string): Promise<void>;
  /** Begins nothing more once the signal says so. It need not break off what is under way: nobody waits for it. */
  remove(sha256: Sha256Hex, signal?: AbortSignal): Promise<void>;
  list(after: Sha256Hex | null): AsyncIterable<Sha256Hex>;
  protect(sha256: Sha256Hex, until: Date): Promise<boolean>;
  lockedUntil(sha256: Sha256Hex): Promise<Date | null>;
}

export interface Bytes {
  /** Of those from there on. */
  readonly sizeBytes: number;
  readonly pieces: AsyncIterable<Uint8Array>;
  close(): void;
}
