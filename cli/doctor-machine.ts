import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isExecutableFile } from '../adapters/stack/files';
import { postgresBinaries } from '../adapters/stack/postgres-binaries';
import { closedFolder, namespaceUser } from '../adapters/stack/postgres-user';
import { runCommand } from '../adapters/stack/run-command';
import { runningStack, type RunningStack } from '../adapters/stack/running-stack';
import { lookForTemporalBinary } from '../adapters/stack/temporal-binary';
import { failed, looked, ok, warn, type Finding } from './doctor-finding';

const quickMs = 10_000;

/** unitrail.js refuses what is older, so this is for the reader. */
export function lookAtNode(): Finding {
  return ok('Node.js', process.versions.node);
}

/** What the embedded servers need of this machine. Looks only: no folder, no user and no program is made. */
export async function lookAtEmbedded(
  home: string,
  env: NodeJS.ProcessEnv,
): Promise<{ findings: Finding[]; stack: RunningStack | null }> {
  const stack = await runningStack(home).catch(() => null);
  const findings = await Promise.all([
    looked(
      'home folder',
      async () => [await lookAtFolder('home folder', home, 'UNITRAIL_HOME')],
      'Set UNITRAIL_HOME to a folder that this user may write.',
    ),
    looked('embedded Postgres', () => lookAtPostgres(home), 'Run npm ci again.'),
    looked(
      'temporal program',
      () => lookAtTemporal(env),
      'Name a temporal program in UNITRAIL_TEMPORAL_CLI, or unset it.',
    ),
  ]);
  return { findings: [...findings.flat(), tellStack(home, stack)], stack };
}

function tellStack(home: string, stack: RunningStack | null): Finding {
  if (!stack)
    return ok('embedded servers', `none run in ${home}; \`unitrail up\` and \`unitrail demo\` start them`);
  if (stack.used) return ok('embedded servers', `run in ${home}, and are used`);
  return warn(
    'embedded servers',
    `run in ${home}, and nobody uses them: their last user was killed`,
    '`unitrail up`, ended by Ctrl-C, stops them.',
  );
}

/** Whether we may write it, or make it, and whose it is. */
export async function lookAtFolder(check: string, path: string, variable: string): Promise<Finding> {
  const there = await nearestFolder(path);
  const found = there === path ? `${path}, of ${await ownerOf(path)}` : `${path}, not made yet`;
  const mend = `Set ${variable} to a folder that this user may write, or give this one to user ${process.getuid?.() ?? '?'}.`;
  return (await isWritable(there))
    ? ok(check, found)
    : failed(check, `${found}; ${there} can't be written`, mend);
}

async function nearestFolder(path: string): Promise<string> {
  const there = await stat(path).catch(() => null);
  return there || dirname(path) === path ? path : nearestFolder(dirname(path));
}

async function ownerOf(path: string): Promise<string> {
  const { uid } = await stat(path);
  return uid === process.getuid?.() ? 'this user' : `user ${uid}`;
}

async function isWritable(path: string): Promise<boolean> {
  return access(path, constants.W_OK | constants.X_OK).then(
    () => true,
    () => false,
  );
}

async function lookAtPostgres(home: string): Promise<Finding[]> {
  const { initdb, pgCtl, folder } = postgresBinaries();
  const programs = await Promise.all([initdb, pgCtl].map(isExecutableFile));
  if (programs.includes(false)) {
    const mend =
      "Allow the package's install script (npm approve-scripts, or allowScripts in package.json), and run npm ci again.";
    return [failed('embedded Postgres', `its programs are not in ${folder}, or can't be executed`, mend)];
  }
  return [await lookAtPostgresUser(home, folder)];
}

/** Postgres refuses to run as root: the same choice as at its start, without making a user. */
async function lookAtPostgresUser(home: string, folder: string): Promise<Finding> {
  if (process.getuid?.() !== 0)
    return ok('embedded Postgres', 'its programs are there; it runs as this user');
  const user = await namespaceUser();
  if (!user) return lookAtSystemUser();
  const closed = await closedFolder(user, [await nearestFolder(home), join(folder, 'bin')]);
  if (closed === null) return ok('embedded Postgres', `its programs are there; it runs as ${user.name}`);
  return warn(
    'embedded Postgres',
    `the folder ${closed} is closed to ${user.name}`,
    'Postgres runs as the system’s user postgres then; or set UNITRAIL_HOME to an open folder.',
  );
}

async function lookAtSystemUser(): Promise<Finding> {
  const { code } = await runCommand('id', ['-u', 'postgres'], { timeoutMs: quickMs });
  const who =
    code === 0
      ? 'the system’s user postgres'
      : 'the system’s user postgres, which is made at the first start';
  return ok('embedded Postgres', `its programs are there; it runs as ${who}`);
}

async function lookAtTemporal(env: NodeJS.ProcessEnv): Promise<Finding[]> {
  const program = await lookForTemporalBinary({ env, say: () => {} });
  if (program !== null) return [ok('temporal program', program)];
  const { code } = await runCommand('go', ['version'], { timeoutMs: quickMs, env });
  const ways =
    code === 0
      ? 'downloaded, or else built with Go (some minutes), at the first start'
      : 'downloaded at the first start';
  const mend =
    code === 0
      ? 'Nothing; or put a temporal program into PATH.'
      : 'Where the download can’t be reached: install Go 1.21 or later, or put a temporal program into PATH.';
  return [warn('temporal program', `none is there yet; it is ${ways}`, mend)];
}
