/** Device certificates as IEEE 802.1AR (IDevID) and RFC 5280 ask for them. */
import 'reflect-metadata';

import { createPublicKey, webcrypto, type KeyObject } from 'node:crypto';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  Name,
  SubjectKeyIdentifierExtension,
  X509CertificateGenerator,
  type X509Certificate,
} from '@peculiar/x509';

import { canonicalSerialNumber } from '../../domain/certificate-serial';
import { UnitrailError } from '../../domain/errors';
import { problemText } from '../../domain/refusal';
import { wholeSecond, type SigningAuthority } from './development-keys';
import { subjectSerialNumber } from './device-request';
import type { IssueRequest } from './port';

/** What a certificate says. A repeat must ask for the same. */
export interface CertificateContent {
  readonly serialNumber: string;
  readonly subject: Name;
  readonly publicKey: KeyObject;
  readonly notAfter: Date;
}

/** Checks all fields but the device's own request. Throws INPUT_INVALID. */
export function describeCertificate(request: IssueRequest, publicKey: KeyObject): CertificateContent {
  return {
    serialNumber: canonicalSerialNumber(request.serialNumber),
    subject: subjectOf(request.profile.organisation, request.deviceSerial),
    publicKey,
    notAfter: parseNotAfter(request.profile.notAfter),
  };
}

export async function signCertificate(
  content: CertificateContent,
  authority: SigningAuthority,
): Promise<X509Certificate> {
  const publicKey = spkiOf(content.publicKey);
  return X509CertificateGenerator.create(
    {
      serialNumber: content.serialNumber,
      subject: content.subject,
      issuer: authority.certificate.subjectName,
      publicKey,
      signingKey: authority.key,
      signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' },
      notBefore: wholeSecond(new Date()),
      notAfter: content.notAfter,
      extensions: await extensionsFor(publicKey, authority.certificate),
    },
    webcrypto,
  );
}

/** The names of the fields in which the certificate differs from what is asked for; none for a repeat. */
export function differencesFrom(certificate: X509Certificate, content: CertificateContent): string[] {
  const certified = createPublicKey({
    key: Buffer.from(certificate.publicKey.rawData),
    format: 'der',
    type: 'spki',
  });
  const same = {
    'public key': certified.equals(content.publicKey),
    subject: sameBytes(certificate.subjectName.toArrayBuffer(), content.subject.toArrayBuffer()),
    notAfter: certificate.notAfter.getTime() === content.notAfter.getTime(),
  };
  return Object.entries(same).flatMap(([field, equal]) => (equal ? [] : [field]));
}

async function extensionsFor(publicKey: Uint8Array<ArrayBuffer>, issuer: X509Certificate) {
  return [
    new BasicConstraintsExtension(false, undefined, true),
    new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
    await SubjectKeyIdentifierExtension.create(publicKey, false, webcrypto),
    await AuthorityKeyIdentifierExtension.create(issuer.publicKey, false, webcrypto),
  ];
}

function subjectOf(organisation: string, deviceSerial: string): Name {
  // RFC 5280, appendix A: at most 64 characters in both; X.520: serialNumber is a PrintableString.
  if (!/^[^\p{Cc}]{1,64}$/u.test(organisation)) {
    throw invalid('organisation', organisation, '1 to 64 characters without control characters');
  }
  if (!/^[A-Za-z0-9 '()+,\-./:=?]{1,64}$/.test(deviceSerial)) {
    throw invalid('deviceSerial', deviceSerial, "1 to 64 of A-Z a-z 0-9 space ' ( ) + , - . / : = ?");
  }
  return new Name([
    { O: [{ utf8String: organisation }] },
    { [subjectSerialNumber]: [{ printableString: deviceSerial }] },
  ]);
}

/** GeneralizedTime as RFC 5280 restricts it (4.1.2.5.2): UTC, whole seconds. */
function parseNotAfter(text: string): Date {
  const parts = /^(\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})Z$/.exec(text) ?? [];
  const [, year, month, day, hour, minute, second] = parts;
  const iso = `${year}-${month}-${day}T${hour}:${minute}:${second}.000Z`;
  const time = new Date(iso);
  // There is no 31 February: a Date would move it to March.
  const exists = !Number.isNaN(time.getTime()) && time.toISOString() === iso;
  if (exists && time.getTime() > Date.now()) return time;
  throw invalid('notAfter', text, 'a time in the future, YYYYMMDDHHMMSSZ, such as 99991231235959Z');
}

function spkiOf(key: KeyObject): Uint8Array<ArrayBuffer> {
  return new Uint8Array(key.export({ format: 'der', type: 'spki' }));
}

function sameBytes(one: ArrayBuffer, other: ArrayBuffer): boolean {
  return Buffer.from(one).equals(Buffer.from(other));
}

function invalid(field: string, value: string, allowed: string): UnitrailError {
  return new UnitrailError('INPUT_INVALID', problemText({ path: [field], value, allowed }));
}
