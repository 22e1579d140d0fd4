import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  sign,
  verify,
  type KeyObject,
} from 'node:crypto';
import { wrongKey } from '../../domain/scheme-key';
import { readSecret, type SecretKind } from './secret-text';

type Env = Readonly<Record<string, string | undefined>>;

/** The key by which a site signs what it leases out and hands back. */
export interface SiteKey {
  /** As it stands in the plant files of the other sites. */
  readonly publicKey: string;
  /** Ed25519, in base64. */
  sign(text: string): string;
}

const kind: SecretKind = {
  maxText: 1024,
  allowed: 'a private key of Ed25519 (PKCS #8) in PEM or base64, as `unitrail lease key` makes one',
};

/** @throws UnitrailError CONFIGURATION_INVALID where no key lies there. It is never shown. */
export async function readSiteKey(env: Env, reference: string): Promise<SiteKey> {
  const key = await readKey(env, reference, kind, 'it signs what this site leases and returns');
  return {
    publicKey: publicText(key),
    sign: (told) => sign(null, Buffer.from(told), key).toString('base64'),
  };
}

/**
 * The key that a reference names; `use` says what it is for.
 * @throws UnitrailError CONFIGURATION_INVALID where none lies there. It is never shown.
 */
export async function readKey(
  env: Env,
  reference: string,
  kind: SecretKind,
  use: string,
): Promise<KeyObject> {
  const text = await readSecret(env, reference, kind);
  if (text === null) throw wrongKey(`${reference}: (missing) is not allowed; ${kind.allowed}: ${use}`);
  const key = ed25519Key(text);
  if (key === null) throw wrongKey(`${reference}: (hidden) is not allowed; ${kind.allowed}`);
  return key;
}

/** The text between the lines of a PEM file is the same base64. */
export function ed25519Key(text: string): KeyObject | null {
  const letters = text.replace(/-----[A-Z ]+-----/g, '').replace(/\s/g, '');
  try {
    const key = createPrivateKey({ key: Buffer.from(letters, 'base64'), format: 'der', type: 'pkcs8' });
    return key.asymmetricKeyType === 'ed25519' ? key : null;
  } catch {
    return null;
  }
}

export function publicText(key: KeyObject): string {
  return createPublicKey(key).export({ format: 'der', type: 'spki' }).toString('base64');
}

export function newSiteKey(): { readonly secret: string; readonly publicKey: string } {
  const { privateKey: key } = generateKeyPairSync('ed25519');
  return { secret: key.export({ format: 'pem', type: 'pkcs8' }) as string, publicKey: publicText(key) };
}

export function isSignedBy(publicKey: string, text: string, signature: string): boolean {
  const key = createPublicKey({ key: Buffer.from(publicKey, 'base64'), format: 'der', type: 'spki' });
  return verify(null, Buffer.from(text), key, Buffer.from(signature, 'base64'));
}
