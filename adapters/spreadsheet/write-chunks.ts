import type { Writable } from 'node:stream';

/**
 * Writes the chunks and waits for each to be taken: memory stays flat however slow the reader is. The stream stays
 * open, it is the caller's. Rejects with the stream's own error (a full disk, a closed pipe).
 */
export async function writeChunks(
  stream: NodeJS.WritableStream,
  chunks: AsyncIterable<string | Uint8Array> | Iterable<string | Uint8Array>,
): Promise<void> {
  tolerateErrors(stream);
  for await (const chunk of chunks) await writeChunk(stream as Writable, chunk);
}

function writeChunk(stream: Writable, chunk: string | Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.write(chunk, (error) => (error ? reject(error) : resolve()));
  });
}

/**
 * A failed write tells its caller; the event of the same error would end the process if nobody listened. A repeat is
 * a no-op.
 */
export function tolerateErrors(stream: NodeJS.WritableStream): void {
  if (!stream.listeners('error').includes(toldByWrite)) stream.on('error', toldByWrite);
}

function toldByWrite(): void {}
