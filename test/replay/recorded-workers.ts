import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { createHash, randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { brotliCompressSync, brotliDecompressSync } from 'node:zlib';

/** What a version's workers run, without the packages of npm. */
export interface RecordedWorkers {
  readonly program: string;
  /** The workflows as the SDK takes them. */
  readonly workflows: string;
}

/** Where the program finds the packages: below the checkout's own. */
const unpackedIn = join(__dirname, '..', '..', 'node_modules', '.cache', 'unitrail-workers');

export function workersFile(version: string): string {
  return join(__dirname, 'workers', `${version}.json.br`);
}

export function packed(workers: RecordedWorkers): Buffer {
  return brotliCompressSync(JSON.stringify(workers));
}

/** Paths of program and workflows. Fails by the version's name where there is no recording of it. */
export async function unpackWorkers(version: string): Promise<{ program: string; workflows: string }> {
  const bytes = await readFile(workersFile(version)).catch(() => null);
  if (bytes === null)
    throw new Error(
      `the recorded workers of ${version} are missing; npx tsx test/replay/record-workers.ts makes them`,
    );
  const folder = join(unpackedIn, createHash('sha256').update(bytes).digest('hex').slice(0, 16));
  const { program, workflows } = JSON.parse(brotliDecompressSync(bytes).toString('utf8')) as RecordedWorkers;
  await mkdir(folder, { recursive: true });
  return {
    program: await put(join(folder, 'program.js'), program),
    workflows: await put(join(folder, 'workflows.json'), workflows),
  };
}

/** Whole or not at all: another process may read it already. */
async function put(file: string, text: string): Promise<string> {
  const draft = `${file}.${randomUUID()}`;
  await writeFile(draft, text);
  await rename(draft, file);
  return file;
}
