import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';

/*
 * The bench works on its files synchronously: an action is then one piece that no other request can cut
 * into, and a few hundred bytes take some 50 µs. There is no fsync: kill -9 leaves the page cache alone, and
 * a fixture for tests need not outlive a power cut of the machine.
 */

/** Replaces the file as a whole: a reader sees the old content or the new one, never a part. */
export function writeWhole(file: string, content: string | Uint8Array): void {
  const draft = `${file}.draft`;
  writeFileSync(draft, content, { mode: 0o600 });
  renameSync(draft, file);
}

export function writeJson(file: string, value: unknown): void {
  writeWhole(file, JSON.stringify(value));
}

export function readBytes(file: string): Uint8Array | undefined {
  try {
    return readFileSync(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** The bench reads nothing but what it wrote: the shape is taken as it is. */
export function readJson<T>(file: string): T | undefined {
  const bytes = readBytes(file);
  return bytes && (JSON.parse(Buffer.from(bytes).toString('utf8')) as T);
}

/** Private keys of boards lie in these folders: nobody else may look in. */
export function makeFolder(folder: string): string {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return folder;
}

/** What is in the folder, sorted; nothing where there is no folder. */
export function namesIn(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder).sort() : [];
}
