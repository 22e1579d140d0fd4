import type { Command } from 'commander';
import { acceptLease } from '../activities/accept-lease';
import { readLeaseFile } from '../adapters/keys/lease-file';
import { numbersText } from '../domain/number-lease';
import { leaseDeps } from './lease-deps';
import { leaseGroup } from './lease-group';
import { readOperator } from './operator-option';
import { printJson, printLine } from './output';
import type { ServerContext } from './server-context';

export function register(program: Command, context: ServerContext): void {
  leaseGroup(program)
    .command('accept')
    .description('Takes numbers that another site leased to this one: batches are granted them from now on.')
    .argument('<file>', 'as `unitrail lease grant` wrote it')
    .requiredOption('--by <operator>', 'your operator number', readOperator)
    .action((file: string, { by }: { by: string }) => accept(context, file, by));
}

async function accept(context: ServerContext, file: string, by: string): Promise<void> {
  const value = await readLeaseFile(file);
  const { lease, isNew } = await acceptLease(await leaseDeps(context), value, by);
  if (context.json) return printJson(context, { accepted: isNew, ...lease });
  const range = `${lease.first} to ${lease.last} of ${numbersText(lease.numbers)}`;
  await printLine(
    context,
    isNew
      ? `Lease ${lease.lease} of ${lease.lessor} is accepted: batches here are granted the numbers ${range}.`
      : `No change: lease ${lease.lease} was accepted before, with the numbers ${range}.`,
  );
}
