import { randomUUID } from 'node:crypto';
import type { Command } from 'commander';
import { findExport, pinExportLook } from '../adapters/postgres/exports';
import { requirePlant } from '../adapters/postgres/plant-store';
import { UnitrailError } from '../domain/errors';
import type { ExportColumnChoice, ExportFormat } from '../domain/export-settings';
import { exportSettingsOf, lookOf } from '../domain/plant-exports';
import { readColumns, readFormats } from './export-columns';
import { exportGroup } from './export-group';
import { readNote } from './hold-options';
import { readOperator } from './operator-option';
import { printJson, printLine, say } from './output';
import type { ServerContext } from './server-context';

interface Options {
  readonly by: string;
  readonly note: string;
  readonly columns?: ExportColumnChoice[];
  readonly formats?: ExportFormat[];
}

export function register(program: Command, context: ServerContext): void {
  exportGroup(program)
    .command('look')
    .description(
      'Gives an export that is not made yet the look of the plant file of today, or other columns: where its own can’t be made, the buyer’s sequence stands still.',
    )
    .argument('<export>')
    .requiredOption('--note <text>', 'the reason', readNote)
    .requiredOption('--by <operator>', 'your operator number', readOperator)
    .option(
      '--columns <list>',
      'fields, each with a heading if you like: serial,macs=MAC addresses',
      readColumns,
    )
    .option('--formats <list>', 'of xlsx, csv, records', readFormats)
    .action((id: string, options: Options) => pin(context, id, options));
}

async function pin(context: ServerContext, id: string, options: Options): Promise<void> {
  const { by, note: reason, columns, formats } = options;
  const desk = await context.desk();
  const { buyer, state, look: old } = await findExport(desk, id);
  if (state !== 'opened')
    throw new UnitrailError(
      'NOT_ALLOWED',
      `Export ${id} is made: its files are what they are. \`unitrail export reissue ${id}\` tells the same in another look.`,
    );
  const now = lookOf(exportSettingsOf(await requirePlant(desk), buyer));
  // Which reports are in it was decided when it was opened.
  const look = { ...now, ...(columns && { columns }), ...(formats && { formats }), include: old.include };
  await pinExportLook(desk, id, { look, by, reason, id: randomUUID() });
  if (context.json) return printJson(context, { export: id, buyer, look });
  await printLine(context, `Export ${id} is made by the present settings of ${buyer}.`);
  await say(
    context,
    `A run that waits for it: \`tryAgain\` in the web UI. Otherwise \`unitrail export run ${buyer}\`.`,
  );
}
