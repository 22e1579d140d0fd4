/**
 * Postgres refuses to run as root. Here it is decided as whom it runs:
 *
 * 1. an ordinary user: as that user;
 * 2. root: under another number inside a user namespace (`unshare`). Nothing has to be created, and folders that
 *    are open to root alone can be read;
 * 3. root where namespaces are forbidden (many containers): as the system's `postgres` user, made where missing.
 */
import { chmod, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { UnitrailError } from '../../domain/errors';
import { runCommand, type CommandOptions, type CommandResult } from './run-command';

export interface Identity {
  readonly uid: number;
  readonly gid: number;
}

export interface PostgresUser {
  /** For messages: "the user postgres (101)". */
  readonly name: string;
  /** Whom Postgres's own files must belong to; null: whoever we are. */
  readonly owner: Identity | null;
  run(command: string, args: readonly string[], options: CommandOptions): Promise<CommandResult>;
}

const quickMs = 10_000;

export const ourselves: PostgresUser = { name: 'this user', owner: null, run: runCommand };

async function idOf(flag: '-u' | '-g', user: string): Promise<number | null> {
  const { code, output } = await runCommand('id', [flag, user], { timeoutMs: quickMs });
  return code === 0 ? Number(output.trim()) : null;
}

/** Null where the kernel or the container forbids user namespaces, or `unshare` is missing. */
export async function namespaceUser(): Promise<PostgresUser | null> {
  // Any number but 0 would do, if only the system has a name for it: initdb asks.
  const uid = (await idOf('-u', 'daemon')) ?? (await idOf('-u', 'nobody')) ?? 1000;
  const flags = ['--user', `--map-user=${uid}`, `--map-group=${uid}`];
  const { code } = await runCommand('unshare', [...flags, 'id', '-un'], { timeoutMs: quickMs });
  if (code !== 0) return null;
  return {
    name: 'root without its privileges',
    owner: { uid: 0, gid: 0 },
    run: (command, args, options) => runCommand('unshare', [...flags, command, ...args], options),
  };
}

async function createSystemUser(): Promise<void> {
  await runCommand('groupadd', ['--system', 'postgres'], { timeoutMs: quickMs });
  const flags = ['--system', '--gid', 'postgres', '--no-create-home', '--shell', '/bin/false'];
  await runCommand('useradd', [...flags, 'postgres'], { timeoutMs: quickMs });
}

/** Null where there is no `postgres` user and none can be made. */
export async function systemUser(): Promise<PostgresUser | null> {
  if ((await idOf('-u', 'postgres')) === null) await createSystemUser();
  const [uid, gid] = [await idOf('-u', 'postgres'), await idOf('-g', 'postgres')];
  if (uid === null || gid === null) return null;
  const identity = { uid, gid };
  return {
    name: `the system's user postgres (${uid})`,
    owner: identity,
    // The working folder is one that every user may enter.
    run: (command, args, options) => runCommand(command, args, { cwd: '/', ...options, identity }),
  };
}

function withParents(path: string): string[] {
  const parent = dirname(path);
  return parent === path ? [path] : [...withParents(parent), path];
}

/** The first folder on the way to these paths that the user can't enter; null where all are open. */
export async function closedFolder(user: PostgresUser, folders: readonly string[]): Promise<string | null> {
  const wanted = [...new Set(folders.flatMap(withParents))];
  const script = 'for folder do [ -x "$folder" ] || { printf %s "$folder"; exit 1; }; done';
  const { code, output } = await user.run('/bin/sh', ['-c', script, 'sh', ...wanted], { timeoutMs: quickMs });
  return code === 0 ? null : output || wanted[0]!;
}

/** A folder of ours that only we may enter is opened for passing through; its files keep their modes. */
async function letThrough(folder: string): Promise<void> {
  const { mode, uid } = await stat(folder);
  if (uid === process.getuid?.()) await chmod(folder, (mode & 0o777) | 0o011);
}

/** Why a user can't be taken; null where it can. */
async function obstacle(
  user: PostgresUser,
  home: string,
  folders: readonly string[],
): Promise<string | null> {
  let closed = await closedFolder(user, folders);
  if (closed === home) {
    await letThrough(home);
    closed = await closedFolder(user, folders);
  }
  return closed === null ? null : `the folder ${closed} is closed to ${user.name}`;
}

function noUser(problems: readonly string[]): UnitrailError {
  return new UnitrailError(
    'CONFIGURATION_INVALID',
    `Postgres can't run as root, and there is no other way here: ${problems.join('; ')}. Either ` +
      'set UNITRAIL_HOME to a folder that is open to that user (and put the checkout in such a place), or ' +
      'start Unitrail as an ordinary user, or give a Postgres server by UNITRAIL_DATABASE_URL.',
  );
}

export interface Choices {
  readonly home: string;
  /** Folders that Postgres has to reach: its programs, its data. */
  readonly folders: readonly string[];
}

export async function choosePostgresUser({ home, folders }: Choices): Promise<PostgresUser> {
  if (process.getuid?.() !== 0) return ourselves;
  const problems: string[] = [];
  for (const [find, otherwise] of [
    [namespaceUser, 'user namespaces are not allowed'],
    [systemUser, 'there is no user postgres and none can be made'],
  ] as const) {
    const user = await find();
    const problem = user ? await obstacle(user, home, folders) : otherwise;
    if (user && problem === null) return user;
    problems.push(problem ?? otherwise);
  }
  throw noUser(problems);
}
