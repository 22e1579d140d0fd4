import { UnitrailError } from '../../domain/errors';
import type { ToldStatement } from '../../domain/export-source';
import {
  STATEMENT_PROOF_FORMAT,
  type Checkpoint,
  type NoStatement,
  type StatementProof,
} from '../../domain/log-proof';
import type { SubtreeHash } from '../../domain/merkle';
import { statementLeaves, type StatementLeaf } from '../postgres/log-statements';
import { chunks, proveLeaf, type ProofDeps } from './leaf-proofs';
import { readTree } from './tree-reader';

/**
 * One line for each statement that is told, in the same order, with the leaf's document: whoever gets both compares them.
 * Each was checked, as those of records are. Memory is flat.
 * @throws UnitrailError STATE_MOVED_ON where a leaf is not in the checkpoint yet, LOG_BROKEN where one does not lead to its root
 */
export async function* statementProofs(
  { db, folder }: ProofDeps,
  checkpoint: Pick<Checkpoint, 'size' | 'root'>,
  told: AsyncIterable<ToldStatement>,
): AsyncGenerator<StatementProof | NoStatement> {
  const tree = readTree(folder, checkpoint.size);
  for await (const some of chunks(told)) {
    const leaves = await statementLeaves(
      db,
      some.flatMap(({ place }) => place ?? []),
    );
    for (const one of some)
      yield one.place === null ? none(one) : await prove(tree, checkpoint, one, leaves.shift()!);
  }
}

function none({ value }: ToldStatement): NoStatement {
  return { format: STATEMENT_PROOF_FORMAT, serial: value, statement: null };
}

async function prove(
  tree: SubtreeHash,
  checkpoint: Pick<Checkpoint, 'size' | 'root'>,
  { value, place, since }: ToldStatement,
  leaf: StatementLeaf | null,
): Promise<StatementProof> {
  if (leaf === null || leaf.statement === null)
    throw new UnitrailError(
      'LOG_BROKEN',
      `The statement about ${value}, event ${place!.seq} of ${place!.stream}, ${leaf === null ? 'was never queued for the log' : 'is not in the database any more'}. Run \`unitrail audit\`.`,
    );
  const { statement } = leaf;
  const proof = await proveLeaf(tree, checkpoint, leaf, { serial: value, body: statement });
  return { ...proof, format: STATEMENT_PROOF_FORMAT, statement, since };
}
