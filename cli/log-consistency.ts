import type { Command } from 'commander';
import { signedCheckpoint } from '../adapters/log/kept-checkpoint';
import { consistencyProof } from '../adapters/log/leaf-proofs';
import { openLogFolder } from '../adapters/log/log-folder';
import { logKeys } from '../adapters/postgres/log';
import { logFolderOf } from '../workers/config';
import { logGroup } from './log-group';
import { printJson, printLine } from './output';
import type { ServerContext } from './server-context';
import { wrongOption } from '../domain/wrong-option';

export function register(program: Command, context: ServerContext): void {
  logGroup(program)
    .command('consistency')
    .description('the hashes that show that the newest checkpoint goes on from an older one, for a witness')
    .argument('<size>', 'of the older one')
    .action((size: string) => consistency(context, size));
}

async function consistency(context: ServerContext, size: string): Promise<void> {
  const folder = openLogFolder(logFolderOf(context.config()));
  const keys = (await logKeys(await context.desk())).map(({ key }) => key);
  const { origin, size: newest } = await signedCheckpoint(folder, keys);
  const from = Number(size);
  if (!/^[0-9]{1,15}$/.test(size) || from > newest)
    throw wrongOption('size', size, `a whole number up to ${newest}, the size of the newest checkpoint`);
  const path = await consistencyProof(folder, from, newest);
  if (context.json)
    return printJson(context, { format: 'unitrail.consistency/1', origin, from, to: newest, path });
  for (const hash of path) await printLine(context, hash);
}
