import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readCanonical } from './canonical';
import { readCheckpoint } from './checkpoint';
import type { ExportSet, NamedLog } from './manifests';
import { isProof, pairs, readProofLine, wrongWithProof } from './proof';
import type { Problems } from './report';
import type { SealedHeads } from './sealed-heads';
import { checkStatements } from './statements';

export const PROOFS = '.proofs.jsonl';
export const CHECKPOINT = '.checkpoint';
const MOST_CHECKPOINT_BYTES = 1024 * 1024;

/** What of a set was found in the log. */
export interface ProvenLog {
  /** Of the checkpoint that the set's proofs are against. */
  readonly size: number;
  /** Records that were led to its root. */
  readonly proven: number;
  /** Of what was said later, and of numbers: lines whose statements were led there. */
  readonly amendments: number;
  readonly numbers: number;
}

/**
 * The transparency log, as the set tells it: the checkpoint is signed, each record and what was said of it or of a number is a
 * leaf of its tree, and the tree goes on from that of the export before. Null where nothing could be checked: sets from before there was a log have none.
 */
export async function checkLog(
  folder: string,
  set: ExportSet,
  logKeys: readonly string[],
  heads: SealedHeads,
  problems: Problems,
): Promise<ProvenLog | null> {
  const { log } = set;
  if (log === undefined) return null;
  if (logKeys.length > 0 && !logKeys.includes(log.key))
    problems.add(set.manifest, `its log has the key ${log.key}, which is none of those given`);
  if (!(await isCheckpointGood(folder, set, log, problems))) return null;
  return {
    size: log.size,
    proven: await checkProofs(folder, set, log, problems),
    amendments: await checkStatements(folder, set, log, 'amendments', heads, problems),
    numbers: await checkStatements(folder, set, log, 'numbers', heads, problems),
  };
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
  const [records, proofs] = [`${set.base}.records.jsonl`, `${set.base}${PROOFS}`];
  if (!set.files.some(({ name }) => name === records)) return 0;
  if (!set.files.some(({ name }) => name === proofs)) {
    problems.add(set.manifest, `tells of the log, and has no file ${proofs}`);
    return 0;
  }
  let [line, proven] = [0, 0];
  for await (const [record, proof] of pairs(join(folder, records), join(folder, proofs))) {
    line += 1;
    const wrong = wrongWith(record, proof, line, log);
    if (wrong === null) proven += 1;
    else problems.add(`${proofs}, line ${line}`, wrong);
  }
  return proven;
}

function wrongWith(
  record: string | undefined,
  line: string | undefined,
  number: number,
  log: NamedLog,
): string | null {
  if (line === undefined) return `is missing: record ${number} has no proof`;
  if (record === undefined) return 'proves a record that is not here';
  const read = readProofLine(line, 'unitrail.proof/1');
  if ('wrong' in read) return read.wrong;
  const { facts: proof } = read;
  if (!isProof(proof)) return 'is no proof of format unitrail.proof/1';
  const sealed = readCanonical(record);
  const facts = 'value' in sealed ? (sealed.value as Record<string, unknown> | null) : null;
  if (proof.serial !== facts?.serial)
    return `proves unit ${proof.serial}, and the record is of unit ${String(facts?.serial)}`;
  return wrongWithProof(proof, { text: record, format: String(facts.format) }, `unit ${proof.serial}`, log);
}
