import type { Command } from 'commander';
import { listDeliveries } from '../adapters/postgres/deliveries';
import { findExport } from '../adapters/postgres/exports';
import { requirePlant } from '../adapters/postgres/plant-store';
import { exportSettingsOf } from '../domain/plant-exports';
import { exportGroup } from './export-group';
import { asOffice, countsText, toldExport } from './export-office';
import { sendOutside } from './export-outside';
import { printJson, printLine, say } from './output';
import type { ServerContext } from './server-context';
import { wrongOption } from '../domain/wrong-option';

interface Options {
  readonly to?: string;
}

export function register(program: Command, context: ServerContext): void {
  exportGroup(program)
    .command('deliver')
    .description(
      "Goes on with a reissue or an extract that did not arrive: by the buyer's SFTP server, or into a folder.",
    )
    .argument('<export>')
    .option('--to <folder>', 'put the files there instead')
    .action((id: string, options: Options) => deliver(context, id, options));
}

async function deliver(context: ServerContext, id: string, { to }: Options): Promise<void> {
  await requireOutside(context, id, to);
  await asOffice(context, async (deps) => {
    const { state } = await findExport(deps.db, id);
    const done = await sendOutside(context, deps, id, to === undefined ? { deliver: true } : { to });
    if (context.json) return printJson(context, { ...toldExport(done), to: to ?? null });
    await printLine(context, `${id}: ${countsText(done.row.counts)}; ${done.row.state}`);
    for (const { name } of done.made.files) await printLine(context, `    ${name}`);
    if (state !== 'delivered' || to !== undefined) return;
    const first = (await listDeliveries(deps.db, [id])).find(({ outcome }) => outcome === 'delivered');
    await say(context, `It was delivered before, to ${first?.target}: nothing is sent again.`);
  });
}

/** The sequence has an order, and `run` keeps it. */
async function requireOutside(context: ServerContext, id: string, to: string | undefined): Promise<void> {
  const desk = await context.desk();
  const { buyer, kind } = await findExport(desk, id);
  if (kind === 'sequence')
    throw wrongOption(
      'export',
      id,
      `a reissue or an extract; \`unitrail export run ${buyer}\` delivers this one`,
    );
  const { sftp } = exportSettingsOf(await requirePlant(desk), buyer);
  if (to === undefined && sftp === null)
    throw wrongOption('--to', undefined, `a folder: the plant file names no SFTP target of ${buyer}`);
}
