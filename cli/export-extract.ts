import type { Command } from 'commander';
import { openExtract } from '../adapters/postgres/exports';
import { requirePlant } from '../adapters/postgres/plant-store';
import type { ExportColumnChoice, ExportFormat } from '../domain/export-settings';
import { readColumns, readFormats } from './export-columns';
import { exportSettingsOf, lookOf } from '../domain/plant-exports';
import { exportGroup } from './export-group';
import { asOffice, countsText, newRequest, toldExport } from './export-office';
import { requireWay, sendOutside, type Way } from './export-outside';
import { printJson, printLine } from './output';
import type { ServerContext } from './server-context';
import { wrongOption } from '../domain/wrong-option';

interface Options extends Way {
  readonly from: string;
  readonly until: string;
  readonly columns?: ExportColumnChoice[];
  readonly formats?: ExportFormat[];
}

export function register(program: Command, context: ServerContext): void {
  exportGroup(program)
    .command('extract')
    .description(
      'What shipped to the buyer on some days, whatever it was told before. It has no number, and counts for nothing.',
    )
    .argument('<buyer>')
    .requiredOption('--from <date>', "the first day, YYYY-MM-DD, in the buyer's time zone", readDay('--from'))
    .requiredOption('--until <date>', 'the last day', readDay('--until'))
    .option(
      '--columns <list>',
      'fields, each with a heading if you like: serial,macs=MAC addresses',
      readColumns,
    )
    .option('--formats <list>', 'of xlsx, csv, records', readFormats)
    .option('--to <folder>', 'put the files there')
    .option('--deliver', "bring them to the buyer's SFTP server")
    .action((buyer: string, options: Options) => extract(context, buyer, options));
}

async function extract(context: ServerContext, buyer: string, options: Options): Promise<void> {
  const { from, until, columns, formats, to } = options;
  if (until < from) throw wrongOption('--until', until, `a day from ${from} on, which --from names`);
  const settings = exportSettingsOf(await requirePlant(await context.desk()), buyer);
  requireWay(options, settings, buyer);
  const look = { ...lookOf(settings), ...(columns && { columns }), ...(formats && { formats }) };
  const days = { from, to: until, timeZone: settings.timeZone };
  await asOffice(context, async (deps) => {
    const id = await openExtract(deps.db, buyer, days, newRequest(look));
    const done = await sendOutside(context, deps, id, options);
    if (context.json) return printJson(context, { ...toldExport(done), from, until, to: to ?? null });
    await printLine(context, `${id}, ${from} to ${until}: ${countsText(done.row.counts)}; ${done.row.state}`);
    for (const { name } of done.made.files) await printLine(context, `    ${name}`);
  });
}

function readDay(option: string): (text: string) => string {
  return (text) => {
    const time = Date.parse(`${text}T00:00:00Z`);
    if (/^[0-9]{4}-[0-9]{2}-[0-9]{2}$/.test(text) && new Date(time).toISOString().startsWith(text))
      return text;
    throw wrongOption(option, text, 'a date YYYY-MM-DD, such as 2026-11-30');
  };
}
