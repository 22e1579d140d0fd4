import { orphanedContents } from '../adapters/postgres/capsules';
import type { Database } from '../adapters/postgres/database';
import { eraseCapsule } from '../adapters/postgres/retention';
import type { ContentStore } from '../adapters/store/port';
import { parseSha256Hex } from '../domain/brands';

export interface EraseCapsuleDeps {
  readonly db: Database;
  /** The login that may remove. */
  readonly retentionDb: Database;
  readonly store: ContentStore;
}

/**
 * The archive's end. The database says first that it is over, and whether it is; what the store has, and nobody else needs,
 * goes after that. A repeat removes what a crash has left.
 * @throws UnitrailError NOT_ALLOWED where it is too early, or a unit is on legal hold
 */
export async function eraseArchive(
  { db, retentionDb, store }: EraseCapsuleDeps,
  capsule: string,
  run: string,
): Promise<void> {
  await eraseCapsule(retentionDb, capsule, run);
  for (const sha256 of await orphanedContents(db, capsule)) await store.remove(parseSha256Hex(sha256));
}
