import { randomUUID } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { WorkflowBundleWithSourceMap } from '@temporalio/worker';
import { withFileLock } from '../../adapters/stack/file-lock';
import { bundleWorkflows } from '../../workers/create-worker';

const lockTimeoutMs = 180_000;

/** Made once for a whole test run: each test file has modules of its own, so that it is handed on as a file. */
export async function testBundle(): Promise<WorkflowBundleWithSourceMap> {
  const home = process.env.UNITRAIL_TEST_HOME;
  if (!home) throw new Error('UNITRAIL_TEST_HOME is not set: test/support/global-setup.ts sets it.');
  const file = join(home, 'workflow-bundle.json');
  return withFileLock(
    `${file}.lock`,
    { timeoutMs: lockTimeoutMs },
    async () => (await read(file)) ?? make(file),
  );
}

async function read(file: string): Promise<WorkflowBundleWithSourceMap | null> {
  const text = await readFile(file, 'utf8').catch(() => null);
  return text === null ? null : (JSON.parse(text) as WorkflowBundleWithSourceMap);
}

async function make(file: string): Promise<WorkflowBundleWithSourceMap> {
  const bundle = await bundleWorkflows();
  // A lock that was not touched in time, by one that was busy, goes to the next: then two make it at once.
  const draft = `${file}.${randomUUID()}`;
  await writeFile(draft, JSON.stringify(bundle));
  await rename(draft, file);
  return bundle;
}
