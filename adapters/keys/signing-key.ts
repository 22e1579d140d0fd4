import type { KeyObject } from 'node:crypto';
import { join } from 'node:path';
import { wrongKey } from '../../domain/scheme-key';
import { createFile } from '../store/durable-file';
import { readSecret, type SecretKind } from './secret-text';
import { ed25519Key, newSiteKey, readKey } from './site-keys';

/** A key of Ed25519 by which this house signs. */
export interface SigningKeyPlace {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** `env:NAME` or `file:/PATH`, as the plant file has it; null where it names none. */
  readonly reference: string | null;
  /** Where a key is made that the plant file does not name; null where none may be made. */
  readonly home: string | null;
  /** What this house's own is called there. */
  readonly ownFile: string;
  /** Where the plant file names it. */
  readonly member: string;
  /** What it is for: `it signs …`. */
  readonly use: string;
  /** Why given servers need one that is named. */
  readonly why: string;
}

const kind: SecretKind = { maxText: 1024, allowed: 'a private key of Ed25519 (PKCS #8) in PEM or base64' };

/**
 * The key that is named, or else this house's own, which is made at its first use and lies in a file of mode 0600.
 * @throws UnitrailError CONFIGURATION_INVALID where there is none. It is never shown.
 */
export async function readSigningKey(place: SigningKeyPlace): Promise<KeyObject> {
  const { env, reference, home, ownFile, member, use, why } = place;
  if (reference !== null) return readKey(env, reference, kind, use);
  if (home === null)
    throw wrongKey(
      `${member}: (missing) is not allowed on given servers; env:NAME or file:/PATH of ${kind.allowed}: ${why}`,
    );
  const path = join(home, ownFile);
  // Whoever else makes it at the same moment: the first one's is everybody's.
  if ((await readSecret(env, `file:${path}`, kind)) === null)
    await createFile(path, Buffer.from(newSiteKey().secret), 0o600);
  return readKey(env, `file:${path}`, kind, use);
}

/** This house's own key; null where there is none. Nothing is made. */
export async function ownSigningKey(home: string, ownFile: string): Promise<KeyObject | null> {
  const text = await readSecret({}, `file:${join(home, ownFile)}`, kind);
  return text === null ? null : ed25519Key(text);
}
