import { recordDelivery } from '../adapters/postgres/deliveries';
import type { Database } from '../adapters/postgres/database';
import type { ContentStore } from '../adapters/store/port';
import { putFiles } from '../adapters/store/put-files';
import { madeExport, type MadeExport } from './make-export';

export interface HandOutDeps {
  /** The office's. */
  readonly db: Database;
  readonly store: ContentStore;
}

/**
 * Puts the files of an export into a folder, the manifest last; each is there as a whole or not at all. A repeat is a
 * no-op. `as`: whether the buyer has it by that, or its own way is still to be gone.
 * @throws UnitrailError INPUT_INVALID where a file of that name and other content lies there: it is never overwritten.
 */
export async function handOutExport(
  { db, store }: HandOutDeps,
  exportId: string,
  folder: string,
  as: 'delivered' | 'copied' = 'delivered',
): Promise<MadeExport> {
  const made = await madeExport(db, exportId);
  await recordDelivery(db, { exportId, target: 'folder', as }, async () => {
    await putFiles(store, folder, made.files);
  });
  return made;
}
