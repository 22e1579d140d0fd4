import { join } from 'node:path';
import { openDatabase } from '../../adapters/postgres/database';
import { readPlantFile } from '../../adapters/plant/plant-file';
import { applyPlant } from '../../adapters/postgres/plant-store';
import { createContentStore } from '../../adapters/store/content-store';
import type { TestDatabase } from './database';

const sample = join(__dirname, '..', '..', 'sample');
export const samplePlant = join(sample, 'plant.yaml');
export const sampleOrder = join(sample, 'order.yaml');

/** The sample plant in force, its files in the store. */
export async function applySamplePlant(database: TestDatabase, storeFolder: string): Promise<void> {
  const { document, files } = await readPlantFile(samplePlant);
  const store = createContentStore({ folder: storeFolder });
  for (const { bytes } of files) await store.put(bytes);
  const db = openDatabase(database.urlOf('desk'), { applicationName: 'test-plant', maxConnections: 1 });
  try {
    await applyPlant(db, document);
  } finally {
    await db.destroy();
  }
}
