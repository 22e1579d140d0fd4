import { createHash } from 'node:crypto';
import { readCanonical } from './canonical';
import type { NamedLog } from './manifests';
import { leafHash, rootOf } from './merkle';
import { readLines } from './read-lines';

const SALT_BYTES = 32;

/** A line of a file of proofs. */
export interface Proof {
  readonly document: string;
  readonly serial: string;
  readonly sha256: string;
  readonly index: number;
  readonly salt: string;
  readonly path: readonly string[];
}

/** The facts of a line of that format, or what is wrong with it. */
export function readProofLine(
  line: string,
  format: string,
): { readonly facts: Record<string, unknown> } | { readonly wrong: string } {
  const read = readCanonical(line);
  if ('wrong' in read) return read;
  const facts = read.value as Record<string, unknown> | null;
  return facts?.format === format ? { facts } : { wrong: `is no proof of format ${format}` };
}

export function isProof(facts: Record<string, unknown>): facts is Record<string, unknown> & Proof {
  const { document, serial, sha256, index, salt, path } = facts;
  return (
    [document, serial, sha256, salt].every((text) => typeof text === 'string') &&
    Number.isSafeInteger(index) &&
    Array.isArray(path) &&
    path.length <= 64 &&
    path.every((hash) => typeof hash === 'string' && Buffer.from(hash, 'base64').length === 32)
  );
}

/** What is wrong with the proof of this document, named by whom it is about; null where it leads to the checkpoint's root. */
export function wrongWithProof(
  proof: Proof,
  document: { readonly text: string; readonly format: string },
  about: string,
  log: NamedLog,
): string | null {
  const digest = createHash('sha256').update(document.text).digest('hex');
  if (proof.document !== document.format || proof.sha256 !== digest)
    return `proves another document of ${about}: one of SHA-256 ${proof.sha256}, and this one has ${digest}`;
  const salt = Buffer.from(proof.salt, 'base64');
  // A salt of another length could take bytes from the document, or give it some.
  if (salt.length !== SALT_BYTES)
    return `has a salt of ${salt.length} bytes for ${about}, and a salt has ${SALT_BYTES}`;
  const entry = createHash('sha256').update(salt).update(document.text).digest();
  const path = proof.path.map((hash) => Buffer.from(hash, 'base64'));
  const root = rootOf(leafHash(entry), proof.index, log.size, path);
  return root?.toString('base64') === log.root
    ? null
    : `does not lead ${about} to the root of checkpoint ${log.size}: document, salt or path is not what the log has`;
}

/** The lines of two files beside each other; undefined where one has ended. A file that is missing was told already. */
export async function* pairs(
  one: string,
  other: string,
): AsyncGenerator<readonly [string | undefined, string | undefined], void, undefined> {
  const [left, right] = [linesOf(one), linesOf(other)];
  try {
    for (;;) {
      const [a, b] = [await left.next(), await right.next()];
      if (a.done && b.done) return;
      yield [a.done ? undefined : a.value, b.done ? undefined : b.value];
      if (a.done || b.done) return;
    }
  } finally {
    await Promise.all([left.return(undefined), right.return(undefined)]);
  }
}

async function* linesOf(path: string): AsyncGenerator<string, void, undefined> {
  try {
    yield* readLines(path);
  } catch {
    // That the file is missing was told already.
  }
}
