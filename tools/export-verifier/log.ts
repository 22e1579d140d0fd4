import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readCanonical } from './canonical';
import { readCheckpoint } from './checkpoint';
import type { ExportSet, NamedLog } from './manifests';
import { leafHash, rootOf } from './merkle';
import { readLines } from './read-lines';
import type { Problems } from './report';

export const PROOFS = '.proofs.jsonl';
export const CHECKPOINT = '.checkpoint';
const MOST_CHECKPOINT_BYTES = 1024 * 1024;
const SALT_BYTES = 32;

/** What of a set was found in the log. */
export interface ProvenLog {
  /** Of the checkpoint that the set's proofs are against. */
  readonly size: number;
  /** Records that were led to its root. */
  readonly proven: number;
}

/**
 * The transparency log, as the set tells it: the checkpoint is signed, each record is a leaf of its tree, and the tree goes on
 * from that of the export before. Null where nothing could be checked: sets from before there was a log have none.
 */
export async function checkLog(
  folder: string,
  set: ExportSet,
  logKeys: readonly string[],
  problems: Problems,
): Promise<ProvenLog | null> {
  const { log } = set;
  if (log === undefined) return null;
  if (logKeys.length > 0 && !logKeys.includes(log.key))
    problems.add(set.manifest, `its log has the key ${log.key}, which is none of those given`);
  if (!(await isCheckpointGood(folder, set, log, problems))) return null;
  return { size: log.size, proven: await checkProofs(folder, set, log, problems) };
}

async function isCheckpointGood(
  folder: string,
  set: ExportSet,
  log: NamedLog,
  problems: Problems,
): Promise<boolean> {
  const wrong = (where: string, what: string): false => {
    problems.add(where, what);
    return false;
  };
  const name = `${set.base}${CHECKPOINT}`;
  if (!set.files.some((file) => file.name === name))
    return wrong(set.manifest, `tells of the log, and has no file ${name}`);
  const note = await readFile(join(folder, name)).catch(() => null);
  // That it is missing was told already.
  if (note === null) return false;
  if (note.length > MOST_CHECKPOINT_BYTES) return wrong(name, 'is too long for a checkpoint');
  const checkpoint = readCheckpoint(note.toString('utf8'), log.key);
  if ('wrong' in checkpoint) return wrong(name, checkpoint.wrong);
  const { origin, size, root } = checkpoint;
  if (origin !== log.origin || size !== log.size || root !== log.root)
    return wrong(
      name,
      `is checkpoint ${size} of ${origin}, root ${root}; the manifest says ${log.size} of ${log.origin}, root ${log.root}`,
    );
  return true;
}

/** Line for line beside the sealed records: both files have the same order. Returns how many hold. */
async function checkProofs(
  folder: string,
  set: ExportSet,
  log: NamedLog,
  problems: Problems,
): Promise<number> {
  const [records, proofs] = ['.records.jsonl', PROOFS].map((ending) => `${set.base}${ending}`) as [
    string,
    string,
  ];
  if (!set.files.some(({ name }) => name === records)) return 0;
  if (!set.files.some(({ name }) => name === proofs)) {
    problems.add(set.manifest, `tells of the log, and has no file ${proofs}`);
    return 0;
  }
  const [record, proof] = [linesOf(join(folder, records)), linesOf(join(folder, proofs))];
  let proven = 0;
  for (let line = 1; ; line += 1) {
    const [sealed, proving] = [await record.next(), await proof.next()];
    if (sealed.done && proving.done) return proven;
    const where = `${proofs}, line ${line}`;
    if (proving.done) {
      problems.add(where, `is missing: record ${line} has no proof`);
    } else if (sealed.done) {
      problems.add(where, 'proves a record that is not here');
    } else {
      const wrong = wrongWith(sealed.value, proving.value, log);
      if (wrong === null) proven += 1;
      else problems.add(where, wrong);
    }
    if (proving.done || sealed.done) {
      await Promise.all([record.return(undefined), proof.return(undefined)]);
      return proven;
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
  // A salt of another length could take bytes from the document, or give it some.
  if (salt.length !== SALT_BYTES)
    return `has a salt of ${salt.length} bytes for unit ${proof.serial}, and a salt has ${SALT_BYTES}`;
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
