import type { Command } from 'commander';
import { takeBackLease } from '../activities/return-lease';
import { readLeaseFile } from '../adapters/keys/lease-file';
import { leaseDeps } from './lease-deps';
import { leaseGroup } from './lease-group';
import { readOperator } from './operator-option';
import { printJson, printLine } from './output';
import type { ServerContext } from './server-context';

export function register(program: Command, context: ServerContext): void {
  leaseGroup(program)
    .command('take-back')
    .description(
      'Books what another site handed back of a lease. Those numbers are never granted or leased again.',
    )
    .argument('<file>', 'as `unitrail lease return` wrote it')
    .requiredOption('--by <operator>', 'your operator number', readOperator)
    .action((file: string, { by }: { by: string }) => takeBack(context, file, by));
}

async function takeBack(context: ServerContext, file: string, by: string): Promise<void> {
  const value = await readLeaseFile(file);
  const { returned, isNew } = await takeBackLease(await leaseDeps(context), value, by);
  if (context.json) return printJson(context, { takenBack: isNew, ...returned });
  const { lease, lessee, counts } = returned;
  await printLine(
    context,
    `${isNew ? 'Lease' : 'No change: lease'} ${lease} has ended: ${lessee} granted ${counts.granted} of its numbers, ` +
      `${counts.unused} came back.`,
  );
}
