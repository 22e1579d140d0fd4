import { crc32, type BenchBytes, type FaultEntry } from '../../domain/bench-protocol';
import { BenchError } from './bench-error';
import type { Slot } from './slots';
import type { World } from './world';

/** The reply that never comes. */
export const silence = Symbol('silence');

/** What an action works with; `fault` is the one that strikes it now. */
export interface Scene {
  readonly world: World;
  readonly slot: Slot;
  readonly fence: number;
  readonly fault: FaultEntry | undefined;
}

/** The bytes, or WRONG_CRC. */
export function decode(scene: Scene, { data, crc32: expected }: BenchBytes): Uint8Array {
  const bytes = Buffer.from(data, 'base64');
  if (crc32(bytes) === expected) return bytes;
  throw new BenchError(
    'WRONG_CRC',
    `Data on the way to slot ${scene.slot.slot} was damaged: the CRC-32 is wrong.`,
  );
}
