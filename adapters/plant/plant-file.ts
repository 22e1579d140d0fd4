import { createHash } from 'node:crypto';
import { dirname, join } from 'node:path';
import type { Sha256Hex } from '../../domain/brands';
import { UnitrailError } from '../../domain/errors';
import {
  parsePlant,
  plantKind,
  type FileDigest,
  type FileReference,
  type FirmwareRelease,
  type PlantDocument,
} from '../../domain/plant';
import { refusal, type Problem } from '../../domain/refusal';
import { readBounded, readDocumentFile } from './document-file';

/** A file that the plant names, as it was read: its bytes have the digest that the plant declares. */
export interface PlantAttachment {
  readonly sha256: Sha256Hex;
  /** As the plant file has it. */
  readonly path: string;
  readonly bytes: Uint8Array;
}

export interface PlantFileContent {
  readonly document: PlantDocument;
  /** Each content once. */
  readonly files: readonly PlantAttachment[];
}

const MAX_PLANT_FILE_BYTES = 4 * 1024 * 1024;
const MAX_ATTACHMENT_BYTES = 32 * 1024 * 1024;
const MAX_ATTACHMENTS_BYTES = 256 * 1024 * 1024;

/**
 * The plant file with everything it names: images and SBOMs are read and compared with the digests declared.
 * @throws UnitrailError PLANT_INVALID with one message: what is wrong with the file, or every wrong field by line
 */
export async function readPlantFile(path: string): Promise<PlantFileContent> {
  const { value, locate } = await readDocumentFile(path, plantKind, MAX_PLANT_FILE_BYTES);
  const plant = parsePlant(value, locate);
  const reader = new AttachmentReader(dirname(path));
  const firmwareReleases: FirmwareRelease[] = [];
  // One after the other: a thousand files at once would be a thousand open files and buffers.
  for (const [at, release] of plant.firmwareReleases.entries()) {
    const image = await reader.read(release.image, ['firmwareReleases', at, 'image']);
    const sbom = await reader.read(release.sbom, ['firmwareReleases', at, 'sbom']);
    firmwareReleases.push({ ...release, image, sbom });
  }
  if (reader.problems.length > 0) throw refusal(plantKind.code, plantKind.title, reader.problems, locate);
  return { document: { ...plant, firmwareReleases }, files: [...reader.files.values()] };
}

/** Reads what a plant file names, and gathers what is wrong with it. */
class AttachmentReader {
  readonly problems: Problem[] = [];
  readonly files = new Map<string, PlantAttachment>();
  private readBytes = 0;

  constructor(private readonly folder: string) {}

  /** What was declared, also where it turned out wrong: then `problems` says so. */
  async read(reference: FileReference, path: Problem['path']): Promise<FileDigest> {
    const bytes = await this.load(reference, path);
    const sha256 = createHash('sha256').update(bytes).digest('hex') as Sha256Hex;
    if (bytes.length > 0 && sha256 !== reference.sha256) {
      const allowed = `the SHA-256 of ${reference.file}, which is ${sha256}`;
      this.problems.push({ path: [...path, 'sha256'], value: reference.sha256, allowed });
    }
    if (!this.files.has(sha256)) this.files.set(sha256, { sha256, path: reference.file, bytes });
    return { sha256: reference.sha256, sizeBytes: bytes.length };
  }

  private async load(reference: FileReference, path: Problem['path']): Promise<Uint8Array> {
    const room = Math.min(MAX_ATTACHMENT_BYTES, MAX_ATTACHMENTS_BYTES - this.readBytes);
    const fail = (what: string) => new UnitrailError('PLANT_INVALID', `the file ${what}`);
    try {
      const bytes = await readBounded(join(this.folder, reference.file), room, fail);
      this.readBytes += bytes.length;
      return bytes;
    } catch (error) {
      if (!(error instanceof UnitrailError)) throw error;
      const allowed = `a readable file, but ${error.message}`;
      this.problems.push({ path: [...path, 'file'], value: reference.file, allowed });
      return new Uint8Array();
    }
  }
}
