import { mkdtemp, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { runCommand } from './run-command';
import { pinnedVersion, unfinishedPrefix, type BinarySearch } from './temporal-program';

const version = `v${pinnedVersion}`;
const program = `temporal-${version}`; // what the SDK calls its file
const pollMs = 250;
/** A download that does not grow for so long is given up: hosts that can't be reached don't always say so. */
const stallMs = 20_000;
const longestMs = 10 * 60_000;
const sayEveryMs = 10_000;

/**
 * The SDK downloads when it starts its test server. It does so in a process of its own, which can be ended: the
 * SDK's download can't be called off, and its native runtime must not be loaded here before the workers set it up.
 */
const script = `
const { TestWorkflowEnvironment } = require(process.argv[1]);
const executable = { type: 'cached-download', version: '${version}', downloadDir: process.argv[2] };
TestWorkflowEnvironment.createLocal({ server: { executable } })
  .then((env) => env.teardown())
  .catch((error) => { console.error(String(error?.message ?? error)); process.exitCode = 1; });
`;

async function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    ({ size }) => size,
    () => 0,
  );
}

/** Watches the SDK's files; ends when the program is there, when nothing moves, or when the SDK gave up. */
async function watch(folder: string, say: (line: string) => void, ended: () => boolean): Promise<boolean> {
  const began = Date.now();
  let [sizeBytes, movedAt, saidAt] = [0, began, began];
  while (!ended() && Date.now() - movedAt < stallMs && Date.now() - began < longestMs) {
    if ((await sizeOf(join(folder, program))) > 0) return true;
    const now = await sizeOf(join(folder, `${program}.downloading`));
    if (now > sizeBytes) [sizeBytes, movedAt] = [now, Date.now()];
    if (Date.now() - saidAt > sayEveryMs) {
      saidAt = Date.now();
      say(`Downloading the Temporal program: ${Math.round(sizeBytes / 1_000_000)} MB unpacked`);
    }
    await sleep(pollMs);
  }
  return (await sizeOf(join(folder, program))) > 0;
}

async function downloadInto(folder: string, { env, say, signal }: BinarySearch): Promise<string | null> {
  const stop = new AbortController();
  const both = AbortSignal.any([stop.signal, ...(signal ? [signal] : [])]);
  let outcome: string | null = null;
  const sdk = require.resolve('@temporalio/testing');
  // By force: the SDK's runtime takes no notice of SIGINT.
  const options = { timeoutMs: longestMs, env, signal: both, stopSignal: 'SIGKILL' } as const;
  const run = runCommand(process.execPath, ['-e', script, sdk, folder], options)
    .then(({ output }) => (outcome = output.trim().split('\n').at(-1) || 'the SDK gave no reason'))
    .catch(() => (outcome = 'no answer'));
  const arrived = await watch(folder, say, () => outcome !== null);
  const reason = outcome ?? `nothing came for ${stallMs / 1_000} s`;
  stop.abort();
  await run;
  signal?.throwIfAborted();
  return arrived ? null : reason;
}

/** Puts the program at the path, by the SDK's own download; otherwise says why not. */
export async function downloadTemporal(into: string, search: BinarySearch): Promise<string | null> {
  search.say('Asking the SDK to download the Temporal program');
  const folder = await mkdtemp(join(dirname(into), unfinishedPrefix));
  try {
    const reason = await downloadInto(folder, search);
    if (reason === null) await rename(join(folder, program), into);
    return reason;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
