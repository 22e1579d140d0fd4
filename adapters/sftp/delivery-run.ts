import type { Readable } from 'node:stream';
import type { DeliveryFile } from '../../domain/delivery';
import type { RemoteFolder } from './remote-folder';

export interface FileToDeliver extends DeliveryFile {
  /** The bytes from the place on, zero unless given; the same ones each time. Best in pieces of 256 KiB. */
  open(from?: number): Readable;
}

export interface DeliveryProgress {
  readonly file: string;
  /** Of the file: arrived, or read back. */
  readonly bytes: number;
  readonly sizeBytes: number;
  readonly pass: 'send' | 'check';
}

/** What the parts of one delivery share. */
export interface DeliveryRun {
  readonly folder: RemoteFolder;
  readonly signal: AbortSignal | undefined;
  readonly readBackBytes: number;
  readonly onProgress: (progress: DeliveryProgress) => void;
}

export function progressOf(
  { onProgress }: DeliveryRun,
  { name, sizeBytes }: DeliveryFile,
  pass: DeliveryProgress['pass'],
): (bytes: number) => void {
  return (bytes) => onProgress({ file: name, bytes, sizeBytes, pass });
}
