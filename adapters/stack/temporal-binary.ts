/**
 * Finds the `temporal` program, or makes it. In this order: the variable UNITRAIL_TEMPORAL_CLI, PATH, the user's
 * cache, the SDK's own download, a Go toolchain with the pinned tool module.
 */
import { mkdir, readdir, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, isAbsolute, join } from 'node:path';
import { UnitrailError } from '../../domain/errors';
import { withFileLock } from './file-lock';
import { isExecutableFile } from './files';
import { runCommand } from './run-command';
import { buildTemporal } from './temporal-build';
import { downloadTemporal } from './temporal-download';
import { pinnedVersion, unfinishedPrefix, type BinarySearch } from './temporal-program';

const oldestServer = { major: 1, minor: 29 };
const versionTimeoutMs = 20_000;
/** Longer than a build on a slow machine. */
const lockTimeoutMs = 30 * 60_000;

function cacheRoot(env: NodeJS.ProcessEnv): string {
  if (env.XDG_CACHE_HOME && isAbsolute(env.XDG_CACHE_HOME)) return env.XDG_CACHE_HOME;
  const home = env.HOME ?? homedir();
  if (process.platform === 'darwin') return join(home, 'Library', 'Caches');
  return join(home, '.cache');
}

/** The folder that the program is kept in, under its version. */
export function cacheFolder(env: NodeJS.ProcessEnv): string {
  return join(cacheRoot(env), 'unitrail', `temporal-${pinnedVersion}`);
}

/** Why the program can't be used; null where it can. */
async function flaw(program: string, search: BinarySearch): Promise<string | null> {
  if (!(await isExecutableFile(program))) return 'is no file that can be executed';
  const { env, signal } = search;
  const { code, output } = await runCommand(program, ['--version'], {
    timeoutMs: versionTimeoutMs,
    env,
    signal,
  });
  const [, major, minor] = /\bServer (\d+)\.(\d+)/.exec(output) ?? [];
  if (code !== 0 || major === undefined)
    return 'does not tell the version of its server (temporal --version)';
  const isRecent =
    Number(major) > oldestServer.major ||
    (Number(major) === oldestServer.major && Number(minor) >= oldestServer.minor);
  if (isRecent) return null;
  return `has server ${major}.${minor}, and ${oldestServer.major}.${oldestServer.minor} or later is needed`;
}

// Each way gives the program's path, or the sentence that says why not.
type Outcome = { readonly program: string } | { readonly reason: string };

/** A variable that is set and wrong is an error, not a reason to go on: somebody meant it. */
async function fromVariable(search: BinarySearch): Promise<Outcome> {
  const program = search.env.UNITRAIL_TEMPORAL_CLI;
  if (!program) return { reason: 'UNITRAIL_TEMPORAL_CLI is not set' };
  const problem = await flaw(program, search);
  if (problem === null) return { program };
  throw new UnitrailError(
    'CONFIGURATION_INVALID',
    `UNITRAIL_TEMPORAL_CLI: "${program}" ${problem}. Allowed is the path of a temporal program.`,
  );
}

async function fromPath(search: BinarySearch): Promise<Outcome> {
  const folders = (search.env.PATH ?? '').split(delimiter).filter((folder) => isAbsolute(folder));
  const problems: string[] = [];
  for (const folder of folders) {
    const program = join(folder, 'temporal');
    if (!(await isExecutableFile(program))) continue;
    const problem = await flaw(program, search);
    if (problem === null) return { program };
    problems.push(`${program} ${problem}`);
  }
  return { reason: problems.join('; ') || 'no program "temporal" in PATH' };
}

async function fromCache(search: BinarySearch): Promise<Outcome> {
  const program = join(cacheFolder(search.env), 'temporal');
  const problem = await flaw(program, search);
  return problem === null ? { program } : { reason: `${program} ${problem}` };
}

/** A new program is put into the cache by a rename: half a program is never found there. */
async function make(
  search: BinarySearch,
  way: (into: string, search: BinarySearch) => Promise<string | null>,
): Promise<Outcome> {
  const program = join(cacheFolder(search.env), 'temporal');
  const reason = await way(program, search);
  if (reason !== null) return { reason };
  const problem = await flaw(program, search);
  if (problem === null) return { program };
  await rm(program, { force: true });
  return { reason: `what was made ${problem}` };
}

type Way = readonly [name: string, find: (search: BinarySearch) => Promise<Outcome>];

const findingWays: readonly Way[] = [
  ['the variable', fromVariable],
  ['PATH', fromPath],
  ['the cache', fromCache],
];

const makingWays: readonly Way[] = [
  // The wait for the lock may have been for somebody who made it.
  ['the cache', fromCache],
  ['the download', (search) => make(search, downloadTemporal)],
  ['the build', (search) => make(search, buildTemporal)],
];

async function tryAll(
  ways: readonly Way[],
  search: BinarySearch,
  tried: Map<string, string>,
): Promise<string | null> {
  for (const [name, find] of ways) {
    search.signal?.throwIfAborted();
    const outcome = await find(search);
    if ('program' in outcome) return outcome.program;
    tried.set(name, outcome.reason);
  }
  return null;
}

function notFound(tried: ReadonlyMap<string, string>): UnitrailError {
  const list = [...tried].map(([name, reason]) => `  - ${name}: ${reason}`).join('\n');
  return new UnitrailError(
    'CONFIGURATION_INVALID',
    `No "temporal" program (the Temporal CLI, which holds the local server) was found or made. Tried:\n${list}\n` +
      'Do one of these:\n' +
      `  - install the Temporal CLI ${pinnedVersion}, and put it into PATH or name it in UNITRAIL_TEMPORAL_CLI;\n` +
      '  - install Go 1.21 or later: the program is then built from its public source, once;\n' +
      '  - use servers of your own: TEMPORAL_ADDRESS together with UNITRAIL_DATABASE_URL.',
  );
}

async function clearUnfinished(folder: string): Promise<void> {
  const names = (await readdir(folder)).filter((name) => name.startsWith(unfinishedPrefix));
  for (const name of names) await rm(join(folder, name), { recursive: true, force: true });
}

/** Two processes at once make one program between them: the second waits for the first. */
async function makeOnce(search: BinarySearch, tried: Map<string, string>): Promise<string | null> {
  const folder = cacheFolder(search.env);
  await mkdir(folder, { recursive: true });
  const onWait = (): void => search.say('Waiting for another process that makes the Temporal program');
  const lock = { timeoutMs: lockTimeoutMs, signal: search.signal, onWait };
  return withFileLock(`${folder}.lock`, lock, async () => {
    await clearUnfinished(folder);
    return tryAll(makingWays, search, tried);
  });
}

/** The path of a `temporal` program whose server is recent enough. Making it may take minutes. */
export async function findTemporalBinary(search: BinarySearch): Promise<string> {
  const tried = new Map<string, string>();
  const program = (await tryAll(findingWays, search, tried)) ?? (await makeOnce(search, tried));
  if (program === null) throw notFound(tried);
  return program;
}

/** The same and nothing is made: null where none is there yet. */
export async function lookForTemporalBinary(search: BinarySearch): Promise<string | null> {
  return tryAll(findingWays, search, new Map());
}
