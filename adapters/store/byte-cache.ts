/** Keeps the bytes that were used last, up to a sum of sizes. Content larger than the sum is not kept. */
export interface ByteCache {
  get(key: string): Uint8Array | undefined;
  /** The cache keeps the array itself: the caller must not write to it afterwards. */
  set(key: string, bytes: Uint8Array): void;
  remove(key: string): void;
}

export function createByteCache(maxBytes: number): ByteCache {
  // A Map keeps the order of insertion: the first entry is the one that was not used for longest.
  const entries = new Map<string, Uint8Array>();
  let sizeBytes = 0;

  function remove(key: string): void {
    sizeBytes -= entries.get(key)?.byteLength ?? 0;
    entries.delete(key);
  }

  function add(key: string, bytes: Uint8Array): void {
    entries.set(key, bytes);
    sizeBytes += bytes.byteLength;
  }

  return {
    remove,
    get(key) {
      const bytes = entries.get(key);
      if (bytes === undefined) return undefined;
      remove(key);
      add(key, bytes);
      return bytes;
    },
    set(key, bytes) {
      if (bytes.byteLength > maxBytes) return;
      remove(key);
      add(key, bytes);
      for (const oldest of entries.keys()) {
        if (sizeBytes <= maxBytes) break;
        remove(oldest);
      }
    },
  };
}
