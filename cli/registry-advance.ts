import type { Command } from 'commander';
import { advanceRegistry, readRegistry } from '../adapters/postgres/registry';
import { createWatermark, readWatermarkFile } from '../adapters/registry/watermark';
import { laggingSpaces, spaceName } from '../domain/watermark';
import { readOperator } from './operator-option';
import { printJson, printLine } from './output';
import { registryGroup } from './registry-group';
import type { ServerContext } from './server-context';
import { wrongOption } from '../domain/wrong-option';

interface Options {
  readonly by: string;
  readonly reason: string;
}

export function register(program: Command, context: ServerContext): void {
  registryGroup(program)
    .command('advance')
    .description(
      'After a restore from a backup: moves the counters past every number that was issued since, and opens the next epoch.',
    )
    .requiredOption('--by <operator>', 'your operator number', readOperator)
    .requiredOption('--reason <text>', 'what happened, for the record', readReason)
    .action((options: Options) => advance(context, options));
}

async function advance(context: ServerContext, { by, reason }: Options): Promise<void> {
  const db = await context.desk();
  const file = context.config().watermark;
  const [present, kept] = [await readRegistry(db), await readWatermarkFile(file)];
  if (kept !== null && kept.registry !== present.registry)
    throw wrongOption('UNITRAIL_WATERMARK', file, `the watermark file of registry ${present.registry}`);
  const lagging = kept === null ? [] : laggingSpaces(present, kept);
  const isAhead = kept !== null && present.epoch >= kept.epoch && present.movement >= kept.movement;
  if (lagging.length === 0 && isAhead) {
    if (context.json) return printJson(context, { epoch: present.epoch, passed: [] });
    return printLine(context, 'Nothing to do: the database is not behind the file.');
  }
  const spaces = lagging.map(({ space }) => space);
  const epoch = await advanceRegistry(db, { spaces, epoch: kept?.epoch ?? present.epoch, by, reason });
  await createWatermark({ db, file }).renew();
  const passed = lagging.map(({ space, next }) => ({
    space: spaceName(space),
    from: next,
    to: space.next - 1,
  }));
  if (context.json) return printJson(context, { epoch, passed });
  for (const { space, from, to } of passed)
    await printLine(context, `${space}: ${from} to ${to} are passed over`);
  await printLine(
    context,
    `Epoch ${epoch} of the registry. What earlier batches had not claimed is never issued: open other batches for it. Units that were open when the backup was made may have gone on since: look for each of them before it is worked on.`,
  );
}

function readReason(text: string): string {
  if (text.trim() !== '' && text.length <= 200 && !/[|\p{Cc}]/u.test(text)) return text;
  throw wrongOption('--reason', text, 'a sentence of up to 200 characters, without "|"');
}
