/**
 * A certificate authority for development and demos. NOT FOR PRODUCTION: its keys lie in files that whoever
 * runs the process can read and copy, nobody has to approve a signature, and nothing can be revoked.
 *
 * Production needs the issuing CA's key in an HSM that signs and never gives it away (a PKCS#11 token, a cloud
 * KMS, or a CA such as step-ca with one behind it), the root off-line, and a backup of both. `port.ts` is the
 * seam: another adapter with the same promises takes this one's place, and no other file changes.
 *
 * Device certificates follow IEEE 802.1AR (IDevID) and RFC 5280.
 */
import 'reflect-metadata';

import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { X509Certificate } from '@peculiar/x509';

import { parseSha256Hex } from '../../domain/brands';
import { UnitrailError } from '../../domain/errors';
import { createFile, errorCodeOf, readIfThere } from '../store/durable-file';
import { openDevelopmentKeys, pemOf, type DevelopmentKeys } from './development-keys';
import {
  describeCertificate,
  differencesFrom,
  signCertificate,
  type CertificateContent,
} from './device-certificate';
import { checkDeviceRequest } from './device-request';
import { toRfc4514 } from './distinguished-name';
import type { CertificateAuthority, IssuedCertificate } from './port';

const issuedMode = 0o444;

export interface DevelopmentCaOptions {
  /** `UNITRAIL_HOME/ca`; made at the first use. */
  readonly folder: string;
}

export function createDevelopmentCa({ folder }: DevelopmentCaOptions): CertificateAuthority {
  const openKeys = onceUnlessFailed(() => reportingTrouble(folder, () => openDevelopmentKeys(folder)));

  async function firstIssued(path: string): Promise<string | null> {
    return reportingTrouble(folder, async () => (await readIfThere(path))?.toString('utf8') ?? null);
  }

  /** The certificate is on the disk before anybody sees it: a crash here loses nothing but the answer. */
  async function signAndKeep(
    path: string,
    content: CertificateContent,
    keys: DevelopmentKeys,
  ): Promise<string> {
    const pem = pemOf(await signCertificate(content, keys.issuing));
    const kept = await reportingTrouble(folder, () => createFile(path, Buffer.from(pem), issuedMode));
    if (kept) return pem;
    // Another caller was faster: its certificate is the first one, and ours was never seen.
    const first = await firstIssued(path);
    if (first === null) throw unavailable(`the file ${path} was there and is gone`);
    return first;
  }

  return {
    async issue(request) {
      const publicKey = await checkDeviceRequest(request.csrPem, request.deviceSerial);
      const content = describeCertificate(request, publicKey);
      const keys = await openKeys();
      const path = join(folder, 'issued', `${content.serialNumber}.pem`);
      const pem = (await firstIssued(path)) ?? (await signAndKeep(path, content, keys));
      const certificate = readCertificate(path, pem);
      refuseOtherContent(certificate, content);
      return answer(pem, certificate, keys);
    },
  };
}

function answer(
  certificatePem: string,
  certificate: X509Certificate,
  keys: DevelopmentKeys,
): IssuedCertificate {
  const chain = [keys.issuing.certificate, keys.root];
  const firstEnd = Math.min(...chain.map(({ notAfter }) => notAfter.getTime()));
  return {
    certificatePem,
    chainPem: chain.map(pemOf).join(''),
    sha256: parseSha256Hex(createHash('sha256').update(Buffer.from(certificate.rawData)).digest('hex')),
    issuer: toRfc4514(certificate.issuerName),
    chainNotAfter: new Date(firstEnd).toISOString(),
  };
}

function refuseOtherContent(certificate: X509Certificate, content: CertificateContent): void {
  const differences = differencesFrom(certificate, content);
  if (differences.length === 0) return;
  throw new UnitrailError(
    'REQUEST_CONFLICT',
    `A certificate with the serial number ${content.serialNumber} was issued before, for another ${differences.join(', ')}. ` +
      `A serial number is used for one request only: look up which unit has it.`,
    {
      serialNumber: content.serialNumber,
      differences,
      issued: certificate.subject,
      asked: content.subject.toString(),
    },
  );
}

function readCertificate(path: string, pem: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (error) {
    throw unavailable(`the file ${path} holds no certificate; restore it from a backup`, error);
  }
}

async function reportingTrouble<Result>(folder: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    // Only the code: a message about a key file might quote what is in it.
    throw unavailable(
      `the folder ${folder} can't be used (${errorCodeOf(error) ?? 'unreadable content'})`,
      error,
    );
  }
}

function unavailable(problem: string, cause?: unknown): UnitrailError {
  return new UnitrailError(
    'CA_UNAVAILABLE',
    `The development CA can't sign: ${problem}.`,
    { problem },
    { cause },
  );
}

/** Remembers the result, but not a failure: the next call tries again. */
function onceUnlessFailed<Result>(work: () => Promise<Result>): () => Promise<Result> {
  let pending: Promise<Result> | undefined;
  return () => {
    pending ??= work().catch((error: unknown) => {
      pending = undefined;
      throw error;
    });
    return pending;
  };
}
