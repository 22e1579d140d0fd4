import { unlink } from 'node:fs/promises';
import { HashedFile, type FileDigest } from '../spreadsheet/hashed-file';
import { writeChunks } from '../spreadsheet/write-chunks';

const CHARACTERS_A_CHUNK = 256 * 1024;

/** A new file of lines, several of which may be written side by side. Bytes and digest are known at its end. */
export class LineFile {
  private chunk = '';
  rows = 0;

  private constructor(
    readonly path: string,
    private readonly file: HashedFile,
  ) {}

  static async create(path: string): Promise<LineFile> {
    return new LineFile(path, await HashedFile.create(path));
  }

  async add(line: string): Promise<void> {
    this.rows += 1;
    this.chunk += `${line}\n`;
    if (this.chunk.length >= CHARACTERS_A_CHUNK) await this.flush();
  }

  async close(): Promise<FileDigest> {
    await this.flush();
    return this.file.close();
  }

  /** Nothing of it is left. */
  async discard(): Promise<void> {
    this.file.destroy();
    await unlink(this.path).catch(() => {});
  }

  private async flush(): Promise<void> {
    const { chunk } = this;
    this.chunk = '';
    if (chunk !== '') await writeChunks(this.file, [chunk]);
  }
}
