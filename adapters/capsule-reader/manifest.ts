import { bytesOf, fromBase64, hexOf, type ReaderCrypto } from './bytes';
import { canonicalText, isMap, mapAt, readDocument, type Facts } from './documents';
import { keyIdOf, publicKeyOf, type CapsuleKeys } from './keys';

export const MANIFEST_FORMAT = 'unitrail.capsule/1';
export const EVENTS_MANIFEST_FORMAT = 'unitrail.capsule-events/1';

export interface NamedFile {
  readonly name: string;
  readonly sizeBytes: number;
  readonly sha256: string;
  readonly rows: number;
}

/** Who signed, as far as it can be told. */
export type SignatureVerdict =
  /** By a key that the reader brought. */
  | { readonly verdict: 'good'; readonly keyId: string }
  /** By the key that the manifest itself names, and the reader brought none: whoever changed it could have signed it anew. */
  | { readonly verdict: 'ownKey'; readonly keyId: string }
  | { readonly verdict: 'unknownKey'; readonly keyId: string; readonly why: string }
  | { readonly verdict: 'bad'; readonly keyId: string | null; readonly why: string };

export interface ReadManifest {
  readonly facts: Facts;
  readonly sha256: string;
  readonly files: readonly NamedFile[];
  readonly signature: SignatureVerdict;
}

/** The manifest, judged by itself. `keys` are those that the reader trusts, null where there are none. */
export function readManifest(
  crypto: ReaderCrypto,
  text: string | null,
  format: string,
  keys: CapsuleKeys | null,
): ReadManifest | { readonly wrong: string } {
  const read = readDocument(text, format);
  if ('wrong' in read) return { wrong: `${read.wrong}: it is not what was signed` };
  const { facts } = read;
  if (!isWellFormed(facts)) return { wrong: 'lacks what a manifest has' };
  return {
    facts,
    sha256: hexOf(crypto.sha256(bytesOf(text!))),
    files: facts.files as NamedFile[],
    signature: judgeSignature(crypto, facts, keys),
  };
}

function judgeSignature(crypto: ReaderCrypto, facts: Facts, keys: CapsuleKeys | null): SignatureVerdict {
  const { signature, ...body } = facts;
  const { keyId, value } = signature as { keyId: string; value: string };
  const own = publicKeyOf(facts.publicKey);
  const key = keys === null ? own : keys.get(keyId);
  if (!key && keys !== null) {
    const given = [...keys.keys()].join(', ');
    return {
      verdict: 'unknownKey',
      keyId,
      why: `it is signed by key ${keyId}, and those given are ${given}`,
    };
  }
  const bytes = fromBase64(value);
  if (!key || !bytes || keyIdOf(key, crypto) !== keyId)
    return { verdict: 'bad', keyId, why: 'its key or its signature is damaged' };
  if (!crypto.isSigned(key, bytesOf(canonicalText(body)), bytes))
    return { verdict: 'bad', keyId, why: 'its signature does not hold: it was changed after it was signed' };
  return { verdict: keys === null ? 'ownKey' : 'good', keyId };
}

const isText = (value: unknown): value is string => typeof value === 'string';
const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;

function isWellFormed(facts: Facts): boolean {
  const { files, signature, counts } = facts;
  return (
    isText(facts.capsule) &&
    isText(facts.publicKey) &&
    isMap(counts) &&
    Object.values(counts).every(isCount) &&
    Array.isArray(files) &&
    files.every(isNamedFile) &&
    isMap(signature) &&
    isText(signature.keyId) &&
    isText(signature.value) &&
    (facts.format !== MANIFEST_FORMAT || isText(mapAt(facts, 'log').verifierKey))
  );
}

/** A name that leads out of the folder is none of a capsule. */
function isNamedFile(file: unknown): boolean {
  return (
    isMap(file) &&
    isText(file.name) &&
    /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/.test(file.name) &&
    isText(file.sha256) &&
    isCount(file.sizeBytes) &&
    isCount(file.rows)
  );
}
