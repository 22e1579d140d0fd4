import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { extname } from 'node:path';
import { UnitrailError } from '../../domain/errors';
import type { TableSource } from '../../domain/table-source';
import { openBounded } from '../plant/document-file';
import type { FailRead } from './fail-read';
import { csvTable, type Separator } from './read-csv';
import { openXlsxTable } from './read-xlsx';

export const MAX_FILE_BYTES = 256 * 1024 * 1024;

export interface TableOptions {
  readonly sheet?: string | undefined;
  readonly separator?: Separator | undefined;
}

/** A table in a file that somebody sent us: CSV or Excel, never larger in memory than a piece of it. */
export interface TableFile extends TableSource {
  /** Of the whole file; read anew at each call, so that a change while it was read is noticed. */
  sha256(): Promise<string>;
  close(): Promise<void>;
}

/** @throws UnitrailError INPUT_INVALID where the file can't be read as what its name says. */
export async function openTableFile(path: string, options: TableOptions = {}): Promise<TableFile> {
  const fail: FailRead = (what, cause) =>
    new UnitrailError(
      'INPUT_INVALID',
      `The file can't be read: ${JSON.stringify(path)} ${what}.`,
      {},
      { cause },
    );
  const ending = extname(path).toLowerCase();
  if (ending !== '.csv' && ending !== '.xlsx') throw fail('is neither a .csv nor an .xlsx file');
  const { file, sizeBytes } = await openBounded(path, MAX_FILE_BYTES, fail);
  try {
    await refuseMisnamed(file, ending, fail);
    const table =
      ending === '.csv'
        ? csvTable(() => bytesOf(file, sizeBytes), options.separator, fail)
        : await openXlsxTable(file.fd, options.sheet, fail);
    return {
      pieces: () => table.pieces(),
      place: (row, column) => table.place(row, column),
      sha256: () => digestOf(bytesOf(file, sizeBytes)),
      close: () => file.close(),
    };
  } catch (error) {
    await file.close();
    throw error;
  }
}

const ZIP = 'PK\u0003\u0004';
/** Old .xls files, and .xlsx files with a password. */
const COMPOUND = '\u00d0\u00cf\u0011\u00e0';

async function refuseMisnamed(file: FileHandle, ending: string, fail: FailRead): Promise<void> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(4), 0, 4, 0);
  const start = buffer.toString('latin1', 0, bytesRead);
  if (start === COMPOUND) throw fail('is an old Excel file or has a password; save it as .xlsx without one');
  if (ending === '.xlsx' && start !== ZIP) throw fail('is no .xlsx file, whatever its name says');
  if (ending === '.csv' && start === ZIP) throw fail('is no text; an Excel file has to be named .xlsx');
}

const CHUNK_BYTES = 64 * 1024;

/** The file from its beginning. Not a stream: that would close the file, and it is read more than once. */
async function* bytesOf(file: FileHandle, sizeBytes: number): AsyncGenerator<Buffer> {
  for (let position = 0; position < sizeBytes;) {
    const length = Math.min(CHUNK_BYTES, sizeBytes - position);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, position);
    if (bytesRead === 0) return;
    position += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

async function digestOf(chunks: AsyncIterable<Buffer>): Promise<string> {
  const digest = createHash('sha256');
  for await (const chunk of chunks) digest.update(chunk);
  return digest.digest('hex');
}
