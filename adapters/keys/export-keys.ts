import { createHash, sign } from 'node:crypto';
import type { ManifestSigner } from '../../domain/export-manifest';
import { ownSigningKey, readSigningKey, type SigningKeyPlace } from './signing-key';
import { publicText } from './site-keys';

/** The key by which the manifests of exports are signed. */
export interface ExportKey extends ManifestSigner {
  /** DER of the SubjectPublicKeyInfo, in base64. */
  readonly publicKey: string;
}

export type ExportKeyPlace = Pick<SigningKeyPlace, 'env' | 'reference' | 'home'>;

const OWN_KEY = 'export-key.pem';

/**
 * The key that is named, or else this house's own, which is made at its first use.
 * @throws UnitrailError CONFIGURATION_INVALID where there is none. It is never shown.
 */
export async function readExportKey(place: ExportKeyPlace): Promise<ExportKey> {
  const key = await readSigningKey({
    ...{ ...place, ownFile: OWN_KEY, member: 'manufacturer.exportKey' },
    use: 'it signs the manifests of exports',
    why: 'each office would sign by a key of its own',
  });
  const publicKey = publicText(key);
  return {
    publicKey,
    keyId: keyIdOf(publicKey),
    sign: (told) => sign(null, Buffer.from(told), key).toString('base64'),
  };
}

/** The public half of this house's own key; null where there is none. Nothing is made. */
export async function ownPublicKey(home: string): Promise<string | null> {
  const key = await ownSigningKey(home, OWN_KEY);
  return key && publicText(key);
}

/** By which a manifest names its key: the first 16 digits of the SHA-256 of the public key. */
export function keyIdOf(publicKey: string): string {
  return createHash('sha256').update(Buffer.from(publicKey, 'base64')).digest('hex').slice(0, 16);
}
