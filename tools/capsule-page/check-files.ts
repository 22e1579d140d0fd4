import { isMap, listAt, type Facts } from '../../adapters/capsule-reader/documents';
import { newDigest } from './browser-crypto';
import type { FileSet } from './chosen-files';
import type { Check } from './verdicts';

const PART_BYTES = 4 * 1024 * 1024;

/** Each file against its SHA-256 in the manifest. Reads all of them, in parts: gigabytes take minutes. */
export async function checkFiles(
  { files }: FileSet,
  manifest: Facts,
  onProgress: (share: number) => void,
): Promise<Check[]> {
  const named = listAt(manifest, 'files').filter(isMap);
  const there = named.filter(({ name }) => files.has(String(name)));
  const total = there.reduce((sum, { name }) => sum + files.get(String(name))!.size, 0);
  let done = 0;
  const checks: Check[] = [];
  for (const { name, sha256 } of named) {
    const file = files.get(String(name));
    if (!file) {
      checks.push({ mark: 'warn', text: `${String(name)} was not chosen.` });
      continue;
    }
    const digest = newDigest();
    for (let from = 0; from < file.size; from += PART_BYTES) {
      const bytes = new Uint8Array(await file.slice(from, from + PART_BYTES).arrayBuffer());
      digest.update(bytes);
      done += bytes.length;
      onProgress(done / Math.max(total, 1));
    }
    checks.push(
      digest.hex() === sha256
        ? { mark: 'good', text: `${file.name} is as the manifest says.` }
        : { mark: 'bad', text: `${file.name} was changed: its SHA-256 is another than the manifest’s.` },
    );
  }
  return checks;
}
