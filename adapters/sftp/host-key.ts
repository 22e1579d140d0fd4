import { createHash } from 'node:crypto';
import { UnitrailError } from '../../domain/errors';

export interface HostKey {
  /** `ssh-ed25519`, `ecdsa-sha2-nistp256`, `ssh-rsa`, … */
  readonly type: string;
  /** `SHA256:…`, as `ssh-keygen -lf` prints it. */
  readonly fingerprint: string;
}

const FINGERPRINT = /^SHA256:[A-Za-z0-9+/]{43}$/;
const FINGERPRINT_ALLOWED =
  'one or more fingerprints `SHA256:…` of 43 letters, as `ssh-keygen -lf` prints them on the server';
const MOST_TYPE_BYTES = 64;

/** What the server shows is its own to choose: the type is shown only where it is a plain word. */
export function hostKeyOf(key: Buffer): HostKey {
  const length = key.length >= 4 ? Math.min(key.readUInt32BE(0), MOST_TYPE_BYTES) : 0;
  const type = key.toString('latin1', 4, 4 + length);
  const digest = createHash('sha256').update(key).digest('base64').replace(/=+$/, '');
  return { type: /^[a-z0-9@.-]+$/i.test(type) ? type : 'unknown', fingerprint: `SHA256:${digest}` };
}

/** @throws UnitrailError CONFIGURATION_INVALID: without a pinned key nothing is sent to anybody. */
export function requirePins(pins: readonly string[]): void {
  const wrong = pins.find((pin) => !FINGERPRINT.test(pin));
  if (pins.length > 0 && wrong === undefined) return;
  throw new UnitrailError(
    'CONFIGURATION_INVALID',
    `sftp.hostKeys: ${wrong === undefined ? '(none)' : JSON.stringify(wrong)} is not allowed; ${FINGERPRINT_ALLOWED}. ` +
      'Without one anybody could stand in for the server.',
    { field: 'sftp.hostKeys' },
  );
}

export function isPinned({ fingerprint }: HostKey, pins: readonly string[]): boolean {
  return pins.includes(fingerprint);
}
