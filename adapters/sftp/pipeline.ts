/**
 * Bytes to and from a file on the server, with many requests under way at once, as `fastPut` and OpenSSH's own client do
 * it: `put` of a stream waits for each answer, and so moves one block in a round trip.
 */
import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { ServerRefusal, status } from './problems';
import type { Session } from './session';
import { UnderWay } from './under-way';

/**
 * Fits into the packet that every server takes (34,000 bytes: draft-ietf-secsh-filexfer-02, section 3) as the library
 * counts it. Of a larger one it sends the rest only after the first part was answered.
 */
const LEAST_BLOCK_BYTES = 31 * 1_024;

/** What may be on its way at one time: behind it, everything has arrived. */
export const UNDER_WAY_BYTES = 128 * LEAST_BLOCK_BYTES;

interface Pace {
  readonly blockBytes: number;
  readonly atOnce: number;
}

/**
 * OpenSSH takes eight times as much in one request, which saves a third of our processor time. How much a server takes
 * is known to the library, and to nobody else; where it does not say, the least is right for all.
 */
function paceOf(session: Session, field: '_maxWriteLen' | '_maxReadLen'): Pace {
  const known = (session.sftp as unknown as Record<string, unknown>)[field];
  const blocks = typeof known === 'number' ? Math.floor(known / LEAST_BLOCK_BYTES) : 1;
  const blockBytes = LEAST_BLOCK_BYTES * Math.min(8, Math.max(1, blocks));
  // OpenSSH's own client has 64 of the small ones under way.
  return { blockBytes, atOnce: Math.min(64, Math.floor(UNDER_WAY_BYTES / blockBytes)) };
}

export interface Writing {
  readonly handle: Buffer;
  readonly source: Readable;
  /** Where in the file the source's first byte goes. */
  readonly from: number;
  /** More than that is not written: the source is not what it should be. */
  readonly sizeBytes: number;
  readonly onBytes: (endsAt: number) => void;
}

export interface Written {
  /** Where the source's last byte belongs. */
  readonly endsAt: number;
  /** Of what was written. */
  readonly sha256: string;
}

/** The source is destroyed, whatever happens. */
export async function writeAll(session: Session, writing: Writing): Promise<Written> {
  const { handle, source, from, sizeBytes, onBytes } = writing;
  const hash = createHash('sha256');
  const { blockBytes, atOnce } = paceOf(session, '_maxWriteLen');
  const underWay = new UnderWay<number>(session, atOnce, onBytes);
  let endsAt = from;
  try {
    for await (const block of blocksOf(source, blockBytes)) {
      const [length, place] = [block.length, endsAt];
      endsAt += length;
      if (endsAt > sizeBytes) return { endsAt, sha256: '' };
      hash.update(block);
      if (underWay.isFull) await underWay.room();
      underWay.begin<void>(
        (done) => session.sftp.write(handle, block, 0, length, place, done),
        () => place + length,
      );
    }
    await underWay.drained();
    return { endsAt, sha256: hash.digest('hex') };
  } finally {
    source.destroy();
  }
}

/**
 * Blocks of one length, whatever pieces the source gives; the last one as long as it is. Each lies in the same memory:
 * the library copies what it is given at once, and memory that is thrown away costs more than all else here.
 */
async function* blocksOf(source: Readable, blockBytes: number): AsyncGenerator<Buffer> {
  const block = Buffer.allocUnsafe(blockBytes);
  let filled = 0;
  for await (const piece of source as AsyncIterable<Buffer>) {
    for (let at = 0; at < piece.length;) {
      const count = piece.copy(block, filled, at);
      at += count;
      filled += count;
      if (filled < blockBytes) continue;
      yield block;
      filled = 0;
    }
  }
  if (filled > 0) yield block.subarray(0, filled);
}

/** The digest of the first bytes of an open file; of fewer, where it ends earlier. */
export async function hashAll(
  session: Session,
  handle: Buffer,
  sizeBytes: number,
  onBytes: (endsAt: number) => void,
): Promise<string> {
  const hash = createHash('sha256');
  let hashed = 0;
  const { blockBytes, atOnce } = paceOf(session, '_maxReadLen');
  // Used again once hashed, for the same reason as above.
  const free: Buffer[] = [];
  const underWay = new UnderWay<Filled>(session, atOnce, ({ block, length }) => {
    hash.update(block.subarray(0, length));
    free.push(block);
    onBytes((hashed += length));
  });
  for (let at = 0; at < sizeBytes; at += blockBytes) {
    if (underWay.isFull) await underWay.room();
    const block = free.pop() ?? Buffer.allocUnsafe(blockBytes);
    const most = Math.min(blockBytes, sizeBytes - at);
    underWay.begin<number>(
      (done) => readBlock(session, { handle, block: block.subarray(0, most), at }, 0, done),
      (length) => ({ block, length }),
    );
  }
  await underWay.drained();
  return hash.digest('hex');
}

interface Filled {
  readonly block: Buffer;
  readonly length: number;
}

interface Reading {
  readonly handle: Buffer;
  readonly block: Buffer;
  readonly at: number;
}

/** A server may give less than it was asked for; then it is asked for the rest. Tells how much there was. */
function readBlock(
  session: Session,
  reading: Reading,
  filled: number,
  done: (error?: Error | null, length?: number) => void,
): void {
  const { handle, block, at } = reading;
  // Each part is an answer by itself: a slow server is not silent.
  session.ask<number>(
    (answered) =>
      session.sftp.read(handle, block, filled, block.length - filled, at + filled, (error, count) =>
        answered(error, count),
      ),
    (error, count = 0) => {
      if (error) return isEnd(error) ? done(null, filled) : done(error);
      if (count <= 0 || filled + count >= block.length) return done(null, filled + Math.max(0, count));
      readBlock(session, reading, filled + count, done);
    },
  );
}

function isEnd(error: Error): boolean {
  return error instanceof ServerRefusal && error.is(status.endOfFile);
}
