import { createHash } from 'node:crypto';
import { appendFileSync, closeSync, openSync, readSync, statSync, writeFileSync } from 'node:fs';

/*
 * The flash memory of one board, as a file that holds the programmed part. It is written in place, as silicon
 * is: what was written before a brown-out or a kill stays. Bytes past the end of the file read 0xFF.
 */

const erasedByte = 0xff;

export function eraseFlash(file: string): void {
  writeFileSync(file, '', { mode: 0o600 });
}

export function programFlash(file: string, bytes: Uint8Array): void {
  appendFileSync(file, bytes);
}

export function programmedBytes(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}

export function readFlash(file: string, offset: number, sizeBytes: number): Uint8Array {
  const bytes = new Uint8Array(sizeBytes).fill(erasedByte);
  if (programmedBytes(file) <= offset) return bytes;
  const handle = openSync(file, 'r');
  try {
    readSync(handle, bytes, 0, sizeBytes, offset);
    return bytes;
  } finally {
    closeSync(handle);
  }
}

export function hashFlash(file: string, sizeBytes: number): string {
  return createHash('sha256')
    .update(readFlash(file, 0, sizeBytes))
    .digest('hex');
}
