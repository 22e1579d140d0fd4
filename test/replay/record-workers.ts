/**
 * Keeps the workers of this version as they are, so that later versions are tested beside them on the same queues:
 * `npx tsx test/replay/record-workers.ts`. Run once for a version, before it is released; it never overwrites a
 * recording. A CI checkout may know no earlier commit, so that the code itself is kept.
 */
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { dependencies, version } from '../../package.json';
import { bundleWorkflows } from '../../workers/create-worker';
import { packed, workersFile } from './recorded-workers';

/** Made of ES modules only: a program of CommonJS takes it in. */
const takenIn = ['canonicalize'];

async function programText(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [join(__dirname, 'worker-program.ts')],
    ...{ bundle: true, write: false, minifyWhitespace: true },
    ...{ platform: 'node', target: 'node20', format: 'cjs' },
    external: [
      ...Object.keys(dependencies).filter((name) => !takenIn.includes(name)),
      // Named by code that makes a bundle of the workflows, which this program is given.
      '../workflows/index.ts',
    ],
  });
  return outputFiles[0]!.text;
}

/** The SDK wants a source map, and serves with one that is empty; the true one is twice as long as the code. */
async function workflowsText(): Promise<string> {
  const { code } = await bundleWorkflows();
  const map = { version: 3, file: 'workflow-bundle.js', sources: [], names: [], mappings: '' };
  const comment = `//# sourceMappingURL=data:application/json;base64,${Buffer.from(JSON.stringify(map)).toString('base64')}`;
  const bare = code.slice(0, code.lastIndexOf('//# sourceMappingURL=data:'));
  return JSON.stringify({ code: `${bare}${comment}`, sourceMap: JSON.stringify(map) });
}

/** Not `/tmp` alone: a comment of a package has that. */
function refuseTraces(text: string): void {
  const traces = [homedir(), tmpdir(), process.cwd()].map((folder) => `${folder}/`);
  const found = traces.find((trace) => text.includes(trace));
  if (found) throw new Error(`the recording holds "${found}" of this machine`);
}

async function main(): Promise<void> {
  const file = workersFile(`v${version}`);
  if (existsSync(file)) throw new Error(`v${version} has recorded workers already, which stay`);
  const workers = { program: await programText(), workflows: await workflowsText() };
  refuseTraces(`${workers.program}\n${workers.workflows}`);
  const bytes = packed(workers);
  await writeFile(file, bytes, { flag: 'wx' });
  process.stderr.write(`${file}: ${Math.ceil(bytes.length / 1_000)} kB\n`);
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
