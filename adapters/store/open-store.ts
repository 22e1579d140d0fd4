import type { StorePlace, StoreSetting } from '../../domain/store-place';
import type * as bucketModule from './bucket-place';
import { createFolderPlace } from './folder-place';
import { createMirroredStore } from './mirrored-store';
import type { ContentStore, PlainStore } from './port';
import { createStoreOver, type StoreLimits } from './store-over';

/** The content store that the setting says: in a folder, in a bucket, and with a second copy where it names one. */
export function openStore(setting: StoreSetting, limits: StoreLimits = {}): ContentStore {
  const { first, copy } = openSides(setting, limits);
  return copy === null ? first : createMirroredStore(first, copy);
}

export interface Sides {
  readonly first: PlainStore;
  readonly copy: PlainStore | null;
}

/** Each place by itself, for whoever compares them. */
export function openSides({ first, copy }: StoreSetting, limits: StoreLimits = {}): Sides {
  return {
    first: openPlainStore(first, limits),
    // What is cached, the first has.
    copy: copy && openPlainStore(copy, { ...limits, cacheBytes: 0 }),
  };
}

export function openPlainStore(place: StorePlace, limits: StoreLimits = {}): PlainStore {
  if (place.kind === 'folder') return createStoreOver(createFolderPlace(place.folder), limits);
  // Loaded when it is needed: most houses have no bucket, and the library is large. Not by `import()`, which goes past tsx.
  const { createBucketPlace } = module.require('./bucket-place') as typeof bucketModule;
  return createStoreOver(createBucketPlace(place), limits);
}
