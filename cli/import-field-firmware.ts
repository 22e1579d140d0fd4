import { basename } from 'node:path';
import type { Command } from 'commander';
import {
  addFieldReports,
  type FieldImportHead,
  type FieldImportOutcome,
  type ReportsToAdd,
} from '../adapters/postgres/field-imports';
import { loadPlant } from '../adapters/postgres/plant-store';
import { openTableFile, type TableFile } from '../adapters/spreadsheet/table-file';
import { UnitrailError } from '../domain/errors';
import { readFieldReports, sourceProblem } from '../domain/field-reports';
import { ProblemList } from '../domain/number-list';
import { plainText } from '../domain/plain-text';
import type { CliContext } from './context';
import { importGroup } from './import-group';
import { readOperator } from './operator-option';
import { printJson, printLine, say } from './output';
import { wrongOption } from '../domain/wrong-option';

interface Options {
  readonly by: string;
  readonly source?: string;
  readonly sheet?: string;
  readonly dryRun?: boolean;
}

const MAX_TOLD_VERSIONS = 10;

export function register(program: Command, context: CliContext): void {
  importGroup(program)
    .command('field-firmware')
    .description(
      'Adds what devices report of themselves after shipping, from columns `serial`, `mac` or `chipUid`, `version`, `sha256` (if known), `reportedAt` and `source`: all of it or, with every reason, nothing.',
    )
    .argument('<file>', 'a .csv or .xlsx file with headings in its first row')
    .option('--source <name>', 'who reports, such as the update server, where no column says it', readSource)
    .requiredOption('--by <operator>', 'your operator number', readOperator)
    .option('--sheet <name>', 'the sheet, where there are several')
    .option('--dry-run', 'check and report everything, and change nothing')
    .action((file: string, options: Options) => importReports(context, file, options));
}

async function importReports(context: CliContext, file: string, options: Options): Promise<void> {
  const table = await openTableFile(file, options);
  try {
    const db = await context.desk();
    const head = await headOf(file, table, options);
    const unread: string[] = [];
    const reports = reportsOf(table, head, options, unread);
    const outcome = await addFieldReports(db, head, reports, options.dryRun ?? false);
    if (unread.length > 0) await say(context, `Columns that were not read: ${unread.join(', ')}.`);
    const releases = ((await loadPlant(db))?.firmwareReleases ?? []).map(({ version }) => version);
    await report(context, head, outcome, new Set(releases));
  } finally {
    await table.close();
  }
}

async function headOf(
  file: string,
  table: TableFile,
  { sheet, source, by }: Options,
): Promise<FieldImportHead> {
  const given = Object.entries({ sheet, source }).filter(([, value]) => value !== undefined);
  return {
    source: word(basename(file)),
    sha256: await table.sha256(),
    part: word(given.map(([name, value]) => `${name} ${value}`).join(', ') || 'all'),
    by,
  };
}

/** What stands in an event has no control characters, and no bar. */
function word(text: string): string {
  return plainText(text, 200).replaceAll('|', '\u00a6');
}

function reportsOf(
  table: TableFile,
  { sha256 }: FieldImportHead,
  { source }: Options,
  unread: string[],
): ReportsToAdd {
  const problems = new ProblemList();
  const rules = {
    source: source ?? null,
    now: new Date(),
    onUnread: (headings: readonly string[]) => void unread.push(...headings.slice(0, 50)),
  };
  return {
    chunks: readFieldReports(table, rules, problems),
    place: table.place,
    problems,
    judge: async () => {
      problems.refuse('The file, of which nothing was added,');
      if ((await table.sha256()) !== sha256)
        throw new UnitrailError(
          'INPUT_INVALID',
          'The file was changed while it was read. Nothing was added.',
        );
    },
  };
}

async function report(
  context: CliContext,
  { source, sha256 }: FieldImportHead,
  outcome: FieldImportOutcome,
  releases: ReadonlySet<string>,
): Promise<void> {
  if (outcome.outcome === 'known') {
    const { count, by, at } = outcome;
    if (context.json)
      return printJson(context, { added: 0, known: count, dryRun: false, source, sha256, by, at });
    const when = `${by} on ${at.toISOString()}`;
    return printLine(context, `No change: this file was brought by ${when}: ${count} reports.`);
  }
  const { added, known } = outcome;
  const versions = [...outcome.versions].map(([version, units]) => ({
    ...{ version, reports: units, release: releases.has(version) },
  }));
  const dryRun = outcome.outcome === 'tried';
  if (context.json) return printJson(context, { added, known, dryRun, versions, source, sha256 });
  const again = known > 0 ? `; ${known} were on record already` : '';
  if (added === 0) return printLine(context, `No change: nothing new${again}.`);
  await printLine(
    context,
    dryRun
      ? `Dry run: ${added} reports would be added${again}; nothing was changed.`
      : `Added ${added} reports${again}.`,
  );
  await printVersions(context, versions);
}

async function printVersions(
  context: CliContext,
  versions: readonly { version: string; reports: number; release: boolean }[],
): Promise<void> {
  for (const { version, reports, release } of versions.slice(0, MAX_TOLD_VERSIONS)) {
    const stranger = release ? '' : ', no release of the plant file';
    await printLine(context, `  ${version}: ${reports}${stranger}`);
  }
  const more = versions.length - MAX_TOLD_VERSIONS;
  if (more > 0) await printLine(context, `  and ${more} more versions`);
}

function readSource(text: string): string {
  const allowed = sourceProblem(text);
  if (allowed === null) return text;
  throw wrongOption('--source', text, allowed);
}
