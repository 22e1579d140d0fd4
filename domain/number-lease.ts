import { canonicalJson } from './canonical';
import type { MacPool, Scheme } from './plant-document';

/**
 * Sites with databases of their own share the numbers of a scheme or a pool by leases: the site that owns the counter cuts a
 * range from it and signs a file that says whose it is; in the end the other signs what is left of it back.
 */

/** A public key of Ed25519 as SubjectPublicKeyInfo (DER) in base64: 44 bytes, of which the first twelve are always the same. */
export const PUBLIC_KEY = /^MCowBQYDK2VwAyEA[A-Za-z0-9+/]{43}=$/;
export const PUBLIC_KEY_ALLOWED = 'a public key as `unitrail lease key` prints it';
export const LEASE_ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
export const MOST_LEASED = 1_000_000_000;
/** Runs of MAC addresses begin at a multiple of their length: a lease that begins at one of the longest holds all of them. */
export const LEASED_RUN = 8;

/** Which numbers, the same at both sites. */
export interface LeasedNumbers {
  readonly kind: 'serial' | 'mac';
  /** Of the scheme, or of the pool. */
  readonly name: string;
  readonly version: number;
  /** Of the serials, or the block of the addresses. */
  readonly pattern: string;
  /** Of the scheme's counter: `2026W48`, or empty for one counter for ever. */
  readonly scope: string;
  /** SHA-256 of all that makes values of numbers (`definitionText`). */
  readonly definitionSha256: string;
  /** The fingerprint of the key of a hidden sequence. */
  readonly hiddenBy: string | null;
}

/** What the lessor signs. Both ends of the range are of the lease. */
export interface NumberLease {
  readonly format: 'unitrail.lease/1';
  readonly lease: string;
  readonly lessor: string;
  readonly lessee: string;
  /** In whose namespace the numbers are. */
  readonly issuer: string;
  readonly numbers: LeasedNumbers;
  readonly first: number;
  readonly last: number;
  readonly grantedAt: string;
  readonly signature: string;
}

/** What the lessee signs when it ends a lease. */
export interface LeaseReturn {
  readonly format: 'unitrail.lease-return/1';
  readonly lease: string;
  /** Of the canonical text of the lease. */
  readonly leaseSha256: string;
  readonly lessor: string;
  readonly lessee: string;
  /** leased = granted + unused. Granted are numbers of batches, and those that a run or a restore passed over. */
  readonly counts: { readonly leased: number; readonly granted: number; readonly unused: number };
  /** No batch ever had one of these, and none ever will. Null where nothing is left. */
  readonly unused: { readonly first: number; readonly last: number } | null;
  readonly returnedAt: string;
  readonly signature: string;
}

/** The text that is signed: all but the signature, by RFC 8785. */
export function signedText(document: Readonly<Record<string, unknown>>): string {
  return canonicalJson(Object.fromEntries(Object.entries(document).filter(([name]) => name !== 'signature')));
}

/** What both sites have to say alike of a scheme, or their numbers would not be the same serials. */
export function schemeDefinition({
  name,
  version,
  kind,
  pattern,
  scope,
  skip,
  line,
  trial,
  hidden,
}: Scheme): string {
  return canonicalJson({
    ...{ kind, name, version, pattern, trial, hidden: hidden !== undefined },
    ...{ scope: scope ?? null, skip: skip ? [...skip].sort() : null, line: line ?? null },
  });
}

export function poolDefinition({ name, block, eui = 48 }: MacPool): string {
  return canonicalJson({ kind: 'mac', name, block, eui });
}

/** `serial EUDV 2026W48` */
export function numbersText({ kind, name, scope }: Pick<LeasedNumbers, 'kind' | 'name' | 'scope'>): string {
  return [kind, name, scope].filter((part) => part !== '').join(' ');
}
