import { createFolderPlace } from './folder-place';
import type { PlainStore } from './port';
import { createStoreOver, type StoreLimits } from './store-over';

export { maxContentBytes } from './store-over';

export interface ContentStoreOptions extends StoreLimits {
  readonly folder: string;
}

/** The content store in a folder. */
export function createContentStore({ folder, ...limits }: ContentStoreOptions): PlainStore {
  return createStoreOver(createFolderPlace(folder), limits);
}
