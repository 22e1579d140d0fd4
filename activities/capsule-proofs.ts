import { leafProofs } from '../adapters/log/leaf-proofs';
import type { LogPlace } from '../adapters/log/log-folder';
import { sequenceLog } from '../adapters/log/sequence-log';
import type { Database } from '../adapters/postgres/database';
import type { CapsuleProofs } from './make-capsule';

/** The log as it stands now: whatever was committed before has its place in the checkpoint. */
export async function capsuleProofs(db: Database, place: LogPlace): Promise<CapsuleProofs> {
  const checkpoint = await sequenceLog({ db, ...place });
  return {
    log: { checkpoint: checkpoint.note, verifierKey: place.key.text },
    prove: (units) => leafProofs({ db, folder: place.folder }, checkpoint, units, null),
  };
}
