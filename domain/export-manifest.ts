import { canonicalJson } from './canonical';
import type { EXPORT_FORMAT, ExportCounts, ExportKind } from './export-about';
import type { CsvStyle, ExportColumnChoice, ExportInclusion, ExportLook } from './export-settings';

export const MANIFEST_ENDING = '.manifest.json';
/** One proof a line, in the order of the records; all of them against the one checkpoint. */
export const PROOFS_ENDING = '.proofs.jsonl';
/** The same for what was said later, and for numbers: beside the lines that they prove. */
export const STATEMENT_PROOFS_ENDINGS = {
  amendments: '.proofs.amendments.jsonl',
  numbers: '.proofs.numbers.jsonl',
} as const;
export const CHECKPOINT_ENDING = '.checkpoint';

/** What of the buyer's settings an export keeps from its opening on. */
export interface PinnedLook extends ExportLook {
  readonly include: ExportInclusion;
  readonly naming: string;
}

export interface ManifestFile {
  readonly name: string;
  readonly sizeBytes: number;
  readonly sha256: string;
  /** Of units, amendments or numbers, whichever the file holds; of units for a workbook, none for a checkpoint. */
  readonly rows: number;
}

/** The checkpoint of the transparency log that has all of the export's records. */
export interface ManifestLog {
  readonly origin: string;
  readonly size: number;
  /** In base64, as the checkpoint has it. */
  readonly root: string;
  /** The key that signed it, as `unitrail keys` prints it. */
  readonly key: string;
  /** What is proven where its lines are among the files. Absent from exports that proved records only. */
  readonly proves?: readonly ('records' | 'amendments' | 'numbers')[];
  /** Checkpoints that witnesses have co-signed, as signed notes, and that this tree goes on from each. Absent where there is none. */
  readonly cosigned?: readonly { readonly note: string; readonly path: readonly string[] }[];
  /** That this tree goes on from that of the predecessor's checkpoint; null where there is none of the same log. */
  readonly consistency: {
    readonly from: { readonly size: number; readonly root: string };
    /** Hashes in base64 (RFC 6962). */
    readonly path: readonly string[];
  } | null;
}

/** What the files of one export are, and which one comes before it. Written as RFC 8785. */
export interface ManifestBody {
  readonly format: typeof EXPORT_FORMAT;
  readonly export: string;
  readonly buyer: string;
  readonly kind: ExportKind;
  /** Null for what stands outside the sequence. */
  readonly number: number | null;
  readonly reissueOf: string | null;
  /** The time of an extract: what was sealed from the first moment on and before the second. */
  readonly extract: { readonly from: string; readonly to: string } | null;
  readonly asOf: string;
  readonly predecessor: { readonly export: string; readonly manifestSha256: string } | null;
  readonly counts: ExportCounts;
  readonly firstSerial: string | null;
  readonly lastSerial: string | null;
  /** How the csv files are to be read. */
  readonly csv: CsvStyle;
  /** The buyer's own choice of columns, in the files of the units; null for all of ours by our names. */
  readonly columns: readonly ExportColumnChoice[] | null;
  readonly files: readonly ManifestFile[];
  /** Absent from exports that were made before there was a log. */
  readonly log?: ManifestLog;
}

export interface ManifestSignature {
  readonly algorithm: 'Ed25519';
  readonly keyId: string;
  /** Base64, over the canonical text of everything beside it. */
  readonly value: string;
}

export interface Manifest extends ManifestBody {
  readonly signature: ManifestSignature;
}

/** Who signs: the text never leaves the process, and the key neither. */
export interface ManifestSigner {
  readonly keyId: string;
  sign(text: string): string;
}

/** The manifest's bytes: one value, one text. A repeat with the same files and key gives the same. */
export function signedManifest(body: object, signer: ManifestSigner): string {
  const signature: ManifestSignature = {
    algorithm: 'Ed25519',
    keyId: signer.keyId,
    value: signer.sign(canonicalJson(body)),
  };
  return canonicalJson({ ...body, signature });
}

/** What the files of an export are called, without their endings: `acme-000012`. */
export function exportName({ naming }: PinnedLook, buyer: string, exportId: string): string {
  const own = exportId.startsWith(`${buyer}-`) ? exportId.slice(buyer.length + 1) : exportId;
  return naming.replaceAll('{buyer}', buyer).replaceAll('{export}', own);
}
