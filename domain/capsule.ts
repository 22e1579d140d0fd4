import type { ManifestFile, ManifestSigner } from './export-manifest';
import type { LeafProof } from './log-proof';

/** Of the set of files as a whole. A capsule is opened by every later version of this program: a change is a new format. */
export const CAPSULE_FORMAT = 'unitrail.capsule/1';
/** Of the manifest of what only the manufacturer keeps. */
export const CAPSULE_EVENTS_FORMAT = 'unitrail.capsule-events/1';
/** Of a line of the statements: the leaf's document as text, and the unit that it is about. */
export const CAPSULE_STATEMENT_FORMAT = 'unitrail.capsule-statement/1';
/** Of a line of the events. */
export const CAPSULE_EVENT_FORMAT = 'unitrail.capsule-event/1';

/** Whose capsule it is that holds units which ended without being shipped. */
export const NO_BUYER = 'own';

/** What each file of a capsule is called, in every capsule. */
export const capsuleFiles = {
  readme: 'README.txt',
  page: 'index.html',
  schema: 'schema.json',
  records: 'records.jsonl',
  parquet: 'records.parquet',
  statements: 'statements.jsonl',
  proofs: 'proofs.jsonl',
  checkpoint: 'checkpoint',
  manifest: 'manifest.json',
  events: 'events.jsonl',
  eventsManifest: 'events.manifest.json',
} as const;
export type CapsuleRole = keyof typeof capsuleFiles;

/** Where files of a capsule lie: in a folder under their names, or in a store under their digests. */
export type CapsulePaths = Readonly<Partial<Record<CapsuleRole, string>>>;

export interface CapsuleAbout {
  /** `acme-EUDV-2026-11-1`, by `capsuleName`. */
  readonly capsule: string;
  /** Null for units that ended without being shipped. */
  readonly buyer: string | null;
  readonly product: string;
  /** Of shipping, UTC: `2026-11`. */
  readonly month: string;
  /** From 1: what comes late gets a further capsule. */
  readonly number: number;
  readonly asOf: Date;
  readonly log: CapsuleLog;
  /** Whether the manufacturer's own files are written as well: the units then bring their events. */
  readonly events: boolean;
}

/** The transparency log as the proofs lean on it. */
export interface CapsuleLog {
  /** The one signed note that all proofs lead to, byte for byte. */
  readonly checkpoint: string;
  /** The log's public key as C2SP's signed notes have it: `name+hash+key`. */
  readonly verifierKey: string;
}

/** An event as its row holds it: the hash is `sha256(prev ‖ sha256(header) ‖ sha256(body))`, hex. */
export interface CapsuleEvent {
  readonly header: string;
  readonly body: string;
  readonly hash: string;
}

export interface CapsuleUnit {
  readonly issuer: string;
  readonly serial: string;
  /** The sealed record, byte for byte; null for a unit that ended without being shipped. */
  readonly record: string | null;
  /** Of the sealed record, hex, as the database has it. */
  readonly sha256: string | null;
  /** Documents of leaves (`unitrail.statement/1`), byte for byte, in the order of the unit's history. */
  readonly statements: readonly string[];
  /** One of the record and one of each statement, in that order. */
  readonly proofs: readonly LeafProof[];
  /** The unit's whole history from its first event on; left out where `about.events` is false. */
  readonly events?: readonly CapsuleEvent[];
}

/**
 * What a capsule holds. `units` gives every unit once, by serial and then by issuer in the order of their code units
 * (Postgres: `collate "C"`), and reads from the start each time. Nothing is held in memory.
 */
export interface CapsuleSource {
  readonly about: CapsuleAbout;
  units(): AsyncIterable<CapsuleUnit>;
}

/** Who signs: the key's public half goes into the manifest, DER of the SubjectPublicKeyInfo in base64. */
export interface CapsuleSigner extends ManifestSigner {
  readonly publicKey: string;
}

/** A file that was written. The buyer's copy is all of those that are not `ownOnly`. */
export interface CapsuleFile extends ManifestFile {
  readonly role: CapsuleRole;
  readonly ownOnly: boolean;
}

export interface CapsuleCounts {
  readonly records: number;
  readonly statements: number;
  readonly proofs: number;
}

/** `manifest.json`, RFC 8785: the last file of the buyer's copy. */
export interface CapsuleManifestBody {
  readonly format: typeof CAPSULE_FORMAT;
  readonly capsule: string;
  readonly buyer: string | null;
  readonly product: string;
  readonly month: string;
  readonly number: number;
  readonly asOf: string;
  readonly counts: CapsuleCounts;
  /** Of the records. */
  readonly firstSerial: string | null;
  readonly lastSerial: string | null;
  readonly files: readonly ManifestFile[];
  readonly log: {
    readonly origin: string;
    readonly size: number;
    /** Base64, as the checkpoint has it. */
    readonly root: string;
    readonly verifierKey: string;
  };
  /** Of the key that signs this manifest. It proves nothing by itself: compare it with one that came on another way. */
  readonly publicKey: string;
}

/** `events.manifest.json`, RFC 8785: the last file of the manufacturer's copy. */
export interface CapsuleEventsManifestBody {
  readonly format: typeof CAPSULE_EVENTS_FORMAT;
  readonly capsule: string;
  /** Of the capsule's manifest. */
  readonly manifestSha256: string;
  readonly counts: { readonly units: number; readonly events: number };
  readonly files: readonly ManifestFile[];
  readonly publicKey: string;
}

/** One thing that is not as it was signed: the file and where in it, and what. */
export interface CapsuleProblem {
  readonly where: string;
  readonly what: string;
}

/** What `verifyCapsule` says. It is good where `ok`: nothing was wrong, in any file. */
export interface CapsuleReport {
  readonly ok: boolean;
  /** Null where there is no manifest to read it from. */
  readonly capsule: string | null;
  readonly manifestSha256: string | null;
  readonly keyId: string | null;
  readonly counts: CapsuleCounts & { readonly events: number };
  readonly problems: readonly CapsuleProblem[];
  /** How many there are, where not all are listed. */
  readonly found: number;
  readonly notes: readonly string[];
}

/** The folder's name. Late units get a further number. */
export function capsuleName(about: Pick<CapsuleAbout, 'buyer' | 'product' | 'month' | 'number'>): string {
  return `${about.buyer ?? NO_BUYER}-${about.product}-${about.month}-${about.number}`;
}

/** The order of everything in a capsule: by serial, then by issuer. Negative where one comes before the other. */
export function compareUnits(
  one: Pick<CapsuleUnit, 'serial' | 'issuer'>,
  other: Pick<CapsuleUnit, 'serial' | 'issuer'>,
): number {
  return compareText(one.serial, other.serial) || compareText(one.issuer, other.issuer);
}

/** By code units, as RFC 8785 orders names and Postgres's "C" orders ASCII. */
export function compareText(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
