import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readCanonical } from './canonical';
import { readCheckpoint } from './checkpoint';
import type { ExportSet, NamedLog } from './manifests';
import { goesOn, leafHash, rootOf } from './merkle';
import { readLines } from './read-lines';
import type { Problems } from './report';

export const PROOFS = '.proofs.jsonl';
export const CHECKPOINT = '.checkpoint';
const MOST_CHECKPOINT_BYTES = 1024 * 1024;

/**
 * The transparency log, as the set tells it: the checkpoint is signed, each record is a leaf of its tree, and the tree goes on
 * from that of the export before. Sets from before there was a log have nothing to be checked.
 */
export async function checkLog(
  folder: string,
  set: ExportSet,
  logKeys: readonly string[],
  problems: Problems,
): Promise<void> {
  const { log } = set;
  if (log === undefined) return;
  const name = `${set.base}${CHECKPOINT}`;
  if (!set.files.some((file) => file.name === name))
    return problems.add(set.manifest, `tells of the log, and has no file ${name}`);
  if (logKeys.length > 0 && !logKeys.includes(log.key))
    problems.add(set.manifest, `its log has the key ${log.key}, which is none of those given`);
  const note = await readFile(join(folder, name)).catch(() => null);
  // That it is missing was told already.
  if (note === null || note.length > MOST_CHECKPOINT_BYTES) return;
  const checkpoint = readCheckpoint(note.toString('utf8'), log.key);
  if ('wrong' in checkpoint) return problems.add(name, checkpoint.wrong);
  const { origin, size, root } = checkpoint;
  if (origin !== log.origin || size !== log.size || root !== log.root)
    return problems.add(
      name,
      `is checkpoint ${size} of ${origin}, root ${root}; the manifest says ${log.size} of ${log.origin}, root ${log.root}`,
    );
  await checkProofs(folder, set, log, problems);
}

/** Line for line beside the sealed records: both files have the same order. */
async function checkProofs(folder: string, set: ExportSet, log: NamedLog, problems: Problems): Promise<void> {
  const [records, proofs] = ['.records.jsonl', PROOFS].map((ending) => `${set.base}${ending}`) as [
    string,
    string,
  ];
  if (!set.files.some(({ name }) => name === records)) return;
  if (!set.files.some(({ name }) => name === proofs))
    return problems.add(set.manifest, `tells of the log, and has no file ${proofs}`);
  const [record, proof] = [linesOf(join(folder, records)), linesOf(join(folder, proofs))];
  for (let line = 1; ; line += 1) {
    const [sealed, proving] = [await record.next(), await proof.next()];
    if (sealed.done && proving.done) return;
    const where = `${proofs}, line ${line}`;
    if (proving.done) {
      problems.add(where, `is missing: record ${line} has no proof`);
    } else if (sealed.done) {
      problems.add(where, 'proves a record that is not here');
    } else {
      const wrong = wrongWith(sealed.value, proving.value, log);
      if (wrong !== null) problems.add(where, wrong);
    }
    if (proving.done || sealed.done) {
      await Promise.all([record.return(undefined), proof.return(undefined)]);
      return;
    }
  }
}

function wrongWith(record: string, line: string, log: NamedLog): string | null {
  const read = readCanonical(line);
  if ('wrong' in read) return read.wrong;
  const proof = read.value as Record<string, unknown> | null;
  if (proof?.format !== 'unitrail.proof/1' || !isProof(proof))
    return 'is no proof of format unitrail.proof/1';
  const sealed = readCanonical(record);
  const facts = 'value' in sealed ? (sealed.value as Record<string, unknown> | null) : null;
  if (proof.serial !== facts?.serial)
    return `proves unit ${proof.serial}, and the record is of unit ${String(facts?.serial)}`;
  const digest = createHash('sha256').update(record).digest('hex');
  if (proof.document !== facts.format || proof.sha256 !== digest)
    return `proves another document of unit ${proof.serial}: one of SHA-256 ${proof.sha256}, and the record has ${digest}`;
  const salt = Buffer.from(proof.salt, 'base64');
  const entry = createHash('sha256').update(salt).update(record).digest();
  const path = proof.path.map((hash) => Buffer.from(hash, 'base64'));
  const root = rootOf(leafHash(entry), proof.index, log.size, path);
  return root?.toString('base64') === log.root
    ? null
    : `does not lead unit ${proof.serial} to the root of checkpoint ${log.size}: record, salt or path is not what the log has`;
}

function isProof(proof: Record<string, unknown>): proof is {
  document: string;
  serial: string;
  sha256: string;
  index: number;
  salt: string;
  path: string[];
} {
  const { document, serial, sha256, index, salt, path } = proof;
  return (
    [document, serial, sha256, salt].every((text) => typeof text === 'string') &&
    Number.isSafeInteger(index) &&
    Array.isArray(path) &&
    path.length <= 64 &&
    path.every((hash) => typeof hash === 'string' && Buffer.from(hash, 'base64').length === 32)
  );
}

async function* linesOf(path: string): AsyncGenerator<string, void, undefined> {
  try {
    yield* readLines(path);
  } catch {
    // That the file is missing was told already.
  }
}

/** A log only grows: each checkpoint contains the one of the export before, or two buyers are told two histories. */
export function checkGrowth(set: ExportSet, before: ExportSet | undefined, problems: Problems): void {
  const { log, manifest } = set;
  const older = before?.log;
  if (log === undefined) {
    if (older) problems.add(manifest, `tells of no log, and the export before it is in ${older.origin}`);
    return;
  }
  const { consistency } = log;
  if (older && log.origin !== older.origin)
    return problems.add(
      manifest,
      `is in another log: ${log.origin}, and the export before it in ${older.origin}`,
    );
  if (older && !consistency)
    return problems.add(manifest, 'does not show that its log goes on from the checkpoint before it');
  if (!consistency) return;
  const { from, path } = consistency;
  if (older && (from.size !== older.size || from.root !== older.root))
    return problems.add(
      manifest,
      `its log goes on from checkpoint ${from.size} (${from.root}), and the export before it has ${older.size} (${older.root}): the log has forked`,
    );
  const head = ({ size, root }: { size: number; root: string }) => ({
    size,
    root: Buffer.from(root, 'base64'),
  });
  const hashes = path.map((hash) => Buffer.from(hash, 'base64'));
  if (!goesOn(head(from), head(log), hashes))
    problems.add(
      manifest,
      `its checkpoint ${log.size} is not the one that goes on from checkpoint ${from.size}: the log has forked`,
    );
}
