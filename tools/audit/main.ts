import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { UnitrailError } from '../../domain/errors';
import { requireKeys } from '../../domain/given-keys';
import { isBucketText } from '../../domain/store-place';
import { audit, type AuditReport } from './audit';
import { invariants } from './invariants';

/** The auditor as a program of its own. Exit 0: every promise is kept; 1: one is broken; 2: nothing was judged. */
export async function main(args: readonly string[], environment: NodeJS.ProcessEnv): Promise<number> {
  const read = readOptions(args);
  if (typeof read === 'string') return refuse(read);
  const databaseUrl = environment.UNITRAIL_DATABASE_URL;
  if (!databaseUrl)
    return refuse(
      'UNITRAIL_DATABASE_URL is not set; it has to be the URL of a login that may read, unitrail_auditor',
    );
  try {
    requireKeys(read, (bytes) => createHash('sha256').update(bytes).digest());
    const report = await audit(databaseUrl, {
      env: environment,
      logKeys: read.logKeys,
      exportKeys: read.exportKeys,
      ...logFolder(environment),
    });
    write(process.stdout, read.json ? JSON.stringify(report) : reportText(report));
    return report.ok ? 0 : 1;
  } catch (error) {
    if (error instanceof UnitrailError) return refuse(error.message);
    throw error;
  }
}

/** Beside the contents, where these are in a folder and nothing else is said. */
function logFolder({ UNITRAIL_LOG: log, UNITRAIL_STORE: store }: NodeJS.ProcessEnv): { logFolder?: string } {
  if (log) return { logFolder: log };
  return store && !isBucketText(store) ? { logFolder: join(store, 'log') } : {};
}

interface ReadOptions {
  readonly json: boolean;
  readonly logKeys: readonly string[];
  readonly exportKeys: readonly string[];
}

function readOptions(args: readonly string[]): ReadOptions | string {
  try {
    const keys = { type: 'string', multiple: true } as const;
    const options = { json: { type: 'boolean' }, 'log-key': keys, 'export-key': keys } as const;
    const { values } = parseArgs({ args: [...args], options });
    const { json = false, 'log-key': logKeys = [], 'export-key': exportKeys = [] } = values;
    return { json, logKeys, exportKeys };
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'the options';
    return `${reason}: only --json, --log-key KEY and --export-key KEY are allowed`;
  }
}

/** The report as a person reads it: what was read, then each violation with its promise. */
export function reportText(report: AuditReport): string {
  const counts = Object.entries(report.counts).map(([name, count]) => `${name} ${count}`);
  const lines = report.violations.map(
    ({ invariant, subject, found, expected }) =>
      `${invariant}  ${subject}\n    found     ${found}\n    expected  ${expected}`,
  );
  const broken = [...new Set(report.violations.map((violation) => violation.invariant))];
  const unlisted = (report.counts.violations ?? 0) - report.violations.length;
  return [
    counts.join(' · '),
    ...lines,
    ...(unlisted > 0 ? [`… and ${unlisted} more`] : []),
    ...broken.map((invariant) => `${invariant}: ${invariants[invariant]}`),
    ...report.notes.map((note) => `note: ${note}`),
    report.ok ? allHold(report) : `${report.counts.violations} violations.`,
  ].join('\n');
}

/** The log can be judged alone. */
function allHold({ counts }: AuditReport): string {
  return counts.events === undefined
    ? 'The log is whole.'
    : `All ${Object.keys(invariants).length} invariants hold.`;
}

function refuse(message: string): number {
  write(process.stderr, `audit: ${message}`);
  return 2;
}

function write(stream: NodeJS.WriteStream, text: string): void {
  stream.write(`${text}\n`);
}

if (require.main === module) {
  main(process.argv.slice(2), process.env).then(
    (code) => void (process.exitCode = code),
    (error: unknown) => {
      process.stderr.write(`audit: ${error instanceof Error ? error.message : 'failed'}\n`);
      process.exitCode = 2;
    },
  );
}
