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
    for await (const piece of wholeBlocks(source, blockBytes)) {
      if (endsAt + piece.length > sizeBytes) return { endsAt: endsAt + piece.length, sha256: '' };
      hash.update(piece);
      for (let at = 0; at < piece.length; at += blockBytes) {
        if (underWay.isFull) await underWay.room();
        const [length, place] = [Math.min(blockBytes, piece.length - at), endsAt + at];
        underWay.begin<void>(
          (done) => session.sftp.write(handle, piece, at, length, place, done),
          () => place + length,
        );
      }
      endsAt += piece.length;
    }
    await underWay.drained();
    return { endsAt, sha256: hash.digest('hex') };
  } finally {
    source.destroy();
  }
}

/** Pieces of whole blocks, whatever the source gives; the last one as long as it is. */
async function* wholeBlocks(source: Readable, blockBytes: number): AsyncGenerator<Buffer> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const piece of source as AsyncIterable<Buffer>) {
    const bytes = rest.length > 0 ? Buffer.concat([rest, piece]) : piece;
    const whole = bytes.length - (bytes.length % blockBytes);
    if (whole > 0) yield bytes.subarray(0, whole);
    rest = bytes.subarray(whole);
  }
  if (rest.length > 0) yield rest;
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
  const underWay = new UnderWay<Buffer>(session, atOnce, (block) => {
    hash.update(block);
    onBytes((hashed += block.length));
  });
  for (let at = 0; at < sizeBytes; at += blockBytes) {
    if (underWay.isFull) await underWay.room();
    const block = Buffer.allocUnsafe(Math.min(blockBytes, sizeBytes - at));
    underWay.begin<number>(
      (done) => readBlock(session, { handle, block, at }, 0, done),
      (length) => block.subarray(0, length),
    );
  }
  await underWay.drained();
  return hash.digest('hex');
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
