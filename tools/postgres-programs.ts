import { delimiter, join } from 'node:path';
import { isExecutableFile } from '../adapters/stack/files';
import { runCommand } from '../adapters/stack/run-command';
import { UnitrailError } from '../domain/errors';

const programs = ['initdb', 'pg_ctl', 'pg_dump', 'postgres'] as const;

/** Debian keeps several versions side by side, with only some of their programs in PATH. */
const debianFolder = '/usr/lib/postgresql';
const quickMs = 10_000;

/**
 * The folder with the server and client programs of one major version.
 * @throws UnitrailError CONFIGURATION_INVALID, with the way to get them.
 */
export async function findPostgresPrograms(major: number): Promise<string> {
  for (const folder of await candidates(major)) {
    if (await isComplete(folder, major)) return folder;
  }
  throw new UnitrailError(
    'CONFIGURATION_INVALID',
    `PostgreSQL ${major} is needed (${programs.join(', ')}) and was not found by pg_config, in PATH or in ` +
      `${debianFolder}. On Debian: apt-get install postgresql-${major}.`,
  );
}

async function candidates(major: number): Promise<string[]> {
  const config = await runCommand('pg_config', ['--bindir'], { timeoutMs: quickMs });
  const inPath = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  const beside = join(debianFolder, String(major), 'bin');
  return [...(config.code === 0 ? [config.output.trim()] : []), ...inPath, beside];
}

/** A wrapper script that chooses among versions is none of the programs: it needs a cluster of its own making. */
async function isComplete(folder: string, major: number): Promise<boolean> {
  for (const program of programs) {
    if (!(await isExecutableFile(join(folder, program)))) return false;
  }
  const { code, output } = await runCommand(join(folder, 'postgres'), ['--version'], { timeoutMs: quickMs });
  return code === 0 && output.includes(` ${major}.`);
}
