import type { Command } from 'commander';
import { findExport, openReissue } from '../adapters/postgres/exports';
import { requirePlant } from '../adapters/postgres/plant-store';
import type { ExportColumnChoice, ExportFormat } from '../domain/export-settings';
import { readColumns, readFormats } from './export-columns';
import { exportSettingsOf, lookOf } from '../domain/plant-exports';
import { exportGroup } from './export-group';
import { asOffice, countsText, newRequest, toldExport } from './export-office';
import { requireWay, sendOutside, type Way } from './export-outside';
import { printJson, printLine } from './output';
import type { ServerContext } from './server-context';

interface Options extends Way {
  readonly columns?: ExportColumnChoice[];
  readonly formats?: ExportFormat[];
}

export function register(program: Command, context: ServerContext): void {
  exportGroup(program)
    .command('reissue')
    .description(
      'Tells an export of the sequence again, as the plant file wants it today or in other columns. It is marked, and counts for nothing.',
    )
    .argument('<export>')
    .option(
      '--columns <list>',
      'fields, each with a heading if you like: serial,macs=MAC addresses',
      readColumns,
    )
    .option('--formats <list>', 'of xlsx, csv, records', readFormats)
    .option('--to <folder>', 'put the files there')
    .option('--deliver', "bring them to the buyer's SFTP server")
    .action((id: string, options: Options) => reissue(context, id, options));
}

async function reissue(context: ServerContext, id: string, options: Options): Promise<void> {
  const { columns, formats, to } = options;
  const desk = await context.desk();
  const { buyer } = await findExport(desk, id);
  const settings = exportSettingsOf(await requirePlant(desk), buyer);
  requireWay(options, settings, buyer);
  const look = { ...lookOf(settings), ...(columns && { columns }), ...(formats && { formats }) };
  await asOffice(context, async (deps) => {
    const again = await openReissue(deps.db, id, newRequest(look));
    const done = await sendOutside(context, deps, again, options);
    if (context.json) return printJson(context, { ...toldExport(done), to: to ?? null });
    await printLine(context, `${again}, of ${id}: ${countsText(done.row.counts)}; ${done.row.state}`);
    for (const { name } of done.made.files) await printLine(context, `    ${name}`);
  });
}
