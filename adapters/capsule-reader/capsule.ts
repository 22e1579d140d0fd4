import { hexOf, bytesOf, base64Of, textOf, type ByteSource, type ReaderCrypto } from './bytes';
import { judgeNote, readCheckpoint, type NoteVerdict, type ReadCheckpoint } from './checkpoint';
import { mapAt, parsed, type Facts } from './documents';
import { judgeProof, type ProofVerdict } from './inclusion';
import type { CapsuleKeys } from './keys';
import { MANIFEST_FORMAT, readManifest, type ReadManifest } from './manifest';
import { openParquet, type ParquetFile } from './parquet-file';
import { linesOf } from './sorted-lines';

/** The files that an answer needs; any of them may be missing, and the answer says what it can't say. */
export interface CapsuleSources {
  readonly records?: ByteSource;
  readonly parquet?: ByteSource;
  readonly statements?: ByteSource;
  readonly proofs?: ByteSource;
  readonly checkpoint?: ByteSource;
  readonly manifest?: ByteSource;
}

/** What can be said of a capsule without looking for a unit. */
export interface CapsuleSeal {
  readonly capsule: string | null;
  readonly facts: Facts | null;
  readonly manifest: ReadManifest['signature'] | { readonly verdict: 'missing'; readonly why: string };
  readonly log: LogVerdict;
}

export type LogVerdict =
  | { readonly verdict: 'missing'; readonly why: string }
  | { readonly verdict: 'bad'; readonly why: string }
  /** `named`: the manifest, whoever signed it, names this very checkpoint. */
  | {
      readonly verdict: 'good';
      readonly origin: string;
      readonly size: number;
      readonly named: boolean;
    };

export interface ProvenDocument {
  readonly document: string;
  readonly facts: Facts;
  readonly proof: ProofVerdict;
}

export interface FoundUnit {
  readonly issuer: string;
  readonly serial: string;
  /** Null for a unit that ended without being shipped. */
  readonly record: ProvenDocument | null;
  /** Of which file the record's text is. */
  readonly from: string | null;
  readonly statements: readonly ProvenDocument[];
}

export interface OpenCapsule {
  readonly seal: CapsuleSeal;
  /** Units of two issuers may have the same serial; none is an empty list. */
  find(serial: string): Promise<FoundUnit[]>;
  /** The serials of units with this MAC address, chip UID or certificate, from the table. */
  serialsBy(identifier: Identifier, value: string): Promise<string[]>;
}

export const identifiers = { mac: 'macs', chipUid: 'chip_uid', certificate: 'certificate_sha256' } as const;
export type Identifier = keyof typeof identifiers;

const MOST_MANIFEST_BYTES = 1024 * 1024;

/** Reads manifest and checkpoint, and nothing else yet. `keys`: those that the reader trusts, or null. */
export async function openCapsule(
  sources: CapsuleSources,
  crypto: ReaderCrypto,
  keys: CapsuleKeys | null,
): Promise<OpenCapsule> {
  const manifest = await manifestOf(sources, crypto, keys);
  const note = await smallText(sources.checkpoint);
  const head = note === null ? null : readCheckpoint(note);
  let table: Promise<ParquetFile> | null = null;
  // One that could not be read is opened again when it is asked for again.
  const parquet = (): Promise<ParquetFile> =>
    (table ??= openParquet(sources.parquet!).catch((error: unknown) => {
      table = null;
      throw error;
    }));
  return {
    seal: sealOf(crypto, manifest, note, head),
    find: (serial) => findUnits(sources, crypto, head, parquet, serial),
    async serialsBy(identifier, value) {
      if (!sources.parquet) return [];
      const name = identifiers[identifier];
      const serials = new Set<string>();
      for await (const row of (await parquet()).all(['serial', name]))
        if (holds(row[name], value)) serials.add(String(row.serial));
      return [...serials];
    },
  };
}

function holds(cell: unknown, value: string): boolean {
  return Array.isArray(cell) ? cell.includes(value) : cell === value;
}

async function manifestOf(
  { manifest }: CapsuleSources,
  crypto: ReaderCrypto,
  keys: CapsuleKeys | null,
): Promise<ReadManifest | { readonly wrong: string } | null> {
  const text = await smallText(manifest);
  return text === null && !manifest ? null : readManifest(crypto, text, MANIFEST_FORMAT, keys);
}

async function smallText(file: ByteSource | undefined): Promise<string | null> {
  if (!file || file.sizeBytes > MOST_MANIFEST_BYTES) return null;
  return textOf(await file.read(0, file.sizeBytes));
}

function sealOf(
  crypto: ReaderCrypto,
  manifest: ReadManifest | { readonly wrong: string } | null,
  note: string | null,
  head: ReadCheckpoint | null,
): CapsuleSeal {
  const read = manifest && 'facts' in manifest ? manifest : null;
  return {
    capsule: read === null ? null : String(read.facts.capsule),
    facts: read?.facts ?? null,
    manifest: read?.signature ?? unreadable(manifest),
    log: judgeLog(crypto, read, note, head),
  };
}

function unreadable(manifest: ReadManifest | { readonly wrong: string } | null): CapsuleSeal['manifest'] {
  if (manifest !== null && 'wrong' in manifest)
    return { verdict: 'bad', keyId: null, why: `it ${manifest.wrong}` };
  return { verdict: 'missing', why: 'manifest.json is not here' };
}

/** By the log's key that the manifest names, where there is a manifest. */
function judgeLog(
  crypto: ReaderCrypto,
  manifest: ReadManifest | null,
  note: string | null,
  head: ReadCheckpoint | null,
): LogVerdict {
  if (note === null) return { verdict: 'missing', why: 'the file checkpoint is not here' };
  if (head === null) return { verdict: 'bad', why: 'the file checkpoint is none' };
  const { origin, size } = head;
  if (manifest === null) return { verdict: 'good', origin, size, named: false };
  const log = mapAt(manifest.facts, 'log');
  const listed = manifest.files.find(({ name }) => name === 'checkpoint');
  if (
    listed?.sha256 !== hexOf(crypto.sha256(bytesOf(note))) ||
    log.origin !== origin ||
    log.size !== size ||
    log.root !== base64Of(head.root)
  )
    return { verdict: 'bad', why: 'the checkpoint is another than the one that the manifest names' };
  const signed = judgeNote(crypto, note, String(log.verifierKey));
  return signed === 'good'
    ? { verdict: 'good', origin, size, named: true }
    : { verdict: 'bad', why: notSigned[signed] };
}

const notSigned: Readonly<Record<Exclude<NoteVerdict, 'good'>, string>> = {
  bad: 'the checkpoint was changed after it was signed',
  missing: 'the checkpoint is not signed by the log that the manifest names',
};

async function findUnits(
  sources: CapsuleSources,
  crypto: ReaderCrypto,
  head: ReadCheckpoint | null,
  parquet: () => Promise<ParquetFile>,
  serial: string,
): Promise<FoundUnit[]> {
  const { records, statements, proofs } = sources;
  const [texts, proofLines, said] = await Promise.all([
    recordTexts(sources, parquet, serial),
    proofs ? linesOf(proofs, serial) : null,
    statements ? linesOf(statements, serial) : [],
  ]);
  const judged = (document: string): ProvenDocument => ({
    document,
    facts: parsed(document) ?? {},
    proof: judge(crypto, document, proofLines?.map(({ facts }) => facts) ?? null, head),
  });
  const units = new Map<string, { record: ProvenDocument | null; statements: ProvenDocument[] }>();
  const of = (issuer: string) => {
    const unit = units.get(issuer) ?? { record: null, statements: [] };
    units.set(issuer, unit);
    return unit;
  };
  for (const text of texts) of(String(parsed(text)?.issuer)).record = judged(text);
  for (const { facts } of said) of(String(facts.issuer)).statements.push(judged(String(facts.document)));
  const from = (records ?? sources.parquet)?.name ?? null;
  return [...units].map(([issuer, unit]) => ({ issuer, serial, from: unit.record && from, ...unit }));
}

async function recordTexts(
  { records, parquet: table }: CapsuleSources,
  parquet: () => Promise<ParquetFile>,
  serial: string,
): Promise<readonly string[]> {
  if (records) return (await linesOf(records, serial)).map(({ text }) => text);
  return table ? (await parquet()).recordsOf(serial) : [];
}

function judge(
  crypto: ReaderCrypto,
  document: string,
  proofs: readonly Facts[] | null,
  head: ReadCheckpoint | null,
): ProofVerdict {
  if (proofs === null) return { verdict: 'missing', why: 'proofs.jsonl is not here' };
  if (head === null) return { verdict: 'missing', why: 'there is no checkpoint to lead to' };
  const sha256 = hexOf(crypto.sha256(bytesOf(document)));
  const proof = proofs.find((one) => one.sha256 === sha256);
  if (proof) return judgeProof(crypto, document, proof, head);
  return proofs.length === 0
    ? { verdict: 'broken', why: 'proofs.jsonl has no proof of this unit' }
    : { verdict: 'broken', why: 'no proof of this unit is of this text: the text was changed, or its proof' };
}
