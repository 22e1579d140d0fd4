import { once } from 'node:events';
import { join } from 'node:path';
import { hasher } from '../adapters/log/hashing';
import { signerOf } from '../adapters/log/kept-checkpoint';
import { consistencyProof, leafProofs } from '../adapters/log/leaf-proofs';
import type { LogPlace } from '../adapters/log/log-folder';
import { sequenceLog } from '../adapters/log/sequence-log';
import { statementProofs } from '../adapters/log/statement-proofs';
import { cosignedCheckpoints, type CosignedCheckpoint } from '../adapters/log/witnesses';
import type { Database } from '../adapters/postgres/database';
import type { ExportRow } from '../adapters/postgres/exports';
import { refusedOfExport, refusedText } from '../adapters/postgres/log-refusals';
import type { ExportFile } from '../adapters/spreadsheet/export-files';
import { HashedFile } from '../adapters/spreadsheet/hashed-file';
import { canonicalJson } from '../domain/canonical';
import { UnitrailError } from '../domain/errors';
import {
  CHECKPOINT_ENDING,
  PROOFS_ENDING,
  STATEMENT_PROOFS_ENDINGS,
  type ManifestLog,
} from '../domain/export-manifest';
import type { ProvenSource } from '../domain/export-source';
import type { Checkpoint } from '../domain/log-proof';
import { isConsistent, type Tree } from '../domain/merkle';

export interface ExportLogDeps {
  readonly db: Database;
  readonly log: LogPlace;
}

export interface ProvenExport {
  readonly row: Pick<ExportRow, 'id' | 'kind' | 'reissueOf' | 'counts'>;
  readonly source: ProvenSource;
  /** Without its endings. */
  readonly name: string;
  /** Whether the sealed records, and lines of what was said later, are among the files: a proof is of their bytes. */
  readonly hasRecords: boolean;
  /** What the manifest before this one says of the log. */
  readonly predecessor: ManifestLog | null;
}

/**
 * Waits until all that the export tells is in the log, and writes its proofs and the checkpoint that they are against.
 * @throws UnitrailError LOG_BROKEN where a document of what it tells was refused: this export waits, and others go on
 * @throws UnitrailError LOG_BROKEN where the log does not go on from the predecessor's checkpoint
 */
export async function writeExportLog(
  { db, log }: ExportLogDeps,
  { row, source, name, hasRecords, predecessor }: ProvenExport,
  folder: string,
  heartbeat: () => void = () => {},
): Promise<{ files: ExportFile[]; told: ManifestLog }> {
  const checkpoint = await sequenceLog({ db, ...log });
  const refused = await refusedOfExport(db, row);
  if (refused.length > 0) throw new UnitrailError('LOG_BROKEN', `${name} waits. ${refusedText(refused)}`);
  const deps = { db, folder: log.folder };
  const files: ExportFile[] = [];
  const write = async (ending: string, count: number, proofs: AsyncIterable<unknown>): Promise<void> => {
    const file = await writeLines(folder, `${name}${ending}`, proofs);
    refuseOtherCount(file, count);
    files.push(file);
  };
  if (hasRecords) {
    await write(PROOFS_ENDING, row.counts.units, leafProofs(deps, checkpoint, source.records()));
    for (const kind of ['amendments', 'numbers'] as const) {
      const told = source.statements(kind);
      const proofs = statementProofs(deps, checkpoint, told, row.kind === 'sequence');
      await write(STATEMENT_PROOFS_ENDINGS[kind], row.counts[kind], proofs);
    }
  }
  const kept = await HashedFile.create(join(folder, `${name}${CHECKPOINT_ENDING}`));
  kept.write(checkpoint.note);
  files.push({ name: `${name}${CHECKPOINT_ENDING}`, ...(await kept.close()), rows: 0 });
  const cosigned = await cosignedOf(db, log, checkpoint, heartbeat);
  const told = await toldOf(log, checkpoint, predecessor);
  return { files, told: { ...told, ...(cosigned.length > 0 && { cosigned }) } };
}

function refuseOtherCount({ name, rows }: ExportFile, count: number): void {
  if (rows === count) return;
  throw new UnitrailError(
    'INTERNAL',
    `${name} would hold ${rows} proofs, and the export has ${count} lines to prove: it is not made. Run the auditor.`,
  );
}

/** What witnesses have co-signed by now, for whoever gets the export. */
async function cosignedOf(
  db: Database,
  place: LogPlace,
  checkpoint: Checkpoint,
  heartbeat: () => void,
): Promise<NonNullable<ManifestLog['cosigned']>> {
  const told: { note: string; path: string[] }[] = [];
  for (const older of await cosignedCheckpoints(db, checkpoint, heartbeat)) {
    heartbeat();
    const path = await pathFrom(older, place, checkpoint);
    if (path !== null) told.push({ note: older.note, path });
  }
  return told;
}

/**
 * Null where the log does not go on from it, and no key that a person has named for this log has signed it: whoever can change rows
 * put it there, and must not stop an export by it.
 */
async function pathFrom(
  older: CosignedCheckpoint,
  { folder, key }: LogPlace,
  checkpoint: Checkpoint,
): Promise<string[] | null> {
  const isOurs = signerOf(older, [key.text, ...key.before]) !== null;
  return goingOn(folder, older, checkpoint).catch((error: unknown) => {
    if (isOurs || !(error instanceof UnitrailError) || error.code !== 'LOG_BROKEN') throw error;
    return null;
  });
}

async function toldOf(
  { folder, key }: LogPlace,
  checkpoint: Checkpoint,
  predecessor: ManifestLog | null,
): Promise<ManifestLog> {
  const { origin, size } = checkpoint;
  const root = Buffer.from(checkpoint.root).toString('base64');
  const told = { origin, size, root, key: key.text, proves: ['records', 'amendments', 'numbers'] as const };
  // Of another log nothing can be shown: whoever verifies sees that it is another one.
  if (predecessor?.origin !== origin) return { ...told, consistency: null };
  const from = { size: predecessor.size, root: predecessor.root };
  const path = await goingOn(folder, { size: from.size, root: bytes(from.root) }, checkpoint);
  return { ...told, consistency: { from, path } };
}

/** The hashes that show it. What was handed out, or co-signed, is what the log goes on from, or nothing is made. */
async function goingOn(
  folder: LogPlace['folder'],
  older: Tree,
  { origin, size, root }: Checkpoint,
): Promise<string[]> {
  const path = older.size > size ? [] : await consistencyProof(folder, older.size, size);
  if (isConsistent(hasher, older, { size, root }, path.map(bytes))) return path;
  throw new UnitrailError(
    'LOG_BROKEN',
    `Checkpoint ${size} of ${origin} does not go on from checkpoint ${older.size}, which was handed out. Run \`unitrail log verify\` and \`unitrail audit\`.`,
  );
}

async function writeLines(folder: string, name: string, rows: AsyncIterable<unknown>): Promise<ExportFile> {
  const file = await HashedFile.create(join(folder, name));
  try {
    let count = 0;
    for await (const row of rows) {
      count += 1;
      if (!file.write(`${canonicalJson(row)}\n`)) await once(file, 'drain');
    }
    return { name, ...(await file.close()), rows: count };
  } catch (error) {
    file.destroy();
    throw error;
  }
}

function bytes(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'base64'));
}
