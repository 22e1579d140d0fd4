import { pipeline, type Readable } from 'node:stream';
import { promisify } from 'node:util';
import { createInflateRaw } from 'node:zlib';
import { fromFd, type Entry, type Options, type ZipFile } from 'yauzl';
import { Crc32 } from './crc32';
import type { FailRead } from './fail-read';

/** Far above any workbook of a million rows, far below what hurts. */
const MAX_ENTRIES = 10_000;
const MAX_INFLATED_BYTES = 1024 ** 3;
/** Sheets come down to a tenth or a thirtieth. Small parts may do better, and do no harm. */
const MAX_RATIO = 100;
const RATIO_COUNTS_FROM_BYTES = 1024 ** 2;

const STORED = 0;
const DEFLATED = 8;

const openZip = promisify<number, Options, ZipFile>(fromFd);

/**
 * The parts of an .xlsx file. Sizes are judged by the archive's own directory before anything is inflated, and counted
 * while it is, with a checksum that yauzl leaves to its caller: it gives us the bytes as they are stored.
 */
export class XlsxArchive {
  private constructor(
    private readonly zip: ZipFile,
    private readonly entries: ReadonlyMap<string, Entry>,
    private readonly fail: FailRead,
  ) {}

  /** The file stays the caller's. */
  static async open(fd: number, fail: FailRead): Promise<XlsxArchive> {
    try {
      const zip = await openZip(fd, { autoClose: false, lazyEntries: true, validateEntrySizes: false });
      if (zip.entryCount > MAX_ENTRIES)
        throw fail(`has ${zip.entryCount} parts; at most ${MAX_ENTRIES} are allowed`);
      const entries = await readDirectory(zip, fail);
      refuseBomb([...entries.values()], fail);
      return new XlsxArchive(zip, entries, fail);
    } catch (cause) {
      throw readable(cause, 'is no good .xlsx file', fail);
    }
  }

  has(name: string): boolean {
    return this.entries.has(name);
  }

  /** The bytes of a part, checked against its declared size and CRC. */
  async *read(name: string): AsyncGenerator<Buffer> {
    const entry = this.entries.get(name);
    if (entry === undefined) throw this.fail(`lacks its part ${JSON.stringify(name)}`);
    const stream = await this.inflated(entry);
    try {
      yield* checked(stream, entry, this.fail);
    } catch (cause) {
      throw readable(cause, `has a damaged part ${JSON.stringify(name)}`, this.fail);
    } finally {
      stream.destroy();
    }
  }

  private async inflated(entry: Entry): Promise<Readable> {
    const raw = await new Promise<Readable>((resolve, reject) =>
      this.zip.openReadStream(entry, { decodeFileData: false }, (error, stream) =>
        error ? reject(error) : resolve(stream),
      ),
    ).catch((cause: unknown) => {
      throw readable(cause, 'is no good .xlsx file', this.fail);
    });
    // What the one fails with, the reader of the other is told.
    return entry.compressionMethod === STORED ? raw : pipeline(raw, createInflateRaw(), () => {});
  }
}

/** Our own refusals pass; whatever a library says of broken bytes becomes one. */
function readable(cause: unknown, what: string, fail: FailRead): unknown {
  return (cause as Error).name === 'UnitrailError' ? cause : fail(what, cause);
}

function readDirectory(zip: ZipFile, fail: FailRead): Promise<Map<string, Entry>> {
  const entries = new Map<string, Entry>();
  return new Promise((resolve, reject) => {
    zip.on('error', reject);
    zip.on('end', () => resolve(entries));
    zip.on('entry', (entry: Entry) => {
      const problem = entryProblem(entry, entries);
      if (problem !== null) return reject(fail(problem));
      entries.set(entry.fileName, entry);
      zip.readEntry();
    });
    zip.readEntry();
  });
}

function entryProblem(entry: Entry, known: ReadonlyMap<string, Entry>): string | null {
  const name = JSON.stringify(entry.fileName.slice(0, 100));
  // Which of two would be read is a matter of the program: what people saw may not be what we read.
  if (known.has(entry.fileName)) return `has two parts ${name}`;
  if (entry.isEncrypted()) return 'has a password; save it without one';
  const method = entry.compressionMethod;
  return method === STORED || method === DEFLATED ? null : `has a part ${name} in a compression of its own`;
}

function refuseBomb(entries: readonly Entry[], fail: FailRead): void {
  const sum = (size: (entry: Entry) => number): number =>
    entries.reduce((total, one) => total + size(one), 0);
  const inflated = sum((entry) => entry.uncompressedSize);
  if (inflated > MAX_INFLATED_BYTES)
    throw fail(`would unpack to ${inflated} bytes; at most ${MAX_INFLATED_BYTES} are allowed`);
  const bomb = entries.find(
    ({ uncompressedSize, compressedSize }) =>
      uncompressedSize > RATIO_COUNTS_FROM_BYTES && uncompressedSize > MAX_RATIO * compressedSize,
  );
  if (!bomb) return;
  const times = Math.floor(bomb.uncompressedSize / Math.max(bomb.compressedSize, 1));
  throw fail(
    `would unpack to ${times} times its size (${JSON.stringify(bomb.fileName.slice(0, 100))}); ` +
      `at most ${MAX_RATIO} times is allowed`,
  );
}

async function* checked(stream: Readable, entry: Entry, fail: FailRead): AsyncGenerator<Buffer> {
  const name = JSON.stringify(entry.fileName.slice(0, 100));
  const crc = new Crc32();
  let sizeBytes = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length;
    if (sizeBytes > entry.uncompressedSize)
      throw fail(`unpacks to more than it says: ${name} to more than ${entry.uncompressedSize} bytes`);
    crc.add(chunk);
    yield chunk;
  }
  // A single wrong bit is another serial.
  if (sizeBytes !== entry.uncompressedSize || crc.value !== entry.crc32)
    throw fail(`has a damaged part ${name}`);
}
