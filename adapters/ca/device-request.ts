import 'reflect-metadata';

import { createHash, createPublicKey, webcrypto, type KeyObject } from 'node:crypto';
import { Pkcs10CertificateRequest } from '@peculiar/x509';

import { parseSha256Hex, type Sha256Hex } from '../../domain/brands';
import { UnitrailError } from '../../domain/errors';

/** X.520 serialNumber, which holds the unit's serial (IEEE 802.1AR). */
export const subjectSerialNumber = '2.5.4.5';

/** A request with a P-256 key has some 400 characters. */
const maxCsrCharacters = 16 * 1024;
const hashes = ['SHA-256', 'SHA-384', 'SHA-512'];

/**
 * Checks what a device asks for, and returns its public key. The request proves that the device holds the
 * private key, the key is P-256, and the subject names this very unit: a request that was read from the board
 * in the next slot is refused. Throws CSR_INVALID.
 */
export async function checkDeviceRequest(csrPem: string, deviceSerial: string): Promise<KeyObject> {
  const request = parse(csrPem, deviceSerial);
  const key = publicKeyOf(request, deviceSerial);
  checkSubject(request, deviceSerial);
  await checkProofOfPossession(request, deviceSerial);
  return key;
}

/**
 * SHA-256 (hex) of the request's public key as SubjectPublicKeyInfo: the same for each request that a device
 * makes with its key, whose signatures all differ. Checks nothing else. Throws CSR_INVALID.
 */
export function requestKeySha256(csrPem: string, deviceSerial = 'the device'): Sha256Hex {
  const key = importKey(parse(csrPem, deviceSerial), deviceSerial);
  const der = key.export({ format: 'der', type: 'spki' });
  return parseSha256Hex(createHash('sha256').update(der).digest('hex'));
}

function parse(csrPem: string, deviceSerial: string): Pkcs10CertificateRequest {
  if (csrPem.length > maxCsrCharacters) {
    throw invalid(deviceSerial, `has ${csrPem.length} characters, allowed are ${maxCsrCharacters}`);
  }
  const blocks = csrPem.match(/-----BEGIN [A-Z0-9 ]+-----/g) ?? [];
  if (blocks.length !== 1 || blocks[0] !== '-----BEGIN CERTIFICATE REQUEST-----') {
    throw invalid(deviceSerial, 'is not one PEM block CERTIFICATE REQUEST');
  }
  try {
    return new Pkcs10CertificateRequest(csrPem);
  } catch (error) {
    throw invalid(deviceSerial, 'is no PKCS#10 structure', {}, error);
  }
}

function publicKeyOf(request: Pkcs10CertificateRequest, deviceSerial: string): KeyObject {
  const key = importKey(request, deviceSerial);
  const kind = key.asymmetricKeyDetails?.namedCurve ?? key.asymmetricKeyType ?? 'unknown';
  if (kind !== 'prime256v1')
    throw invalid(deviceSerial, `has a key of kind ${kind}, allowed is P-256`, { kind });
  return key;
}

function importKey(request: Pkcs10CertificateRequest, deviceSerial: string): KeyObject {
  try {
    const der = Buffer.from(request.publicKey.rawData);
    return createPublicKey({ key: der, format: 'der', type: 'spki' });
  } catch (error) {
    throw invalid(deviceSerial, 'has a public key that can not be read', {}, error);
  }
}

function checkSubject(request: Pkcs10CertificateRequest, deviceSerial: string): void {
  const found = request.subjectName.getField(subjectSerialNumber);
  if (found.length === 1 && found[0] === deviceSerial) return;
  const shown = found.length === 0 ? 'none' : found.join(', ').slice(0, 80);
  throw invalid(deviceSerial, `has the subject serialNumber ${shown}, allowed is ${deviceSerial}`, {
    expected: deviceSerial,
    found: shown,
  });
}

async function checkProofOfPossession(
  request: Pkcs10CertificateRequest,
  deviceSerial: string,
): Promise<void> {
  const valid = await isSignedByItsKey(request).catch((error: unknown) => {
    throw invalid(deviceSerial, 'has a signature that can not be checked', {}, error);
  });
  if (!valid) throw invalid(deviceSerial, 'is not signed by the key that it holds (proof of possession)');
}

async function isSignedByItsKey(request: Pkcs10CertificateRequest): Promise<boolean> {
  const { hash } = request.signatureAlgorithm;
  if (!hashes.includes(hash.name)) throw new Error(`hash ${hash.name}, allowed are ${hashes.join(', ')}`);
  return request.verify(webcrypto);
}

function invalid(
  deviceSerial: string,
  problem: string,
  detail: Readonly<Record<string, unknown>> = {},
  cause?: unknown,
): UnitrailError {
  const reason = cause instanceof Error ? `: ${cause.message.slice(0, 200)}` : '';
  return new UnitrailError(
    'CSR_INVALID',
    `csrPem: the certificate request of ${deviceSerial} ${problem}${reason}.`,
    { deviceSerial, ...detail },
    { cause },
  );
}
