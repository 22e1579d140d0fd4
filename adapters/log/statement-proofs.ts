import { fromHex, joinBytes, toHex, utf8 } from '../../domain/bytes';
import { canonicalJson } from '../../domain/canonical';
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
import { sha256 } from './hashing';
import { chunks, proveLeaf, type ProofDeps } from './leaf-proofs';
import { readTree } from './tree-reader';

/**
 * One line for each statement that is told, in the same order, with the leaf's document: whoever gets both compares them.
 * Each was checked, as those of records are. Memory is flat. In the sequence each has a statement, but for numbers that stay unused:
 * what a reissue or an extract tells again may have moved into the archive.
 * @throws UnitrailError STATE_MOVED_ON where a leaf is not in the checkpoint yet
 * @throws UnitrailError LOG_BROKEN where one is missing, does not lead to the root, or does not go on from its unit's record
 */
export async function* statementProofs(
  { db, folder }: ProofDeps,
  checkpoint: Pick<Checkpoint, 'size' | 'root'>,
  told: AsyncIterable<ToldStatement>,
  isOfSequence: boolean,
): AsyncGenerator<StatementProof | NoStatement> {
  const tree = readTree(folder, checkpoint.size);
  for await (const some of chunks(told)) {
    const leaves = await statementLeaves(
      db,
      some.flatMap(({ place }) => place ?? []),
    );
    for (const one of some)
      yield one.place === null
        ? none(one, isOfSequence)
        : await prove(tree, checkpoint, one, leaves.shift()!);
  }
}

function none({ value, fate }: ToldStatement, isOfSequence: boolean): NoStatement {
  if (isOfSequence && fate !== 'unused')
    throw new UnitrailError(
      'LOG_BROKEN',
      `No event tells what became of number ${value} as the export does (${String(fate)}): one of both was changed. Run \`unitrail audit\`.`,
    );
  return { format: STATEMENT_PROOF_FORMAT, serial: value, statement: null };
}

async function prove(
  tree: SubtreeHash,
  checkpoint: Pick<Checkpoint, 'size' | 'root'>,
  told: ToldStatement,
  leaf: StatementLeaf | null,
): Promise<StatementProof> {
  const { value, place, since } = told;
  if (leaf === null || leaf.statement === null)
    throw new UnitrailError(
      'LOG_BROKEN',
      `The statement about ${value}, event ${place!.seq} of ${place!.stream}, ${leaf === null ? 'was never queued for the log' : 'is not in the database any more'}. Run \`unitrail audit\`.`,
    );
  const { statement } = leaf;
  const proof = await proveLeaf(tree, checkpoint, leaf, { serial: value, body: statement });
  requireSameHistory(told, statement);
  return { ...proof, format: STATEMENT_PROOF_FORMAT, statement, since };
}

/**
 * An event between the record and the statement may have been changed or removed since: whoever gets both would find that they are
 * of two units, or that nothing shows it. What has moved into the archive has no record here.
 */
function requireSameHistory(told: ToldStatement, statement: string): void {
  const { value, place, fate, since, sealedHead, hasMoved } = told;
  if (fate !== null || (hasMoved && sealedHead === null)) return;
  if (since !== null && sealedHead !== null && isLedBy(since, sealedHead, statement)) return;
  throw new UnitrailError(
    'LOG_BROKEN',
    `The statement about ${value}, event ${place!.seq} of ${place!.stream}, does not go on from what the unit was sealed with: the record or an event between was changed or removed. Run \`unitrail audit\`.`,
  );
}

/** From that head, event by event, to the statement's own hash. */
function isLedBy(since: readonly string[], sealedHead: string, statement: string): boolean {
  const { body, hash, header } = JSON.parse(statement) as { body: unknown; hash: string; header: string };
  const head = since.reduce((before, link) => sha256(joinBytes(before, fromHex(link))), fromHex(sealedHead));
  return toHex(sha256(joinBytes(head, sha256(utf8(header)), sha256(utf8(canonicalJson(body)))))) === hash;
}
