import type { Sha256Hex } from '../../domain/brands';

/** What every certificate of a product has in common. Part of the recipe. */
export interface CertificateProfile {
  /** The manufacturer, as the subject's O. */
  readonly organisation: string;
  /** The end of validity as GeneralizedTime. `99991231235959Z` is what IEEE 802.1AR asks of an IDevID: no end. */
  readonly notAfter: string;
}

export interface IssueRequest {
  /**
   * The certificate's serial number in hex (`deviceCertificateSerialNumber`), chosen and recorded by the caller
   * before it asks: after a crash it is the key under which the certificate is found again.
   */
  readonly serialNumber: string;
  /** PKCS#10, made and signed in the device. */
  readonly csrPem: string;
  /** The unit's serial, which the request's subject must name too. */
  readonly deviceSerial: string;
  readonly profile: CertificateProfile;
}

export interface IssuedCertificate {
  readonly certificatePem: string;
  /** The issuing CA first, the root last. */
  readonly chainPem: string;
  /** Of the certificate's DER. */
  readonly sha256: Sha256Hex;
  /** The issuer's name, RFC 4514. */
  readonly issuer: string;
  /** When the first certificate of the chain ends, RFC 3339 UTC. */
  readonly chainNotAfter: string;
}

/**
 * Signs device certificates. The seam between the line and the CA that a company has.
 *
 * A repeat returns the first certificate, byte for byte: the same serial number with the same public key is
 * the same request, whatever signature the device put on it. With another key, subject or end it is
 * REQUEST_CONFLICT.
 *
 * Errors: CSR_INVALID (proof of possession, key or subject are wrong), INPUT_INVALID (another field is wrong),
 * REQUEST_CONFLICT, CA_UNAVAILABLE (nothing is known to be issued; ask again with the same serial number).
 */
export interface CertificateAuthority {
  issue(request: IssueRequest): Promise<IssuedCertificate>;
}
