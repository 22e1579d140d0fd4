import { isMap, listAt, type Facts } from '../../adapters/capsule-reader/documents';
import { newDigest } from './browser-crypto';
import { readPart, sizeOf, type FileSet } from './chosen-files';
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
  for (const { name, sha256 } of named)
    checks.push(
      await checkFile(String(name), files.get(String(name)), sha256, (bytes) => {
        done += bytes;
        onProgress(done / Math.max(total, 1));
      }),
    );
  return checks;
}

/** A file that can't be read is a finding of that file: what the others are is told even so. */
async function checkFile(
  name: string,
  file: File | undefined,
  sha256: unknown,
  onRead: (bytes: number) => void,
): Promise<Check> {
  if (!file) return { mark: 'warn', text: `${name} was not chosen.` };
  try {
    return (await digestOf(file, onRead)) === sha256
      ? { mark: 'good', text: `${name} is as the manifest says.` }
      : { mark: 'bad', text: `${name} was changed: its SHA-256 is another than the manifest’s.` };
  } catch (error) {
    return { mark: 'bad', text: `${(error as Error).message}.` };
  }
}

async function digestOf(file: File, onRead: (bytes: number) => void): Promise<string> {
  const digest = newDigest();
  const size = await sizeOf(file);
  for (let from = 0; from < size; from += PART_BYTES) {
    const bytes = await readPart(file, from, from + PART_BYTES);
    digest.update(bytes);
    onRead(bytes.length);
  }
  return digest.hex();
}
