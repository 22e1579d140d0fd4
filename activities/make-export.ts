import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { ExportKey } from '../adapters/keys/export-keys';
import type { LogPlace } from '../adapters/log/log-folder';
import type { Database } from '../adapters/postgres/database';
import { createExportSource } from '../adapters/postgres/export-source';
import { bookMade, exportFiles, findExport, serialRange, type ExportRow } from '../adapters/postgres/exports';
import { writeExportFiles, type ExportFile } from '../adapters/spreadsheet/export-files';
import type { ContentStore } from '../adapters/store/port';
import { UnitrailError } from '../domain/errors';
import { EXPORT_FORMAT, type ExportAbout } from '../domain/export-about';
import {
  exportName,
  MANIFEST_ENDING,
  signedManifest,
  type Manifest,
  type ManifestBody,
  type ManifestFile,
  type ManifestLog,
} from '../domain/export-manifest';
import type { ProvenSource } from '../domain/export-source';
import { writeExportLog } from './export-log';

export interface MakeExportDeps {
  /** The office's. */
  readonly db: Database;
  readonly store: ContentStore;
  readonly key: ExportKey;
  /** What an export tells is in the log before it is made. */
  readonly log: LogPlace;
  /** A folder of its own, where files are written before the store has them; best on the store's own disk. */
  readonly workFolder: string;
}

/** A file of an export, as it is delivered. */
export type MadeFile = Pick<ManifestFile, 'name' | 'sizeBytes' | 'sha256'>;

export interface MadeExport {
  readonly exportId: string;
  readonly buyer: string;
  /** In the order of delivery: the manifest last, because its presence says that the others are there. */
  readonly files: readonly MadeFile[];
}

const HEARTBEAT_ROWS = 500;
const LEFT_MS = 24 * 3_600_000;

/**
 * Makes the files of an export that was opened, once and for ever: they are in the content store before the database
 * books them. A repeat answers what was made first, and a crash in between makes the same export again.
 * @throws UnitrailError STATE_MOVED_ON while the export before it is not made (a manifest names its predecessor's digest),
 * and where another look was pinned meanwhile.
 */
export async function makeExport(
  deps: MakeExportDeps,
  exportId: string,
  heartbeat: (rows: number) => void = () => {},
): Promise<MadeExport> {
  const row = await findExport(deps.db, exportId);
  if (row.state === 'opened') await makeFiles(deps, row, heartbeat);
  return madeExport(deps.db, exportId);
}

/**
 * What was made.
 * @throws UnitrailError NOT_FOUND where there is no such export, or it is opened only.
 */
export async function madeExport(db: Database, exportId: string): Promise<MadeExport> {
  const { manifest, buyer, look } = await findExport(db, exportId);
  if (manifest === null)
    throw new UnitrailError('NOT_FOUND', `The files of export ${exportId} are not made yet.`);
  const files = (await exportFiles(db, exportId)).map(({ name, sizeBytes, sha256 }) => ({
    name,
    sizeBytes,
    sha256,
  }));
  const bytes = Buffer.from(manifest);
  const name = `${exportName(look, buyer, exportId)}${MANIFEST_ENDING}`;
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { exportId, buyer, files: [...files, { name, sizeBytes: bytes.length, sha256 }] };
}

async function makeFiles(
  { db, store, key, log, workFolder }: MakeExportDeps,
  row: ExportRow,
  heartbeat: (rows: number) => void,
): Promise<void> {
  const before = await predecessorOf(db, row);
  await mkdir(workFolder, { recursive: true, mode: 0o700 });
  await sweep(workFolder);
  const folder = await mkdtemp(join(workFolder, `${row.id}-`));
  try {
    const source = beating(createExportSource(db, row), heartbeat);
    const about = aboutOf(row);
    const proven = {
      ...{ row, source, name: about.name, predecessor: before?.log ?? null },
      hasRecords: row.look.formats.includes('records'),
    };
    const { files: proofs, told } = await writeExportLog({ db, log }, proven, folder, () => heartbeat(0));
    const files = [...(await writeExportFiles(source, row.look, about, folder)), ...proofs];
    for (const file of files) {
      await keep(store, folder, file);
      heartbeat(0);
    }
    const manifest = signedManifest(
      { ...(await bodyOf(db, row, before?.named ?? null, files)), log: told },
      key,
    );
    await store.put(Buffer.from(manifest));
    await bookMade(db, row, manifest, key.publicKey);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** What was cut off left its files behind. A folder that is younger may be somebody's who is at it. */
async function sweep(workFolder: string): Promise<void> {
  for (const name of await readdir(workFolder)) {
    const path = join(workFolder, name);
    const left = await stat(path).catch(() => null);
    if (left && Date.now() - left.mtimeMs > LEFT_MS) await rm(path, { recursive: true, force: true });
  }
}

async function predecessorOf(
  db: Database,
  { id, predecessor }: ExportRow,
): Promise<{ named: ManifestBody['predecessor']; log: ManifestLog | undefined } | null> {
  if (predecessor === null) return null;
  const { manifest } = await findExport(db, predecessor);
  if (manifest === null)
    throw new UnitrailError(
      'STATE_MOVED_ON',
      `Export ${id} waits for ${predecessor}, which is not made yet.`,
    );
  const manifestSha256 = createHash('sha256').update(manifest).digest('hex');
  const { log } = JSON.parse(manifest) as Manifest;
  return { named: { export: predecessor, manifestSha256 }, log };
}

function aboutOf({ id, buyer, kind, asOf, look, number, predecessor, counts }: ExportRow): ExportAbout {
  const name = exportName(look, buyer, id);
  return { name, exportId: id, buyer, kind, asOf, sequence: number, predecessor, counts };
}

/** The disk may have changed what was written: only what has its digest is booked. */
async function keep(store: ContentStore, folder: string, { name, sha256 }: ExportFile): Promise<void> {
  const kept = await store.putFile(join(folder, name));
  if (kept === sha256) return;
  throw new UnitrailError(
    'STORE_UNAVAILABLE',
    `${name} was written as ${sha256}, and read back as ${kept}. Look at the disk.`,
  );
}

async function bodyOf(
  db: Database,
  row: ExportRow,
  predecessor: ManifestBody['predecessor'],
  files: readonly ExportFile[],
): Promise<ManifestBody> {
  const { id, buyer, kind, number, reissueOf, asOf, counts, look, sealedFrom, sealedTo } = row;
  const { first, last } = await serialRange(db, row);
  const extract =
    sealedFrom && sealedTo ? { from: sealedFrom.toISOString(), to: sealedTo.toISOString() } : null;
  return {
    ...{ format: EXPORT_FORMAT, export: id, buyer, kind, number, reissueOf, extract, predecessor, counts },
    ...{ asOf: asOf.toISOString(), firstSerial: first, lastSerial: last },
    ...{ csv: look.csv, columns: look.columns },
    files: files.map(({ name, sizeBytes, sha256, rows }) => ({ name, sizeBytes, sha256, rows })),
  };
}

/** Whoever waits for a long export hears that it goes on. */
function beating(source: ProvenSource, heartbeat: (rows: number) => void): ProvenSource {
  let count = 0;
  async function* counted<Row>(rows: AsyncIterable<Row>): AsyncGenerator<Row> {
    for await (const row of rows) {
      count += 1;
      if (count % HEARTBEAT_ROWS === 0) heartbeat(count);
      yield row;
    }
  }
  return {
    records: () => counted(source.records()),
    amendments: () => counted(source.amendments()),
    numbers: () => counted(source.numbers()),
    statements: (kind) => counted(source.statements(kind)),
  };
}
