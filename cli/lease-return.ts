import type { Command } from 'commander';
import { returnLease } from '../activities/return-lease';
import { leaseDeps, writeLeaseFile } from './lease-deps';
import { leaseGroup } from './lease-group';
import { readOperator } from './operator-option';
import { printJson, printLine } from './output';
import type { ServerContext } from './server-context';

interface Options {
  readonly out: string;
  readonly by: string;
  readonly force?: boolean;
}

export function register(program: Command, context: ServerContext): void {
  leaseGroup(program)
    .command('return')
    .description('Ends a lease that this site holds: what no batch was granted goes back, in a signed file.')
    .argument('<lease>', 'its id, as `unitrail lease list` shows it')
    .requiredOption('--out <file>', 'the file to hand over')
    .requiredOption('--by <operator>', 'your operator number', readOperator)
    .option('--force', 'replace the file if it exists')
    .action((lease: string, options: Options) => giveBack(context, lease, options));
}

async function giveBack(context: ServerContext, lease: string, options: Options): Promise<void> {
  const deps = await leaseDeps(context);
  const { document, isNew } = await writeLeaseFile(
    context,
    options,
    () => returnLease(deps, lease, options.by),
    () => `unitrail lease return ${lease} --out FILE --by ${options.by}`,
  );
  if (context.json) return printJson(context, { returned: isNew, file: options.out, ...document });
  const { granted, unused } = document.counts;
  await printLine(
    context,
    `${isNew ? 'Lease' : 'No change: lease'} ${lease} has ended: ${granted} of its numbers stay here, ${unused} go back to ` +
      `${document.lessor}. Hand over ${options.out}.`,
  );
}
