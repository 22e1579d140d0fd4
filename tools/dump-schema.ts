/**
 * Writes migrations/schema.sql, what all migrations together come to, for the reader of a change: `npm run schema`.
 * With `--check` it writes nothing, shows where the file differs, and exits 1.
 *
 * The server is a PostgreSQL 15, the oldest that is supported: this proves at the same time that the migrations run
 * on it, and one version gives one text. (The embedded server is an 18 and has no pg_dump; a 15 refuses it.)
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from 'pg';
import { migrate } from '../adapters/postgres/migrate';
import { oldestPostgres } from '../adapters/postgres/probe';
import { isMissing } from '../adapters/stack/files';
import { runCommand } from '../adapters/stack/run-command';
import { UnitrailError } from '../domain/errors';
import { findPostgresPrograms } from './postgres-programs';
import { withPrivateCluster, type PrivateCluster } from './private-cluster';

const file = join(__dirname, '..', 'migrations', 'schema.sql');
const [owner, database] = ['unitrail_owner', 'unitrail'];
const dumpMs = 60_000;
const shownLines = 60;

const header = `-- What migrations/*.sql come to on PostgreSQL ${oldestPostgres}. Made by \`npm run schema\`: read it, don't edit it.
-- Roles belong to the server and stand in 0001-roles.sql; the migrations' own bookkeeping is left out.

`;

/** The present text of the schema: two runs give the same bytes. */
async function dumpSchema(cluster: PrivateCluster, programs: string): Promise<string> {
  await prepareDatabase(cluster);
  await migrate(cluster.urlOf(owner, database));
  const place = ['--host', cluster.host, '--username', cluster.superuser, '--dbname', database];
  // The knex tables and the sequences beside them.
  const what = ['--schema-only', '--no-owner', '--exclude-table=migrations*'];
  const dump = join(cluster.folder, 'dump.sql');
  const { code, output } = await runCommand(join(programs, 'pg_dump'), [...place, ...what, '--file', dump], {
    timeoutMs: dumpMs,
    env: { PATH: process.env.PATH, LC_ALL: 'C' },
  });
  if (code !== 0) throw new UnitrailError('INTERNAL', `pg_dump failed: ${output.trim()}`);
  return header + withoutTheRun(await readFile(dump, 'utf8'));
}

async function prepareDatabase(cluster: PrivateCluster): Promise<void> {
  const client = new Client({
    connectionString: cluster.urlOf(cluster.superuser, 'postgres'),
    connectionTimeoutMillis: 5_000,
    query_timeout: 30_000,
  });
  await client.connect();
  try {
    await client.query(`create role ${owner} login createrole`);
    await client.query(`create database ${database} owner ${owner}`);
  } finally {
    await client.end();
  }
}

/** Minor versions, random words and the line that names the tool: all that tells one run from another. */
function withoutTheRun(dump: string): string {
  return `${dump
    .replace(/^-- Dumped (from|by) .*\n/gm, '')
    .replace(/^\\(un)?restrict .*\n/gm, '')
    .replace(/^--\n-- PostgreSQL database dump( complete)?\n--\n/gm, '')
    .replace(/\n{3,}/g, '\n\n')
    .trim()}\n`;
}

/** The lines that differ, the first of them; null where the file is what the migrations come to. */
async function differenceFrom(schema: string, folder: string): Promise<string | null> {
  const known = await readFile(file, 'utf8').catch((error: unknown) => {
    if (isMissing(error)) return null;
    throw error;
  });
  if (known === schema) return null;
  if (known === null) return 'there is no such file';
  const fresh = join(folder, 'schema.sql');
  await writeFile(fresh, schema);
  const labels = ['--label', 'migrations/schema.sql', '--label', 'what the migrations come to'];
  const { output } = await runCommand('diff', ['-u', ...labels, file, fresh], { timeoutMs: dumpMs });
  const lines = output.trimEnd().split('\n');
  const more = lines.length > shownLines ? [`… and ${lines.length - shownLines} lines more`] : [];
  return [...lines.slice(0, shownLines), ...more].join('\n');
}

async function writeOrCheck(check: boolean, signal: AbortSignal): Promise<number> {
  const programs = await findPostgresPrograms(oldestPostgres);
  return withPrivateCluster(
    programs,
    async (cluster) => {
      const schema = await dumpSchema(cluster, programs);
      const difference = await differenceFrom(schema, cluster.folder);
      if (difference === null) return say('migrations/schema.sql is what the migrations come to.', 0);
      if (check)
        return say(`migrations/schema.sql differs; \`npm run schema\` writes it anew.\n${difference}`, 1);
      await writeFile(file, schema);
      return say('Wrote migrations/schema.sql.', 0);
    },
    signal,
  );
}

function say(text: string, code: number): number {
  (code === 0 ? process.stdout : process.stderr).write(`${text}\n`);
  return code;
}

async function main(args: readonly string[]): Promise<number> {
  const unknown = args.find((arg) => arg !== '--check');
  if (unknown !== undefined) return say(`${unknown} is not known; --check compares and writes nothing.`, 2);
  const stopping = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stopping.abort());
  try {
    return await writeOrCheck(args.includes('--check'), stopping.signal);
  } catch (error) {
    return say(error instanceof Error ? error.message : String(error), 1);
  }
}

void main(process.argv.slice(2)).then((code) => (process.exitCode = code));
