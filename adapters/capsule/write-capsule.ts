import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { canonicalJson } from '../../domain/canonical';
import {
  CAPSULE_EVENT_FORMAT,
  CAPSULE_EVENTS_FORMAT,
  CAPSULE_FORMAT,
  CAPSULE_STATEMENT_FORMAT,
  capsuleFiles,
  type CapsuleEventsManifestBody,
  type CapsuleFile,
  type CapsuleManifestBody,
  type CapsuleRole,
  type CapsuleSigner,
  type CapsuleSource,
  type CapsuleUnit,
} from '../../domain/capsule';
import { UnitrailError } from '../../domain/errors';
import { signedManifest, type ManifestFile } from '../../domain/export-manifest';
import { parseCheckpoint, type Checkpoint } from '../../domain/log-proof';
import { syncFolder } from '../store/durable-file';
import { UnitCheck } from './check-unit';
import { LineFile } from './line-file';
import { readmeText } from './readme-text';
import { schemaDocument } from './schema-document';
import { pageText } from './shared-contents';
import { writeParquet } from './write-parquet';

interface Job {
  readonly source: CapsuleSource;
  readonly folder: string;
  readonly signer: CapsuleSigner;
  readonly checkpoint: Checkpoint;
  /** Called for each unit, so that whoever waits hears that it goes on. */
  readonly onUnit: () => void;
  readonly files: CapsuleFile[];
}

interface Told {
  units: number;
  first: string | null;
  last: string | null;
}

/**
 * Writes the files of a capsule into the folder, the manifest of the buyer's copy as the last of them, and then the two
 * that only the manufacturer keeps. The same units give the same bytes. Memory does not grow with their number. No file
 * is replaced; where one fails, none of them is left.
 * @throws UnitrailError INTERNAL for a unit that must not be in it, INPUT_INVALID where the checkpoint is none
 */
export async function writeCapsule(
  source: CapsuleSource,
  folder: string,
  signer: CapsuleSigner,
  onUnit: () => void = () => {},
): Promise<CapsuleFile[]> {
  const checkpoint = parseCheckpoint(source.about.log.checkpoint);
  if (checkpoint === null)
    throw new UnitrailError('INPUT_INVALID', `Capsule ${source.about.capsule}: its checkpoint is none.`);
  await mkdir(folder, { recursive: true });
  const job: Job = { source, folder, signer, checkpoint, onUnit, files: [] };
  try {
    await writeAll(job);
    await syncFolder(folder);
    return job.files;
  } catch (error) {
    for (const { name } of job.files) await rm(join(folder, name), { force: true });
    throw error;
  }
}

async function writeAll(job: Job): Promise<void> {
  const { about } = job.source;
  const { told, events } = await writeLines(job);
  await writeParquetFile(job);
  await writeText(job, 'checkpoint', about.log.checkpoint, 0);
  await writeText(job, 'schema', schemaDocument(), 0);
  await writeText(job, 'page', await pageText(), 0);
  await writeText(job, 'readme', readmeText(about), 0);
  const manifest = signedManifest(manifestBody(job, told), job.signer);
  await writeText(job, 'manifest', manifest, 0);
  if (events === null) return;
  job.files.push(events);
  const body = eventsManifestBody(job, told, manifest, events);
  await writeText(job, 'eventsManifest', signedManifest(body, job.signer), 0);
}

const lineRoles = ['records', 'statements', 'proofs', 'events'] as const;
type Lines = Record<(typeof lineRoles)[number], LineFile>;

/** One reading of the source for all files of lines. The events' file is not yet among those of the job. */
async function writeLines(job: Job): Promise<{ told: Told; events: CapsuleFile | null }> {
  const { about } = job.source;
  const lines: Partial<Lines> = {};
  try {
    for (const role of lineRoles)
      if (role !== 'events' || about.events)
        lines[role] = await LineFile.create(join(job.folder, capsuleFiles[role]));
    const told = await writeUnits(job, lines as Lines);
    for (const role of ['records', 'statements', 'proofs'] as const)
      job.files.push(await closed(role, lines[role]!));
    return { told, events: lines.events ? await closed('events', lines.events) : null };
  } catch (error) {
    for (const file of Object.values(lines)) await file.discard();
    throw error;
  }
}

async function closed(role: CapsuleRole, file: LineFile): Promise<CapsuleFile> {
  return fileOf(role, { ...(await file.close()), rows: file.rows });
}

async function writeUnits(job: Job, lines: Lines): Promise<Told> {
  const check = new UnitCheck(job.source.about, job.checkpoint.size);
  const told: Told = { units: 0, first: null, last: null };
  for await (const unit of job.source.units()) {
    check.pass(unit);
    await writeUnit(unit, lines);
    told.units += 1;
    if (unit.record !== null) {
      told.first ??= unit.serial;
      told.last = unit.serial;
    }
    job.onUnit();
  }
  return told;
}

async function writeUnit(unit: CapsuleUnit, lines: Lines): Promise<void> {
  const { issuer, serial } = unit;
  if (unit.record !== null) await lines.records.add(unit.record);
  for (const document of unit.statements)
    await lines.statements.add(canonicalJson({ format: CAPSULE_STATEMENT_FORMAT, issuer, serial, document }));
  for (const proof of unit.proofs) await lines.proofs.add(canonicalJson(proof));
  for (const { header, body, hash } of lines.events ? (unit.events ?? []) : [])
    await lines.events.add(
      canonicalJson({ format: CAPSULE_EVENT_FORMAT, issuer, serial, header, body, hash }),
    );
}

async function writeParquetFile(job: Job): Promise<void> {
  const path = join(job.folder, capsuleFiles.parquet);
  const records = job.files.find(({ role }) => role === 'records')!;
  if (await stat(path).catch(() => null))
    throw new UnitrailError('INTERNAL', `${path} is there already: nothing is replaced.`);
  try {
    await writeParquet(join(job.folder, records.name), path);
    await sync(path);
    job.files.push(fileOf('parquet', { ...(await digestOf(path)), rows: records.rows }));
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  }
}

async function writeText(job: Job, role: CapsuleRole, text: string, rows: number): Promise<void> {
  const bytes = Buffer.from(text);
  const file = await open(join(job.folder, capsuleFiles[role]), 'wx');
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  job.files.push(fileOf(role, { sizeBytes: bytes.length, sha256, rows }));
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

function manifestBody({ source, signer, checkpoint, files }: Job, told: Told): CapsuleManifestBody {
  const { capsule, buyer, product, month, number, asOf, log } = source.about;
  const rowsOf = (role: CapsuleRole): number => files.find((file) => file.role === role)!.rows;
  return {
    ...{ format: CAPSULE_FORMAT, capsule, buyer, product, month, number, asOf: asOf.toISOString() },
    counts: { records: rowsOf('records'), statements: rowsOf('statements'), proofs: rowsOf('proofs') },
    firstSerial: told.first,
    lastSerial: told.last,
    files: files.map(named),
    log: {
      origin: checkpoint.origin,
      size: checkpoint.size,
      root: Buffer.from(checkpoint.root).toString('base64'),
      verifierKey: log.verifierKey,
    },
    publicKey: signer.publicKey,
  };
}

function eventsManifestBody(
  { source, signer }: Job,
  { units }: Told,
  manifest: string,
  events: CapsuleFile,
): CapsuleEventsManifestBody {
  return {
    format: CAPSULE_EVENTS_FORMAT,
    capsule: source.about.capsule,
    manifestSha256: createHash('sha256').update(manifest).digest('hex'),
    counts: { units, events: events.rows },
    files: [named(events)],
    publicKey: signer.publicKey,
  };
}

function fileOf(role: CapsuleRole, file: Omit<ManifestFile, 'name'>): CapsuleFile {
  return { role, name: capsuleFiles[role], ...file, ownOnly: role === 'events' || role === 'eventsManifest' };
}

function named({ name, sizeBytes, sha256, rows }: CapsuleFile): ManifestFile {
  return { name, sizeBytes, sha256, rows };
}

async function digestOf(path: string): Promise<{ sizeBytes: number; sha256: string }> {
  const hash = createHash('sha256');
  let sizeBytes = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024 })) {
    hash.update(chunk as Buffer);
    sizeBytes += (chunk as Buffer).length;
  }
  return { sizeBytes, sha256: hash.digest('hex') };
}

async function sync(path: string): Promise<void> {
  const file = await open(path, 'r+');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}
