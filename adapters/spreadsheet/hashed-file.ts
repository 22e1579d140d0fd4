import { createHash } from 'node:crypto';
import { open, type FileHandle } from 'node:fs/promises';
import { Writable } from 'node:stream';
import { finished } from 'node:stream/promises';

export interface FileDigest {
  readonly sizeBytes: number;
  /** Lower-case hex. */
  readonly sha256: string;
}

/** A new file whose size and digest are known when it is written: its bytes need not be read again. */
export class HashedFile extends Writable {
  private readonly hash = createHash('sha256');
  private sizeBytes = 0;

  private constructor(private readonly file: FileHandle) {
    super();
  }

  /** @throws EEXIST where there is something of this name: it is left as it is. */
  static async create(path: string): Promise<HashedFile> {
    return new HashedFile(await open(path, 'wx'));
  }

  /** On the disk for good when this returns. */
  async close(): Promise<FileDigest> {
    this.end();
    await finished(this);
    return { sizeBytes: this.sizeBytes, sha256: this.hash.digest('hex') };
  }

  /** A full disk may take a part of a chunk only: the rest is written again, and then refused. */
  private async take(chunk: Buffer): Promise<void> {
    this.hash.update(chunk);
    for (let done = 0; done < chunk.length;) {
      const { bytesWritten } = await this.file.write(chunk, done, chunk.length - done);
      done += bytesWritten;
    }
    this.sizeBytes += chunk.length;
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.take(chunk).then(() => done(), done);
  }

  override _final(done: (error?: Error | null) => void): void {
    this.file.sync().then(() => done(), done);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.file.close().then(
      () => done(error),
      (failure: Error) => done(error ?? failure),
    );
  }
}
