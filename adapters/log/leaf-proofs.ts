import { UnitrailError } from '../../domain/errors';
import { toHex, utf8 } from '../../domain/bytes';
import { entryOf, PROOF_FORMAT, rootOfProof, type Checkpoint, type LeafProof } from '../../domain/log-proof';
import { consistencyPath, inclusionPath, isSameHash, type Hash, type SubtreeHash } from '../../domain/merkle';
import type { Database } from '../postgres/database';
import { unitLeaves, type Leaf, type UnitLeaf } from '../postgres/log';
import { REFUSED } from '../postgres/log-refusals';
import { hasher, sha256 } from './hashing';
import type { LogFolder } from './log-folder';
import { readTree } from './tree-reader';

export interface ProofDeps {
  readonly db: Database;
  readonly folder: Pick<LogFolder, 'tile'>;
}

export interface ProvenUnit {
  readonly unitId: string;
  readonly serial: string;
  /** Its sealed record, where it is handed out with the proof: then the proof has to be of these bytes. */
  readonly body?: string;
}

const LEAVES_AT_ONCE = 500;
const RECORD = 'unitrail.record/1';

/**
 * The proofs of the units' leaves against the checkpoint, in the order of the units and of their histories: of their records, or of
 * one other format, or (null) of all that the log commits to. Each was checked: whoever gets it finds that it holds. Memory is flat.
 * @throws UnitrailError STATE_MOVED_ON where a leaf is not in the checkpoint yet: `sequenceLog` first
 * @throws UnitrailError LOG_BROKEN where one was refused, or does not lead to the checkpoint's root
 */
export async function* leafProofs(
  { db, folder }: ProofDeps,
  checkpoint: Pick<Checkpoint, 'size' | 'root'>,
  units: Iterable<ProvenUnit> | AsyncIterable<ProvenUnit>,
  document: string | null = RECORD,
): AsyncGenerator<LeafProof> {
  const tree = readTree(folder, checkpoint.size);
  for await (const some of chunks(units)) {
    const ids = some.map(({ unitId }) => unitId);
    const leaves = byUnit(await unitLeaves(db, ids, document));
    for (const { unitId, serial, body } of some)
      for (const leaf of leaves.get(unitId) ?? [])
        yield await proveLeaf(tree, checkpoint, leaf, {
          serial,
          ...(leaf.document === RECORD && body !== undefined && { body }),
        });
  }
}

/** Of a leaf, and of its document where that is handed out with the proof. */
export async function proveLeaf(
  tree: SubtreeHash,
  checkpoint: Pick<Checkpoint, 'size' | 'root'>,
  leaf: Leaf,
  { serial, body }: { readonly serial: string; readonly body?: string },
): Promise<LeafProof> {
  const index = includedAt(leaf, serial, checkpoint.size);
  const path = (await inclusionPath(hasher, tree, index, checkpoint.size)).map(base64);
  const proof = proofOf(leaf, serial, index, path);
  requireGood(proof, leaf, body, checkpoint);
  return proof;
}

/** That the checkpoint goes on from an older one, as hashes in base64. */
export async function consistencyProof(
  folder: Pick<LogFolder, 'tile'>,
  older: number,
  newer: number,
): Promise<string[]> {
  return (await consistencyPath(hasher, readTree(folder, newer), older, newer)).map(base64);
}

function includedAt({ index, document, refusedAt }: Leaf, serial: string, size: number): number {
  if (index !== null && index < size) return index;
  if (index === null && refusedAt !== null)
    throw new UnitrailError(
      'LOG_BROKEN',
      `The ${document} of ${serial} has no place in the log: ${REFUSED} (${refusedAt.toISOString()}).`,
    );
  throw new UnitrailError(
    'STATE_MOVED_ON',
    `The ${document} of ${serial} is not in checkpoint ${size} of the log yet.`,
  );
}

/** A tile behind the edge, or a row of the queue, may have been changed since; what leaves the house can't be called back. */
function requireGood(
  proof: LeafProof,
  leaf: Leaf,
  body: string | undefined,
  { size, root }: Pick<Checkpoint, 'size' | 'root'>,
): void {
  const entry = body === undefined ? leaf.entry : entryOf(sha256, leaf.salt, body);
  const led = entry && rootOfProof(hasher, entry, proof, size);
  const name = `The ${proof.document} of ${proof.serial}, leaf ${proof.index},`;
  if (body !== undefined && toHex(sha256(utf8(body))) !== proof.sha256)
    throw new UnitrailError(
      'LOG_BROKEN',
      `${name} is not the one of SHA-256 ${proof.sha256}, which the queue of the log has: one of both was changed. Run \`unitrail audit\`.`,
    );
  if (led && isSameHash(led, root)) return;
  throw new UnitrailError(
    'LOG_BROKEN',
    `${name} does not lead to the root of checkpoint ${size}: the document, its salt or the hashes outside the database were changed. Run \`unitrail log verify\`.`,
  );
}

function proofOf(
  { document, sha256: digest, salt }: Leaf,
  serial: string,
  index: number,
  path: string[],
): LeafProof {
  return { format: PROOF_FORMAT, document, serial, sha256: digest, index, salt: base64(salt), path };
}

function byUnit(leaves: readonly UnitLeaf[]): Map<string, UnitLeaf[]> {
  const units = new Map<string, UnitLeaf[]>();
  for (const leaf of leaves) units.set(leaf.unitId, [...(units.get(leaf.unitId) ?? []), leaf]);
  return units;
}

export async function* chunks<T>(rows: Iterable<T> | AsyncIterable<T>): AsyncGenerator<T[]> {
  let chunk: T[] = [];
  for await (const row of rows) {
    chunk.push(row);
    if (chunk.length < LEAVES_AT_ONCE) continue;
    yield chunk;
    chunk = [];
  }
  if (chunk.length > 0) yield chunk;
}

function base64(bytes: Hash): string {
  return Buffer.from(bytes).toString('base64');
}
