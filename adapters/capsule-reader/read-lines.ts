import { createReadStream } from 'node:fs';

const LINE_FEED = 10;
const CHUNK_BYTES = 1024 * 1024;

/**
 * The lines of a file as bytes, each without its line feed. What has none at the end of the file was cut off, and is
 * given all the same.
 */
export async function* readLines(path: string): AsyncGenerator<Uint8Array> {
  let rest: Buffer[] = [];
  for await (const read of createReadStream(path, { highWaterMark: CHUNK_BYTES })) {
    const chunk = read as Buffer;
    let from = 0;
    for (let to = chunk.indexOf(LINE_FEED); to >= 0; to = chunk.indexOf(LINE_FEED, from)) {
      const part = chunk.subarray(from, to);
      yield rest.length === 0 ? part : Buffer.concat([...rest, part]);
      rest = [];
      from = to + 1;
    }
    if (from < chunk.length) rest.push(chunk.subarray(from));
  }
  if (rest.length > 0) yield Buffer.concat(rest);
}
