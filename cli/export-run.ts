import type { Command } from 'commander';
import { dueItems, openExport, undeliveredExports } from '../adapters/postgres/exports';
import { requirePlant } from '../adapters/postgres/plant-store';
import type { ExportSettings } from '../domain/export-settings';
import { exportSettingsOf, lookOf } from '../domain/plant-exports';
import { exportGroup } from './export-group';
import { asOffice, countsText, deliverNow, makeAndHandOut, newRequest, toldExport } from './export-office';
import { printJson, printLine, say } from './output';
import type { ServerContext } from './server-context';

interface Options {
  readonly dryRun?: boolean;
  readonly to?: string;
}

export function register(program: Command, context: ServerContext): void {
  exportGroup(program)
    .command('run')
    .description(
      "Makes the buyer's next export, of all that is in none yet, and delivers it with whatever of its sequence is still due.",
    )
    .argument('<buyer>')
    .option('--dry-run', 'say what would be in it, and do nothing')
    .option(
      '--to <folder>',
      'put the files there; to a buyer without an SFTP target they are delivered by that',
    )
    .action((buyer: string, options: Options) =>
      options.dryRun ? tell(context, buyer) : run(context, buyer, options),
    );
}

async function tell(context: ServerContext, buyer: string): Promise<void> {
  const db = await context.desk();
  const { include } = exportSettingsOf(await requirePlant(db), buyer);
  const due = await dueItems(db, buyer, include);
  const undelivered = await undeliveredExports(db, buyer);
  if (context.json) return printJson(context, { dryRun: true, buyer, due, undelivered });
  await printLine(context, `The next export of ${buyer} would have ${countsText(due)}.`);
  if (undelivered.length > 0)
    await printLine(context, `Still to be delivered before it: ${undelivered.join(', ')}.`);
}

async function run(context: ServerContext, buyer: string, { to }: Options): Promise<void> {
  const settings = exportSettingsOf(await requirePlant(await context.desk()), buyer);
  const as = settings.sftp === null ? 'delivered' : 'copied';
  await asOffice(context, async (deps) => {
    const opened = await openExport(deps.db, buyer, newRequest(lookOf(settings)));
    const told = [];
    for (const id of await undeliveredExports(deps.db, buyer)) {
      const tell = (line: string): void => void say(context, line);
      let done = await makeAndHandOut(deps, id, { to, as, tell });
      if (to === undefined && settings.sftp) done = { ...done, row: await deliverNow(context, deps, id) };
      told.push(toldExport(done));
      if (context.json) continue;
      await printLine(context, `${id}: ${countsText(done.row.counts)}; ${done.row.state}`);
      for (const { name, sizeBytes, sha256 } of done.made.files)
        await printLine(context, `    ${name}  ${sizeBytes} bytes  ${sha256}`);
    }
    if (context.json) return printJson(context, { buyer, opened, to: to ?? null, exports: told });
    if (opened === null) await printLine(context, `Nothing new is due to ${buyer}.`);
    if (told.length > 0) await say(context, ending(to, settings, buyer));
  });
}

function ending(to: string | undefined, { sftp }: ExportSettings, buyer: string): string {
  if (to === undefined)
    return sftp === null
      ? 'Made, and kept in the content store. `--to FOLDER` puts the files into a folder.'
      : `Delivered to ${sftp.host}. \`unitrail export list ${buyer}\` shows each try.`;
  if (sftp === null) return `The files are in ${to}. Check them with \`unitrail export verify ${to}\`.`;
  return `The files are in ${to}; ${buyer} gets them by SFTP, and that is still to come: \`unitrail export run ${buyer}\`.`;
}
