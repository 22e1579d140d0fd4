import { parseSha256Hex } from '../../domain/brands';
import { UnitrailError } from '../../domain/errors';
import type { ByteSource } from '../capsule-reader/bytes';
import type { ContentStore } from '../store/port';

/** A file of the content store of which parts are read: a lookup needs some kilobytes of a gigabyte. */
export function storeSource(
  store: ContentStore,
  { name, sha256, sizeBytes }: { name: string; sha256: string; sizeBytes: number },
): ByteSource {
  return { name, sizeBytes, read: (from, to) => readPart(store, { name, sha256 }, from, to) };
}

async function readPart(
  store: ContentStore,
  { name, sha256 }: { name: string; sha256: string },
  from: number,
  to: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(to - from);
  let done = 0;
  if (bytes.length === 0) return bytes;
  // Leaving the loop ends the stream.
  for await (const chunk of store.open(parseSha256Hex(sha256), from, to) as AsyncIterable<Buffer>) {
    const part = chunk.subarray(0, bytes.length - done);
    bytes.set(part, done);
    done += part.length;
    if (done === bytes.length) return bytes;
  }
  throw new UnitrailError('CAPSULE_DAMAGED', `The file ${name} (${sha256}) ends at byte ${from + done}.`);
}
