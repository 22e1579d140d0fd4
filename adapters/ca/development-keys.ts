/**
 * The two certificates and keys of the development CA, and the folder that they live in:
 *
 *   root.pem, root.key.pem          self-signed; signs the issuing CA and nothing else
 *   issuing.pem, issuing.key.pem    signs the devices
 *   issued/<serialNumber>.pem       every device certificate that was ever signed
 */
import 'reflect-metadata';

import { randomBytes, webcrypto } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
  type JsonName,
} from '@peculiar/x509';

import { createFile, errorCodeOf, syncFolder } from '../store/durable-file';
import { newCertificateSerialNumber } from './certificate-serial-number';

type CryptoKey = webcrypto.CryptoKey;
type CryptoKeyPair = webcrypto.CryptoKeyPair;

export interface SigningAuthority {
  readonly certificate: X509Certificate;
  readonly key: CryptoKey;
}

export interface DevelopmentKeys {
  readonly root: X509Certificate;
  readonly issuing: SigningAuthority;
}

const p256 = { name: 'ECDSA', namedCurve: 'P-256' } as const;
const privateMode = 0o600;
const publicMode = 0o644;
const rootYears = 30;
const issuingYears = 20;
const organisation = 'Unitrail development';

/**
 * Reads the CA in the folder, and makes it where there is none. Two processes that come at once make one CA:
 * each writes a folder of its own and gives it the final name, which only the first one can. A crash on the
 * way leaves a folder `ca.new-…` with keys that never signed a device: it can be deleted.
 */
export async function openDevelopmentKeys(folder: string): Promise<DevelopmentKeys> {
  if (!(await exists(join(folder, 'issuing.pem')))) await makeFolder(folder);
  return load(folder);
}

async function load(folder: string): Promise<DevelopmentKeys> {
  const [root, certificate, keyPem] = await Promise.all([
    readFile(join(folder, 'root.pem'), 'utf8'),
    readFile(join(folder, 'issuing.pem'), 'utf8'),
    readFile(join(folder, 'issuing.key.pem'), 'utf8'),
  ]);
  return {
    root: new X509Certificate(root),
    issuing: { certificate: new X509Certificate(certificate), key: await importKey(keyPem) },
  };
}

async function makeFolder(folder: string): Promise<void> {
  await mkdir(dirname(folder), { recursive: true });
  // mkdtemp gives the folder mode 0700.
  const draft = await mkdtemp(`${folder}.new-`);
  try {
    await writeAuthorities(draft);
    await renameUnlessThere(draft, folder);
    await syncFolder(dirname(folder));
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

async function writeAuthorities(folder: string): Promise<void> {
  const [rootKeys, issuingKeys] = await Promise.all([newKeys(), newKeys()]);
  const id = randomBytes(4).toString('hex');
  const root = await certifyRoot(rootKeys, id);
  const issuing = await certifyIssuing(issuingKeys, { certificate: root, key: rootKeys.privateKey }, id);
  await mkdir(join(folder, 'issued'), { mode: 0o700 });
  await writeText(join(folder, 'root.key.pem'), await exportKey(rootKeys.privateKey), privateMode);
  await writeText(join(folder, 'issuing.key.pem'), await exportKey(issuingKeys.privateKey), privateMode);
  await writeText(join(folder, 'root.pem'), pemOf(root), publicMode);
  await writeText(join(folder, 'issuing.pem'), pemOf(issuing), publicMode);
}

/** Certificates end with a line feed in their file, and are read and handed out like that. */
export function pemOf(certificate: X509Certificate): string {
  return `${certificate.toString('pem')}\n`;
}

async function certifyRoot(keys: CryptoKeyPair, id: string): Promise<X509Certificate> {
  const notBefore = wholeSecond(new Date());
  return X509CertificateGenerator.createSelfSigned(
    {
      serialNumber: newCertificateSerialNumber(),
      name: authorityName('root', id),
      keys,
      signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' },
      notBefore,
      notAfter: yearsAfter(notBefore, rootYears),
      extensions: await authorityExtensions(keys.publicKey, keys.publicKey, undefined),
    },
    webcrypto,
  );
}

async function certifyIssuing(
  keys: CryptoKeyPair,
  root: SigningAuthority,
  id: string,
): Promise<X509Certificate> {
  const { notBefore } = root.certificate;
  return X509CertificateGenerator.create(
    {
      serialNumber: newCertificateSerialNumber(),
      subject: authorityName('issuing', id),
      issuer: root.certificate.subjectName,
      publicKey: keys.publicKey,
      signingKey: root.key,
      signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' },
      notBefore,
      notAfter: yearsAfter(notBefore, issuingYears),
      // Path length 0: it may sign devices, but no further CA.
      extensions: await authorityExtensions(keys.publicKey, root.certificate.publicKey, 0),
    },
    webcrypto,
  );
}

async function authorityExtensions(
  subjectKey: CryptoKey,
  issuerKey: CryptoKey | X509Certificate['publicKey'],
  pathLength: number | undefined,
) {
  return [
    new BasicConstraintsExtension(true, pathLength, true),
    new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
    await SubjectKeyIdentifierExtension.create(subjectKey, false, webcrypto),
    await AuthorityKeyIdentifierExtension.create(issuerKey, false, webcrypto),
  ];
}

/** Each CA has a name of its own, or the chains of two developers would look alike and not verify. */
function authorityName(role: 'root' | 'issuing', id: string): JsonName {
  return [{ O: [organisation] }, { CN: [`Unitrail development ${role} CA ${id}`] }];
}

/** X.509 has no fractions of a second. */
export function wholeSecond(time: Date): Date {
  return new Date(Math.floor(time.getTime() / 1000) * 1000);
}

function yearsAfter(start: Date, years: number): Date {
  const end = new Date(start);
  end.setUTCFullYear(end.getUTCFullYear() + years);
  return end;
}

async function newKeys(): Promise<CryptoKeyPair> {
  return webcrypto.subtle.generateKey(p256, true, ['sign', 'verify']);
}

async function exportKey(key: CryptoKey): Promise<string> {
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key));
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return ['-----BEGIN PRIVATE KEY-----', ...lines, '-----END PRIVATE KEY-----', ''].join('\n');
}

async function importKey(pem: string): Promise<CryptoKey> {
  const der = Buffer.from(pem.replace(/-----[A-Z ]+-----/g, ''), 'base64');
  return webcrypto.subtle.importKey('pkcs8', der, p256, false, ['sign']);
}

async function writeText(path: string, text: string, mode: number): Promise<void> {
  await createFile(path, Buffer.from(text), mode);
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (errorCodeOf(error) === 'ENOENT') return false;
    throw error;
  }
}

/** A folder with content is never replaced by a rename (POSIX). */
async function renameUnlessThere(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    if (!['ENOTEMPTY', 'EEXIST'].includes(errorCodeOf(error) ?? '')) throw error;
  }
}
