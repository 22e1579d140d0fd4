import { createHash, sign } from 'node:crypto';
import { join } from 'node:path';
import type { ManifestSigner } from '../../domain/export-manifest';
import { wrongKey } from '../../domain/scheme-key';
import { createFile } from '../store/durable-file';
import { readSecret } from './secret-text';
import { ed25519Key, newSiteKey, publicText } from './site-keys';

/** The key by which the manifests of exports are signed. */
export interface ExportKey extends ManifestSigner {
  /** DER of the SubjectPublicKeyInfo, in base64. */
  readonly publicKey: string;
}

export interface ExportKeyPlace {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** `env:NAME` or `file:/PATH`, as the plant file has it; null where it names none. */
  readonly reference: string | null;
  /** Where a key is made that the plant file does not name; null where none may be made. */
  readonly home: string | null;
}

const ALLOWED = 'a private key of Ed25519 (PKCS #8) in PEM or base64';
const MAX_TEXT = 1024;
const OWN_KEY = 'export-key.pem';

/**
 * The key that is named, or else this house's own, which is made at its first use and lies in a file of mode 0600.
 * @throws UnitrailError CONFIGURATION_INVALID where there is none. It is never shown.
 */
export async function readExportKey({ env, reference, home }: ExportKeyPlace): Promise<ExportKey> {
  if (reference !== null) return keyAt(env, reference);
  if (home === null)
    throw wrongKey(
      `manufacturer.exportKey: (missing) is not allowed on given servers; env:NAME or file:/PATH of ${ALLOWED}: each office would sign by a key of its own`,
    );
  const path = join(home, OWN_KEY);
  // Whoever else makes it at the same moment: the first one's is everybody's.
  if ((await readSecret(env, `file:${path}`, { maxText: MAX_TEXT, allowed: ALLOWED })) === null)
    await createFile(path, Buffer.from(newSiteKey().secret), 0o600);
  return keyAt(env, `file:${path}`);
}

/** The public half of this house's own key; null where there is none. Nothing is made. */
export async function ownPublicKey(home: string): Promise<string | null> {
  const text = await readSecret({}, `file:${join(home, OWN_KEY)}`, { maxText: MAX_TEXT, allowed: ALLOWED });
  const key = text === null ? null : ed25519Key(text);
  return key && publicText(key);
}

async function keyAt(env: ExportKeyPlace['env'], reference: string): Promise<ExportKey> {
  const text = await readSecret(env, reference, { maxText: MAX_TEXT, allowed: ALLOWED });
  if (text === null)
    throw wrongKey(`${reference}: (missing) is not allowed; ${ALLOWED}: it signs the manifests of exports`);
  const key = ed25519Key(text);
  if (key === null) throw wrongKey(`${reference}: (hidden) is not allowed; ${ALLOWED}`);
  const publicKey = publicText(key);
  return {
    publicKey,
    keyId: keyIdOf(publicKey),
    sign: (told) => sign(null, Buffer.from(told), key).toString('base64'),
  };
}

/** By which a manifest names its key: the first 16 digits of the SHA-256 of the public key. */
export function keyIdOf(publicKey: string): string {
  return createHash('sha256').update(Buffer.from(publicKey, 'base64')).digest('hex').slice(0, 16);
}
