import { setTimeout as sleep } from 'node:timers/promises';
import type { BenchAction } from '../../domain/bench-protocol';

export const speeds = ['fast', 'real'] as const;
export type Speed = (typeof speeds)[number];

/** Waits as long as the hardware would take for the action. */
export type Pace = (action: BenchAction) => Promise<void>;

/**
 * In `real` a unit spends 0.5 to 1 s at the bench with an image of 256 KiB (16 chunks): slow enough to be
 * watched, fast enough for a demo. A person and a programmer would take minutes.
 */
const realMs: Readonly<Record<BenchAction, number>> = {
  present: 60,
  clear: 30,
  occupied: 2,
  readUid: 5,
  writeImage: 12,
  readImage: 4,
  writeIdentity: 15,
  readIdentity: 5,
  firmwareSha256: 10,
  createRequest: 60,
  installCertificate: 25,
  readCertificate: 5,
  signNonce: 20,
  measure: 90,
  print: 90,
  jobState: 5,
  scan: 30,
};

export function paceOf(speed: Speed): Pace {
  return speed === 'fast' ? async () => {} : (action) => sleep(realMs[action]);
}
