import type { PassThrough } from 'node:stream';
import type { Worksheet } from 'exceljs';

/** What may wait for the compressor: enough to keep it busy. */
const MAX_WAITING_BYTES = 1024 * 1024;

/** The parts of exceljs's streams that tell how far behind the compressor is. */
interface SheetStream {
  /** Streams of an old release of readable-stream, which tells its length in its state only. */
  readonly pipes?: readonly { readonly _writableState?: { readonly length: number } }[];
  readonly buffers?: readonly unknown[];
  readonly bufSize?: number;
}

/**
 * Lets the streams work, and waits until what the rows have been made to is taken: exceljs itself never waits. Where
 * another release of it shows no longer what is waiting, only the pause is left.
 */
export async function drained(sheet: Worksheet, bytes: PassThrough): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
  if (bytes.errored) throw bytes.errored;
  while (waitingBytes(sheet) > MAX_WAITING_BYTES) {
    await new Promise((resolve) => setTimeout(resolve, 1));
    if (bytes.errored) throw bytes.errored;
  }
}

function waitingBytes(sheet: Worksheet): number {
  const { pipes = [], buffers = [], bufSize = 0 } = (sheet as unknown as { stream: SheetStream }).stream;
  const piped = pipes.reduce((sum, { _writableState }) => sum + (_writableState?.length ?? 0), 0);
  return piped + buffers.length * bufSize;
}
