import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UnitrailError } from '../../domain/errors';
import { exists } from './files';
import type { StackHome } from './home';
import { hasPasswords, passwordOf, superuserLogin } from './logins';
import type { PostgresBinaries } from './postgres-binaries';
import type { PostgresUser } from './postgres-user';
import { runCommand } from './run-command';

export interface DataFolderOptions {
  readonly say: (line: string) => void;
  /** False for tests, where nothing has to survive a power cut. */
  readonly sync: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** Only what the programs need: settings by environment variable (PGDATA, PGPORT) must not reach them. */
export const programEnv: NodeJS.ProcessEnv = { PATH: process.env.PATH, LC_ALL: 'C' };

const timeoutMs = 120_000;

export function dataFolder(home: StackHome): string {
  return join(home.postgres, 'data');
}

/** Files of another user are refused by Postgres: after a change of user they change hands. */
async function giveTo(user: PostgresUser, path: string): Promise<void> {
  if (!user.owner || (await stat(path)).uid === user.owner.uid) return;
  const owner = `${user.owner.uid}:${user.owner.gid}`;
  const { code, output } = await runCommand('chown', ['-R', owner, path], { timeoutMs });
  if (code === 0) return;
  throw new UnitrailError('DATABASE_UNAVAILABLE', `${path} can't be given to ${user.name}.`, { output });
}

function passwordsLost(home: StackHome): UnitrailError {
  return new UnitrailError(
    'CONFIGURATION_INVALID',
    `${home.logins} is missing, and the database in ${home.postgres} can't be opened without it. ` +
      `Restore the file, or delete ${home.path} to begin with an empty database.`,
  );
}

function initFailed(output: string): UnitrailError {
  return new UnitrailError(
    'DATABASE_UNAVAILABLE',
    `Postgres could not make its data folder: ${output.trim().split('\n').slice(-3).join(' ')} ` +
      '(A library that is missing means that install scripts were not run: npm rebuild mends that.)',
    { output: output.slice(-2_000) },
  );
}

async function runInitdb(
  folder: string,
  passwordFile: string,
  user: PostgresUser,
  binaries: PostgresBinaries,
  options: DataFolderOptions,
): Promise<void> {
  const flags = [`--pgdata=${folder}`, `--username=${superuserLogin}`, `--pwfile=${passwordFile}`];
  // Without a locale the encoding would be SQL_ASCII, whose jsonb refuses \u00e9.
  const format = ['--encoding=UTF8', '--locale=C', '--auth=scram-sha-256', '--no-instructions'];
  const sync = options.sync ? [] : ['--no-sync'];
  const { signal } = options;
  const run = { timeoutMs, env: programEnv, signal };
  const { code, output } = await user.run(binaries.initdb, [...flags, ...format, ...sync], run);
  if (code !== 0) throw initFailed(output);
}

/** The password stands in a file, mode 0600, for as long as initdb runs: arguments can be read by everybody. */
async function initialise(
  home: StackHome,
  user: PostgresUser,
  binaries: PostgresBinaries,
  options: DataFolderOptions,
): Promise<void> {
  const unfinished = join(home.postgres, `init-${randomBytes(6).toString('hex')}`);
  const passwordFile = `${unfinished}.password`;
  try {
    await writeFile(passwordFile, await passwordOf(home, superuserLogin), { mode: 0o600, flag: 'wx' });
    await giveTo(user, passwordFile);
    await runInitdb(unfinished, passwordFile, user, binaries, options);
    await rename(unfinished, dataFolder(home));
  } finally {
    await rm(passwordFile, { force: true });
    await rm(unfinished, { recursive: true, force: true });
  }
}

/** The data folder is there as a whole or not at all: what a killed initdb left is taken away. */
export async function ensureDataFolder(
  home: StackHome,
  user: PostgresUser,
  binaries: PostgresBinaries,
  options: DataFolderOptions,
): Promise<void> {
  await mkdir(home.postgres, { recursive: true, mode: 0o700 });
  await giveTo(user, home.postgres);
  if (await exists(dataFolder(home))) {
    if (!(await hasPasswords(home))) throw passwordsLost(home);
    return;
  }
  for (const name of await readdir(home.postgres)) {
    if (name.startsWith('init-')) await rm(join(home.postgres, name), { recursive: true, force: true });
  }
  options.say('Making the database folder');
  await initialise(home, user, binaries, options);
}
