import { createHash } from 'node:crypto';
import type { CapsuleAbout, CapsuleEvent, CapsuleSource, CapsuleUnit } from '../../domain/capsule';
import { UnitrailError } from '../../domain/errors';
import type { LeafProof } from '../../domain/log-proof';
import { capsuleUnits, type CapsuleUnitRow } from './capsules';
import type { Database } from './database';
import { mapped } from './errors';

/** Proofs of all leaves of these units. */
export type ProveUnits = (
  units: readonly { readonly unitId: string; readonly serial: string }[],
) => AsyncIterable<LeafProof>;

/**
 * What a capsule holds, read from the database by pages of its own membership: short statements, and the same bytes each
 * time, because nothing that is in it changes.
 */
export function createCapsuleSource(db: Database, about: CapsuleAbout, prove: ProveUnits): CapsuleSource {
  return { about, units: () => unitsOf(db, about, prove) };
}

async function* unitsOf(
  db: Database,
  { capsule, events }: CapsuleAbout,
  prove: ProveUnits,
): AsyncGenerator<CapsuleUnit> {
  for await (const page of capsuleUnits(db, capsule)) {
    const [contents, proofs] = await Promise.all([loadPage(db, page), proofsOf(page, prove)]);
    for (const { unitId, issuer, serial, recordSha256 } of page) {
      const { record, statements, history } = contents.get(unitId)!;
      const documents = [...(recordSha256 === null ? [] : [recordSha256]), ...statements.map(digest)];
      yield {
        ...{ issuer, serial, record, sha256: recordSha256, statements },
        proofs: documents.map((sha256) => proofOf(proofs, sha256, serial)),
        ...(events && { events: history }),
      };
    }
  }
}

function proofOf(proofs: ReadonlyMap<string, LeafProof>, sha256: string, serial: string): LeafProof {
  const proof = proofs.get(sha256);
  if (proof) return proof;
  throw new UnitrailError('STATE_MOVED_ON', `A document of unit ${serial} is not in the log yet: ${sha256}.`);
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

interface Content {
  readonly record: string | null;
  readonly statements: readonly string[];
  readonly history: readonly CapsuleEvent[];
}

/** Up to the event with which the capsule ends: what came since stays where it is. */
async function loadPage(db: Database, page: readonly CapsuleUnitRow[]): Promise<Map<string, Content>> {
  const ids = page.map(({ unitId }) => unitId);
  const answer = await mapped(
    db.raw<{ rows: (Content & { unitId: string })[] }>(
      `select m.unit_id as "unitId", r.body as record,
         coalesce((select jsonb_agg(jsonb_build_object('header', e.header, 'body', e.body, 'hash', encode(e.hash, 'hex')) order by e.seq)
           from unit_events e where e.stream = 'unit:' || m.unit_id and e.seq <= m.last_seq), '[]') as history,
         array(select capsule_statement(e) from log_queue q join unit_events e on e.stream = q.stream and e.seq = q.seq
           where q.stream = 'unit:' || m.unit_id and q.format = 'unitrail.statement/1' and q.seq <= m.last_seq order by q.seq) as statements
       from capsule_units m left join records r on r.unit_id = m.unit_id where m.unit_id = any (?)`,
      [ids],
    ),
  );
  return new Map(answer.rows.map((row) => [row.unitId, row]));
}

/** By the digest of what they prove: no two documents are alike. */
async function proofsOf(page: readonly CapsuleUnitRow[], prove: ProveUnits): Promise<Map<string, LeafProof>> {
  const found = new Map<string, LeafProof>();
  for await (const proof of prove(page)) found.set(proof.sha256, proof);
  return found;
}
