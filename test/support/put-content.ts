/** Puts the same bytes as its siblings do, see run-together.ts. Arguments: folder, size in bytes. */
import { createContentStore } from '../../adapters/store/content-store';
import { readyToGo } from './run-together';

async function main(): Promise<void> {
  const [folder = '', sizeBytes = '0'] = process.argv.slice(2);
  const store = createContentStore({ folder });
  const bytes = Buffer.alloc(Number(sizeBytes), 'firmware');
  await readyToGo();
  process.stdout.write(`${await store.put(bytes)}\n`);
}

void main();
