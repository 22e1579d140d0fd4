import { copyFile, mkdtemp, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { runCommand } from './run-command';
import { unfinishedPrefix, type BinarySearch } from './temporal-program';

/** The pinned tool module: versions and checksums of the program and of all that it is made of. */
const toolModule = join(__dirname, '..', '..', 'tools', 'temporal-cli');
const programPackage = 'github.com/temporalio/cli/cmd/temporal';
/** Since then a toolchain fetches by itself the newer one that a module asks for. */
const oldestGo = { major: 1, minor: 21 };

const quickMs = 60_000;
/** About four minutes on two cores, with nothing in Go's cache and a good line. */
const buildMs = 30 * 60_000;
const sayEveryMs = 10_000;
/** Of the pinned version; less is compiled where Go's cache holds some already. */
const packagesInAll = 1_700;

/** Why there is no use in trying; null where Go is there and recent enough. */
async function missingGo(env: NodeJS.ProcessEnv, cwd: string): Promise<string | null> {
  const { code, output } = await runCommand('go', ['version'], { timeoutMs: quickMs, env, cwd });
  const [, major, minor] = /\bgo(\d+)\.(\d+)/.exec(output) ?? [];
  if (code !== 0 || major === undefined) return 'there is no Go toolchain in PATH';
  const isRecent = Number(major) > oldestGo.major || Number(minor) >= oldestGo.minor;
  return isRecent
    ? null
    : `Go ${major}.${minor} is in PATH, and ${oldestGo.major}.${oldestGo.minor} is needed`;
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

/** Of modules, where the user has no place for them. It outlives a build that was stopped, which then goes on. */
function ownModules(into: string): string {
  return join(dirname(dirname(into)), 'go-modules');
}

/**
 * The user's own Go settings hold. Where there are none, nothing is written outside the cache: Go would put its
 * modules into ~/go and its counters into ~/.config/go.
 */
async function goEnvironment(
  { env }: BinarySearch,
  folder: string,
  modules: string,
): Promise<NodeJS.ProcessEnv> {
  const own: NodeJS.ProcessEnv = {
    ...env,
    GOWORK: 'off',
    GOTMPDIR: folder,
    TEST_TELEMETRY_DIR: join(folder, 'telemetry'),
  };
  const usesGo =
    env.GOPATH || env.GOMODCACHE || (env.HOME && (await isFolder(join(env.HOME, 'go', 'pkg', 'mod'))));
  return usesGo ? own : { ...own, GOMODCACHE: modules };
}

function elapsed(sinceMs: number): string {
  const seconds = Math.round((Date.now() - sinceMs) / 1_000);
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

interface Progress {
  count(line: string): void;
  stop(): void;
}

/** `go build -v` names each package as it compiles it, and each module as it fetches it. */
function reportProgress(say: (line: string) => void): Progress {
  const began = Date.now();
  let [modules, packages] = [0, 0];
  const timer = setInterval(() => {
    const compiled = `${packages} of about ${packagesInAll} packages compiled`;
    say(`Building the Temporal program: ${elapsed(began)}, ${modules} modules fetched, ${compiled}`);
  }, sayEveryMs);
  return {
    count(line) {
      if (line.startsWith('go: downloading ')) modules += 1;
      else if (/^[\w.~-]+(\/[\w.~-]+)*$/.test(line)) packages += 1;
    },
    stop() {
      clearInterval(timer);
    },
  };
}

async function build(
  folder: string,
  env: NodeJS.ProcessEnv,
  { say, signal }: BinarySearch,
): Promise<string | null> {
  // A copy, so that Go can't touch the repository's files whatever the user's GOFLAGS are.
  for (const name of ['go.mod', 'go.sum']) await copyFile(join(toolModule, name), join(folder, name));
  // -modcacherw: modules of our own cache have to be removable without Go.
  const flags = ['-v', '-modcacherw', '-ldflags=-s -w', '-o', join(folder, 'temporal')];
  const progress = reportProgress(say);
  try {
    const run = { timeoutMs: buildMs, env, cwd: folder, signal, onLine: progress.count };
    const { code, output } = await runCommand('go', ['build', ...flags, programPackage], run);
    return code === 0 ? null : `go build failed: ${output.trim().split('\n').slice(-3).join(' ')}`;
  } finally {
    progress.stop();
  }
}

/** Puts the program at the path, built from its public source; otherwise says why not. */
export async function buildTemporal(into: string, search: BinarySearch): Promise<string | null> {
  const folder = await mkdtemp(join(dirname(into), unfinishedPrefix));
  const env = await goEnvironment(search, folder, ownModules(into));
  try {
    const missing = await missingGo(env, folder);
    if (missing) return missing;
    search.say(
      'Building the Temporal program from its public source, because none was found and none could be downloaded. ' +
        'This takes some minutes, once: it is kept in the cache folder',
    );
    const failure = await build(folder, env, search);
    if (failure !== null) return failure;
    await rename(join(folder, 'temporal'), into);
    await rm(ownModules(into), { recursive: true, force: true });
    return null;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
