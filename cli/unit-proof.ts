import type { ProofVerdict } from '../adapters/capsule-reader/inclusion';
import { requireAnswer } from '../adapters/log/answering';
import { signedCheckpoint } from '../adapters/log/kept-checkpoint';
import { leafProofs } from '../adapters/log/leaf-proofs';
import { openLogFolder } from '../adapters/log/log-folder';
import type { Database } from '../adapters/postgres/database';
import type { LocatedUnit, SealedRecord } from '../adapters/postgres/located-unit';
import { logKeys } from '../adapters/postgres/log';
import { REFUSED } from '../adapters/postgres/log-refusals';
import type { UnitDetails } from '../adapters/postgres/unit-details';
import { UnitrailError, type ErrorCode } from '../domain/errors';
import { logFolderOf } from '../workers/config';
import type { ServerContext } from './server-context';
import type { UnitSource } from './unit-source';

/** Whether the log holds a unit's record, and which log that is, where it is known. */
export interface RecordProof {
  /** Null where there is nothing to prove: the unit is not sealed, or waits for the next checkpoint. */
  readonly verdict: ProofVerdict | null;
  readonly origin: string | null;
}

/** Of a unit that has moved, as its capsule was read; of one in the database, by the log outside the database. */
export async function recordProof(
  context: Pick<ServerContext, 'config' | 'desk'>,
  unit: LocatedUnit,
  { moved }: UnitSource,
  details: UnitDetails,
): Promise<RecordProof> {
  if (moved) return { verdict: moved.proof, origin: moved.log.verdict === 'good' ? moved.log.origin : null };
  const known = knownBefore(unit, details);
  if (known !== undefined) return { verdict: known, origin: null };
  try {
    return await proofInLog(await context.desk(), logFolderOf(context.config()), unit, unit.record!);
  } catch (error) {
    return { verdict: verdictOf(error), origin: null };
  }
}

/** What the database says itself; undefined where the log has to be asked. */
function knownBefore(
  { serial, record }: LocatedUnit,
  { log, sealed }: UnitDetails,
): ProofVerdict | null | undefined {
  const broken = (why: string): ProofVerdict => ({ verdict: 'broken', why: `${nameOf(serial)} ${why}` });
  if (log !== null && log.refusedAt !== null)
    return broken(`has no place in the log since ${log.refusedAt.toISOString()}: ${REFUSED}.`);
  if (log !== null && log.checkpoint === null) return null;
  // Read before and behind: one that ships or moves in the moment between is missing from one of them only.
  if (log !== null && sealed === null && record === null)
    return broken(
      `is leaf ${log.index} of the log, and is not in the database any more. Run \`unitrail audit\`.`,
    );
  return record === null ? null : undefined;
}

function nameOf(serial: string): string {
  return `The unitrail.record/1 of ${serial}`;
}

async function proofInLog(
  db: Database,
  path: string,
  { unitId, serial }: LocatedUnit,
  { text: body }: SealedRecord,
): Promise<RecordProof> {
  await requireAnswer(path);
  const folder = openLogFolder(path);
  const keys = (await logKeys(db)).map(({ key }) => key);
  const checkpoint = await signedCheckpoint(folder, keys);
  const { origin, size } = checkpoint;
  for await (const { index } of leafProofs({ db, folder }, checkpoint, [{ unitId, serial, body }]))
    return { verdict: { verdict: 'holds', index, size }, origin };
  throw new UnitrailError(
    'LOG_BROKEN',
    `${nameOf(serial)} was never queued for the log, or its row of the queue was removed. Run \`unitrail audit\`.`,
  );
}

const verdicts: Partial<Record<ErrorCode, 'broken' | 'missing'>> = {
  LOG_BROKEN: 'broken',
  NOT_FOUND: 'missing',
  STATE_MOVED_ON: 'missing',
  STORE_UNAVAILABLE: 'missing',
  CONFIGURATION_INVALID: 'missing',
};

/** What keeps the proof from being made is told beside the unit, and keeps nobody from seeing it. */
function verdictOf(error: unknown): ProofVerdict {
  const verdict = error instanceof UnitrailError ? verdicts[error.code] : undefined;
  if (verdict === undefined) throw error;
  return { verdict, why: (error as UnitrailError).message };
}
